"""What should be asked about the activity: questions with what was seen, never a verdict."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, grid, join, name_of, tag

#: Rows listed behind a question; the rest is counted.
ROWS = 40


def questions_list(
    questions: pd.DataFrame, rows: pd.DataFrame, names: Mapping[str, str], time_zone: str
) -> Fragment:
    """The questions to ask, each with the rows behind it.

    Parameters
    ----------
    questions : pandas.DataFrame
        ``activity_questions``.
    rows : pandas.DataFrame
        ``activity_questions_rows``.
    names : mapping
        Rep id -> printed name.
    time_zone : str
        The client's.
    """
    asked = questions[questions["state"] == "asked"]
    if asked.empty:
        known = bool((questions["state"] == "nothing unusual").any())
        said = (
            "Nothing in it looks unlike the others, or unlike before."
            if known
            else "Too little is recorded to ask anything."
        )
        return Fragment(tag("p", said), said)
    items = [_question(row, rows, names, time_zone) for row in asked.to_dict("records")]
    said = words.counted(len(asked), "question")
    return Fragment(tag("ul", *items, class_="decisions"), f"{said} about the activity")


def _question(row: words.Row, rows: pd.DataFrame, names: Mapping[str, str], time_zone: str) -> Html:
    mine = rows[rows["rep_id"].eq(row["rep_id"]) & rows["question"].eq(row["question"])]
    shown = [_seen(one, time_zone) for one in mine.head(ROWS).to_dict("records")]
    more = len(mine) - len(shown)
    behind = join(
        (
            grid("What is behind the question", ["When", "Which", "What"], shown),
            tag("p", f"and {more:,} more", class_="quiet") if more > 0 else None,
        )
    )
    return tag(
        "li",
        tag("b", name_of(row["rep_id"], names), ": ", client_text(row["text"])),
        " ",
        words.asked(row),
        details(f"What is behind it ({len(mine):,})", behind),
    )


def _seen(row: words.Row, time_zone: str) -> list[object]:
    at = pd.Timestamp(str(row["at"])).tz_convert(time_zone)
    which = row["opportunity_id"] if style.is_missing(row["activity_id"]) else row["activity_id"]
    return [f"{style.day_short(at)}, {at:%H:%M}", client_text(which), client_text(row["detail"])]
