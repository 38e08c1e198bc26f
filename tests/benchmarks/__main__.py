"""Runs the benchmarks of qtui: `python -m tests.benchmarks [--data DIR] [--only NAME] [--pairs N]`."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import analysis, data, embedding, keys, latency, loading, paint, server, startup, truth
from .pairs import Ratio

Array = NDArray[np.float32]
ROWS = 30_000
SERVED = 10_000
NEEDED = 360


def _vectors(folder: Path | None) -> tuple[Array, Array, str]:
    if folder is None:
        rows = data.synthetic(ROWS + NEEDED, 384)
        return rows[:ROWS], rows[ROWS:], "synthetic vectors"
    vectors, queries = data.real(folder, ROWS)
    return vectors, queries[:NEEDED], f"real vectors of {folder.name}"


def _benchmarks(folder: Path | None, pairs: int, scratch: Path) -> Iterator[tuple[str, Callable[[], list[Ratio]]]]:
    vectors, queries, _ = _vectors(folder)
    places = (scratch / f"{number}" for number in range(100))

    def place() -> Path:
        made = next(places)
        made.mkdir()
        return made

    yield "startup", lambda: [*startup.budgets(pairs), paint.first_paint(place(), pairs)]
    yield "truth", lambda: truth.ratios(place(), pairs)
    yield "loading", lambda: [loading.rate(vectors, place(), pairs), loading.memory(vectors, place())]
    yield "latency", lambda: [latency.ratio(vectors, queries, place(), m, pairs) for m in ("none", "turbo-4bit")]
    yield "analysis", lambda: analysis.ratios(vectors, queries, place(), pairs)
    yield "server", lambda: server.ratios(vectors[:SERVED], queries, place(), pairs)
    yield "embedding", lambda: embedding.ratios(place(), pairs)
    yield "drawing", lambda: keys.while_drawing(vectors, place(), pairs)
    yield "keys", lambda: keys.answered(vectors, place())


def main() -> int:
    """Prints one line a ratio; the exit code is 1 when one misses its bound."""
    ask = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    ask.add_argument("--data", type=Path, help="folder with NAME.npy and NAME-queries.npy (default: synthetic)")
    ask.add_argument("--only", help="startup, truth, loading, latency, analysis, server, embedding, drawing or keys")
    ask.add_argument("--pairs", type=int, default=5, help="pairs of turns (default: 5)")
    said = ask.parse_args()
    held = True
    with tempfile.TemporaryDirectory(prefix="qtui-benchmarks-") as scratch:
        what = _vectors(said.data)[2]
        print(f"{platform.platform()}, Python {platform.python_version()}, {what}", flush=True)
        print(
            "     what                                                        median   (range of pairs)  bound",
            flush=True,
        )
        for name, run in _benchmarks(said.data, said.pairs, Path(scratch)):
            if said.only not in (None, name):
                continue
            for found in run():
                print(found.line(), flush=True)
                held &= found.holds
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
