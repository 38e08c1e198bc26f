"""Exact truth: time against a blocked matrix product with partial selection, and peak memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtui.bench.truth import SourceTruth
from qtui.data.vectors import open_vectors
from qtui.loads import SourceSpec
from qtui.model import Distance

from . import bare
from .data import synthetic
from .pairs import Ratio, in_turns

Array = NDArray[np.float32]
ROWS, DIMENSION, QUERIES, K = 100_000, 384, 1000, 10
LIMIT_BYTES = 2**30


def _ours(file: Path, queries: Array) -> float:
    began = time.perf_counter()
    with open_vectors(SourceSpec(kind="file", path=str(file))) as source:
        truth = SourceTruth(source, list(queries), K, Distance.COSINE)
        for _ in truth.steps():
            pass
        truth.result()
    return time.perf_counter() - began


def _bare(file: Path, queries: Array) -> float:
    began = time.perf_counter()
    bare.truth(np.load(file, mmap_mode="r"), queries, K)
    return time.perf_counter() - began


def ratios(scratch: Path, pairs: int) -> list[Ratio]:
    """Time over the bare product's, and peak memory as a share of 1 GiB; synthetic rows."""
    file, asked = scratch / "truth.npy", scratch / "queries.npy"
    vectors = synthetic(ROWS + QUERIES, DIMENSION)
    np.save(file, vectors[:ROWS])
    np.save(asked, vectors[ROWS:])
    queries = vectors[ROWS:].copy()
    del vectors
    note = f"{ROWS:,} x {DIMENSION}, {QUERIES:,} queries, synthetic"
    seconds = in_turns(
        "exact truth / blocked product + partial selection",
        lambda: _ours(file, queries),
        lambda: _bare(file, queries),
        pairs=pairs,
        bound=1.3,
        note=note,
    )
    command = [sys.executable, "-m", "tests.benchmarks.truth", str(file), str(asked)]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    memory = Ratio("exact truth, peak memory / 1 GiB", (peak / LIMIT_BYTES,), 1, note=f"{peak / 2**20:.0f} MiB")
    return [seconds, memory]


if __name__ == "__main__":
    _ours(Path(sys.argv[1]), np.load(sys.argv[2]))
    sys.stdout.write(f"{bare.peak_bytes()}\n")
