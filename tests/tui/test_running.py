"""What happens to a run under way: pausing, cancelling, what is kept; and a table of thousands of variants."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from qtui.events import Measured, Progress, RunFinished, Started
from qtui.plan import BenchRequest, variants
from qtui.records import RunRecord
from qtui.tui.fold import RunState
from qtui.tui.panels.benchmark import BenchmarkPanel
from qtui.tui.panels.plan import PlanEditor
from qtui.tui.panels.results import Results
from qtui.tui.widgets.chart import Chart
from qtui.tui.widgets.controls import Toggle
from qtui.tui.widgets.variants import ResultTable
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.scripted import record, script

NARROW, WIDE = (80, 24), (120, 40)
RUN = "20261122-020000-cccc"


async def test_space_pauses_between_blocks_and_lets_it_go_on() -> None:
    app, room = make()
    room.gate = asyncio.Semaphore(0)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        await pilot.press("space")
        assert room.paused == []  # nothing is measured yet
        panel: Any = app.query_one(BenchmarkPanel)
        for _ in range(1_000):
            if panel._folded.progress and panel._folded.progress.stage == "measure":
                break
            room.gate.release()
            await pilot.pause()
        await until_seen(pilot, "Space Pause")
        await pilot.press("space")
        await until(pilot, lambda: room.paused == [True])
        room.gate.release()
        await until_seen(pilot, "‖ paused between blocks")
        await until_seen(pilot, "Space Resume")
        figures = panel.run_state.measured
        for _ in range(50):
            room.gate.release()
        await pilot.pause()
        assert panel.run_state.measured is figures
        await pilot.press("space")
        await until(pilot, lambda: panel.run_state.over == "complete")
        assert room.paused == [True, False]


async def test_paused_run_can_be_cancelled() -> None:
    app, room = make()
    room.script = lambda request: [Started(RUN), Progress("measure", "", 0, 10, 0.0, None), *script(request)]
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        room.going.clear()
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        await until_seen(pilot, "‖ paused")
        await pilot.press("escape")
        await until_seen(pilot, "Cancelled before anything was measured: nothing is kept.")
        assert room.cancelled == 1
        assert "u Resume" not in screen_text(app)


async def test_figures_that_came_just_before_a_pause_are_shown_in_it() -> None:
    app, room = make()
    plain = script(BenchRequest())
    first = next(at for at, event in enumerate(plain) if isinstance(event, Measured))
    paused = Progress("paused", "", 1, 2, 1.0, 1.0)
    room.script = lambda _: [*plain[: first + 3], paused, *plain[first + 3 :]]
    room.gate = asyncio.Semaphore(first + 4)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        await until_seen(pilot, "‖ paused")
        panel: Any = app.query_one(BenchmarkPanel)
        assert panel.run_state is panel._folded
        assert panel.run_state.measured


async def test_cancelled_run_shows_and_exports_its_own_record() -> None:
    app, room = make()
    happened = script(BenchRequest())
    last = happened[-1]
    kept: RunRecord = record(BenchRequest(), last.record.measurements, happened)  # type: ignore[union-attr]  # the end
    room.kept = {"20261122-030000-dddd": kept, RUN: kept}
    room.script = lambda request: [Started(RUN), *script(request)]
    room.gate = asyncio.Semaphore(20)
    asked: list[str] = []
    run = room.run

    async def noting(run_id: str, /) -> RunRecord:
        asked.append(run_id)
        return await run(run_id)

    room.run = noting  # type: ignore[method-assign]  # the test listens in
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel._folded is not None and panel._folded.run_id == RUN)
        await pilot.press("escape")
        await until(pilot, lambda: panel.run_state.record is not None)
        assert asked == [RUN]
        await pilot.press("e")
        await until_seen(pilot, "Export this run")


async def test_next_plan_is_estimated_by_the_last_run() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "(by formula)")
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state is not None and panel.run_state.over)
        await until_seen(pilot, "(as last run)")


async def test_every_option_is_in_the_advanced_part() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "advanced")
        assert "in flight" not in screen_text(app)
        app.query_one("#advanced", Toggle).focus()
        await pilot.press("space", "tab")
        await until_seen(pilot, "in flight")
        await pilot.press(
            *"part", "space", "=", "space", *"noun", "tab", "tab", "5", "0", "tab", "end", "backspace", "7"
        )
        await until(pilot, lambda: app.query_one(PlanEditor).plan is not None)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: room.asked)
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        assert (request.filter, request.rate, request.seed) == ("part = noun", 50.0, 7)


async def test_chosen_variant_is_the_same_in_the_table_and_in_every_chart() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state is not None and panel.run_state.over)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.focused, Chart))
        await pilot.press("down", "down", "c")
        await until_seen(pilot, "▸ S scalar       x2")
        await pilot.press("right", "right", "right", "right", "left")
        await until_seen(pilot, "S scalar x2   recall")
        await until_seen(pilot, "searches, k=10, on the sample")
        await pilot.press("end")
        await until_seen(pilot, "T turbo-4bit off   recall")
        await pilot.press("t")
        await until_seen(pilot, "▸ T turbo-4bit")


@pytest.mark.usefixtures("every_frame")
async def test_thousands_of_variants_scroll_and_only_those_in_view_are_made(monkeypatch: Any) -> None:
    request = BenchRequest(collection="c", hnsw_ef=tuple(range(1, 240)))
    assert len(variants(request)) > 5_000
    state = RunState.of(request, "c")
    for event in script(request, blocks=1):
        state = state.after(event)
    made = 0
    from qtui.tui.widgets import variants as table_module

    cells = table_module.result_cells

    def counting(*args: Any) -> Any:
        nonlocal made
        made += 1
        return cells(*args)

    monkeypatch.setattr(table_module, "result_cells", counting)
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        panel: Any = app.query_one(BenchmarkPanel)
        panel.run_state, panel.page = state, "table"
        table = app.query_one(ResultTable)
        await until(pilot, lambda: table.row_count > 5_000 and made)
        table.focus()
        made = 0
        await pilot.press("down", "down", "pagedown", "pagedown", "up")
        assert made <= 7 * table.size.height
        await pilot.press("end")
        assert table.cursor == table.row_count - 1
        await until_seen(pilot, "ef239")
        await pilot.press("c", "c", "home")
        await until_seen(pilot, "▸ N none")
        assert app.query_one(Results).chosen == 0


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_what_an_app_that_is_gone_left_of_a_run_is_named_and_one_key_goes_on(size: tuple[int, int]) -> None:
    app, room = make()
    happened = script(BenchRequest())
    whole = next(event.record for event in happened if isinstance(event, RunFinished))
    room.kept = {RUN: replace(whole, id=RUN, status="partial", measurements=whole.measurements[:3])}
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "The last run was interrupted")
        await until_seen(pilot, "u Resume")
        await pilot.press("u")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state is not None and panel.run_state.over == "complete")
    assert room.kept[RUN].status == "complete"
