"""The measuring itself: a cold pass where asked, the warm-up, then the variants taking turns over the same queries.

Events leave between blocks only, so that nobody draws while a clock runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace

import numpy as np

from qtui import units
from qtui.bench import outages, schedule
from qtui.bench.gate import Gate
from qtui.bench.measure import Ask, Block, run_block
from qtui.bench.outages import Outage
from qtui.bench.readiness import effective
from qtui.bench.state import RunState, Stage
from qtui.bench.tally import COLD
from qtui.bench.warnings import variant_name
from qtui.engine.base import Engine
from qtui.engine.pace import Pace
from qtui.errors import QtuiError
from qtui.events import Event, Measured
from qtui.model import SearchSettings
from qtui.plan import Variant
from qtui.records import Effective, Measurement, RunWarning, Sample

MOST_OUTAGES = 3
"""In one block; what is left of it then counts as failed."""
LIVE_RESAMPLES = 100
"""Bootstrap draws of the figures shown while measuring; the record's are made with more."""
LIVE_S = 0.5
LIVE_SHARE = 0.02
"""Of the time, that figures shown while measuring may cost: those of many variants take a while."""


def blanks(state: RunState) -> tuple[Measurement, ...]:
    """The plan's measurements, without figures."""
    return tuple(blank_of(state, at, cell) for at, cell in enumerate(state.cells))


def blank_of(state: RunState, at: int, cell: Variant) -> Measurement:
    """One of them."""
    target = state.targets.get(cell.method)
    if target is None and state.left is not None and state.left.record.measurements:
        return state.left.blank(at)
    return Measurement(
        collection=state.collection_names[cell.method],
        method=cell.method,
        search=cell.search,
        effective=Effective(None, None, cell.search.limit) if target is None else effective(target, cell.search),
        concurrency=cell.concurrency,
        queries=len(state.queries),
        errors=0,
        failures=(),
        recall=None,
        engine_ms=None,
        round_trip_ms=None,
        overhead_ms=None,
        qps=None,
        speedup=None,
        vs_baseline=None,
    )


