"""Tuning as a run: kept, cancelled, paused, with controls; on the fake engine."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from qtui.bench import tuning
from qtui.bench.advise import advise, of_kept
from qtui.bench.gate import Gate
from qtui.bench.record import RunStore
from qtui.bench.report import saved
from qtui.bench.tune import OVER, Need, Tuner, Turn
from qtui.data.load import load
from qtui.errors import DiskFull, UsageError
from qtui.events import Measured, Progress, RunFinished
from qtui.plan import analysis, check
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


# --- what is built ----------------------------------------------------------------------------------------------------

FOUR = replace(TUNE, methods=("none", "scalar", "binary", "turbo-4bit"))
"""Of 8 components turbo-4bit takes 12 bytes, binary 16, scalar 20."""
ROUGH = replace(TUNE, methods=("none", "scalar", "binary"), oversampling=(1.0,), target_recall=0.8)
"""Binary falls short without oversampling."""


def built(ran):
    return [found.method for found in ran.record.collections]


async def test_a_method_is_built_only_while_it_can_change_the_choice(home):
    ran = await run(FOUR, home)
    assert ran.record.recommendation is not None
    assert ran.record.recommendation.method == "turbo-4bit"
    assert built(ran) == ["none", "turbo-4bit"]
    assert len(await ran.engine.collections()) == 2
    assert ran.record.tuning is not None
    assert {found.method for found in ran.record.tuning.unbuilt} == {"scalar", "binary"}
    assert {found.why for found in ran.record.tuning.unbuilt} == {
        "takes more RAM by formula than turbo-4bit, which keeps the target"
    }
    assert ran.record.tuning.grid_measurements == 1 + 3 * 6
    assert "never built: scalar, binary (takes more RAM" in saved(ran.record.tuning)
    said = advise(of_kept(RunStore(home / "runs"), ran.record.id), TUNE.target_recall).unmeasured
    assert any("scalar was never built" in text for text in said)


async def test_the_next_larger_one_is_built_when_the_smaller_ones_fall_short(home):
    ran = await run(ROUGH, home)
    assert built(ran) == ["none", "binary", "scalar"]
    assert ran.record.recommendation is not None
    assert ran.record.recommendation.method == "scalar"


async def test_a_width_that_makes_no_difference_saves_nothing(home):
    """Without a graph every hnsw_ef is the same search: not measuring it again is no achievement."""
    scanned = replace(FOUR, build=replace(FOUR.build, hnsw_m=0), hnsw_ef=(32, 64, 128))
    ran = await run(scanned, home)
    assert ran.record.tuning is not None
    assert ran.record.tuning.grid_measurements == 1 + 3 * 6
    assert {each.search.hnsw_ef for each in ran.record.measurements} == {32}


async def test_all_are_built_first_where_that_is_asked_for(home):
    ran = await run(replace(FOUR, build_all=True), home)
    assert built(ran) == list(FOUR.methods)
    assert ran.record.tuning is not None
    assert ran.record.tuning.unbuilt == ()


async def test_what_is_over_a_limit_by_formula_is_not_built_to_see(home):
    ran = await run(replace(ROUGH, wishes=Wishes(ram_bytes=40 * 17)), home)
    assert built(ran) == ["none", "binary"]
    assert ran.record.tuning is not None
    assert all("over a limit by formula" in found.why for found in ran.record.tuning.unbuilt)


async def test_one_that_can_not_be_built_makes_way_for_the_next(home):
    engine = FakeEngine(clock=FakeClock())

    async def build(job):
        if job.method == "turbo-4bit":
            raise DiskFull("no room for it")
        async for event in load(engine, job):
            yield event

    ran = await run(FOUR, home, engine, build=build)
    assert built(ran) == ["none", "binary"]
    assert "build-failed" in ran.codes
    assert ran.record.recommendation is not None
    assert ran.record.recommendation.method == "binary"
    assert ran.record.tuning is not None
    assert [found.method for found in ran.record.tuning.unbuilt] == ["scalar"]


async def test_without_a_baseline_all_are_built_at_once(home):
    engine = FakeEngine(clock=FakeClock())

    async def build(job):
        if job.method == "none":
            raise DiskFull("no room for it")
        async for event in load(engine, job):
            yield event

    ran = await run(FOUR, home, engine, build=build)
    assert built(ran) == ["scalar", "binary", "turbo-4bit"]
    assert ran.record.recommendation is not None


async def test_after_a_build_what_was_asked_before_is_warmed_again(home, monkeypatch):
    class Scripted(Tuner):
        def steps(self):
            yield (Turn(0, 0, self.order[:10]),)
            yield Need(("binary",))
            yield (Turn(0, 0, self.order[10:20]),)
            yield (Turn(0, 0, self.order[20:30]),)

    monkeypatch.setattr(tuning, "Tuner", Scripted)
    ran = await run(ROUGH, home)
    plain = next(found.name for found in ran.record.collections if found.method == "none")
    asked = [call.collection for call in ran.engine.calls if not call.settings.exact]
    assert asked == [plain] * (40 + 10 + 5 + 10 + 10)
    assert built(ran) == ["none", "binary"]
    assert ran.record.tuning is not None
    assert ran.record.tuning.searches == len(asked)


async def test_what_is_too_slow_is_passed_over_for_a_larger_method(home):
    def latency_ms(call):
        return 5.0 if call.collection.endswith("__binary") else 1.0

    engine = FakeEngine(clock=FakeClock(), latency_ms=latency_ms)
    ran = await run(replace(TUNE, wishes=Wishes(p95_ms=2)), home, engine)
    assert ran.record.recommendation is not None
    assert ran.record.recommendation.method == "none"
    assert ran.record.tuning is not None
    over = [ran.record.measurements[step.measurement] for step in ran.record.tuning.steps if step.verdict == OVER]
    assert {each.method for each in over} == {"binary"}
    plain = next(each for each in ran.record.measurements if each.method == "none")
    assert plain.engine_ms is not None
    assert plain.engine_ms.n == 40 * TUNE.repeat


# --- a survey ---------------------------------------------------------------------------------------------------------


async def test_a_survey_gives_every_variant_its_figures(home):
    ran = await run(analysis(replace(FOUR, oversampling=(2.0, 4.0)), TUNE), home)
    assert built(ran)[0] == "none"
    assert set(built(ran)) == set(FOUR.methods)
    assert len(ran.record.measurements) == 1 + 3 * 3
    for each in ran.record.measurements:
        assert each.recall is not None
        assert each.speedup is not None
        assert each.queries >= 20
    plain = next(each for each in ran.record.measurements if each.method == "none")
    assert plain.queries == 40
    assert any("each was asked" in warning.text for warning in ran.record.warnings)
    whole = await run(replace(FOUR, oversampling=(2.0, 4.0)), home)
    assert whole.record.recommendation is not None
    assert ran.record.recommendation is not None
    assert ran.record.recommendation.search == whole.record.recommendation.search


@pytest.mark.parametrize("change", [{"cold": True}, {"wishes": Wishes(p95_ms=-1)}])
def test_what_does_not_go_together_is_refused(change):
    with pytest.raises(UsageError):
        check(replace(TUNE, **change))
