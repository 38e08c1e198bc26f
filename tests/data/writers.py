"""Files of every format, written by the format's own library or, where it has none, byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Array = NDArray[Any]


def random_vectors(rows: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)


def npy(path: Path, vectors: Array) -> None:
    np.save(path, vectors)


def npz(path: Path, vectors: Array) -> None:
    np.savez(path, vectors=vectors)


def npz_compressed(path: Path, vectors: Array) -> None:
    np.savez_compressed(path, vectors)


def vecs(path: Path, vectors: Array) -> None:
    code = "f" if path.suffix == ".fvecs" else "B"
    with path.open("wb") as file:
        for row in vectors.tolist():
            file.write(struct.pack("<i", len(row)) + struct.pack(f"<{len(row)}{code}", *row))


def packed(path: Path, vectors: Array) -> None:
    code = "f" if path.suffix == ".fbin" else "B"
    rows, dimension = vectors.shape
    body = b"".join(struct.pack(f"<{dimension}{code}", *row) for row in vectors.tolist())
    path.write_bytes(struct.pack("<ii", rows, dimension) + body)


def hdf5(path: Path, vectors: Array) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("train", data=vectors)


def parquet_fixed(path: Path, vectors: Array) -> None:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    pq.write_table(pa.table({"vector": column}), path, row_group_size=7)


def parquet_list(path: Path, vectors: Array) -> None:
    numbers = pa.array(range(len(vectors)))
    table = pa.table({"n": numbers, "emb": pa.array(vectors.tolist(), pa.list_(pa.float64()))})
    pq.write_table(table, path, row_group_size=50)


WRITERS: dict[str, tuple[str, type[Any], Callable[[Path, Array], None]]] = {
    "npy": (".npy", np.float32, npy),
    "npy float64": (".npy", np.float64, npy),
    "npy float16": (".npy", np.float16, npy),
    "npy uint8": (".npy", np.uint8, npy),
    "npy int8": (".npy", np.int8, npy),
    "npz": (".npz", np.float32, npz),
    "npz compressed": (".npz", np.float32, npz_compressed),
    "npz compressed int8": (".npz", np.int8, npz_compressed),
    "fvecs": (".fvecs", np.float32, vecs),
    "bvecs": (".bvecs", np.uint8, vecs),
    "fbin": (".fbin", np.float32, packed),
    "u8bin": (".u8bin", np.uint8, packed),
    "hdf5": (".hdf5", np.float32, hdf5),
    "hdf5 float64": (".h5", np.float64, hdf5),
    "parquet fixed": (".parquet", np.float32, parquet_fixed),
    "parquet list": (".parquet", np.float64, parquet_list),
}


def sample_for(kind: type[Any], rows: int, dimension: int) -> Array:
    """Values that every dtype can hold, and float16 exactly."""
    random = np.random.default_rng(rows * 1000 + dimension)
    low, high = (0, 256) if kind is np.uint8 else (-128, 128)
    return random.integers(low, high, size=(rows, dimension)).astype(kind)
