"""The Benchmark tab through Pilot, over a scripted room."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from qtui.errors import DiskFull
from qtui.events import Started
from qtui.loads import SourceFacts
from qtui.plan import BenchRequest, Live, variants
from qtui.preferences import Memory
from qtui.records import RunWarning
from qtui.tui.fold import RunState
from qtui.tui.panels.benchmark import BenchmarkPanel, _ended_early
from qtui.tui.panels.plan import PlanEditor
from qtui.tui.panels.results import detail
from qtui.tui.widgets.controls import Choice, MethodList
from qtui.tui.widgets.variants import ResultTable
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.scripted import DEMO, failing, record, script, view

NARROW, WIDE = (80, 24), (120, 40)
RUN = "20261122-020000-cccc"


async def run_it(pilot) -> Any:
    """Opens the tab and measures the plan as it stands."""
    await until_seen(pilot, "5 collections")
    await pilot.press("3")
    await until_seen(pilot, "21 measurements")
    await pilot.press("ctrl+r")
    panel = pilot.app.query_one(BenchmarkPanel)
    await until(pilot, lambda: panel.run_state is not None and panel.run_state.over)
    return panel


async def test_measures_the_plan_and_shows_every_variant() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        panel = await run_it(pilot)
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        table = app.query_one(ResultTable)
        assert table.row_count == len(variants(request))
        assert panel.run_state.over == "complete"
        await until_seen(pilot, "0.998")
        assert "[0.988, 1.000] 95%" in screen_text(app)


async def test_pages_of_the_narrow_layout() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await run_it(pilot)
        await pilot.press("c")
        await until_seen(pilot, "n=600 searches each, k=10, on the sample")
        await pilot.press("c")
        await until_seen(pilot, "┼ p95  ┤ p99")
        await pilot.press("c")
        await until_seen(pilot, "→ oversampling of rescored searches")
        await pilot.press("c")
        await until_seen(pilot, "share of searches that took no longer")
        await pilot.press("c")
        await until_seen(pilot, "searches a bin")
        await pilot.press("c")
        await until_seen(pilot, "│ theory")
        await pilot.press("t")
        await until_seen(pilot, "p50 ms")
        await pilot.press("p")
        await until_seen(pilot, "oversampling  1,2,3,5")


async def test_wide_layout_has_plan_figures_and_chart_at_once() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        panel = await run_it(pilot)
        await until_seen(pilot, "n=600")
        text = screen_text(app)
        await pilot.press("c")
        app.query_one(ResultTable).focus()
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: not app.query_one(ResultTable).is_on_screen)
        await until(pilot, lambda: app.screen.focused is not None)
        await pilot.press("p")
        await until(pilot, lambda: panel.page == "plan")
    assert "oversampling  1,2,3,5" in text
    assert "p50 ms" in text
    assert "recall@10" in text


async def test_new_figures_keep_the_cursor() -> None:
    app, room = make()
    room.gate = asyncio.Semaphore(0)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        table = app.query_one(ResultTable)
        await until(pilot, lambda: table.row_count == 21)
        await pilot.press("down", "down", "down")
        assert table.row == "3"
        for _ in range(100):
            room.gate.release()
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state.over == "complete")
        assert table.row == "3"


async def test_escape_cancels_and_keeps_what_there_is() -> None:
    app, room = make()
    room.gate = gate = asyncio.Semaphore(0)
    happened = script(BenchRequest())
    kept = replace(record(BenchRequest(), happened[-1].record.measurements[:3], happened), id=RUN, status="partial")  # type: ignore[union-attr]  # the end
    room.kept = {RUN: kept}
    room.script = lambda request: [Started(RUN), *script(request)]
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)

        def one_more() -> object:
            gate.release()
            return panel._folded.measured

        await until(pilot, one_more)
        await pilot.press("escape")
        await until(pilot, lambda: panel.run_state.over == "partial")
        assert room.cancelled == 1
        assert panel.run_state.measured
        await until_seen(pilot, "kept as a partial run")
        await until_seen(pilot, "u Resume")


async def test_progress_says_where_it_is_and_how_to_cancel() -> None:
    app, room = make()
    room.gate = asyncio.Semaphore(2)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        await until_seen(pilot, "loading bench__none")
        text = screen_text(app)
        assert "2,400/4,800" in text
        assert "0.6 s left" in text
        assert "Esc cancels" in text
        assert "◆ measuring" in text
        room.stops = asyncio.Event()
        await pilot.press("escape")
        await until_seen(pilot, "◌ stopping…  what is ready is kept")
        assert screen_text(app).splitlines()[0].endswith("◌ stopping…")
        assert "Pause" not in screen_text(app)
        await pilot.press("escape")  # changes nothing about it
        room.stops.set()
        await until_seen(pilot, "● ready")
        assert room.cancelled == 1


async def test_failed_method_is_marked_beside_its_numbers() -> None:
    app, room = make()
    room.script = lambda request: failing(request, "no space left on the device")
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        panel = await run_it(pilot)
        await until_seen(pilot, "binary: no space left")
        rows = [line for line in screen_text(app).splitlines() if line.startswith("  B binary")]
        assert panel.run_state.failed
        warnings = tuple(RunWarning(f"w{at}", f"warning number {at}", None) for at in range(20))
        panel._folded = panel.run_state = replace(panel.run_state, warnings=warnings)
        await until_seen(pilot, "warning number 0")
        assert "warning number 19" not in screen_text(app)
        await until(pilot, lambda: app.focused is not None and app.focused is app.query_one(ResultTable))
        await pilot.press("tab", "end")
        await until_seen(pilot, "warning number 19")
        await pilot.press("shift+tab", "down")
        await until_seen(pilot, "warning number 0")
    assert rows
    assert all("✗" in row for row in rows)


async def test_run_that_fails_says_why_and_can_be_run_again() -> None:
    app, room = make()
    room.error_at_end = DiskFull("no space left; free some and run it again")
    room.script = lambda _: []
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        panel = await run_it(pilot)
        assert panel.run_state.over == "failed"
        await until_seen(pilot, "no space left; free some")
        assert panel.check_action("run", ())


def unseen(app: Any, text: str) -> bool:
    return text not in screen_text(app)


async def test_wrong_value_is_said_as_typed_and_does_not_run() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "measurements")
        for name, text, said in (
            ("oversampling", "0.5", "takes factors from 1"),
            ("oversampling", "two", "a number, please"),
            ("queries", "", "a whole number, please"),
            ("repeat", "0", "at least 1"),
            ("hnsw-ef", "", "one number or several"),
            ("limit", "-1", "at least 1"),
        ):
            field = app.query_one(f"#{name}", Input)
            right, field.value = field.value, text
            await until_seen(pilot, said)
            await pilot.press("ctrl+r")
            await pilot.pause()
            assert room.asked == [], name
            app.clear_notifications()  # what it said lies over the line for a while
            field.value = right
            await until(pilot, partial(unseen, app, said))


async def test_number_of_measurements_follows_the_plan() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements, 12,600 searches")
        app.query_one(MethodList).chosen = frozenset({"none", "scalar"})
        app.query_one("#oversampling", Input).value = "2"
        await until_seen(pilot, "3 measurements, 1,800 searches")


async def test_file_must_be_there_and_readable(tmp_path: Path) -> None:
    app, room = make()
    room.facts["a.npy"] = SourceFacts("a.npy", 24_000, 384, vectors=24_000)
    (tmp_path / "a.npy").write_bytes(b"")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        app.query_one("#kind", Choice).value = "file"
        path = app.query_one("#path", Input)
        path.value = str(tmp_path / "nothing.npy")
        await until_seen(pilot, "there is no such file")
        path.value = str(tmp_path / "a.npy")
        await until_seen(pilot, "✓ 21 measurements")
        editor: Any = app.query_one(PlanEditor)
        assert editor.plan.request.source.path == str(tmp_path / "a.npy")
        await until_seen(pilot, "est 47 s, build 40 s (by formula)")
        (tmp_path / "broken.npy").write_bytes(b"")
        path.value = str(tmp_path / "broken.npy")
        await until_seen(pilot, "✗ file: there is no file")


async def test_benchmark_of_the_highlighted_collection() -> None:
    app, room = make((view("mine", "scalar"),))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("b")
        await until_seen(pilot, "‹ mine")
        await pilot.press("b")
        await until(pilot, lambda: room.asked)
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        assert (request.collection, request.source) == ("mine", None)


async def test_none_stays_chosen() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        methods = app.query_one(MethodList)
        methods.focus()
        methods.highlighted = 0
        await pilot.press("space")
        assert "none" in methods.names
        methods.highlighted = 1
        await pilot.press("space")
        assert "scalar" not in methods.names


async def test_export_writes_a_new_file_and_never_over_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.md").write_text("mine")
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await run_it(pilot)
        await pilot.press("e")
        await until_seen(pilot, "Export this run")
        app.screen.query_one("#path", Input).value = "taken.md"
        await pilot.press("enter")
        await until_seen(pilot, "such a file already")
        app.screen.query_one("#path", Input).value = "new.md"
        app.screen.query_one("#format", Choice).value = "csv"
        await until(pilot, lambda: app.screen.query_one("#path", Input).value == "new.csv")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "new.csv").exists)
    assert (tmp_path / "new.csv").read_text() == "csv of 20261122-013000-abcd\n"
    assert (tmp_path / "taken.md").read_text() == "mine"


async def test_copies_the_table_as_text() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await run_it(pilot)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard)
    assert app.clipboard.splitlines()[0].split()[:3] == ["method", "rescore", "recall"]
    assert len(app.clipboard.splitlines()) == 22


async def test_one_key_measures_memory_and_shows_it() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("f9")
        await until_seen(pilot, "memory during search, from an emptied page cache")
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        assert request.memory
        assert request.placements
        await pilot.press("down")
        await until_seen(pilot, "scalar        on x1    as set        4.0 KiB")


async def test_tuning_tries_oversampling_by_query_when_asked() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("4", "3", "f8")
        await until_seen(pilot, "one factor for all queries")
        await pilot.press("0", "full_stop", "9", "up", "up", "up", "right")
        await until_seen(pilot, "try one for each, too")
        await pilot.press("enter")
        await until(pilot, lambda: room.asked)
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        assert request.tune
        assert request.adaptive
        await until(pilot, lambda: app.query_one("#advise-target", Input).value == "0.90")
        assert app.memory.get("target-recall", float) == 0.9


async def test_nothing_measured_yet_says_how_to_begin() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "Nothing measured yet")
        assert app.query_one("#empty", Static).display


async def test_what_if_is_one_key_away_and_reads_only_a_part() -> None:
    app, room = make()
    async with app.run_test(size=WIDE) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("w")
        await until_seen(pilot, "in the embedded engine")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: bool(room.asked))
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        assert (request.live.locally, request.live.sample, request.source) == (True, 20_000, None)


def test_what_a_run_leaves_before_it_measures_is_said() -> None:
    copies, sample = Live(copies=True), Live(locally=True)
    for live, stays in ((copies, "copies made so far stay"), (sample, "what was sampled stays"), (Live(), "nothing")):
        ended = RunState.of(BenchRequest(collection="docs", live=live), "docs").ended(cancelled=True, error=None)
        assert stays in _ended_early(ended, None, cancelled=True)


def test_a_search_for_what_to_use_that_broke_off_says_how_to_begin_anew() -> None:
    for tune, way in (
        (True, "; a search for what to use is not gone on with, {benchmark.tune} begins anew."),
        (False, "."),
    ):
        ended = RunState.of(BenchRequest(collection="docs", tune=tune), "docs").ended(cancelled=False, error="why")
        assert _ended_early(ended, ended, cancelled=False) == f"The run broke off before anything was measured{way}"


async def test_the_collection_of_the_plan_is_remembered() -> None:
    memory = Memory()
    memory.keep("tab", "benchmark")
    memory.keep("plan", {"kind": "collection", "collection": DEMO[-1].name})
    app, _ = make(memory=memory)
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, f"measures {DEMO[-1].name}")


def test_recall_of_searches_that_all_failed_is_not_said_to_lack_a_truth() -> None:
    request = BenchRequest()
    state = RunState.of(request, "x")
    for event in script(request):
        state = state.after(event)
    failed = replace(state.measured[0], recall=None, engine_ms=None, errors=600)
    assert "no search was answered" in detail(replace(state, measured={0: failed}), 0, 78).plain
