"""What a job needs, imported before the first one is forked; importing this touches no data."""

import spm_lib.gate
import spm_lib.publish.engine
import spm_lib.publish.exporter
import spm_lib.review  # noqa: F401
