"""The Collections tab through Pilot, over a scripted room."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input

from qtui.demos import TEXTS
from qtui.errors import DataError
from qtui.host.state import RoomState
from qtui.tui.panels import collections
from qtui.tui.panels.collection_parts import Inspection
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.tables import CollectionTable
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.scripted import view

NARROW, WIDE = (80, 24), (120, 40)


async def test_lists_every_collection_with_what_is_built() -> None:
    app, _ = make((view("fine", "scalar"), view("bare"), view("waiting", "binary", built=False)))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "3 collections")
        rows = {line.split()[0]: line for line in screen_text(app).splitlines() if "cosine" in line}
    assert "1/1 ✓" in rows["fine"]
    assert "0/1 ⚠" in rows["waiting"]
    assert "✓" not in rows["bare"]
    assert "⚠" not in rows["bare"]


async def test_inspection_follows_the_cursor_in_the_wide_layout() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("down")
        await until_seen(pilot, "1,536 → 48")
        assert "32.0x found, 32.0x by formula" in screen_text(app)


async def test_row_is_drawn_before_what_is_told_of_it_and_keys_are_about_the_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collections, "FOLLOW_AFTER_S", 3600.0)
    app, _ = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "1,536, not quantized")
        await pilot.press("down")
        await until(pilot, lambda: app.query_one(CollectionTable).row == "demo__binary")
        assert "1,536, not quantized" in screen_text(app), "whoever runs through the list has none of it drawn"
        await pilot.press("d")
        await until_seen(pilot, "demo__binary with its")
        await pilot.press("escape", "enter")
        await until_seen(pilot, "1,536 → 48")


async def test_narrow_layout_opens_and_leaves_the_inspection() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        assert "Settings" not in screen_text(app)
        await pilot.press("enter")
        await until_seen(pilot, "Settings")
        assert "5 collections" not in screen_text(app)
        await pilot.press("escape")
        await until_seen(pilot, "5 collections")


async def test_filters_as_typed_and_escape_shows_all_again() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("slash")
        assert "/ Filter" not in screen_text(app), "it is typed here"
        app.query_one("#filter", Input).value = "BINARY"
        await until_seen(pilot, "2 of 5 match")
        await pilot.press("escape")
        await until_seen(pilot, "5 collections")


async def test_a_list_that_is_read_again_leaves_the_filter_the_focus() -> None:
    views = (view("demo"), view("demo__scalar", "scalar"))
    app, room = make(views)
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "2 collections")
        await pilot.press("slash", *"sca")
        panel = app.query_one(CollectionsPanel)
        panel.views = (*views, view("demo__scalar2", "scalar"))
        await until_seen(pilot, "2 of 3 match")
        await pilot.press(*"lar2")
        await until_seen(pilot, "1 of 3 match")
        assert app.query_one("#filter", Input).value == "scalar2"
    assert room.changes == []


async def test_sorting_keeps_the_cursor_on_its_collection() -> None:
    app, _ = make((view("a", points=1), view("b", points=3), view("c", points=2)))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "3 collections")
        table = app.query_one(CollectionTable)
        await pilot.press("down", "down", "s")
        assert table.row == "c"
        assert list(table.keys) == ["b", "c", "a"]


async def test_delete_wants_the_very_name() -> None:
    app, room = make((view("keep me"), view("other")))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "2 collections")
        await pilot.press("d")
        await until_seen(pilot, "to confirm")
        app.screen.query_one("#typed", Input).value = "keep"
        await pilot.press("enter")
        await until_seen(pilot, "not its name")
        assert set(room.views) == {"keep me", "other"}
        app.screen.query_one("#typed", Input).value = "keep me"
        await pilot.press("enter")
        await until(pilot, lambda: set(room.views) == {"other"})
        await until_seen(pilot, "1 collection")


async def test_escape_leaves_the_confirmation_and_deletes_nothing() -> None:
    app, room = make((view("one"),))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("d")
        await until_seen(pilot, "to confirm")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
    assert set(room.views) == {"one"}


async def test_refresh_shows_what_changed_and_keeps_the_cursor() -> None:
    app, room = make((view("a"), view("b")))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "2 collections")
        await pilot.press("down")
        room.views["aa"] = view("aa")
        await pilot.press("r")
        await until_seen(pilot, "3 collections")
        table = app.query_one(CollectionTable)
        assert table.row == "b"
        table.go_to("partial")
        await pilot.press("r")
        assert table.row == "b", "as long as it isn't there"
        room.views["partial"] = view("partial", status="partial")
        await pilot.press("r")
        await until(pilot, lambda: table.row == "partial")


async def test_empty_store_offers_the_demo_and_builds_it() -> None:
    app, room = make(())
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "No collections yet")
        await pilot.press("d")
        await until_seen(pilot, "5 collections")
        assert len(room.asked) == 1
        await until(pilot, lambda: not app.query_one(CollectionsPanel).loading_demo)
        assert "No collections yet" not in screen_text(app)


async def test_demo_builds_at_the_first_start_alone() -> None:
    app, room = make((), demo=TEXTS)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        assert len(room.asked) == 1
    app, room = make(tuple(room.views.values()), demo=TEXTS)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        assert room.asked == []


async def test_escape_cancels_the_demo_and_keeps_what_is_built() -> None:
    app, room = make(())
    room.gate = asyncio.Semaphore(3)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "No collections yet")
        await pilot.press("d")
        await until(pilot, lambda: "demo" in room.views)
        await pilot.press("escape")
        await until(pilot, lambda: room.cancelled == 1)
        await until(pilot, lambda: not app.query_one(CollectionsPanel).loading_demo)
    assert "demo" in room.views
    assert "demo__turbo-4bit" not in room.views


async def test_one_broken_collection_does_not_hide_the_others() -> None:
    app, _ = make((view("bad", status="broken", vectors=(), error="'bad' is damaged; delete it"), view("good")))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "✗ bad")
        await until_seen(pilot, "2 collections")
        await until_seen(pilot, "is damaged; delete it")


async def test_engine_that_does_not_start_says_why_and_can_be_tried_again() -> None:
    app, room = make()
    room.start_error = DataError("the store was written by a newer qtui; update it")
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "written by a newer qtui")
        assert app.query_one(Inspection).view is None


async def test_death_of_the_engine_is_told_and_recovered() -> None:
    app, room = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        room.die()
        await until_seen(pilot, "↻ restarting")
        await until_seen(pilot, "the engine's process was killed")
        del room.views["demo"]
        room.tidied_up = "run 4f is kept as partial"
        room.on_state(app.room_state.__class__("ready"))
        await until_seen(pilot, "4 collections")
        await until_seen(pilot, "The engine is back")
        await until_seen(pilot, "was killed, and was started again")
        await until_seen(pilot, "run 4f is kept as partial")
        assert "being started" not in screen_text(app)
        assert [notice.title for notice in app.notices] == ["Engine", "The engine is back", "Left by a killed process"]


async def test_engine_that_is_given_up_says_how_to_get_it_back_on_every_tab() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        for _ in range(2):
            room.on_state(RoomState("starting"))
            room.on_state(RoomState("restarting", "it was killed"))
        await until_seen(pilot, "it was killed; it is being started again")
        room.on_state(RoomState("closed", "it was killed, 6 times in a row"))
        await until_seen(pilot, "6 times in a row; press 1")
        assert "being started" not in screen_text(app)
        app.clear_notifications()
        await pilot.press("b")
        await until_seen(pilot, "The engine is closed: press 1, then r,")
        told = len(app.notices)
        await pilot.press("b")  # it can be read already
        assert len(app.notices) == told
        room.on_state(RoomState("closed", "it was killed, 6 times in a row"))
        await pilot.press("1")
        await until_seen(pilot, "r starts it again, o connects elsewhere")
        await pilot.press("r")
        await until_seen(pilot, "ready")
        await until(pilot, lambda: "6 times in a row" not in screen_text(app))


async def test_footer_says_what_escape_does() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("slash")
        await until_seen(pilot, " Esc Clear ")
        await pilot.press("escape", "enter")
        await until_seen(pilot, " Esc Back ")
        await pilot.press("escape")
        app.query_one(CollectionsPanel).making = True
        await until_seen(pilot, " Esc Cancel ")
