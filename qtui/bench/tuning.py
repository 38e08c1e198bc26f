"""Has the engine answer what `tune` asks, and tells how it goes. Measures like any run, but only what decides.

A variant gets its measurement when it is first asked. A collection's first variant is warmed up like in a full run, a
further one by one block, since its collection is warm.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from statistics import median

from qtui.bench import schedule
from qtui.bench.evidence import recalls_of, split
from qtui.bench.gate import Gate
from qtui.bench.limits import fits_time, footprint, within
from qtui.bench.running import LIVE_RESAMPLES, LIVE_S, Measuring, ask_of, blanks, samples_of
from qtui.bench.state import RunState, Stage
from qtui.bench.tally import Tally
from qtui.bench.tune import Cell, Outcome, Round, Rule, Tuner, Turn
from qtui.choices import TuneStep, TuningRecord
from qtui.engine.base import Engine
from qtui.events import Event, Measured


class Tuning(Measuring):
    """One run's search for a configuration, on collections that are proven."""

    def __init__(self, state: RunState, engine: Engine, gate: Gate) -> None:
        """Takes the grid from the state, whose variants from now on are those that were asked."""
        super().__init__(state, engine, gate)
        self._grid, self._blanks = state.cells, blanks(state)
        self._measurable = len(self._variants)
        self._grid_warmup = sum(queries for _, queries in self._widest_first(set(self._variants)))
        self._index: dict[int, int] = {}
        """Place in the grid → index of the measurement."""
        self._warmed: set[str] = set()
        self._searches = 0
        least = min(state.request.concurrency)
        self._lowest = [at for at in self._variants if self._grid[at].concurrency == least]
        """Places of the grid at the lowest concurrency; only they are asked."""
        self._tuner = self._search(self._lowest)
        self._variants, self._asks, state.cells = [], {}, ()

    def _search(self, places: Sequence[int]) -> Tuner:
        state, request = self._state, self._state.request
        assert state.truth is not None
        halves = split([query for query, ids in enumerate(state.truth) if ids], request.seed)
        return Tuner(
            [cell for at in places if (cell := self._cell(at)) is not None],
            Rule(request.target_recall, request.seed, *halves),
            Outcome(self._recalls, self._median_ms, self._fits),
            repeat=request.repeat,
            seed=request.seed,
            only_time=request.wishes.minimise == "latency",
        )

    def _cell(self, at: int) -> Cell | None:
        """None for what can't be chosen: controls, what breaks a limit anyway, and hnsw_ef where there is no graph."""
        variant, request = self._grid[at], self._state.request
        target = self._state.targets[variant.method]
        ef = variant.search.hnsw_ef or 0
        if variant.is_control or (not target.has_graph and ef != request.hnsw_ef[0]):
            return None
        size = footprint(target.record)
        if variant.method != "none" and not within(size, request.wishes):
            return None
        search = variant.search
        rung = 0.0 if not search.rescore else search.oversampling or 1.0
        least = size.disk if request.wishes.minimise == "disk" else size.ram
        return Cell(at, variant.method, ef, rung, float("inf") if least is None else least)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Round after round, until the choice is made."""
        stage = Stage(self._state.clock, "measure", "tuning", None)
        next_s = self._state.clock.now() + LIVE_S
        yield stage.tell(0)
        for asked in chain(self._tuner.rounds(), self._controls()):
            async for event in self._paused(stage, self._searches):
                yield event
            await self._round(asked)
            if stage.due(self._searches):
                yield stage.tell(self._searches)
            if (now := self._state.clock.now()) >= next_s:
                yield Measured(tuple(enumerate(self._tally.measurements(resamples=LIVE_RESAMPLES))))
                # figures of many variants take a while: they may cost a tenth of the run, no more
                next_s = now + max(LIVE_S, 10 * (self._state.clock.now() - now))
        self._state.tuning = self._record()
        for event in (*self._interruptions(), *self._told()):
            yield event

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
        self._tally.extend(self._blanks[at])
        self._variants.append(index)
        self._asks[index] = ask_of(state, cell)
        state.save()
        name = self._asks[index].collection
        warm = state.plan.block if name in self._warmed else state.plan.warmup
        self._warmed.add(name)
        for start in range(0, min(warm, len(state.queries)), state.plan.block):
            span = range(start, min(start + state.plan.block, warm, len(state.queries)))
            await self._block(index, span, closed_loop=True)
            self._searches += len(span)
        return index

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
        steps = [TuneStep(self._index[at], asked, verdict) for at, asked, verdict in self._tuner.steps]
        return TuningRecord(
            grid_measurements=self._measurable,
            measurements=len(self._index),
            grid_searches=self._grid_warmup + self._measurable * queries * plan.repeat,
            searches=self._searches,
            steps=tuple(steps),
        )

    def _told(self) -> tuple[Event, ...]:
        """What the measurements that were cut short mean for the reader."""
        state = self._state
        state.tally, tally = self._counted(), self._tally
        text = (
            "tuned: most variants were asked only as long as they decided anything, so their figures are of fewer"
            " queries, and rougher, than those of the choice"
        )
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