class Measuring:
    """One run's measuring, on collections that are proven."""

    def __init__(self, state: RunState, engine: Engine, gate: Gate) -> None:
        self._state = state
        self._engine = engine
        self._gate = gate
        self._pauses: list[float] = []
        """Seconds that each took."""
        self._outages: list[Outage] = []
        self._scanned: set[str] = set()
        """Collections whose originals were read."""
        self._done = state.left.done if state.left is not None else frozenset()
        """Measurement, pass and query of what was measured before the run was interrupted."""
        self._variants = [
            index
            for index, cell in enumerate(state.cells)
            if cell.method in state.targets and state.targets[cell.method].can_measure(cell.search)
        ]
        self._asks = {index: ask_of(state, state.cells[index]) for index in self._variants}
        self._turns = [turn for turn in self._planned() if not self._was_measured(turn)]

    def _planned(self) -> Iterator[schedule.Turn]:
        plan = self._state.plan
        return schedule.turns(len(self._variants), len(self._state.queries), plan.block, plan.repeat)

    def _was_measured(self, turn: schedule.Turn) -> bool:
        return (self._variants[turn.variant], turn.repeat, turn.start) in self._done

    async def events(self) -> AsyncGenerator[Event, None]:
        """Cold pass, warm-up and measuring, in that order."""
        try:
            if self._state.request.cold and not (self._state.left is not None and self._state.left.had_cold_pass):
                async for event in self._cold():
                    yield event
            async for event in self._warm_up():
                yield event
            async for event in self._measure():
                yield event
        except QtuiError:
            self._interruptions()  # for the record of what was measured until then
            raise
        for event in self._interruptions():
            yield event

    def _interruptions(self) -> tuple[Event, ...]:
        """Tells of pauses, and of a server that was away."""
        found = list(outages.warnings(self._outages))
        if self._pauses:
            found.insert(0, RunWarning("paused", _paused_text(self._pauses)))
        return self._state.take_all(found)

    async def _cold(self) -> AsyncGenerator[Event, None]:
        state, stage = self._state, Stage(self._state.clock, "warm-up", "cold pass", len(self._variants))
        assert state.journal is not None
        for done, index in enumerate(self._variants):
            yield stage.tell(done)
            if not await self._engine.evict(self._asks[index].collection):
                text = "there was no cold pass: the page cache can't be emptied here (Linux only, own files only)"
                for event in state.warn("cold-not-possible", text):
                    yield event
                return
            block = await self._block(index, range(len(state.queries)))
            state.journal.searches(samples_of(index, COLD, block))
            for event in state.warn("cold-pass", _cold_text(state.cells[index], block), self._asks[index].collection):
                yield event

    async def _warm_up(self) -> AsyncGenerator[Event, None]:
        """Of each collection the variant that touches most of it goes first and answers most; the others a block."""
        plan = self._state.plan
        wanted = self._widest_first({self._variants[turn.variant] for turn in self._turns})
        stage = Stage(self._state.clock, "warm-up", "", sum(queries for _, queries in wanted))
        done = 0
        yield stage.tell(done)
        for index, queries in wanted:
            await self._scan(index)
            for start in range(0, queries, plan.block):
                async for event in self._paused(stage, done):
                    yield event
                span = range(start, min(start + plan.block, queries))
                await self._block(index, span, closed_loop=True)
                done += len(span)
                if stage.due(done):
                    yield stage.tell(done)
                await self._state.clock.sleep(0)

    def _widest_first(self, wanted: set[int]) -> list[tuple[int, int]]:
        """Variants with the queries that each is to answer uncounted."""
        plan, found = self._state.plan, []
        warmed: set[str] = set()
        for index in sorted(wanted, key=lambda each: (-width(self._state.cells[each]), each)):
            name = self._asks[index].collection
            found.append((index, min(plan.warmup, plan.block) if name in warmed else plan.warmup))
            warmed.add(name)
        return found

    async def _scan(self, index: int) -> None:
        """Reads all originals of a variant's collection by one exact search, if that is planned and wasn't done."""
        state, ask = self._state, self._asks[index]
        if not state.plan.scan or ask.collection in self._scanned:
            return
        self._scanned.add(ask.collection)
        exact = Ask(ask.collection, ask.using, SearchSettings(limit=1, exact=True))
        await run_block(self._engine, exact, state.queries, (0,), concurrency=1, rate=None, clock=state.clock)

    async def _measure(self) -> AsyncGenerator[Event, None]:
        state = self._state
        assert state.tally is not None
        assert state.journal is not None
        total = len(self._variants) * len(state.queries) * state.plan.repeat
        done, next_s = total - sum(turn.stop - turn.start for turn in self._turns), state.clock.now() + LIVE_S
        stage = Stage(state.clock, "measure", "", total, done=done)
        yield stage.tell(done)
        for turn in self._turns:
            async for event in self._paused(stage, done):
                yield event
            index, away = self._variants[turn.variant], len(self._outages)
            block = await self._block(index, range(turn.start, turn.stop))
            stage.resume(sum(each.seconds for each in self._outages[away:]))
            samples = samples_of(index, turn.repeat, block)
            for sample in samples:
                state.tally.add(sample)
            state.tally.add_wall(index, block.wall_s, len(samples))
            state.journal.block(index, samples, block.wall_s)
            done += len(samples)
            if stage.due(done):
                yield stage.tell(done)
            if (now := state.clock.now()) >= next_s:
                figures = state.tally.measurements(resamples=LIVE_RESAMPLES)
                next_s = state.clock.now() + max(LIVE_S, (state.clock.now() - now) / LIVE_SHARE)
                yield Measured(tuple(enumerate(figures)))
            await state.clock.sleep(0)
        yield Measured(tuple(enumerate(state.tally.measurements())))  # what is looked at after may take a while

    async def _paused(self, stage: Stage, done: int) -> AsyncGenerator[Event, None]:
        """Waits while the gate is closed; then every variant answers an uncounted block, since its caches are cold."""
        clock = self._state.clock
        while self._gate.closed():
            began = clock.now()
            yield replace(stage.tell(done), stage="paused")
            await self._gate.passed()
            self._pauses.append(clock.now() - began)
            async for event in self._warm_again():
                yield event
            stage.resume(clock.now() - began)
            if not self._gate.closed():
                yield stage.tell(done)

    async def _warm_again(self) -> AsyncGenerator[Event, None]:
        state = self._state
        span = range(min(state.plan.block, len(state.queries)))
        stage = Stage(state.clock, "warm-up", "after the pause", len(span) * len(self._variants))
        yield stage.tell(0)
        for number, index in enumerate(self._variants, 1):
            if self._gate.closed():
                return
            await self._block(index, span, closed_loop=True)
            if stage.due(number * len(span)):
                yield stage.tell(number * len(span))
            await state.clock.sleep(0)

    async def _block(self, index: int, span: Sequence[int], *, closed_loop: bool = False) -> Block:
        """Asks it all. What a server that went away could not be sent is asked when it is back, a few times over."""
        block = await self._sent(index, span, closed_loop=closed_loop)
        for _ in range(MOST_OUTAGES):
            if not block.why:
                break
            await self._until_back(index, block)
            if not block.unsent:
                break
            block = block.joined(await self._sent(index, block.unsent, closed_loop=closed_loop))
        block = block.given_up()
        state = self._state
        if not closed_loop and state.tally is not None and self._engine.info.kind == "server":
            state.tally.add_client(index, block)
        return block

    async def _sent(self, index: int, span: Sequence[int], *, closed_loop: bool) -> Block:
        """Asks as much of it as there is a server for."""
        state, cell, ask = self._state, self._state.cells[index], self._asks[index]
        rate = None if closed_loop else state.plan.rate
        if state.crew is not None and cell.concurrency > 1:
            return await state.crew.block(ask, span, concurrency=cell.concurrency, rate=rate)
        return await run_block(
            self._engine,
            ask,
            state.queries,
            span,
            concurrency=cell.concurrency,
            rate=rate,
            clock=state.clock,
            pace=state.pace,
        )

    async def _until_back(self, index: int, block: Block) -> None:
        """Waits for a server that is away, as far as patience goes: raises what it said last, and the run ends there.

        Its caches are cold then, so a block is asked that isn't counted.
        """
        state, ask = self._state, self._asks[index]
        query = (block.unsent or [found.query for found in block.outcomes])[0]
        outage = Outage(variant_name(state.cells[index]), len(block.unsent), state.clock.now())
        self._outages.append(outage)

        async def alive() -> None:
            await self._engine.query(
                ask.collection, state.queries[query], ask.settings, using=ask.using, filter_=ask.filter_
            )

        try:
            await Pace(now=state.clock.now, sleep=state.clock.sleep).asked(alive)
        finally:
            outage.seconds = state.clock.now() - outage.began
        span = range(min(state.plan.block, len(state.queries)))
        await run_block(
            self._engine, ask, state.queries, span, concurrency=1, rate=None, clock=state.clock, pace=state.pace
        )


