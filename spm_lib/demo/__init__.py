"""Three fictional businesses and their exports, to try the workbook on.

`businesses.py` says who they are and what is planted in each; `simulate.py` plays them week by week into a
log of events (`life.py`: one opportunity; `touches.py`: activity); `hubspot.py`, `salesforce.py` and
`pipedrive.py` render that log as their vendor's exports of a Sunday. Every person and company is invented.
"""

from spm_lib.demo.files import Written
from spm_lib.demo.write import CLIENTS, FIRST_WEEK, write_demo

__all__ = ["CLIENTS", "FIRST_WEEK", "Written", "write_demo"]
