"""What a run knows so far, and how it tells: its record, its journal, its warnings, the pace of its events."""

from __future__ import annotations

import os
import platform
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from qtui import __version__
from qtui.bench.clock import Clock
from qtui.bench.crew import Crew
from qtui.bench.journal import Journal
from qtui.bench.readiness import Target
from qtui.bench.tally import Tally
from qtui.bench.unfinished import Unfinished
from qtui.choices import AdaptiveRecord, TuningRecord
from qtui.data.rows import Batch
from qtui.engine.pace import FREE, Pace
from qtui.events import Progress, Warned
from qtui.filters import Filter
from qtui.model import Distance, EngineInfo, PointId
from qtui.plan import BenchRequest, Variant
from qtui.records import (
    CollectionRecord,
    Dataset,
    EngineVersion,
    Environment,
    PlanRecord,
    Residency,
    RunRecord,
    RunWarning,
    TruthRecord,
)

EVENT_S = 0.3
"""Least seconds between events of one kind."""


def new_id() -> str:
    """An id that sorts by time and two processes never share."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def timestamp() -> str:
    """Now, as ISO 8601 UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def environment(engine: EngineInfo | None) -> Environment:
    """Where the run is made."""
    version = EngineVersion("embedded", "") if engine is None else EngineVersion(engine.kind, engine.version)
    return Environment(
        qtui=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}".strip(),
        cpus=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        engine=version,
    )


@dataclass(slots=True)
class RunState:
    """One run under way."""

    id: str
    request: BenchRequest
    clock: Clock
    started: str
    environment: Environment
    plan: PlanRecord
    dataset: Dataset
    queries: Batch
    distance: Distance
    filter_: Filter | None
    own_ids: tuple[PointId, ...] | None
    """By query, the point of the collection that it is."""
    held_out: NDArray[np.int64] | None
    """Rows of the source that are queries, and not in the collections."""
    cells: tuple[Variant, ...]
    collection_names: dict[str, str]
    """Method → the collection that has it, or was to have it."""
    targets: dict[str, Target] = field(default_factory=dict)
    """Method → its collection, once proven."""
    collections: list[CollectionRecord] = field(default_factory=list)
    warnings: list[RunWarning] = field(default_factory=list)
    truth: tuple[tuple[PointId, ...], ...] | None = None
    tally: Tally | None = None
    residency: tuple[Residency, ...] = ()
    journal: Journal | None = None
    left: Unfinished | None = None
    """What an interrupted run left that this one goes on with."""
    pace: Pace = FREE
    """How fast its searches may follow each other."""
    crew: Crew | None = None
    """Further processes that ask; None: this one does."""
    name: str | None = None
    tuning: TuningRecord | None = None
    """How the grid was searched; only when it was, and is done."""
    adaptive: AdaptiveRecord | None = None
    titles: tuple[str, ...] | None = None
    """Texts of the queries, where they are known."""

    def warn(self, code: str, text: str, about: str | None = None) -> tuple[Warned, ...]:
        """Remembers a warning; the event for it, unless it was said before."""
        return self.take(RunWarning(code, text, about))

    def take(self, warning: RunWarning) -> tuple[Warned, ...]:
        """The same for one that is made already."""
        if warning in self.warnings:
            return ()
        self.warnings.append(warning)
        return (Warned(warning),)

    def take_all(self, found: Iterable[RunWarning]) -> tuple[Warned, ...]:
        """The same for several."""
        return tuple(event for warning in found for event in self.take(warning))

    def take_truth(self, ids: tuple[tuple[PointId, ...], ...], record: TruthRecord) -> None:
        """Remembers the exact answer and how it was found."""
        assert self.journal is not None
        if self.left is not None and self.left.truth:
            self.left.check_truth(ids)
            self.truth, self.dataset = self.left.truth, replace(self.dataset, truth=self.left.record.dataset.truth)
        else:
            self.truth, self.dataset = ids, replace(self.dataset, truth=record)
            self.journal.truth(ids)
        self.save()

    def record(self, status: str) -> RunRecord:
        """The run as it stands, with figures."""
        return replace(
            self.snapshot(),
            status=status,
            finished=timestamp(),
            measurements=() if self.tally is None else self.tally.measurements(),
        )

    def snapshot(self) -> RunRecord:
        """The run as it stands, without figures."""
        return RunRecord(
            id=self.id,
            status="partial",
            started=self.started,
            finished=None,
            samples=f"{self.id}.samples.jsonl",
            environment=self.environment,
            plan=self.plan,
            dataset=self.dataset,
            collections=tuple(self.collections),
            measurements=() if self.tally is None else self.tally.blanks,
            warnings=tuple(self.warnings),
            cost=self.request.cost,
            residency=self.residency,
            name=self.name,
            tuning=self.tuning,
            adaptive=self.adaptive,
        )

    def save(self) -> None:
        """Writes a snapshot to the journal."""
        assert self.journal is not None
        self.journal.update(self.snapshot())


class Stage:
    """Progress of one stage, told at most every EVENT_S seconds."""

    def __init__(self, clock: Clock, stage: str, about: str, total: int | None, *, done: int = 0) -> None:
        """`done`: what was done before it began."""
        self._clock = clock
        self._before = done
        self._stage = stage
        self._about = about
        self.total = total
        self._started = clock.now()
        self._told: float | None = None
        self._paused_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the stage began, pauses left out."""
        return self._clock.now() - self._started - self._paused_s

    def resume(self, paused_s: float) -> None:
        """The last so many seconds were no work."""
        self._paused_s += paused_s

    def due(self, done: int) -> bool:
        """Whether it is time to tell: at the start, at the end, and every EVENT_S seconds between."""
        return self._told is None or done == self.total or self._clock.now() - self._told >= EVENT_S

    def tell(self, done: int) -> Progress:
        """Where the stage stands; time left is by the rate so far."""
        self._told = self._clock.now()
        remaining = None
        if self.total is not None and done > self._before:
            remaining = self.elapsed_s / (done - self._before) * (self.total - done)
        return Progress(self._stage, self._about, done, self.total, self.elapsed_s, remaining)
