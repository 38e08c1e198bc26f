"""Small files of vectors for the command line to work on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def vectors(rows: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    """Clustered vectors: neighbours that mean something, as real embeddings have."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((12, dimension))
    found = centres[rng.integers(0, 12, rows)] + 0.6 * rng.standard_normal((rows, dimension))
    return found.astype(np.float32)


def save(path: Path, rows: int = 400, dimension: int = 32, seed: int = 0) -> Path:
    """An .npy file."""
    np.save(path, vectors(rows, dimension, seed))
    return path


def save_payload(path: Path, rows: int = 400) -> Path:
    """A .jsonl file with a row a vector."""
    path.write_text(
        "".join(json.dumps({"part": "noun" if row % 2 else "verb", "n": row}) + "\n" for row in range(rows))
    )
    return path


def copy_sparse(source: Path, target: Path) -> None:
    """Copies a store without filling the holes of its files, which make 136 MB of every collection."""
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, mode=0o700)
            continue
        with path.open("rb") as read, copy.open("wb") as written:
            size = path.stat().st_size
            for begin, end in data_of(read.fileno(), size):
                read.seek(begin)
                written.seek(begin)
                written.write(read.read(end - begin))
            written.truncate(size)


def data_of(file: int, size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file that are no holes, where the system tells; else the whole."""
    if not hasattr(os, "SEEK_DATA"):
        yield 0, size
        return
    end = 0
    while end < size:
        try:
            begin = os.lseek(file, end, os.SEEK_DATA)
        except OSError:  # a hole up to the end
            return
        end = os.lseek(file, begin, os.SEEK_HOLE)
        yield begin, end
