"""The copies of the pages of one report: one of a page for everybody, one for each rep of a rep's page."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spm_lib.client import Client, Rep
from spm_lib.errors import PublishError
from spm_lib.publish.pages import NoSuchPageError, Page, check_asked

_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OTHER = re.compile(r"[^a-z0-9]+")
#: How a file name ends that could not be the rep's id itself; an id that ends like it gets one as well.
_DIGEST = re.compile(r".*-[0-9a-f]{10}")
#: Names that one system or another keeps for its devices.
_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_LONGEST = 40


@dataclass(frozen=True)
class Copy:
    """A page as it lies in a report.

    Attributes
    ----------
    page : Page
    rep : Rep or None
        For whom; None for a page that is made once.
    """

    page: Page
    rep: Rep | None = None

    @property
    def name(self) -> str:
        """As it is asked for: "weekly_review", "one_on_one/devon-price"."""
        return self.page.name if self.rep is None else f"{self.page.name}/{file_name(self.rep.id)}"

    @property
    def file(self) -> str:
        """Its place in the report."""
        return f"{self.name}.html"

    @property
    def notebook(self) -> str:
        """Place of the executed notebook, below the report's notebooks."""
        return f"{self.name}.ipynb"

    @property
    def tables(self) -> str:
        """Folder of the tables behind it, below the report's tables: a rep's stand apart from all others."""
        return "" if self.rep is None else self.name

    @property
    def title(self) -> str:
        """As the list of reports names it; client text where it is a rep's."""
        return self.page.title if self.rep is None else f"{self.page.title}, {self.rep.name or self.rep.id}"

    @property
    def audience(self) -> str:
        """Whom it is made for; client text where it is a rep's."""
        words = self.page.audience.words
        return words if self.rep is None else words.replace("{rep}", self.rep.name or self.rep.id)


def file_name(rep_id: str) -> str:
    """A rep's id as the name of a file: safe on every system, never another rep's, always the same.

    An id of lower-case letters, digits and single hyphens is its own name; any other one is spelled with
    those and ends in a digest of the id.
    """
    is_its_own = _PLAIN.fullmatch(rep_id) and len(rep_id) <= _LONGEST
    if is_its_own and not _DIGEST.fullmatch(rep_id) and not _DEVICE.fullmatch(rep_id):
        return rep_id
    letters = unicodedata.normalize("NFKD", rep_id).encode("ascii", "ignore").decode().lower()
    spelled = _OTHER.sub("-", letters)[:_LONGEST].strip("-") or "rep"
    digest = hashlib.sha256(rep_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{spelled}-{digest}"


def copies_of(pages: Sequence[Page], folder: Path, client: Client, last_day: date) -> tuple[Copy, ...]:
    """Every copy a client's report should have, in publishing order.

    Parameters
    ----------
    pages : sequence of Page
    folder : pathlib.Path
        The client's.
    client : Client
    last_day : datetime.date
        Of the week.

    Raises
    ------
    PublishError
        A page was to be made twice for one rep.
    SpmError
        Whatever a page's `reps` refuses.
    """
    found = [
        Copy(page, rep)
        for page in pages
        for rep in ([None] if page.reps is None else page.reps(folder, client, last_day))
    ]
    names = [copy.name for copy in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PublishError("a page was to be made twice for one rep", where=client.slug, given=twice[0])
    return tuple(found)


def copies_asked(asked: Sequence[str], pages: Sequence[Page], copies: Sequence[Copy]) -> tuple[Copy, ...]:
    """The copies with these names; a page's name stands for all its copies, and no name for everything.

    Parameters
    ----------
    asked : sequence of str
        "weekly_review", "one_on_one", or "one_on_one/devon-price", where the rep may be given by id as well.
    pages : sequence of Page
    copies : sequence of Copy
        Those of this client's week.

    Raises
    ------
    NoSuchPageError
        No such page, or it is not made for that rep this week.
    """
    check_asked(asked, pages)
    wanted: set[Copy] = set()
    for name in asked:
        page, _, rep = name.partition("/")
        of_page = [copy for copy in copies if copy.page.name == page]
        found = [one for one in of_page if not rep or name == one.name or (one.rep and one.rep.id == rep)]
        if rep and not found:
            made = ", ".join(copy.name for copy in of_page)
            raise NoSuchPageError(
                "this page is not made for that rep",
                given=name,
                remedy=f"made this week: {made or 'none'}; who is on the team stands in client.yaml",
            )
        wanted |= set(found)
    return tuple(copy for copy in copies if not asked or copy in wanted)
