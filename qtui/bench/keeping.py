"""The record of one run: begun or gone on with, and in the end kept whole, kept as partial, or not at all.

Owns the run's state and its files under `runs`. Builds nothing, measures nothing and asks no engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtui.bench import advise, crew, guard, running, schedule
from qtui.bench.clock import Clock
from qtui.bench.record import RunStore
from qtui.bench.state import RunState, environment, new_id, timestamp
from qtui.bench.unfinished import Unfinished
from qtui.data.queries import QuerySet
from qtui.engine.pace import FREE
from qtui.errors import QtuiError
from qtui.events import Event, Measured, RunFinished
from qtui.filters import Filter, parse_filter
from qtui.model import Distance, EngineInfo
from qtui.plan import BenchRequest, variants
from qtui.records import Dataset, PlanRecord, RunRecord


class Keeper:
    """Keeps one run that was `asked` for; with what an interrupted one `left`, that run's record is continued."""

    def __init__(self, runs: RunStore, clock: Clock, asked: BenchRequest, left: Unfinished | None) -> None:
        self._runs = runs
        self._clock = clock
        self._asked = asked
        self._left = left
        self._filter: Filter | None = None if asked.filter is None else parse_filter(asked.filter)
        self._state: RunState | None = None
        self._kept = False

    def begin(
        self, request: BenchRequest, dataset: Dataset, asked: QuerySet, names: dict[str, str], info: EngineInfo | None
    ) -> RunState:
        """Starts the journal, or opens it again. `request` is what is done of what was asked for.

        `names` are the collections by method, `info` the engine where it is open already. Raises UsageError where the
        run that was left is another one by now.
        """
        left, cells = self._left, variants(request)
        if left is not None:
            left.check(dataset, cells, None if info is None else environment(info))
        state = RunState(
            id=new_id() if left is None else left.record.id,
            request=request,
            clock=self._clock,
            started=timestamp() if left is None else left.record.started,
            environment=environment(info),
            plan=_plan(request, dataset, info) if left is None else left.record.plan,
            dataset=dataset if left is None else replace(dataset, source=left.record.dataset.source),
            queries=asked.vectors,
            distance=Distance(dataset.distance),
            filter_=self._filter,
            own_ids=asked.ids,
            titles=asked.titles,
            held_out=asked.rows,
            cells=cells,
            collection_names=names,
            warnings=[] if left is None else left.warnings,
            left=left,
            name=None if left is None else left.record.name,
            pace=FREE if info is None else guard.pace_of(request, info, self._clock),
        )
        snapshot = state.snapshot()
        state.journal = self._runs.begin(snapshot, self._asked) if left is None else self._runs.go_on(left, snapshot)
        self._state = state
        return state

    def went_on(self) -> Iterator[Event]:
        """Counts what was measured before the run was interrupted, and says so."""
        left, state = self._left, self._state
        if left is None or state is None or state.tally is None or not left.blocks:
            return
        left.fill(state.tally)
        # a collection that could not be built this time was measured all the same
        state.collections += [found for found in left.record.collections if found.method not in state.targets]
        total = len(state.cells) * len(state.queries) * state.plan.repeat
        yield from state.take_all(left.told(total, timestamp(), state.environment))
        yield Measured(tuple(enumerate(state.tally.measurements(resamples=running.LIVE_RESAMPLES))))

    def finish(self) -> RunFinished:
        """Keeps the whole run."""
        return RunFinished(self._keep("complete"))

    def end(self) -> None:
        """Keeps what an unfinished run measured; of one that measured nothing, what was there before."""
        state = self._state
        if state is None or state.journal is None or self._kept:
            return
        if state.tally is not None and any(held.timed for held in state.tally.answered):
            self._keep("partial")
        elif self._left is not None:
            state.journal.close()
            self._runs.set_aside(state.id)
        else:
            state.journal.discard()

    def _keep(self, status: str) -> RunRecord:
        state = self._state
        assert state is not None
        assert state.journal is not None
        record = state.record(status)
        if status == "complete" and state.tally is not None:
            record = advise.recommended(record, state.tally, state.request.target_recall, state.request.wishes)
        state.journal.close()
        try:
            self._runs.write(record)
        except QtuiError:
            self._runs.let_go(record.id)
            raise
        self._kept = True
        return record


def _plan(request: BenchRequest, dataset: Dataset, info: EngineInfo | None) -> PlanRecord:
    scan = schedule.scans(dataset, "embedded" if info is None else info.kind)
    return PlanRecord(
        seed=request.seed,
        repeat=request.repeat,
        warmup=schedule.warmup_queries(dataset.queries, survey=request.survey, scan=scan),
        concurrency=request.concurrency,
        rate=request.rate,
        order="raced" if request.tune else "interleaved",
        block=schedule.block_size(dataset.queries, request.concurrency),
        cold=request.cold,
        pace=None if info is None else guard.rate_of(request, info),
        processes=1 if info is None else crew.wanted(request, info),
        target_recall=request.target_recall,
        wishes=request.wishes,
        scan=scan,
    )
