"""The pages that are published, and for whom. Any other notebook beside them is an analyst's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spm_lib.errors import UsageError

#: The notebooks of this house, beside the package.
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@dataclass(frozen=True)
class Page:
    """One published page.

    Attributes
    ----------
    name : str
        File name of the notebook and of the page, without its ending.
    title : str
        As the index and the page's title bar name it.
    audience : str
        Whom it is made for; printed at its foot.
    """

    name: str
    title: str
    audience: str

    @property
    def notebook(self) -> str:
        """File name of the notebook."""
        return f"{self.name}.ipynb"

    @property
    def file(self) -> str:
        """File name of the published page."""
        return f"{self.name}.html"


PAGES = (
    Page("weekly_review", "Weekly review", "the sales manager"),
    Page("owner_update", "Owner update", "the business owner"),
)


def pages_named(names: Sequence[str], pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages with these names, in publishing order.

    Raises
    ------
    UsageError
        A name is no page; the message lists the known ones.
    """
    known = {page.name for page in pages}
    for name in names:
        if name not in known:
            raise UsageError(
                "no such page", given=name, remedy=f"known pages: {', '.join(page.name for page in pages)}"
            )
    return tuple(page for page in pages if page.name in names)
