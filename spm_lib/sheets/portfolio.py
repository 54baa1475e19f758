"""The firm's portfolio of a week: which client and rep needs time first, and how every report stands.

Read from published report folders alone: a process never opens the folders of two clients. What a report
says of what asks for time is the table `attention` its weekly review kept; the words of a meeting, a note or
a commitment are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from spm_lib.client import check_slug
from spm_lib.errors import GateError, UsageError
from spm_lib.judgement.attention import COLUMNS, NEEDS_TIME
from spm_lib.periods import Period
from spm_lib.periods import week as week_period
from spm_lib.publish.failure import reasons
from spm_lib.publish.manifest import Run, read_run
from spm_lib.publish.place import RUNS
from spm_lib.sheets.keeping import keep_tables

#: The page of a report that a client's name leads to.
PAGE = "weekly_review"
_TABLE = "tables/attention.parquet"

#: How the week of a client stands, what needs a hand first.
STATES = ("broke off", "stopped at the gate", "cannot be read", "older week", "published")
REPORT_COLUMNS = {
    "client": "str",
    "name": "str",
    "state": "str",
    "reason": "str",
    "week": "str",
    "address": "str",
    "exports_until": "datetime64[us]",
    "exports_age_days": "Int64",
    "findings_count": "Int64",
    "has_attention": "bool",
}
OF_CLIENT = {"client": "str", "name": "str", "address": "str", "week": "str"}
CHANGE_COLUMNS = {"client": "str", "name": "str", "before": "str", "change": "str", **COLUMNS}
#: What makes a point of this week the same as one of the week before.
_SAME = ["rep_id", "what", "topic"]


def open_portfolio(week: str, reports: str | Path = "reports", keep: str | Path = "") -> Portfolio:
    """Open the firm's week.

    Parameters
    ----------
    week : str
        ISO week, "2026-W46". Reports of later weeks are passed over.
    reports : path, optional
        Folder of all reports; nothing else is read.
    keep : path, optional
        Folder the tables behind the page are written to, as parquet; nothing is written when empty.

    Raises
    ------
    UsageError
        No such week.
    """
    return Portfolio(week_period(week), Path(reports), Path(keep) if keep else None)


@dataclass(frozen=True)
class _Client:
    """A client as the published folders tell of it."""

    slug: str
    latest: Run | None
    before: Run | None
    reason: str
    is_unreadable: bool

    @property
    def name(self) -> str:
        """As last published; the slug before that."""
        return self.latest.name if self.latest else self.slug

    def state(self, week: str) -> str:
        """One of `STATES`."""
        if self.reason:
            return "stopped at the gate" if self.reason.startswith(GateError.opening) else "broke off"
        if self.is_unreadable or self.latest is None:
            return "cannot be read"
        return "published" if self.latest.week == week else "older week"


class Portfolio:
    """Every client of the firm in one week.

    Attributes
    ----------
    week : Period
        Monday to Sunday; a client whose week begins on another day says so on its own pages.
    """

    def __init__(self, week: Period, reports: Path, keep: Path | None = None) -> None:
        self.week = week
        self._folder = reports
        self._keep = keep

    def __repr__(self) -> str:
        return f"<Portfolio of {self.week.label}>"

    def reports(self) -> pd.DataFrame:
        """How the report of every client stands.

        Returns
        -------
        pandas.DataFrame
            `REPORT_COLUMNS`: by state as in `STATES`, then by name. week: of the latest report up to this
            week, empty without one; reason: of a run of this week that did not end well; exports_age_days:
            from the latest export to the last day of this week; address: of its weekly review, empty where
            there is none; has_attention: whether it says what asks for time.
        """
        rows = [self._report(one) for one in self._clients]
        rows.sort(key=lambda row: (STATES.index(str(row["state"])), str(row["name"]).casefold()))
        table = pd.DataFrame(rows, columns=list(REPORT_COLUMNS))
        table["exports_until"] = pd.to_datetime(table["exports_until"])
        return self._kept("portfolio_reports", table.astype(REPORT_COLUMNS))

    def attention(self) -> pd.DataFrame:
        """What asks for time, client by client.

        Returns
        -------
        pandas.DataFrame
            `OF_CLIENT` and the columns of ``judgement.attention``; week: of the report that says so. The
            client whose weightiest point weighs most stands first, then the oldest, then by name; within a
            client as ``judgement.attention`` has it.
        """
        parts = []
        for one in self._clients:
            table = self._attention(one.latest)
            if one.latest is None or table is None or not len(table):
                continue
            first = table.iloc[0]
            since = first["since"] if pd.notna(first["since"]) else pd.Timestamp.max
            facts = (one.slug, one.name, self._address(one.latest), one.latest.week)
            part = pd.concat([_repeated(facts, len(table)), table], axis=1)
            parts.append((-int(first["weight"]), since, one.name.casefold(), one.slug, part))
        parts.sort(key=lambda part: part[:4])
        columns = {**OF_CLIENT, **COLUMNS}
        told = [part[4] for part in parts] or [pd.DataFrame(columns=list(columns))]
        return self._kept("portfolio_attention", pd.concat(told, ignore_index=True).astype(columns))

    def needs(self) -> pd.DataFrame:
        """The rows of `attention` that ask for time this week."""
        table = self.attention()
        return table[table["weight"].ge(NEEDS_TIME)].reset_index(drop=True)

    def meetings(self) -> pd.DataFrame:
        """The rows of `attention` about meetings: to catch up, and due in the two weeks to come."""
        return self._of("meeting to catch up", "meeting due")

    def commitments(self) -> pd.DataFrame:
        """The rows of `attention` about commitments of manager and owner past their day."""
        return self._of("our commitment", "owner commitment")

    def changes(self) -> pd.DataFrame:
        """What asks for time and did not in the report before, and what no longer does.

        Returns
        -------
        pandas.DataFrame
            `CHANGE_COLUMNS`: by name of the client. before: the week compared with; change: "new" or "gone".
            Only reports of this week are compared, each with the latest before it, where both say it.
        """
        parts = []
        for one in sorted(self._clients, key=lambda one: (one.name.casefold(), one.slug)):
            now, then = self._attention(one.latest), self._attention(one.before)
            if one.latest is None or one.before is None or now is None or then is None:
                continue
            if one.latest.week != self.week.label:
                continue
            for change, rows in (("new", _not_in(now, then)), ("gone", _not_in(then, now))):
                facts = {"client": one.slug, "name": one.name, "before": one.before.week, "change": change}
                parts.append(rows.assign(**facts)[list(CHANGE_COLUMNS)])
        told = [part for part in parts if len(part)] or [pd.DataFrame(columns=list(CHANGE_COLUMNS))]
        table = pd.concat(told, ignore_index=True).astype(CHANGE_COLUMNS)
        return self._kept("portfolio_changes", table)

    def not_compared(self) -> list[str]:
        """Names of the clients of whom nothing can be said of what changed, by name."""
        told = []
        for one in self._clients:
            both = self._attention(one.latest) is not None and self._attention(one.before) is not None
            if not both or one.latest is None or one.latest.week != self.week.label:
                told.append(one.name)
        return sorted(told, key=str.casefold)

    def _of(self, *kinds: str) -> pd.DataFrame:
        table = self.attention()
        return table[table["what"].isin(kinds)].reset_index(drop=True)

    @cached_property
    def _clients(self) -> list[_Client]:
        """Every client a report or the reason of a failed run tells of."""
        found = {}
        for folder in (self._folder, self._folder / RUNS):
            for path in sorted(folder.glob("*")):
                if path.is_dir() and _is_slug(path.name) and path.name not in found:
                    found[path.name] = self._client(path.name)
        known = [one for one in found.values() if one.latest or one.reason or one.is_unreadable]
        return sorted(known, key=lambda one: one.slug)

    def _client(self, slug: str) -> _Client:
        folders = (path for path in (self._folder / slug).glob("*") if path.is_dir())
        weeks = [path.name for path in folders if _is_week(path.name)]
        runs, unreadable = [], False
        for week in sorted((week for week in weeks if week <= self.week.label), reverse=True):
            run = read_run(self._folder / slug / week)
            if run is not None and (run.client, run.week) == (slug, week):
                runs.append(run)
            elif not runs:
                unreadable = True
            if len(runs) == 2:
                break
        latest, before = [*runs, None, None][:2]
        reason = reasons(self._folder, slug).get(self.week.label, "")
        return _Client(slug, latest, before, reason, unreadable)

    def _report(self, one: _Client) -> dict[str, object]:
        run = one.latest
        until = run.exports_until if run else None
        return {
            "client": one.slug,
            "name": one.name,
            "state": one.state(self.week.label),
            "reason": one.reason,
            "week": run.week if run else "",
            "address": self._address(run) if run else "",
            "exports_until": until,
            "exports_age_days": (self.week.last_day - until).days if until else None,
            "findings_count": len(run.findings) if run else None,
            "has_attention": self._attention(run) is not None,
        }

    def _address(self, run: Run) -> str:
        """Where its weekly review is, from the page of the firm; empty where it has none."""
        files = [page.file for page in run.pages if page.name == PAGE]
        told = [f"{run.client}/{run.week}/{file}" for file in files]
        return next((address for address in told if (self._folder / address).is_file()), "")

    def _attention(self, run: Run | None) -> pd.DataFrame | None:
        """What a report says asks for time; None where it does not say, as one of an earlier version."""
        if run is None or _TABLE not in run.files:
            return None
        try:
            table = pd.read_parquet(self._folder / run.client / run.week / _TABLE)
            return table[list(COLUMNS)].astype(COLUMNS).reset_index(drop=True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _kept(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        keep_tables(self._keep or "", {name: table})
        return table


def _repeated(facts: tuple[str, ...], count: int) -> pd.DataFrame:
    return pd.DataFrame([facts] * count, columns=list(OF_CLIENT))


def _not_in(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Rows that ask for time and are not among the others that do."""
    asked, known = (part[part["weight"].ge(NEEDS_TIME)] for part in (rows, others))
    keys = set(known[_SAME].fillna("").itertuples(index=False, name=None))
    own = asked[_SAME].fillna("").itertuples(index=False, name=None)
    # an empty list would choose columns, and none of them
    return asked[pd.Series([key not in keys for key in own], index=asked.index, dtype=bool)]


def _is_slug(name: str) -> bool:
    try:
        check_slug(name)
    except UsageError:
        return False
    return True


def _is_week(name: str) -> bool:
    try:
        week_period(name)
    except UsageError:
        return False
    return True