def width(cell: Variant) -> float:
    """How much of a collection a search touches, to compare variants by: originals are read by rescoring alone."""
    search = cell.search
    if search.exact or search.ignore or search.rescore is None:
        return float("inf")
    return (search.oversampling or 1.0) * search.limit if search.rescore else 0.0


def ask_of(state: RunState, cell: Variant) -> Ask:
    """What a variant asks of its collection."""
    target = state.targets[cell.method]
    # a query that is a point of the collection finds itself first: ask for one more
    limit = cell.search.limit + (state.own_ids is not None)
    return Ask(target.name, target.using, replace(cell.search, limit=limit), state.filter_, state.own_ids)


def samples_of(index: int, repeat: int, block: Block) -> list[Sample]:
    """The searches of a block as the samples file has them."""
    return [
        Sample(index, repeat, found.query, found.ids, found.engine_ms, found.round_trip_ms, found.error)
        for found in block.outcomes
    ]


def _paused_text(pauses: list[float]) -> str:
    times = "once" if len(pauses) == 1 else f"{len(pauses)} times"
    return (
        f"the run was paused {times}, for {units.duration(sum(pauses))} in all; after each pause every variant answered"
        " a block that isn't counted"
    )


def _cold_text(cell: Variant, block: Block) -> str:
    times = [found.engine_ms for found in block.outcomes if found.engine_ms is not None]
    if not times:
        return f"cold pass of {variant_name(cell)}: no search was answered"
    p50, p95 = (float(value) for value in np.percentile(times, (50, 95)))
    return (
        f"cold pass of {variant_name(cell)}: engine p50 {units.millis(p50)} ms, p95 {units.millis(p95)} ms,"
        f" first {units.millis(times[0])} ms (n={len(times)}; in no other figure)"
    )
