"""A drop made of typed-in files."""

from __future__ import annotations

from textwrap import dedent

import pandas as pd
import pytest

from spm_lib import sources
from tests.sources.typed_in import MAPPING

AS_OF = pd.Timestamp("2026-11-16T06:00:00Z")


@pytest.fixture
def load(tmp_path, client):
    """Mapping text -> Mapping."""

    def load(text=MAPPING):
        (tmp_path / "mapping.yaml").write_text(dedent(text), encoding="utf-8")
        return sources.load_mapping(tmp_path, client)

    return load


@pytest.fixture
def read(tmp_path, client, load):
    """Files (name -> text or bytes) and a mapping text -> Drop. Checks the accounting of every file."""

    def read(files, mapping=MAPPING, as_of=AS_OF, lenient=True, client=client):
        if lenient:  # few rows: one refused row must not fail the file
            client = client.model_copy(
                update={"thresholds": client.thresholds.model_copy(update={"quarantined_rate": 1.0})}
            )
        folder = tmp_path / "inbox"
        folder.mkdir(exist_ok=True)
        paths = []
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
            paths.append(path)
        drop = sources.read_drop(paths, as_of, load(mapping), client)
        for file in drop.files:
            assert file.rows_read == file.accepted + file.quarantined
            if file.error is not None:
                assert file.error.where
                assert file.error.remedy
            else:
                assert (drop.quarantine["file"] == file.name).sum() == file.quarantined
        assert not drop.quarantine.duplicated(["file", "row"]).any()
        return drop

    return read


@pytest.fixture
def deals(read):
    """The opportunities of one typed-in deals file."""

    def deals(text, mapping=MAPPING):
        return read({"deals.csv": text}, mapping).tables["opportunities"]

    return deals
