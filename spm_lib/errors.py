"""Everything that can go wrong, at a glance.

SpmError                  anything the workbook refuses; the command line prints it without a traceback
├── UsageError            the call was wrong: unknown client, bad slug, impossible week     (exit 2)
│   └── NothingToIngestError   no export waits to be read                                   (exit 2)
├── ClientError           client.yaml or mapping.yaml says something impossible             (exit 2)
├── DocumentError         an expectation document cannot be read                            (exit 2)
├── SourceError           an export cannot be read or mapped                                (exit 1)
├── HistoryError          the stored history is damaged or refuses a drop                   (exit 1)
├── MetricError           a metric was asked for something it cannot answer                 (exit 2)
├── PublishError          a notebook failed, or a page could not be written                 (exit 1)
├── StorageError          a disk or an object store cannot be written, or somebody else wrote   (exit 1)
└── GateError             the data did not pass the gate; nothing is published              (exit 3)
"""

from __future__ import annotations


class SpmError(Exception):
    """A refusal that tells its reader what is wrong, where, what was given and what to do.

    Parameters
    ----------
    what : str
        What is wrong, one sentence.
    where : str, optional
        File, line, row, column, client: the place to look.
    given : object, optional
        The offending value, printed with ``repr``.
    remedy : str, optional
        What to do about it.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str | None = None, given: object = None, remedy: str | None = None
    ) -> None:
        self.what = what
        self.where = where
        self.given = given
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where is not None:
            lines.append(f"  where: {self.where}")
        if self.given is not None:
            lines.append(f"  given: {self.given!r}")
        if self.remedy is not None:
            lines.append(f"  to do: {self.remedy}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # keyword-only arguments do not survive the default pickling of exceptions
        return (_rebuild, (type(self), self.what, self.where, self.given, self.remedy))


def _rebuild(
    kind: type[SpmError], what: str, where: str | None, given: object, remedy: str | None
) -> SpmError:
    return kind(what, where=where, given=given, remedy=remedy)


class UsageError(SpmError):
    """The call was wrong."""

    exit_code = 2


class NothingToIngestError(UsageError):
    """No export waits to be read."""


class ClientError(SpmError):
    """client.yaml or mapping.yaml says something impossible."""

    exit_code = 2


class DocumentError(SpmError):
    """An expectation document cannot be read."""

    exit_code = 2


class SourceError(SpmError):
    """An export cannot be read or mapped."""


class HistoryError(SpmError):
    """The stored history is damaged, or it refuses a drop."""


class MetricError(SpmError):
    """A metric was asked for something it cannot answer."""

    exit_code = 2


class PublishError(SpmError):
    """A notebook failed, or a page could not be written."""


class StorageError(SpmError):
    """A disk cannot be written, an object store not reached, or somebody else wrote to it meanwhile."""


class GateError(SpmError):
    """The data did not pass the gate; nothing of this client is published.

    Attributes
    ----------
    opening : str
        How its message begins: a kept reason is told by it from that of a run that broke off.
    """

    exit_code = 3
    opening = "the data did not pass the gate"
