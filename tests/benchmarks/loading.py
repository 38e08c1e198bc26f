"""Loading: rate against the best bare loop over qdrant_edge, and how peak memory grows with the file."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtui.data.load import load
from qtui.engine.open import open_embedded
from qtui.events import BuildDone
from qtui.loads import BuildJob, BuildSpec, SourceSpec

from . import bare
from .pairs import Ratio, in_turns

Array = NDArray[np.float32]


async def _loaded_seconds(store: Path, file: Path) -> float:
    job = BuildJob(
        store=str(store),
        collection="loaded",
        method="none",
        source=SourceSpec(kind="file", path=str(file)),
        build=BuildSpec(indexing_threshold_kb=0),
    )
    engine = await open_embedded(store)
    try:
        async for event in load(engine, job):
            if isinstance(event, BuildDone):
                return event.load_seconds
    finally:
        await engine.close()
    raise AssertionError("the load did not end")


def rate(vectors: Array, scratch: Path, pairs: int) -> Ratio:
    """Our rate over the bare loop's, same rows, both flushed; the file is read within our time."""
    file = scratch / "vectors.npy"
    np.save(file, vectors)
    turns = iter(range(10_000))

    def ours() -> float:
        return 1 / asyncio.run(_loaded_seconds(scratch / f"ours{next(turns)}", file))

    def loop() -> float:
        return 1 / bare.load(scratch / f"bare{next(turns)}", vectors)

    note = f"{len(vectors):,} x {vectors.shape[1]}"
    return in_turns("loading rate / bare upsert loop", ours, loop, pairs=pairs, bound=0.8, at_least=True, note=note)


def memory(vectors: Array, scratch: Path) -> Ratio:
    """Peak memory added by 4 times the rows: ours over the bare loop's, each in a process of its own."""
    grown: dict[str, int] = {}
    for kind in ("ours", "bare"):
        peaks = []
        for share in (4, 1):
            file = scratch / f"part{share}.npy"
            np.save(file, vectors[: len(vectors) // share])
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.loading",
                kind,
                str(file),
                str(scratch / f"{kind}-{share}"),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks.append(int(json.loads(done.stdout.splitlines()[-1])))
        grown[kind] = peaks[1] - peaks[0]
    mib = {kind: f"{bytes_ / 2**20:+.0f} MiB" for kind, bytes_ in grown.items()}
    note = f"{len(vectors) // 4:,} to {len(vectors):,} rows: ours {mib['ours']}, bare {mib['bare']}"
    # 32 MiB on both sides: differences below that are the allocator's
    slack = 32 * 2**20
    return Ratio(
        "peak memory growth / bare loop's growth", ((grown["ours"] + slack) / (grown["bare"] + slack),), 1.25, note=note
    )


def _alone(kind: str, file: Path, folder: Path) -> None:
    if kind == "ours":
        asyncio.run(_loaded_seconds(folder, file))
    else:
        bare.load(folder, np.load(file, mmap_mode="r"))
    sys.stdout.write(f"{bare.peak_bytes()}\n")


if __name__ == "__main__":
    _alone(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
