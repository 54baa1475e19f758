"""`python -m spm_lib` is `spm`, and so is the script of that name."""

import signal
import sys


def main() -> int:
    """Run `spm`; its exit code.

    While there is nothing to tidy yet, an interrupt ends the process at once; when there is nothing left to
    do, it is not heard. In between it is for `cli.main`.
    """
    heard = signal.getsignal(signal.SIGINT)
    is_ours = heard is signal.default_int_handler  # who started this process may have it ignored
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from spm_lib import cli

    if is_ours:
        signal.signal(signal.SIGINT, heard)
    code = cli.main()
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(main())
