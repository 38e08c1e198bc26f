"""The checks of `qtui doctor` and `qtui clean` in the app, which doesn't disturb what runs."""

import pytest

from qtui.host.requests import LeftOver, Tried
from qtui.host.state import RoomState
from qtui.target import server
from tests.tui import scripted
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.test_on_server import on_server

WRITABLE = server("http://qdrant.example:6333", allow_writes=True)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_all_is_looked_at_and_can_be_copied(size):
    app, room = make()
    async with app.run_test(size=size) as pilot:
        await until_seen(pilot, "demo__binary")
        await pilot.press("exclamation_mark")
        await until_seen(pilot, "✓ nothing is in the way")
        assert room.tried == 1
        assert "y copies   r again   Esc back" in screen_text(app)
        await pilot.press("c", "y")
        await until(pilot, lambda: "  qtui: 0." in app.clipboard)
        assert f"  shown here: {size[0]}x{size[1]}, " in app.clipboard
        assert "  of killed runs: nothing" in app.clipboard
        await pilot.press("r")
        await until(pilot, lambda: room.tried == 2)
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_the_engine_is_not_tried_while_a_run_is_measured_and_nothing_is_removed():
    app, room = make()
    room.lying = (LeftOver("/home/me/qtui/tmp/dead", 2_048),)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "demo__binary")
        room.on_state(RoomState("measuring"))
        await pilot.press("exclamation_mark")
        await until_seen(pilot, "the engine was not tried while something")
        await until_seen(pilot, "/home/me/qtui/tmp/dead, 2.0 KiB")
        assert "removes leftovers" not in screen_text(app)
        await pilot.press("c", "c")
        assert room.lying
        assert not room.tried


async def test_what_is_in_the_way_comes_first(monkeypatch):
    app, room = make()

    async def broken():
        return Tried({"works": False, "error": "[red]\x1b[2Jno"}, {"here": None})

    monkeypatch.setattr(room, "try_out", broken)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "demo__binary")
        await pilot.press("exclamation_mark")
        await until_seen(pilot, "✗ the engine doesn't work: [red]no")


async def test_what_killed_runs_left_is_removed_when_that_was_seen():
    app, room = on_server([scripted.view("docs__qtui__binary", "binary"), scripted.view("docs")], WRITABLE)
    room.lying = (LeftOver("/home/me/qtui/tmp/dead", 2_048),)
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "2 collections")
        await pilot.press("exclamation_mark")
        await until_seen(pilot, "the copy docs__qtui__binary on the server")
        await until_seen(pilot, "removes leftovers")
        await pilot.press("c")
        await until_seen(pilot, "? Remove 1 folder here, 2.0 KiB and the copy docs__qtui__binary on the server?")
        await pilot.press("escape")
        await until_seen(pilot, "removes leftovers")
        left = list(room.lying)
        assert left
        await pilot.press("c", "c")
        await until(pilot, lambda: "docs__qtui__binary" not in room.views)
        assert list(room.lying) == []
        assert "docs" in room.views
        await until_seen(pilot, "of killed runs  nothing")
