"""How far advice can be trusted, on real embeddings: `python -m tests.benchmarks.advice --data DIR [--home H]`.

One run measures a whole grid with many queries. Then, seed by seed, some of its queries play a run of their own, with
its own halves and passes, and the others are the fresh queries that nobody has chosen by:

- the advised configuration keeps its target on the fresh ones;
- repeats name the same configuration, or one that the advice said it can't tell apart or can't exclude;
- tuning makes the choice of the whole grid, asking at most half as many searches.

With --home the run is kept there and used again. With --remeasure each repeat is a run of its own (`remeasured`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qtui.bench import samples
from qtui.bench.advise import advise
from qtui.bench.evidence import Evidence, gather, recalls_of, split
from qtui.bench.limits import footprint
from qtui.bench.record import RunStore
from qtui.bench.schedule import BLOCK, warmup_queries
from qtui.bench.session import bench
from qtui.bench.tally import Tally
from qtui.bench.tune import Cell, Need, Outcome, Rule, Tuner
from qtui.events import RunFinished
from qtui.host.build import build
from qtui.loads import SourceSpec
from qtui.model import PointId
from qtui.plan import TUNE_OVERSAMPLING, BenchRequest
from qtui.records import RunRecord, Sample

from . import data, remeasured
from .pairs import Ratio
from .remeasured import Said, agreement

ROWS, EXTRA, PASSES = 24_000, 600, 4
ASKED = 300
"""Queries of one pretended run; the others are fresh."""
SEEDS, REPEATS = 20, 10
TARGETS = (0.9, 0.95, 0.98)
METHODS = ("none", "binary", "binary-2bit", "turbo-2bit", "turbo-4bit", "scalar")


@dataclass(frozen=True)
class Kept:
    """One run with all its searches, by measurement."""

    record: RunRecord
    truth: list[tuple[PointId, ...]]
    searches: list[list[Sample]]

    @property
    def queries(self) -> int:
        return len(self.truth)


def measure(folder: Path, home: Path) -> str:
    """Measures the grid on the folder's vectors; the id of the run that is kept in `home`."""
    vectors, queries = data.real(folder, ROWS + EXTRA)
    np.save(home / "points.npy", vectors[:ROWS])
    np.save(home / "questions.npy", np.concatenate([queries, vectors[ROWS:]]))
    request = BenchRequest(
        source=SourceSpec("file", path=str(home / "points.npy")),
        queries_file=str(home / "questions.npy"),
        queries=0,
        methods=METHODS,
        oversampling=TUNE_OVERSAMPLING,
        repeat=PASSES,
    )

    async def run() -> RunRecord:
        events = [event async for event in bench(request, engine=None, home=home, build=build)]
        last = events[-1]
        assert isinstance(last, RunFinished)
        return last.record

    return asyncio.run(run()).id


def read(home: Path, run_id: str) -> Kept:
    """The run as its samples file has it."""
    runs = RunStore(home / "runs")
    record = runs.load(run_id)
    searches: list[list[Sample]] = [[] for _ in record.measurements]
    truth = []
    for line in samples.stream(runs.samples_path(run_id)):
        if isinstance(line, Sample):
            searches[line.measurement].append(line)
        else:
            truth.append(line)
    return Kept(record, truth, searches)


@dataclass(frozen=True)
class Pretended:
    """A run of some of the queries and passes."""

    kept: Kept
    seed: int
    queries: frozenset[int]
    passes: frozenset[int]

    @classmethod
    def drawn(cls, kept: Kept, seed: int) -> Pretended:
        """Queries, halves and passes of its own."""
        drawn = np.random.default_rng((seed, ASKED)).permutation(kept.queries)[:ASKED]
        left_out = seed % PASSES
        return cls(kept, seed, frozenset(drawn.tolist()), frozenset(range(PASSES)) - {left_out})

    def evidence(self, asked: dict[int, set[tuple[int, int]]] | None = None) -> Evidence:
        """What it says; with `asked`, only of the (pass, query) pairs that each measurement was asked."""
        order = "interleaved" if asked is None else "raced"
        tally = Tally(self.kept.record.measurements, self.kept.truth, rate=None, seed=self.seed)
        for index, found in enumerate(self.kept.searches):
            for sample in found:
                mine = sample.repeat in self.passes and sample.query in self.queries
                if mine and (asked is None or (sample.repeat, sample.query) in asked.get(index, ())):
                    tally.add(sample)
        plan = replace(self.kept.record.plan, seed=self.seed, order=order)
        record = replace(self.kept.record, plan=plan, measurements=tally.measurements(resamples=200))
        return gather(record, tally)

    def on_fresh(self, index: int) -> float:
        """Mean recall of one measurement over the queries that it wasn't chosen by."""
        found = [
            len(set(sample.ids) & set(self.kept.truth[sample.query])) / len(self.kept.truth[sample.query])
            for sample in self.kept.searches[index]
            if sample.repeat == 0 and sample.query not in self.queries
        ]
        return float(np.mean(found))


