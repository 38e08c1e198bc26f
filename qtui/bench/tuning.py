"""Has the engine answer what `tune` asks, and tells how it goes. Measures like any run, but only what decides.

A variant gets its measurement when it is first asked, and a collection is built when its method is. A collection's
first variant is warmed up like in a full run, a further one by a few queries, since its collection is warm.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import chain
from statistics import median

from qtui import units
from qtui.bench import schedule
from qtui.bench.evidence import recalls_of, split
from qtui.bench.gate import Gate
from qtui.bench.limits import Footprint, expected, fits_time, footprint, within
from qtui.bench.running import LIVE_RESAMPLES, LIVE_S, LIVE_SHARE, Measuring, ask_of, blank_of, samples_of, width
from qtui.bench.state import RunState, Stage
from qtui.bench.tally import Tally
from qtui.bench.tune import Cell, Need, Outcome, Round, Rule, Step, Tuner, Turn
from qtui.choices import TuneStep, TuningRecord, Unbuilt
from qtui.engine.base import Engine
from qtui.events import Event, Measured
from qtui.plan import Variant

Make = Callable[[str], AsyncGenerator[Event, None]]
"""Builds the collection of a method and proves it; it is among the state's targets after, unless that failed."""
_WARM_AGAIN = 5
"""Queries that a variant of a warm collection answers uncounted, and one that was asked before a build."""
_SURELY = 1.02
"""How far over a limit a size by formula must be to count as over it."""


