"""Reads exact neighbours from a file: .npy, .npz, .ivecs, or `neighbors` of an ann-benchmarks .hdf5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtui.bench.truth import Truth
from qtui.data.formats.hdf5 import distance_of
from qtui.errors import DataError, NotFound, UsageError, shown
from qtui.model import Distance


def read_truth(path: str, *, queries: int, k: int, rows: int, distance: Distance) -> Truth:
    """The first `k` neighbours of the first `queries` rows of a file.

    Ids are row numbers of the vectors. Raises NotFound, UsageError for a format that it doesn't know and for neighbours
    by another distance, DataError for a table that doesn't fit the run.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFound(f"no file {shown(path)}; --truth takes a file of exact neighbours")
    try:
        table, made_by = _table(file)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"can't read neighbours from {shown(path)}: {error}") from error
    name = shown(path)
    if made_by not in (None, distance):
        raise UsageError(
            f"{name} holds neighbours by {made_by}, the run searches by {distance}; leave out --truth, or give"
            f" --distance {made_by}"
        )
    if table.ndim != 2 or table.dtype.kind not in "iu":
        raise DataError(
            f"{name} holds {table.dtype} of shape {table.shape}; exact neighbours are a table of row numbers"
        )
    if len(table) < queries:
        raise DataError(f"{name} has neighbours for {len(table)} queries, the run asks {queries}; give as many")
    if table.shape[1] < min(k, rows):
        raise DataError(f"{name} has {table.shape[1]} neighbours a query; --limit {k} needs as many, or lower it")
    used = table[:queries, :k].astype(np.int64)
    if used.size and (used.min() < 0 or used.max() >= rows):
        wrong = used[(used < 0) | (used >= rows)][0]
        raise DataError(f"{name} names row {wrong} of {rows} vectors; it belongs to other data")
    ids = tuple(tuple(row.tolist()) for row in used)
    if any(len(set(row)) != len(row) for row in ids):
        raise DataError(f"{name} names a row twice for one query; it is damaged or no table of neighbours")
    return Truth(ids, 0, f"read from {name}")


def _table(file: Path) -> tuple[NDArray[Any], Distance | None]:
    """The neighbours, and the distance that they were found by, where the file says it."""
    suffix = file.suffix.lower()
    if suffix == ".npy":
        return np.asarray(np.load(file, allow_pickle=False)), None
    if suffix == ".npz":
        with np.load(file, allow_pickle=False) as arrays:
            names = [name for name in ("neighbors", "ids", *arrays.files) if name in arrays.files]
            if not names:
                raise ValueError("it holds no array")
            return np.asarray(arrays[names[0]]), None
    if suffix == ".ivecs":
        flat = np.fromfile(file, dtype="<i4")
        width = int(flat[0]) if len(flat) else 0
        if width < 1 or len(flat) % (width + 1):
            raise ValueError("its length doesn't fit rows of one size; it is truncated or of another format")
        table = flat.reshape(-1, width + 1)
        if (table[:, 0] != width).any():
            raise ValueError("its rows differ in size")
        return table[:, 1:], None
    if suffix in (".hdf5", ".h5"):
        import h5py

        with h5py.File(file, "r") as data:
            return np.asarray(data["neighbors"]), distance_of(data)
    raise UsageError(f"--truth takes .npy, .npz, .ivecs or .hdf5, not {shown(file.name)}")
