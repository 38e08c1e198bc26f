"""Tuning as a run: kept, cancelled, paused, with controls; on the fake engine."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from qtui.bench.advise import advise, of_kept
from qtui.bench.gate import Gate
from qtui.bench.record import RunStore
from qtui.errors import UsageError
from qtui.events import Measured, Progress, RunFinished
from qtui.plan import check
from qtui.wishes import Wishes
from tests.bench.runs import REQUEST, run, stream
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine

TUNE = replace(REQUEST, tune=True, queries=40, oversampling=(1.0, 2.0, 4.0, 8.0, 16.0), target_recall=0.9, repeat=3)


async def test_it_asks_less_and_keeps_the_same_choice(home):
    whole = await run(replace(TUNE, tune=False), home)
    tuned = await run(TUNE, home)
    assert tuned.record.recommendation is not None
    assert whole.record.recommendation is not None
    assert tuned.record.recommendation.search == whole.record.recommendation.search
    assert len(tuned.engine.calls) < len(whole.engine.calls)
    assert tuned.record.tuning is not None
    measured = [event for event in tuned.events if isinstance(event, Measured)]
    assert [len(event.measurements) for event in measured] == sorted(len(event.measurements) for event in measured)
    for each in tuned.record.measurements:
        assert each.engine_ms is not None
        assert each.engine_ms.n in {each.queries, each.queries * TUNE.repeat}


async def test_every_search_of_the_count_was_asked(home):
    tuned = await run(TUNE, home)
    assert tuned.record.tuning is not None
    asked = [call for call in tuned.engine.calls if not call.settings.exact]
    assert len(asked) == tuned.record.tuning.searches


async def test_controls_are_measured_for_what_was_asked_wholly(home):
    tuned = await run(replace(TUNE, exact=True), home)
    controls = [each for each in tuned.record.measurements if each.search.exact]
    assert {each.method for each in controls} >= {"none"}
    for each in controls:
        assert each.engine_ms is not None
        assert each.engine_ms.n == 40 * 3
    again = advise(of_kept(RunStore(home / "runs"), tuned.record.id), TUNE.target_recall)
    assert again.recommendation == tuned.record.recommendation


async def test_a_cancelled_search_is_kept_as_a_partial_run(home):
    clock = FakeClock()
    engine = FakeEngine(clock=clock, latency_ms=lambda _: 50.0)
    async with aclosing(stream(TUNE, home, engine, clock)) as events:
        async for event in events:
            if isinstance(event, Measured):
                break
    (summary,) = RunStore(home / "runs").list()
    assert summary.status == "partial"
    kept = RunStore(home / "runs").load(summary.id)
    assert kept.tuning is None
    assert kept.measurements
    assert not summary.resumable


async def test_it_pauses_between_blocks_and_goes_on(home):
    clock, gate = FakeClock(), Gate()
    engine = FakeEngine(clock=clock, latency_ms=lambda _: 50.0)
    stages = []
    async with aclosing(stream(TUNE, home, engine, clock, gate=gate)) as events:
        async for event in events:
            if isinstance(event, Progress):
                stages.append(event.stage)
                if event.stage == "measure" and event.done > 0 and "paused" not in stages:
                    gate.close()
                elif event.stage == "paused":
                    gate.open()
            last = event
    assert isinstance(last, RunFinished)
    assert "paused" in stages
    assert "paused" in [warning.code for warning in last.record.warnings]
    assert last.record.status == "complete"


async def test_several_levels_of_concurrency_are_tuned_at_the_lowest(home):
    tuned = await run(replace(TUNE, concurrency=(1, 4)), home)
    assert {each.concurrency for each in tuned.record.measurements} == {1}
    assert any("only 1 in flight" in warning.text for warning in tuned.record.warnings)


@pytest.mark.parametrize("change", [{"cold": True}, {"wishes": Wishes(p95_ms=-1)}])
def test_what_does_not_go_together_is_refused(change):
    with pytest.raises(UsageError):
        check(replace(TUNE, **change))