class Tuning(Measuring):
    """One run's search for a configuration, on collections that are proven, or made when they are needed."""

    def __init__(self, state: RunState, engine: Engine, gate: Gate, make: Make | None = None) -> None:
        """Takes the grid from the state, whose variants from now on are those that were asked.

        `make` builds what isn't there; without it, what isn't there can't be measured.
        """
        super().__init__(state, engine, gate)
        self._make = make
        self._grid = state.cells
        self._failed: set[str] = set()
        self._index: dict[int, int] = {}
        """Place in the grid → index of the measurement."""
        self._warmed: set[str] = set()
        self._cooled: set[int] = set()
        """Measurements that were asked last before a collection was built."""
        self._searches = 0
        least = min(state.request.concurrency)
        self._lowest = [at for at in self._measurable() if self._grid[at].concurrency == least]
        """Places of the grid at the lowest concurrency; only they are asked."""
        self._tuner = self._search(self._lowest)
        self._variants, self._asks, state.cells = [], {}, ()

    def _measurable(self) -> list[int]:
        """Places of the grid that are worth measuring, as far as that is known; without a graph only one hnsw_ef is."""
        return [at for at, cell in enumerate(self._grid) if self._is_measurable(cell) and self._has_ef(cell)]

    def _is_measurable(self, cell: Variant) -> bool:
        target = self._state.targets.get(cell.method)
        return self._may_make(cell.method) if target is None else target.can_measure(cell.search)

    def _has_ef(self, cell: Variant) -> bool:
        """Whether its hnsw_ef makes a difference, by its collection, else by the baseline's."""
        target = self._state.targets.get(cell.method) or self._state.targets.get("none")
        return target is None or target.has_graph or cell.search.hnsw_ef == self._state.request.hnsw_ef[0]

    def _may_make(self, method: str) -> bool:
        return self._make is not None and method not in self._failed

    def _search(self, places: Sequence[int]) -> Tuner:
        state, request = self._state, self._state.request
        assert state.truth is not None
        halves = split([query for query, ids in enumerate(state.truth) if ids], request.seed)
        return Tuner(
            [cell for at in places if (cell := self._cell(at)) is not None],
            Rule(request.target_recall, request.seed, *halves),
            Outcome(self._recalls, self._median_ms, self._fits, self._usable, self._there),
            repeat=request.repeat,
            seed=request.seed,
            only_time=request.wishes.minimise == "latency",
            survey=request.survey,
        )

    def _cell(self, at: int) -> Cell | None:
        """None for what can't be chosen: controls, what breaks a limit anyway, and hnsw_ef where there is no graph."""
        variant, request = self._grid[at], self._state.request
        if variant.is_control or (variant.method in self._state.targets and not self._usable(at)):
            return None
        size = self._size(variant.method)
        if variant.method not in self._state.targets and self._over(size):
            return None
        search = variant.search
        rung = 0.0 if not search.rescore else search.oversampling or 1.0
        least = size.disk if request.wishes.minimise == "disk" else size.ram
        return Cell(at, variant.method, search.hnsw_ef or 0, rung, float("inf") if least is None else least)

    def _size(self, method: str) -> Footprint:
        """By its files, else by formula."""
        target = self._state.targets.get(method)
        if target is not None:
            return footprint(target.record)
        return expected(method, self._state.targets["none"].record, self._state.dataset)

    def _over(self, size: Footprint) -> bool:
        sure = Footprint(*(None if found is None else found / _SURELY for found in (size.ram, size.disk)))
        return not within(sure, self._state.request.wishes)

    def _usable(self, at: int) -> bool:
        """Whether it can be measured and chosen, by the collection that is there."""
        variant, request = self._grid[at], self._state.request
        target = self._state.targets.get(variant.method)
        if target is None or not target.can_measure(variant.search) or not self._has_ef(variant):
            return False
        return variant.method == "none" or within(footprint(target.record), request.wishes)

    def _there(self, method: str) -> bool:
        """Whether its collection is there, or can't be."""
        return method in self._state.targets or not self._may_make(method)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Round after round, until the choice is made."""
        stage = Stage(self._state.clock, "measure", "tuning", None)
        next_s = self._state.clock.now() + LIVE_S
        yield stage.tell(0)
        for asked in self._steps():
            async for event in self._paused(stage, self._searches):
                yield event
            if isinstance(asked, Need):
                async with aclosing(self._made(asked, stage)) as making:
                    async for event in making:
                        yield event
                continue
            await self._round(asked)
            if stage.due(self._searches):
                yield stage.tell(self._searches)
            if (now := self._state.clock.now()) >= next_s:
                yield Measured(tuple(enumerate(self._tally.measurements(resamples=LIVE_RESAMPLES))))
                next_s = now + max(LIVE_S, (self._state.clock.now() - now) / LIVE_SHARE)
        self._state.tuning = self._record()
        for event in (*self._interruptions(), *self._told()):
            yield event

    def _steps(self) -> Iterable[Step]:
        return chain(self._tuner.steps(), self._controls())

    async def _made(self, needed: Need, stage: Stage) -> AsyncGenerator[Event, None]:
        """Builds what isn't there; a survey's variants are warmed up then, the one that reads most first."""
        began = self._state.clock.now()
        for method in needed.methods:
            if self._make is not None and not self._there(method):
                async with aclosing(self._make(method)) as events:
                    async for event in events:
                        yield event
                if method not in self._state.targets:
                    self._failed.add(method)
                self._cooled = set(self._index.values())
        stage.resume(self._state.clock.now() - began)
        yield stage.tell(self._searches)
        if self._state.request.survey:
            wide = [at for at in self._lowest if not self._grid[at].is_control and self._usable(at)]
            for at in sorted(wide, key=lambda at: (-width(self._grid[at]), at)):
                await self._begun(at)
                if stage.due(self._searches):
                    yield stage.tell(self._searches)

    def _controls(self) -> Iterator[Round]:
        """Every pass of the controls that were asked for, for the methods that were asked all queries."""
        queries = len(self._state.queries)
        wholly = {self._grid[at].method for at in self._index if self._tuner.asked(at) == queries}
        controls = [at for at in self._lowest if self._grid[at].is_control and self._grid[at].method in wholly]
        for turn in schedule.turns(len(controls), queries, self._state.plan.block, self._state.plan.repeat):
            yield (Turn(controls[turn.variant], turn.repeat, tuple(range(turn.start, turn.stop))),)

    async def _round(self, asked: Round) -> None:
        """Asks and keeps one round."""
        for turn in asked:
            index = self._index.get(turn.at)
            if index is None:
                index = await self._begun(turn.at)
            elif index in self._cooled:
                await self._warm(index, _WARM_AGAIN)
            block = await self._block(index, turn.queries)
            samples = samples_of(index, turn.repeat, block)
            for sample in samples:
                self._tally.add(sample)
            self._tally.add_wall(index, block.wall_s, len(samples))
            assert self._state.journal is not None
            self._state.journal.block(index, samples, block.wall_s)
            self._searches += len(samples)
            await self._state.clock.sleep(0)

    async def _begun(self, at: int) -> int:
        """Makes the variant's measurement, and warms it up."""
        state, cell = self._state, self._grid[at]
        index = self._index[at] = len(state.cells)
        state.cells = (*state.cells, cell)
        self._tally.extend(blank_of(state, at, cell))
        self._variants.append(index)
        self._asks[index] = ask_of(state, cell)
        state.save()
        name = self._asks[index].collection
        await self._warm(index, _WARM_AGAIN if name in self._warmed else state.plan.warmup)
        self._warmed.add(name)
        return index

    async def _warm(self, index: int, queries: int) -> None:
        """Asks the first of the queries that will be asked of it, uncounted."""
        await self._scan(index)
        some = self._tuner.order[:queries]
        for start in range(0, len(some), self._state.plan.block):
            span = some[start : start + self._state.plan.block]
            await self._block(index, span, closed_loop=True)
            self._searches += len(span)
        self._cooled.discard(index)

    # --- what the search reads ---

    @property
    def _tally(self) -> Tally:
        assert self._state.tally is not None
        return self._state.tally

    def _recalls(self, at: int) -> dict[int, float]:
        index = self._index.get(at)
        return {} if index is None else recalls_of(self._tally.answered[index])

    def _median_ms(self, at: int) -> float:
        index = self._index.get(at)
        times = [] if index is None else self._tally.answered[index].engine_ms
        return median(times) if times else float("inf")

    def _fits(self, at: int) -> bool:
        if self._state.request.wishes.p95_ms is None:
            return True
        return fits_time(self._tally.measurements()[self._index[at]], self._state.request.wishes)

    # --- what came of it ---

    def _record(self) -> TuningRecord:
        plan, queries = self._state.plan, len(self._state.queries)
        grid = self._measurable()
        collections = len({self._grid[at].method for at in grid})
        warmup = schedule.warmup_queries(queries)
        return TuningRecord(
            grid_measurements=len(grid),
            measurements=len(self._index),
            grid_searches=collections * warmup
            + (len(grid) - collections) * min(warmup, plan.block)
            + len(grid) * queries * plan.repeat,
            searches=self._searches,
            steps=tuple(TuneStep(self._index[at], asked, verdict) for at, asked, verdict in self._tuner.verdicts),
            unbuilt=tuple(self._unbuilt()),
        )

    def _unbuilt(self) -> Iterator[Unbuilt]:
        """Methods whose collections were never made, and why."""
        what = "disk" if self._state.request.wishes.minimise == "disk" else "RAM"
        for method in dict.fromkeys(cell.method for cell in self._grid):
            if self._there(method):
                continue
            size = self._size(method)
            if self._over(size):
                why = f"over a limit by formula, with {units.size(size.ram)} of RAM and {units.size(size.disk)} of disk"
            else:
                smaller = next((cell.method for cell in self._tuner.finalists), "none")
                why = f"takes more {what} by formula than {smaller}, which keeps the target"
            yield Unbuilt(method, why)

    def _told(self) -> tuple[Event, ...]:
        """What the measurements that were cut short mean for the reader."""
        state = self._state
        state.tally, tally = self._counted(), self._tally
        text = (
            "tuned: most variants were asked only as long as they decided anything, so their figures are of fewer"
            " queries, and rougher, than those of the choice"
        )
        if survey := state.request.survey:
            text += f"; each was asked {min(survey, len(state.queries))} at least, in turns with all others"
        levels = state.request.concurrency
        if len(levels) > 1:
            text += f"; only {min(levels)} in flight was tuned for"
        return (*state.warn("tuned", text), Measured(tuple(enumerate(tally.measurements()))))

    def _counted(self) -> Tally:
        """Each measurement with the queries that it was really asked."""
        tally = self._tally
        whole = len(self._state.queries)
        asked = {
            index: whole if self._grid[at].is_control else self._tuner.asked(at) for at, index in self._index.items()
        }
        tally.blanks = tuple(replace(each, queries=asked[index]) for index, each in enumerate(tally.blanks))
        return tally
