"""A client folder, and documents to put into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

BODY = "Words for people."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty client folder."""
    (tmp_path / "expectations").mkdir()
    return tmp_path


@pytest.fixture
def put(folder: Path) -> Callable[..., Path]:
    """Write a document: its file name, and keys of its front matter besides the ones it must have."""

    def write(
        name: str, kind: str, matter: str = "", *, begins: str = "2026-01-01", body: str = BODY
    ) -> Path:
        path = folder / "expectations" / name
        head = f"document: {kind}\ntitle: A title\neffective_from: {begins}\n"
        path.write_text(f"---\n{head}{matter}\n---\n{body}\n", encoding="utf-8")
        return path

    return write
