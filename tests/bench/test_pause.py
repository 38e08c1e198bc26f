"""Pausing a run: between blocks, nothing measured meanwhile, warmed up again, and said in the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

from qtui.bench.gate import Gate
from qtui.bench.record import RunStore
from qtui.events import Event, Measured, Progress, RunFinished, Started
from tests.bench.runs import REQUEST, run, stream
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine


class Paused:
    """A run that was paused at the first event of the measuring."""

    def __init__(self, home: Path) -> None:
        self.clock = FakeClock()
        self.engine = FakeEngine(clock=self.clock, latency_ms=lambda _: 50.0)
        self.gate = Gate()
        self.events: list[Event] = []
        self.stream = stream(REQUEST, home, self.engine, self.clock, gate=self.gate)

    async def until(self, stage: str) -> Progress:
        async for event in self.stream:
            self.events.append(event)
            if isinstance(event, Progress) and event.stage == stage:
                return event
        raise AssertionError(f"no {stage}")

    async def to_the_pause(self) -> Progress:
        await self.until("measure")
        self.gate.close()
        return await self.until("paused")

    async def rest(self) -> list[Event]:
        return [event async for event in self.stream]


async def test_a_paused_run_asks_nothing_until_it_goes_on(tmp_path: Path) -> None:
    paused = Paused(tmp_path)
    told = await paused.to_the_pause()
    assert (told.done, told.total) == (0, 4 * 30 * 2)
    asked = len(paused.engine.calls)
    going_on = asyncio.ensure_future(paused.until("warm-up"))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not going_on.done()
    assert len(paused.engine.calls) == asked
    paused.gate.open()
    await going_on
    last = (await paused.rest())[-1]
    assert isinstance(last, RunFinished)
    assert last.record.status == "complete"


async def test_what_warms_up_again_is_not_counted(tmp_path: Path) -> None:
    clock = FakeClock()
    engine = FakeEngine(clock=clock, latency_ms=lambda _: 50.0)
    plain = await run(REQUEST, tmp_path / "plain", engine)
    paused = Paused(tmp_path / "paused")
    await paused.to_the_pause()
    paused.gate.open()
    last = (await paused.rest())[-1]
    assert isinstance(last, RunFinished)
    block = last.record.plan.block
    assert len(paused.engine.calls) == len(plain.engine.calls) + 4 * block
    for ours, theirs in zip(last.record.measurements, plain.record.measurements, strict=True):
        assert ours.engine_ms is not None
        assert theirs.engine_ms is not None
        assert ours.engine_ms.n == theirs.engine_ms.n == 60
        assert ours.recall == theirs.recall


async def test_the_record_says_that_it_was_paused(tmp_path: Path) -> None:
    paused = Paused(tmp_path)
    await paused.to_the_pause()
    paused.clock.time += 90
    paused.gate.open()
    last = (await paused.rest())[-1]
    assert isinstance(last, RunFinished)
    said = next(warning.text for warning in last.record.warnings if warning.code == "paused")
    assert "once, for 1:30" in said


async def test_time_left_leaves_the_pause_out(tmp_path: Path) -> None:
    paused = Paused(tmp_path)
    await paused.to_the_pause()
    paused.clock.time += 10_000
    paused.gate.open()
    told = [event for event in await paused.rest() if isinstance(event, Progress) and event.stage == "measure"]
    assert told
    assert all(event.elapsed_s < 100 for event in told)


async def test_cancelling_a_paused_run_keeps_what_there_is(tmp_path: Path) -> None:
    paused = Paused(tmp_path)
    await paused.until("measure")
    async for event in paused.stream:
        if isinstance(event, Measured):
            break
    paused.gate.close()
    await paused.until("paused")
    waiting = asyncio.ensure_future(paused.rest())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await paused.stream.aclose()
    (kept,) = RunStore(tmp_path / "runs").list()
    assert kept.status == "partial"


async def test_the_id_is_told_before_anything_is_built(tmp_path: Path) -> None:
    ran = await run(REQUEST, tmp_path)
    assert ran.events[0] == Started(ran.record.id)
