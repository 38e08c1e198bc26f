"""Keys that come faster than the screen can follow: none is lost, and each acts on what those before it made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.widgets import Input

from qtui.plan import BenchRequest
from qtui.tui.dialogs.setup import SetupDialog
from qtui.tui.panels import plan
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.planform import read
from qtui.tui.widgets.controls import Choice
from tests.tui.driving import make, until, until_seen


def at_once(app: App[None], keys: Iterable[str]) -> None:
    """All in one go, as a terminal hands over what was typed while it was busy."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_a_dialog_and_its_fields_get_what_is_typed_at_once() -> None:
    app, _ = make(())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.query_one(CollectionsPanel).can_make("new"))
        at_once(app, ["n", "right", "right", "tab", *"abc.npy", "tab", "tab", "ctrl+u", *"books"])
        await until(pilot, lambda: app.screen.query_one("#setup-name", Input).value == "books")
        assert isinstance(app.screen, SetupDialog)
        assert app.screen.query_one("#setup-kind", Choice).value == "file"
        assert app.screen.query_one("#setup-path", Input).value == "abc.npy"
        assert app.screen.query_one("#setup-payload", Input).value == ""


async def test_what_is_asked_for_before_the_source_was_read_is_done_right_after() -> None:
    app, room = make(())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.query_one(CollectionsPanel).can_make("new"))
        at_once(app, ["n", "f9"])
        await until(pilot, lambda: len(room.asked) == 1)
        await until(pilot, lambda: not isinstance(app.screen, SetupDialog))


async def test_a_plan_is_measured_by_keys_that_come_before_it_is_there() -> None:
    app, room = make()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        at_once(app, ["3", "b"])
        await until(pilot, lambda: room.asked)


async def test_keys_that_come_fast_into_a_plan_are_evaluated_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "EVALUATE_AFTER_S", 3600.0)
    evaluated = 0

    def counting(*known: Any) -> Any:
        nonlocal evaluated
        evaluated += 1
        return read(*known)

    app, room = make()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        factors, editor = app.query_one("#oversampling", Input), app.query_one(plan.PlanEditor)
        app.set_focus(factors)
        monkeypatch.setattr(plan, "read", counting)
        at_once(app, ["end", *",7" * 95])
        await until(pilot, lambda: factors.value.endswith(",7" * 95))
        assert evaluated == 0, "each key is answered before the plan is"
        assert editor.left["oversampling"] == factors.value
        at_once(app, ["ctrl+r"])
        await until(pilot, lambda: room.asked)
        assert evaluated == 1
        request = room.asked[0]
        assert isinstance(request, BenchRequest)
        assert request.oversampling == (1.0, 2.0, 3.0, 5.0, 7.0), "the last key counts, too"


async def test_a_key_that_a_wrong_plan_keeps_from_working_says_so() -> None:
    app, room = make()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        at_once(app, ["3", "tab", "tab", "ctrl+u", "x", "ctrl+r"])
        await until(pilot, lambda: any("can't be measured" in each.text for each in app.notices))
        assert not room.asked
