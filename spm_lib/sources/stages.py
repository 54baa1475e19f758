"""Labels of the past and of today -> lasting stage ids, by the mapping and by the stages a drop brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.client import fold
from spm_lib.sources.making import Making
from spm_lib.sources.mapping import Mapping

_SHOWN = 12


@dataclass(frozen=True)
class StageMap:
    """The stages known to a drop.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``schemas.STAGES``, in order.
    by_label : dict of str to str
        Folded id, name or label -> stage id.
    """

    frame: pd.DataFrame
    by_label: dict[str, str]

    @property
    def categories(self) -> dict[str, str]:
        """Stage id -> open, won, lost or disqualified."""
        return dict(zip(self.frame["stage_id"], self.frame["category"], strict=True))

    @property
    def refusal(self) -> str:
        """What to say of a label nobody listed."""
        names = self.frame["name"].fillna(self.frame["stage_id"]).tolist()
        if not names:
            return "no stages are known: list them under `stages:` in mapping.yaml"
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"not a known stage; known: {', '.join(names[:_SHOWN])}{more}"


def stage_map(mapping: Mapping, brought: Making | None) -> StageMap:
    """The mapping's stages, then those of the drop that the mapping does not name.

    Parameters
    ----------
    mapping : Mapping
    brought : Making or None
        The drop's own ``stages`` table.
    """
    by_label: dict[str, str] = {}
    rows: list[tuple[object, ...]] = []
    for position, stage in enumerate(mapping.stages, start=1):
        for label in (stage.id, stage.name or stage.id, *stage.labels):
            by_label[fold(label)] = stage.id
        rows.append((stage.id, stage.name or stage.id, stage.category, position, stage.expected_days))
    if brought is not None:
        rows += _brought(brought, by_label, len(rows))
    frame = pd.DataFrame(rows, columns=schemas.STAGES.names)
    return StageMap(schemas.STAGES.conform(frame), by_label)


def _brought(making: Making, by_label: dict[str, str], before: int) -> list[tuple[object, ...]]:
    """Rows of the drop's stages that are new; their labels are added to `by_label`."""
    frame = schemas.STAGES.conform(making.frame)
    order = frame["position"].astype("float64").fillna(np.inf).argsort(kind="stable")
    rows: list[tuple[object, ...]] = []
    for at in order[making.sound[order]]:
        row = frame.iloc[at]
        spelled = [row["stage_id"], row["name"], *(making.labels[at] if making.labels else [])]
        labels = [fold(label) for label in spelled if not pd.isna(label)]
        known = next((by_label[label] for label in labels if label in by_label), None)
        for label in labels:
            by_label.setdefault(label, known or row["stage_id"])
        if known is None:
            position = row["position"] if not before else before + len(rows) + 1
            rows.append((row["stage_id"], row["name"], row["category"], position, row["expected_days"]))
    return rows


def resolve_stages(making: Making, stages: StageMap) -> None:
    """Replace every label of a table by its stage id; an unknown one refuses its row.

    Parameters
    ----------
    making : Making
        Opportunities, or changes.
    stages : StageMap
    """
    if making.table is schemas.CHANGES:
        here = (making.frame["field"] == "stage").fillna(False)
        for name in ("old", "new"):
            if name in making.frame:
                _resolve(making, name, here, stages)
    elif "stage_id" in making.frame:
        _resolve(making, "stage_id", making.frame["stage_id"].notna(), stages)


def _resolve(making: Making, column: str, here: pd.Series, stages: StageMap) -> None:
    text = making.frame[column]
    codes, distinct = pd.factorize(text)
    ids = pd.Series([stages.by_label.get(fold(label)) for label in distinct], dtype="str")
    found = ids.reindex(codes).set_axis(text.index)
    for at in np.flatnonzero(here & text.notna() & found.isna()):
        making.refuse(int(at), column, text.iloc[at], stages.refusal)
    making.frame[column] = text.where(~here, found).astype("str")
