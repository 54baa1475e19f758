"""One drop: the files taken together, read, mapped, converted, and accounted for row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.client import Client
from spm_lib.drops import Drop
from spm_lib.errors import SourceError
from spm_lib.sources.account import Reading, quarantine, report, too_many
from spm_lib.sources.convert import Formats
from spm_lib.sources.identity import batch_id
from spm_lib.sources.intake import Intake, take_in
from spm_lib.sources.ledger import Ledger
from spm_lib.sources.making import Making, join, make
from spm_lib.sources.mapping import Mapping
from spm_lib.sources.raw import RawFile, open_database
from spm_lib.sources.selects import run_select
from spm_lib.sources.settle import kept, require_values, settle_keys, settle_rows
from spm_lib.sources.stages import StageMap, resolve_stages, stage_map
from spm_lib.sources.status import add_status_changes, fill_status


def read_drop(paths: Sequence[Path], as_of: pd.Timestamp, mapping: Mapping, client: Client) -> Drop:
    """Read the files of one moment.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        As ``plan_drops`` groups them.
    as_of : pandas.Timestamp
        UTC.
    mapping : Mapping
    client : Client

    Returns
    -------
    Drop
        A file that fails is in `files` with its error; the others go on without it, and a table that needs
        its kind is absent.

    Raises
    ------
    ClientError
        The mapping itself is wrong: bad SQL, unknown columns, a required column nothing fills.
    """
    # first the id, then the rows: of a file that grows meanwhile the store must not hold the later id
    identity = batch_id(paths, mapping, client)
    intakes = take_in(paths, mapping)
    readings: list[Reading] = []
    while True:  # a file that proves bad is taken out, and the rest is read again without it
        sound = [one for one in intakes if one.error is None and one.sheet is not None]
        reading = _read(sound, as_of, mapping, client)
        readings.append(reading)
        found = reading.failed | too_many(reading, client.thresholds.quarantined_rate)
        if not found:
            break
        intakes = [_failed(one, found) for one in intakes]
    return Drop(
        identity,
        as_of,
        mapping.scope,
        mapping.source,
        tuple(report(one, reading) for one in intakes),
        reading.tables,
        quarantine(readings),
    )


def _failed(one: Intake, found: dict[str, SourceError]) -> Intake:
    """A file with its error, or with that of another file of its kind: half a kind would mislead."""
    if one.error is not None or one.kind is None:
        return one
    if one.name in found:
        return replace(one, error=found[one.name])
    return replace(one, error=found[one.kind]) if one.kind in found else one


def _read(intakes: list[Intake], as_of: pd.Timestamp, mapping: Mapping, client: Client) -> Reading:
    files, start = [], 0
    for one in intakes:
        if one.kind is None or one.sheet is None:
            continue
        formats = Formats.of(mapping.files[one.kind], mapping, client)
        files.append(RawFile(one.name, one.kind, one.sheet, formats, start))
        start += len(one.sheet.rows)
    reading = Reading(files, Ledger(start))
    makings = _makings(reading, as_of, mapping)
    if not reading.failed:
        _settle(reading, makings, mapping, client)
    return reading


def _makings(reading: Reading, as_of: pd.Timestamp, mapping: Mapping) -> dict[str, Making]:
    """Every canonical table the files allow, converted."""
    present = {file.kind for file in reading.files}
    parts: defaultdict[str, list[Making]] = defaultdict(list)
    with open_database(reading.files, mapping, as_of, reading.ledger) as connection:
        for part, spec in mapping.tables.items():
            if not present.issuperset(spec.needed):
                continue
            name = part.partition(".")[0]
            try:
                selected = run_select(connection, part, spec)
            except SourceError as problem:
                reading.failed |= dict.fromkeys(spec.needed, problem)
                continue
            made, notes = make(
                schemas.RECEIVED[name], selected, reading.files, lasts=spec.rows == "any", part=part
            )
            parts[name].append(made)
            for number, said in notes.items():
                reading.findings[number].extend(said)
    return {name: join(made) for name, made in parts.items()}


def _settle(reading: Reading, makings: dict[str, Making], mapping: Mapping, client: Client) -> None:
    """Stages, status, keys; then the rows that stay."""
    for name in ("opportunities", "quotas"):
        if name in makings:
            frame = makings[name].frame
            given = frame.get("currency", pd.Series(None, index=frame.index, dtype="str"))
            frame["currency"] = given.fillna(client.currency)
    if "stages" in makings:
        require_values(makings["stages"])
    stages = stage_map(mapping, makings.get("stages"))
    for name in ("opportunities", "changes"):
        if name in makings:
            resolve_stages(makings[name], stages)
    if "opportunities" in makings:
        fill_status(makings["opportunities"], stages, mapping)
    for name, making in makings.items():
        require_values(making)
        folded = settle_keys(making)
        for number, count in _counted(reading, making.first[folded]):
            reading.findings[number].append(f"{name}: {count} rows repeat another one and are folded")
    stays = settle_rows(list(makings.values()), reading.ledger)
    for (name, making), one in zip(makings.items(), stays, strict=True):
        reading.tables[name] = kept(making, one)
    _finish(reading.tables, stages, mapping)


def _finish(tables: dict[str, pd.DataFrame], stages: StageMap, mapping: Mapping) -> None:
    """What follows from the settled rows: the stages in order, exact instants, status changes."""
    if tables and len(stages.frame):
        tables["stages"] = stages.frame
    if "changes" not in tables:
        return
    changes = tables["changes"]
    changes = changes.assign(at_earliest=changes["at_earliest"].fillna(changes["at"]))
    if mapping.status_from == "stage":
        changes = add_status_changes(changes, tables.get("opportunities"), stages)
    tables["changes"] = changes


def _counted(reading: Reading, rows: np.ndarray) -> list[tuple[int, int]]:
    """File number and how many of these raw rows are its."""
    numbers = [reading.number_of(int(row)) for row in rows]
    return [(number, numbers.count(number)) for number in sorted(set(numbers))]
