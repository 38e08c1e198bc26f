"""Keys that come faster than the screen can follow: none is lost, and each acts on what those before it made."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.app import App
from textual.widgets import Input

from qtui.tui.dialogs.setup import SetupDialog
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.controls import Choice
from tests.tui.driving import make, until


def at_once(app: App[None], keys: Iterable[str]) -> None:
    """All in one go, as a terminal hands over what was typed while it was busy."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_a_dialog_and_its_fields_get_what_is_typed_at_once() -> None:
    app, _ = make(())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.query_one(CollectionsPanel).can_make("new"))
        at_once(app, ["n", "right", "right", "tab", *"abc.npy", "tab", "tab", "ctrl+u", *"books"])
        await until(pilot, lambda: app.screen.query_one("#setup-name", Input).value == "books", 10)
        assert isinstance(app.screen, SetupDialog)
        assert app.screen.query_one("#setup-kind", Choice).value == "file"
        assert app.screen.query_one("#setup-path", Input).value == "abc.npy"
        assert app.screen.query_one("#setup-payload", Input).value == ""


async def test_what_is_asked_for_before_the_source_was_read_is_done_right_after() -> None:
    app, room = make(())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.query_one(CollectionsPanel).can_make("new"))
        at_once(app, ["n", "f9"])
        await until(pilot, lambda: len(room.asked) == 1, 10)
        await until(pilot, lambda: not isinstance(app.screen, SetupDialog))


async def test_a_plan_is_measured_by_keys_that_come_before_it_is_there() -> None:
    app, room = make()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        at_once(app, ["3", "b"])
        await until(pilot, lambda: room.asked, 10)


async def test_a_key_that_a_wrong_plan_keeps_from_working_says_so() -> None:
    app, room = make()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        at_once(app, ["3", "tab", "tab", "ctrl+u", "x", "ctrl+r"])
        await until(pilot, lambda: any("can't be measured" in each.text for each in app.notices), 10)
        assert not room.asked