def tuned(run: Pretended, whole: Evidence, target: float) -> tuple[Evidence, int, int]:
    """The same run raced over what was measured: its evidence, its searches, and those of the whole grid."""
    asked: dict[int, set[tuple[int, int]]] = {}
    warmed: set[str] = set()
    searches = 0
    passes = sorted(run.passes)
    by_index = {each.index: each for each in whole.candidates}
    partly = Tally(run.kept.record.measurements, run.kept.truth, rate=None, seed=run.seed)
    at: dict[tuple[int, int, int], Sample] = {
        (sample.measurement, sample.repeat, sample.query): sample for found in run.kept.searches for sample in found
    }
    cells = []
    for index, each in by_index.items():
        search, size = each.measured.search, None if each.collection is None else footprint(each.collection).ram
        rung = 0.0 if not search.rescore else search.oversampling or 1.0
        cells.append(Cell(index, each.measured.method, search.hnsw_ef or 0, rung, size or 0.0))
    outcome = Outcome(
        lambda index: recalls_of(partly.answered[index]),
        lambda index: float(np.median(partly.answered[index].engine_ms or [np.inf])),
        lambda _: True,
    )
    rule = Rule(target, run.seed, *split(sorted(run.queries), run.seed))
    tuner = Tuner(cells, rule, outcome, repeat=len(passes), seed=run.seed)
    for turns in tuner.steps():
        assert not isinstance(turns, Need)  # all is built
        for turn in turns:
            if turn.at not in asked:
                method = by_index[turn.at].measured.method
                searches += BLOCK if method in warmed else warmup_queries(ASKED)
                warmed.add(method)
            for query in turn.queries:
                asked.setdefault(turn.at, set()).add((passes[turn.repeat], query))
                partly.add(at[turn.at, passes[turn.repeat], query])
                searches += 1
    methods = {cell.method for cell in cells}
    warming = len(methods) * warmup_queries(ASKED) + (len(cells) - len(methods)) * BLOCK
    return run.evidence(asked), searches, warming + len(cells) * ASKED * len(passes)


def figures(kept: Kept, target: float) -> Iterator[Ratio]:
    """All that is promised, for one target."""
    runs = [Pretended.drawn(kept, seed) for seed in range(SEEDS)]
    evidences = [run.evidence() for run in runs]
    advices = [advise(evidence, target) for evidence in evidences]
    fresh = [
        None if found.chosen is None else run.on_fresh(found.chosen.measurement) >= target
        for run, found in zip(runs, advices, strict=True)
    ]
    met = [float(held) for held in fresh if held is not None]
    note = f"{len(met)} of {SEEDS} seeds had a recommendation"
    yield Ratio(f"target {target:g} met on fresh queries", (float(np.mean(met)),), 0.95, at_least=True, note=note)
    outcomes = [Said.of(found) for found in advices]
    for count in (REPEATS, SEEDS):
        yield agreement(f"target {target:g}: same, or said so, in {count} repeats", outcomes[:count])
    shares, agreed = [], []
    for run, evidence, said in zip(runs, evidences, outcomes, strict=True):
        raced, searches, grid = tuned(run, evidence, target)
        chosen = Said.of(advise(raced, target)).best
        shares.append(searches / grid)
        agreed.append(float(chosen == said.best or chosen in said.alike))
    yield Ratio(f"target {target:g}: tuning chooses as the whole grid", (float(np.mean(agreed)),), 1.0, at_least=True)
    yield Ratio(f"target {target:g}: searches of tuning / of the grid", tuple(shares), 0.5)


def main() -> int:
    """Prints a line a figure; the exit code is 1 when one misses its bound."""
    ask = argparse.ArgumentParser(prog="python -m tests.benchmarks.advice")
    ask.add_argument("--data", type=Path, required=True, help="folder with NAME.npy and NAME-queries.npy")
    ask.add_argument("--home", type=Path, help="where to keep the run, or find the one that is there")
    ask.add_argument(
        "--remeasure", action="store_true", help="measure every repeat anew, instead of drawing from one run"
    )
    ask.add_argument("--rows", type=int, default=remeasured.ROWS, help="vectors of each repeat (default: 10000)")
    asked = ask.parse_args()
    held = True
    with tempfile.TemporaryDirectory(prefix="qtui-advice-") as scratch:
        if asked.remeasure:
            for found in remeasured.figures(asked.data, Path(scratch), METHODS, TARGETS, rows=asked.rows):
                print(found.line(), flush=True)
                held &= found.holds
            return 0 if held else 1
        home = asked.home or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        there = [summary.id for summary in RunStore(home / "runs").list() if summary.status == "complete"]
        kept = read(home, there[0] if there else measure(asked.data, home))
        print(f"{kept.record.dataset.points} real vectors, {kept.queries} queries, {ASKED} of them a run", flush=True)
        for target in TARGETS:
            for found in figures(kept, target):
                print(found.line(), flush=True)
                held &= found.holds
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
