"""Words for one rep's eyes: nobody else of the team is named in them."""

from __future__ import annotations

import re
from collections.abc import Callable

from spm_lib.client import Client
from spm_lib.words import capital

#: What another rep is called where somebody's words name them.
SOMEBODY = "a colleague"
#: What stands for a name until the sentence around it is put right; in no text of a client.
_NAMED = "\x00"


def unnamed(client: Client, rep: str) -> Callable[[str], str]:
    """A function that takes the names of other reps out of somebody's words.

    Full names, ids and addresses go however they are spelled; a first or last name alone goes where it is
    written like a name, or in capitals, and is not the rep's own, the manager's or the owner's.

    Parameters
    ----------
    client : Client
    rep : str
        Rep id, whose own name stays.
    """
    own = client.rep_names().get(rep, rep)
    keep = {part.casefold() for one in (own, client.manager, client.owner) for part in one.split()}
    whole: set[str] = set()
    alone: set[str] = set()
    for other in client.reps:
        if other.id == rep:
            continue
        whole |= set(other.spellings)
        parts = (other.name or other.id).split()
        named = {part for part in (parts[0], parts[-1]) if part.casefold() not in keep}
        alone |= named | {part.upper() for part in named}
    if not whole:
        return lambda text: text
    patterns = [f"(?i:{_any(whole)})", _any(alone)] if alone else [f"(?i:{_any(whole)})"]
    found = re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")
    return lambda text: _as_english(found.sub(_NAMED, text))


def _as_english(text: str) -> str:
    """A text in which others are `_NAMED`, with what another rep is called instead, as one would say it."""
    # "Luis' card" is the card of a colleague; an apostrophe before no word closes a quotation
    text = re.sub(rf"{_NAMED}(['’])(?=\s+\w)", rf"{_NAMED}\1s", text)
    text = re.sub(rf"{_NAMED}(?:(?:,| and|, and| &|,? or) {_NAMED})+['’]s(?!\w)", "colleagues’", text)
    text = re.sub(rf"{_NAMED}(?:(?:,| and|, and| &) {_NAMED})+", "colleagues", text)
    text = text.replace(_NAMED, SOMEBODY)
    called = rf"(?:{SOMEBODY}|colleagues)\b"
    return re.sub(rf"(?:^|(?<=[.?!] )){called}", lambda one: capital(one[0]), text)


def _any(names: set[str]) -> str:
    """Any of some names, the longest first."""
    return "|".join(map(re.escape, sorted(names, key=lambda one: (-len(one), one))))
