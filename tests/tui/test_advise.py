"""The tab Advise: the choice for a target, and what may be done with it."""

import pytest
from textual.widgets import Input

from qtui.errors import AccessError
from qtui.tui.advising import Axis, choice, curve_row, on_the_curve
from qtui.tui.panels.advise import AdvisePanel
from qtui.tui.widgets.target import parsed, written
from qtui.wishes import Wishes
from tests.tui import fake_runs
from tests.tui.driving import make, screen_text, until, until_seen


def furnished():
    app, room = make()
    room.kept = {record.id: record for record in fake_runs.three()}
    return app, room


async def opened(pilot):
    await until_seen(pilot, "demo__binary")
    await pilot.press("4")
    await until_seen(pilot, "▶ Use")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_newest_run_is_advised_on_at_once(size):
    app, room = furnished()
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        assert room.advised == [("20261122-013000-aaaa", 0.95)]
        text = screen_text(app)
        assert "Use binary-2bit  rescore x5" in text
        assert "RAM a vector" in text
        assert "confirming queries" in text


async def test_another_target_is_answered_at_once():
    app, room = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("plus")
        await until(pilot, lambda: room.advised[-1][1] == 0.96)
        await pilot.press("minus", "minus")
        await until(pilot, lambda: room.advised[-1][1] == 0.94)
        await pilot.press("t", "0", "full_stop", "9", "9", "9", "enter")
        await until(pilot, lambda: room.advised[-1][1] == 0.999)
        await until_seen(pilot, "0.999")
        assert app.query_one(AdvisePanel).target == 0.999
        await pilot.press("t", "0", "full_stop", "4", "5", "enter")  # lower than minus goes
        await until(pilot, lambda: room.advised[-1][1] == 0.45)
        assert app.query_one(AdvisePanel).target == 0.45


async def test_nothing_keeps_the_target_is_said_with_the_nearest():
    app, _ = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("t", "1", "enter")
        await until_seen(pilot, "No recommendation")
        assert "the nearest is" in screen_text(app)
        assert "Nothing to paste" in screen_text(app)


async def test_limits_are_asked_for_and_hold_until_they_are_changed():
    app, room = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("l")
        await until_seen(pilot, "Recall and limits")
        await pilot.press("tab", *"x", "enter")
        await until_seen(pilot, "p95: milliseconds")
        box = app.screen.query_one("#wish-p95", Input)
        box.value = ""
        await pilot.press("tab", *"10 KiB", "tab", "tab", "right", "enter")
        await until(pilot, lambda: room.wished[-1] == Wishes(ram_bytes=10 * 1024, minimise="latency"))
        await until_seen(pilot, "least time, RAM ≤ 10.0 KiB")
        await until_seen(pilot, "No recommendation")
        assert "breaks a limit" in screen_text(app)
        await pilot.press("l", "escape", "plus")
        await until(pilot, lambda: room.advised[-1][1] == 0.96)
        assert room.wished[-1].minimise == "latency"


async def test_the_configuration_is_copied_in_both_forms():
    app, _ = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "create_collection" in app.clipboard)
        await pilot.press("c")
        await until_seen(pilot, "PUT /collections/")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("PUT "))
        assert '"oversampling": 5.0' in app.clipboard


async def test_narrow_windows_show_a_page_at_a_time():
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("c")
        await until_seen(pilot, "▶◆ D binary-2bit")
        await pilot.press("c")
        await until_seen(pilot, "from qdrant_client import")
        await pilot.press("c")
        await until_seen(pilot, "PUT /collections/")
        await pilot.press("c")
        await until_seen(pilot, "qtui search")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("qtui "))
        await pilot.press("escape")
        await until_seen(pilot, "Runner-up")


async def test_palette_goes_back_from_a_page_and_from_the_target():
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+p")
        await until_seen(pilot, "A lower target recall")
        assert "Back to the choice" not in screen_text(app)
        for key in ("c", "t"):
            await pilot.press("escape", "escape", key, "ctrl+p")
            await until_seen(pilot, "Back to the choice")


async def test_another_run_is_picked_from_a_list():
    app, room = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("o")
        await until_seen(pilot, "Choose a run")
        await pilot.press(*"papers")
        await pilot.press("enter")
        await until(pilot, lambda: room.advised[-1][0] == "20261120-090000-cccc")
        await until_seen(pilot, "run 2026-11-20")
        await pilot.press("o", "down", "down", "up", "escape")
        assert room.advised[-1][0] == "20261120-090000-cccc"


async def test_without_runs_it_says_how_to_get_one(monkeypatch):
    app, room = make()
    monkeypatch.setattr(room, "runs", nothing)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until_seen(pilot, "No runs to go by yet")


async def nothing():
    return ()


async def test_a_run_that_cannot_be_read_is_a_line_and_another_can_be_chosen():
    app, room = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        room.kept.pop("20261121-120000-bbbb")
        app.query_one(AdvisePanel).open("20261121-120000-bbbb")
        await until_seen(pilot, "✗ no such run")
        await pilot.press("o")
        await until_seen(pilot, "Choose a run")


async def test_the_reader_of_runs_dies_and_the_question_is_asked_again(monkeypatch):
    app, room = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)

        async def gone(run_id, target, wishes, /):
            raise AccessError("the process that reads the kept runs ended; try again")

        with monkeypatch.context() as broken:
            broken.setattr(room, "advise", gone)
            await pilot.press("plus")
            await until_seen(pilot, "✗ the process that reads the kept runs ended")
        await pilot.press("1", "4")
        await until_seen(pilot, "▶ Use")


# --- the texts --------------------------------------------------------------------------------------------------------


def test_the_curve_shows_the_target_as_a_line_through_all_rows():
    found = fake_runs.advise(fake_runs.three()[0], 0.95)
    axis = Axis.over(found, 40)
    rows = on_the_curve(found, 100)
    assert [each.ram_bytes for each in rows] == sorted(each.ram_bytes or 0 for each in rows)
    for each in rows:
        strip = curve_row(each, axis, ef=False)[-1].plain
        assert len(strip) == 40
        assert strip[axis.column(0.95)] in "│┼●"
        assert each.choosing is not None
        assert strip[axis.column(each.choosing.mean)] == "●"
    assert axis.ruler()[axis.column(0.95) - 1 :].startswith("0.95"[:2]) or "0.95" in axis.ruler()


@pytest.mark.parametrize("width", [30, 60, 78])
def test_the_choice_fits_its_width(width):
    found = fake_runs.advise(fake_runs.three()[1], 0.95)
    text = choice(found, width).plain
    assert "partial" in text
    assert all(len(line) <= max(width, 64) for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.95", 0.95), (".9", 0.9), ("0,99", 0.99), ("95", 0.95), ("1", 1.0), ("0", None), ("", None)],
)
def test_a_target_as_it_is_typed(text, expected):
    assert parsed(text) == expected


def test_a_target_as_it_is_written():
    assert [written(target) for target in (0.9, 0.95, 0.995, 1.0)] == ["0.90", "0.95", "0.995", "1.00"]
