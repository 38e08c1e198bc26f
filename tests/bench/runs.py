"""Runs on the fake engine, for the tests of measuring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from qtui.bench.session import bench
from qtui.data.load import jobs, load
from qtui.events import Event, RunFinished
from qtui.loads import BuildJob, BuildSpec, LoadRequest, SourceSpec
from qtui.plan import BenchRequest
from qtui.records import RunRecord
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

SOURCE = SourceSpec("synthetic", rows=80, dimension=8, seed=3)
REQUEST = BenchRequest(
    source=SOURCE, queries=30, methods=("none", "binary"), oversampling=(1.0, 4.0), limit=5, repeat=2
)


@dataclass
class Ran:
    events: list[Event]
    record: RunRecord
    engine: FakeEngine
    home: Path

    @property
    def codes(self) -> list[str]:
        return [warning.code for warning in self.record.warnings]

    def lines(self) -> list[dict[str, Any]]:
        """The samples file, line by line."""
        assert self.record.samples is not None
        raw = (self.home / "runs" / self.record.samples).read_bytes()
        return [msgspec.json.decode(line) for line in raw.splitlines()]


def stream(request: BenchRequest, home: Path, engine: FakeEngine, clock: FakeClock, **options: Any) -> Any:
    """The events of a run whose collections the fake engine builds."""

    async def opened(_: Path) -> FakeEngine:
        return engine

    def build(job: BuildJob) -> AsyncIterator[Event]:
        return load(engine, job)

    given = {"engine": None if request.source else engine, "build": build, "open_engine": opened} | options
    return bench(request, home=home, clock=clock, **given)


async def run(request: BenchRequest, home: Path, engine: FakeEngine | None = None, **options: Any) -> Ran:
    """A whole run."""
    clock = FakeClock()
    engine = engine or FakeEngine(clock=clock)
    if engine._clock is not None:
        clock = engine._clock
    async with asyncio.timeout(50):
        events = [event async for event in stream(request, home, engine, clock, **options)]
    last = events[-1]
    assert isinstance(last, RunFinished)
    return Ran(events, last.record, engine, home)


async def loaded(engine: FakeEngine, name: str, methods: tuple[str, ...]) -> None:
    """Loads the source's vectors, a collection a method."""
    for job in jobs(LoadRequest(name, SOURCE, methods), Path("unused")):
        async for _ in load(engine, job):
            pass


def threshold(request: BenchRequest, kilobytes: int) -> BenchRequest:
    return replace(request, build=BuildSpec(indexing_threshold_kb=kilobytes))
