"""The pages that are published, and for whom. Any other notebook beside them is an analyst's own.

A page of a client is made once a week, or once for each of some reps: `copies` knows those. A page of the
firm is made once after all clients, from their published reports alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from spm_lib.client import Client, Rep
from spm_lib.errors import UsageError

#: The notebooks of this house, beside the package.
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

#: Who reads a page: it decides what may stand on it, and to whom it may be handed.
Reader = Literal["manager", "team", "rep", "owner", "firm"]
#: Client's folder, client, the week's last day -> the reps a page is made for, each a copy of their own.
Reps = Callable[[Path, Client, date], Sequence[Rep]]


class NoSuchPageError(UsageError):
    """A page was asked for that does not exist: a wrong call, not a failed report."""


@dataclass(frozen=True)
class Audience:
    """Whom a page is made for.

    Attributes
    ----------
    reader : {"manager", "team", "rep", "owner", "firm"}
    words : str
        Printed at the foot of the page; "{rep}" is the name of the rep it is made for.
    """

    reader: Reader
    words: str


MANAGER = Audience("manager", "the sales manager")
TEAM = Audience("team", "the sales team")
OWNER = Audience("owner", "the business owner")
MANAGER_AND_OWNER = Audience("owner", "the sales manager and the business owner")
REP = Audience("rep", "{rep} and the sales manager")
REP_AND_OWNER = Audience("rep", "{rep}, the sales manager and the business owner")
FIRM = Audience("firm", "the firm")


@dataclass(frozen=True)
class Page:
    """One published page.

    Attributes
    ----------
    name : str
        File name of the notebook and of the page, without its ending.
    title : str
        As the index and the page's title bar name it.
    audience : Audience
    reps : callable, optional
        The reps that get a copy of their own; None for a page that is made once.
    """

    name: str
    title: str
    audience: Audience
    reps: Reps | None = None

    @property
    def notebook(self) -> str:
        """File name of the notebook."""
        return f"{self.name}.ipynb"

    @property
    def file(self) -> str:
        """File name of a page that is made once."""
        return f"{self.name}.html"


def on_the_team(folder: Path, client: Client, on: date) -> list[Rep]:  # noqa: ARG001 (as every `Reps`)
    """Everybody client.yaml lists who works there on a day, managers left out.

    Reps whom the exports alone name have no list that says who is still there, so no sheet is made for them.
    """
    return [
        rep
        for rep in client.reps
        if rep.role != "manager" and (rep.starts_on or on) <= on < (rep.ends_on or date.max)
    ]


def with_a_plan(folder: Path, client: Client, on: date) -> list[Rep]:
    """Reps whose improvement plan runs on a day, is looked after once met, or was over not long ago."""
    from spm_lib.meetings import reps_with_a_plan  # the documents are read only where a page asks for them

    return reps_with_a_plan(folder, client, on)


#: Pages of a client, in publishing order; one line each.
PAGES: tuple[Page, ...] = (
    Page("weekly_review", "Weekly review", MANAGER),
    Page("team_meeting", "Team meeting", TEAM),
    Page("one_on_one", "One-on-one", REP, on_the_team),
    Page("improvement_plan", "Improvement plan", REP_AND_OWNER, with_a_plan),
    Page("owner_update", "Owner update", OWNER),
    Page("environment_check", "Sales environment check", MANAGER),
    Page("getting_in_step", "Getting in step", MANAGER_AND_OWNER),
)

#: Pages of the firm; one line each.
FIRM_PAGES: tuple[Page, ...] = (Page("portfolio", "Portfolio", FIRM),)


def split_asked(
    asked: Sequence[str], firm: Sequence[Page] = FIRM_PAGES
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of clients' pages, and those of the firm's."""
    of_firm = {page.name for page in firm}
    clients = tuple(name for name in asked if name not in of_firm)
    return clients, tuple(name for name in asked if name in of_firm)


def check_asked(asked: Sequence[str], pages: Sequence[Page]) -> None:
    """Refuse names that are no page; that of a copy, "one_on_one/devon-price", counts by its page.

    Raises
    ------
    NoSuchPageError
        The message lists the known ones.
    """
    known = {page.name: page for page in pages}
    for name in asked:
        page, _, rep = name.partition("/")
        if page not in known or (rep and known[page].reps is None):
            raise NoSuchPageError("no such page", given=name, remedy=f"known pages: {', '.join(known)}")
