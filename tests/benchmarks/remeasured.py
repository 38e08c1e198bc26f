"""Whether repeats come to the same advice when everything is measured again, and what tuning asks on the real engine.

One set of collections, built once. Then, seed by seed, with halves, passes and times of its own: a run of the whole
grid, and a tuned one for each target.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qtui.advice import Advice
from qtui.bench.advise import advise, of_kept
from qtui.bench.record import RunStore
from qtui.bench.session import bench
from qtui.data.load import jobs, load
from qtui.engine.open import open_embedded
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.loads import LoadRequest, SourceSpec
from qtui.model import SearchSettings
from qtui.plan import TUNE_OVERSAMPLING, BenchRequest
from qtui.records import RunRecord

from . import data
from .pairs import Ratio

Config = tuple[str, SearchSettings]
ROWS, REPEATS, NAME = 10_000, 10, "again"


@dataclass(frozen=True)
class Said:
    """What one advice names, and what it says is as good or not excluded."""

    best: Config | None
    alike: frozenset[Config]
    doubtful: frozenset[Config]

    @classmethod
    def of(cls, found: Advice) -> Said:
        best = found.recommendation
        alike = frozenset((each.method, each.search) for each in found.weighed if each.alike)
        undecided = frozenset((each.method, each.search) for each in found.weighed if each.undecided)
        return cls(None if best is None else (best.method, best.search), alike, alike | undecided)


def agreement(what: str, outcomes: Sequence[Said], bound: float = 0.9) -> Ratio:
    """Share of the repeats that name the commonest choice, or say that it can't be told apart or excluded."""
    common = Counter(said.best for said in outcomes).most_common(1)[0][0]
    doubtful = next(said.doubtful for said in outcomes if said.best == common)
    same = [said.best == common for said in outcomes]
    either = [said.best == common or said.best in doubtful or common in said.doubtful for said in outcomes]
    name = "-" if common is None else f"{common[0]} x{common[1].oversampling or 0:g} ef {common[1].hnsw_ef}"
    note = f"{name}; the very same in {sum(same)} of {len(same)}"
    return Ratio(what, (float(np.mean(either)),), bound, at_least=True, note=note)


def figures(
    folder: Path,
    scratch: Path,
    methods: tuple[str, ...],
    targets: tuple[float, ...],
    *,
    rows: int = ROWS,
    repeats: int = REPEATS,
) -> Iterator[Ratio]:
    """All that is promised of repeats and of tuning, by runs that are measured again."""
    vectors, queries = data.real(folder, rows)
    np.save(scratch / "points.npy", vectors)
    np.save(scratch / "questions.npy", queries)
    asyncio.run(_build(scratch, methods))
    request = BenchRequest(
        collection=NAME,
        queries_file=str(scratch / "questions.npy"),
        queries=0,
        methods=methods,
        oversampling=TUNE_OVERSAMPLING,
    )
    runs = RunStore(scratch / "runs")
    wholes = [_run(scratch, replace(request, seed=seed)) for seed in range(repeats)]
    for target in targets:
        said = [Said.of(advise(of_kept(runs, record.id), target)) for record in wholes]
        yield agreement(f"target {target:g}: same, or said so, measured {repeats} times", said)
        tuned = [_run(scratch, replace(request, seed=seed, tune=True, target_recall=target)) for seed in range(repeats)]
        again = [Said.of(advise(of_kept(runs, record.id), target)) for record in tuned]
        yield agreement(f"target {target:g}: same, or said so, tuned {repeats} times", again)
        agreed = [mine.best == whole.best or mine.best in whole.alike for mine, whole in zip(again, said, strict=True)]
        yield Ratio(
            f"target {target:g}: tuned run chooses as the whole grid", (float(np.mean(agreed)),), 0.9, at_least=True
        )
        shares = [found.searches / found.grid_searches for record in tuned if (found := record.tuning) is not None]
        yield Ratio(f"target {target:g}: searches of tuned runs / of the grid", tuple(shares), 0.5)


async def _build(scratch: Path, methods: tuple[str, ...]) -> None:
    source = SourceSpec("file", path=str(scratch / "points.npy"))
    engine = await open_embedded(scratch / "store")
    try:
        for job in jobs(LoadRequest(NAME, source, methods), scratch / "store"):
            async for _ in load(engine, job):
                pass
    finally:
        await engine.close()


def _run(scratch: Path, request: BenchRequest) -> RunRecord:
    async def run() -> RunRecord:
        engine = await open_embedded(scratch / "store")
        try:
            events = [event async for event in bench(request, engine=engine, home=scratch, build=build)]
        finally:
            await engine.close()
        last = events[-1]
        assert isinstance(last, RunFinished)
        return last.record

    return asyncio.run(run())
