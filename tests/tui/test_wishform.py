"""The limits dialog's texts, and tuning from the Benchmark tab."""

from dataclasses import replace

import pytest

from qtui.choices import TuningRecord
from qtui.errors import UsageError
from qtui.events import Measured, RunFinished
from qtui.loads import SourceSpec
from qtui.plan import SURVEY, TUNE_OVERSAMPLING, BenchRequest
from qtui.tui.fold import RunState
from qtui.tui.wishform import Wanted, WishText, in_words, read, tuned, written
from qtui.units import bytes_of
from qtui.wishes import PLAIN, Wishes
from tests.tui import fake_runs
from tests.tui.driving import make, until, until_seen


def test_what_is_typed_is_read():
    text = WishText("95", " 2,5 ms", "2GiB", "512 M", "disk", "plan")
    assert read(text) == Wanted(0.95, Wishes(2.5, 2 * 1024**3, 512 * 1024**2, "disk"), fine=False)
    assert read(WishText("0.9")) == Wanted(0.9, PLAIN)
    assert read(WishText("0.9", grid="table")) == Wanted(0.9, PLAIN, fine=False, survey=SURVEY)
    assert read(WishText("0.9", survey="1,000", build="all")) == Wanted(0.9, PLAIN, survey=1_000, build_all=True)


@pytest.mark.parametrize("wishes", [PLAIN, Wishes(2.5, 2 * 1024**3, 1234567, "latency")])
def test_what_is_written_reads_back_the_same(wishes):
    assert read(written("0.95", wishes)).wishes == wishes


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("target", "", "recall:"),
        ("p95", "0", "p95:"),
        ("p95", "nan", "p95:"),
        ("ram", "-1", "RAM:"),
        ("disk", "x", "disk:"),
    ],
)
def test_nonsense_is_said_in_a_line(field, value, said):
    with pytest.raises(UsageError, match=said):
        read(replace(WishText("0.95"), **{field: value}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("1.5k", 1536),
        ("2 GiB", 2 * 1024**3),
        ("3MB", 3 * 1024**2),
        ("0", None),
        ("", None),
        ("2 apples", None),
    ],
)
def test_bytes_as_they_are_typed(text, expected):
    assert bytes_of(text) == expected


def test_wishes_in_words():
    assert in_words(PLAIN) == ""
    assert in_words(Wishes(2.0, 1024**3, None, "latency")) == "least time, p95 ≤ 2 ms, RAM ≤ 1.0 GiB"


def test_tuning_takes_fine_steps_where_it_may():
    plan = BenchRequest(SourceSpec("sample"), oversampling=(2.0,))
    assert tuned(plan, Wanted(0.9, PLAIN)).oversampling == TUNE_OVERSAMPLING
    assert tuned(plan, Wanted(0.9, PLAIN, fine=False)).oversampling == (2.0,)
    found = tuned(plan, Wanted(0.9, Wishes(minimise="disk")))
    assert (found.tune, found.target_recall, found.wishes.minimise) == (True, 0.9, "disk")


async def test_a_plan_is_tuned_from_the_benchmark_tab():
    app, room = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "demo__binary")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("f8")
        await until_seen(pilot, "fine steps")
        app.screen.query_one("#wish-build").focus()
        await pilot.press("right", "down", *"40x", "enter")
        await until_seen(pilot, "ask each: a number of queries")
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: bool(room.asked))
        asked = room.asked[-1]
        assert isinstance(asked, BenchRequest)
        assert (asked.tune, asked.build_all, asked.survey) == (True, True, 40)
        assert asked.oversampling == TUNE_OVERSAMPLING


def test_a_run_that_tunes_shows_what_was_asked_and_nothing_else():
    request = tuned(BenchRequest(SourceSpec("sample")), Wanted(0.95, PLAIN))
    state = RunState.of(request, "the sample")
    assert {variant.method for variant in state.variants} == {"none"}
    whole = fake_runs.three()[0]
    some = (whole.measurements[5], whole.measurements[0], whole.measurements[6])
    state = state.after(Measured(tuple(enumerate(some))))
    assert [state.measured[at].search for at in range(3)] == [variant.search for variant in state.variants]
    assert len(state.variants) == 3
    record = replace(whole, measurements=some[:2], tuning=TuningRecord(56, 2, 44_800, 900, ()))
    state = state.after(RunFinished(record))
    assert [variant.search for variant in state.variants] == [found.search for found in some[:2]]
    assert state.over == "complete"
