"""A fault of a document or of the acknowledgements: where it is, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spm_lib.errors import DocumentError, SpmError

_LINE = re.compile(r"(?P<file>.*), line (?P<line>\d+)", re.DOTALL)


@dataclass(frozen=True)
class Problem:
    """One fault.

    Attributes
    ----------
    file : str
        Relative to the client's folder.
    line : int, optional
        Where it is known.
    what : str
    given : object, optional
        The offending value.
    remedy : str, optional
    stops : bool
        No page can be made before it is mended.
    """

    file: str
    line: int | None
    what: str
    given: object = None
    remedy: str | None = None
    stops: bool = False

    @property
    def where(self) -> str:
        """File and line as a message names them."""
        return self.file if self.line is None else f"{self.file}, line {self.line}"

    def error(self, more: int = 0) -> DocumentError:
        """The fault as a refusal; `more` others were found with it."""
        said = f" ({more + 1} faults in all)" if more else ""
        return DocumentError(f"{self.what}{said}", where=self.where, given=self.given, remedy=self.remedy)

    @classmethod
    def of(cls, error: SpmError, file: str) -> Problem:
        """A refusal as a fault of a file."""
        found = _LINE.fullmatch(error.where or "")
        line = int(found["line"]) if found else None
        return cls(file, line, error.what, error.given, error.remedy, stops=True)
