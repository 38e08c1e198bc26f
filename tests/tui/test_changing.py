"""Changing a collection in place, and going back, through Pilot over a scripted room."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot
from textual.widgets import Input

from qtui.errors import DataError
from qtui.host.requests import WayBack
from qtui.model import Change, CollectionView, Quantization
from qtui.tui.dialogs.change import ChangeDialog
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.workload import WorkList
from tests.tui.driving import make, making, put, screen_text, until, until_golden, until_seen
from tests.tui.scripted import view

NARROW, WIDE = (80, 24), (120, 40)


async def open_change(pilot: Pilot[None], views: tuple[CollectionView, ...]) -> ChangeDialog:
    await until_seen(pilot, f"{len(views)} collection")
    await pilot.press("c")
    await until_seen(pilot, "nothing is changed yet")
    screen = pilot.app.screen
    assert isinstance(screen, ChangeDialog)
    return screen


async def test_a_change_wants_the_very_name_and_says_what_it_did() -> None:
    views = (view("mine", "scalar"),)
    app, room = make(views)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_change(pilot, views)
        put(app, "change-method", "turbo-4bit")
        await until_seen(pilot, "200 (7.7x smaller)")
        typed = app.screen.query_one("#change-typed", Input)
        typed.focus()
        typed.value = "mine?"
        await pilot.press("enter")
        await until_seen(pilot, "not its name; nothing was changed")
        assert room.changes == []
        typed.value = "mine"
        await pilot.press("enter")
        await until_seen(pilot, "mine is changed")
        await until_seen(pilot, "scalar → turbo-4bit in 3.2 s; built 1/1; z goes back")
        assert not making(app)
    assert room.changes == [("mine", Change(quantization=Quantization("turbo-4bit")), "")]


async def test_going_back_shows_what_it_changes_and_wants_the_name() -> None:
    views = (view("mine", "turbo-4bit"),)
    app, room = make(views)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        assert not app.query_one(CollectionsPanel).can_make("undo")
        room.way = WayBack("", Change(quantization=Quantization("scalar")), "2026-03-01T10:00:00Z")
        await pilot.press("r")
        await until(pilot, lambda: app.query_one(CollectionsPanel).can_make("undo"))
        await pilot.press("z")
        await until_seen(pilot, "mine as it was before 2026-03-01 10:00:00 UTC")
        await until_seen(pilot, "388 (4.0x smaller)")
        await pilot.press(*"no", "enter")
        await until_seen(pilot, "nothing was changed")
        assert room.changes == []
        app.screen.query_one("#typed", Input).value = "mine"
        await pilot.press("enter")
        await until_seen(pilot, "turbo-4bit → scalar in 3.2 s")
    assert room.changes == [("mine", Change(quantization=Quantization("scalar")), "")]


async def test_without_a_change_the_name_changes_nothing() -> None:
    views = (view("mine", "scalar"),)
    app, room = make(views)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_change(pilot, views)
        app.screen.query_one("#change-typed", Input).focus()
        app.screen.query_one("#change-typed", Input).value = "mine"
        await pilot.press("enter")
        await until_seen(pilot, "nothing to change yet")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
    assert room.changes == []


async def test_enter_goes_to_the_field_that_is_wrong() -> None:
    views = (view("mine", "scalar"),)
    app, room = make(views)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_change(pilot, views)
        app.screen.query_one("#change-ef_construct", Input).focus()
        put(app, "change-ef_construct", "")
        put(app, "change-threshold", "many")
        for focused, cured in (("ef_construct", "200"), ("threshold", "7")):
            await until_seen(pilot, "a whole number, please")
            app.screen.query_one("#change-typed", Input).focus()
            await pilot.press("enter")
            await until_seen(pilot, "Nothing is changed while this is wrong")
            assert app.focused is app.screen.query_one(f"#change-{focused}")
            put(app, f"change-{focused}", cured)
        await until_seen(pilot, "leaves it as it is")
        await pilot.press("enter")
        assert app.focused is app.screen.query_one("#change-typed")
    assert room.changes == []


async def test_a_change_shows_its_time_and_can_be_cancelled() -> None:
    views = (view("mine", "scalar"),)
    app, room = make(views)
    room.gate = asyncio.Semaphore(0)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_change(pilot, views)
        put(app, "change-method", "none")
        await until_seen(pilot, "1,536")
        app.screen.query_one("#change-typed", Input).focus()
        app.screen.query_one("#change-typed", Input).value = "mine"
        await pilot.press("enter")
        await until_seen(pilot, "▲ mine  changing")
        await pilot.press("escape")
        await until_seen(pilot, "mine is kept unfinished")
        assert not making(app)


async def test_a_refused_change_says_why() -> None:
    views = (view("mine", "scalar"),)
    app, room = make(views)
    room.error_at_end = DataError("no space is left: free some")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_change(pilot, views)
        put(app, "change-method", "binary")
        app.screen.query_one("#change-typed", Input).focus()
        app.screen.query_one("#change-typed", Input).value = "mine"
        await pilot.press("enter")
        await until_seen(pilot, "no space is left: free some")
        await pilot.press("escape")
        await until(pilot, lambda: not app.query_one(WorkList).display)


async def test_only_settings_of_the_method_are_offered() -> None:
    views = (view("mine", "scalar"),)
    app, _ = make(views)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        dialog = await open_change(pilot, views)
        assert dialog.query_one("#quantile-row").display
        put(app, "change-method", "binary")
        await until(pilot, lambda: dialog.query_one("#encoding-row").display)
        assert not dialog.query_one("#quantile-row").display
        await until_golden(pilot, "change-80x24")


async def test_hostile_names_are_plain_everywhere() -> None:
    name = "[@click=app.quit]x[/] [red]"
    views = (view(name, "scalar"), view(f"{name}2", status="partial"))
    app, room = make(views)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_change(pilot, views)
        assert name in screen_text(app)
        put(app, "change-method", "none")
        app.screen.query_one("#change-typed", Input).focus()
        app.screen.query_one("#change-typed", Input).value = name
        await pilot.press("enter")
        await until(pilot, lambda: len(room.changes) == 1 and not making(app))
        await pilot.press("down", "u")
        await until(pilot, lambda: room.resumed == [f"{name}2"] and not making(app))
