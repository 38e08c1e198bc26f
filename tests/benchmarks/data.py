"""Real vectors to measure with, from the folder given by --data, or synthetic ones that say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def normalised(vectors: NDArray[np.generic]) -> Array:
    """Float32 rows of length 1."""
    rows = np.asarray(vectors, dtype=np.float32)
    normal: Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normal


def real(folder: Path, rows: int) -> tuple[Array, Array]:
    """The first `rows` vectors of the folder's largest set that has queries beside it, and those queries.

    Raises FileNotFoundError when the folder has no `NAME.npy` with a `NAME-queries.npy`.
    """
    for queries in sorted(folder.glob("*-queries.npy")):
        vectors = queries.with_name(queries.name.replace("-queries", ""))
        if vectors.exists():
            return normalised(np.load(vectors, mmap_mode="r")[:rows]), normalised(np.load(queries))
    raise FileNotFoundError(f"{folder} has no NAME.npy with NAME-queries.npy beside it")


def synthetic(rows: int, dimension: int, seed: int = 0) -> Array:
    """Clustered unit vectors."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(2, rows // 200), dimension), dtype=np.float32)
    picked = centres[rng.integers(len(centres), size=rows)]
    return normalised(picked + 0.7 * rng.standard_normal((rows, dimension), dtype=np.float32))
