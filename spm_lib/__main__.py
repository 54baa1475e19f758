"""`python -m spm_lib` is `spm`."""

import sys

from spm_lib.cli import main

if __name__ == "__main__":
    sys.exit(main())
