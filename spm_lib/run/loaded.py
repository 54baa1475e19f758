"""What a job and its kernels need, imported before the first one is forked; importing it touches no data."""

import gc

import nbformat

import spm_lib.gate
import spm_lib.publish.engine
import spm_lib.publish.exporter  # noqa: F401
from spm_lib.publish.inputs import library_hash
from spm_lib.publish.nursery import preload
from spm_lib.publish.warm import code_now

#: The library as it is loaded here.
CODE = code_now()

preload()
library_hash()
for relaxed in (False, True):
    # its schema becomes code at the first notebook it is asked about
    nbformat.validate(nbformat.v4.new_notebook(), relax_add_props=relaxed)  # type: ignore[no-untyped-call]
# what is loaded is never collected again: no page of memory is copied because a job tidied up
gc.collect()
gc.freeze()
