"""Writing so that a crash at any instant leaves the state before or the state after, never one between."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from spm_lib.errors import HistoryError

T = TypeVar("T")


def act(do: Callable[..., T], *arguments: Any) -> T:
    """Touch the disk once. Everything that changes it passes here, so a test can stop between any two."""
    return do(*arguments)


def write_file(path: Path, content: bytes) -> None:
    """Write a file complete or not at all: beside it, to the disk, then over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".tmp-{path.name}")
    act(beside.write_bytes, content)
    act(_flush, beside)
    act(os.replace, beside, path)
    act(_flush, path.parent)


def write_folder(folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Write a folder of parquet files complete or not at all.

    Parameters
    ----------
    folder : pathlib.Path
        Replaced when it is there: no manifest entry names a folder before it is complete.
    tables : dict of str to pandas.DataFrame
        One file each, zstd.

    Returns
    -------
    dict of str to str
        Table -> SHA-256 of its file, by which `open_parquet` knows it again.
    """
    beside = folder.with_name(f".tmp-{folder.name}")
    if beside.exists():
        act(shutil.rmtree, beside)
    act(beside.mkdir)
    digests = {}
    for name, frame in tables.items():
        path, content = beside / f"{name}.parquet", _parquet(frame)
        digests[name] = hashlib.sha256(content).hexdigest()
        act(path.write_bytes, content)
        act(_flush, path)
    act(_flush, beside)
    if folder.exists():
        act(shutil.rmtree, folder)
    act(os.replace, beside, folder)
    act(_flush, folder.parent)
    return digests


def sweep(folder: Path) -> None:
    """Remove what a crash left half-made."""
    for path in sorted(folder.glob(".tmp-*")):
        act(shutil.rmtree if path.is_dir() else os.unlink, path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for one writer; a writer that dies lets go.

    Raises
    ------
    HistoryError
        Another process is writing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HistoryError(
                "another process is writing this client's history",
                where=f"{folder.parent.name}/{folder.name}",
                remedy="wait until it is done, then run the command again",
            ) from error
        yield


def open_parquet(path: Path, where: str, digest: str) -> pq.ParquetFile:
    """One stored table, its bytes checked; what is asked of it is read.

    Parameters
    ----------
    path : pathlib.Path
    where : str
        How a message names it.
    digest : str
        SHA-256 of the file as it was written. Parquet's own checksums cover its pages only, and a flipped
        bit in the names of its columns would read as a column that was never received.

    Raises
    ------
    HistoryError
        It is missing or damaged; the message names it.
    """
    remedy = "restore it from a backup, or move the history folder away and ingest every export again"
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise HistoryError("a stored table is missing", where=where, remedy=remedy) from error
    except OSError as error:
        raise HistoryError(
            "a stored table cannot be read", where=where, given=str(error), remedy=remedy
        ) from error
    if hashlib.sha256(content).hexdigest() != digest:
        given = "its bytes are not the ones that were stored"
        raise HistoryError("a stored table is damaged", where=where, given=given, remedy=remedy)
    return pq.ParquetFile(pa.BufferReader(content))


def _parquet(frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, compression="zstd")
    return bytes(sink.getvalue())


def _flush(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
