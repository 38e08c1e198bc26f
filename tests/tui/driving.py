"""Driving the app in tests: making it over a scripted room, reading its screen, waiting for facts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from difflib import unified_diff
from pathlib import Path

from textual._context import visible_screen_stack
from textual.app import App
from textual.css.query import NoMatches
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from qtui.demos import Demo
from qtui.model import CollectionView
from qtui.preferences import Memory, Preferences
from qtui.tui.app import QtuiApp
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.controls import Choice
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import DEMO

GOLDENS = Path(__file__).parent / "goldens"
PATIENCE_S = 60
SETTLED_S = 20
"""For all that a screen shows to be there, once what the test waits for is."""


def make(
    views: Sequence[CollectionView] = DEMO,
    *,
    demo: Demo | None = None,
    preferences: Preferences | None = None,
    memory: Memory | None = None,
) -> tuple[QtuiApp, FakeRoom]:
    """The app and the room that it talks to."""
    app = QtuiApp(
        lambda on_state: FakeRoom(on_state, views),
        where="~/store",
        demo=None if demo is None else lambda: demo,
        preferences=preferences,
        memory=memory,
    )
    assert isinstance(app.room, FakeRoom)
    return app, app.room


def strips(app: App[None]) -> list[Strip]:
    """What is on the screen, drawn now."""
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


def screen_text(app: App[None]) -> str:
    """What is on the screen, without styles and without blanks at the ends of lines."""
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips(app)) + "\n"


async def until(pilot: Pilot[None], holds: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Waits until something is true, and for what was going on then; fails after a minute, or after what is said."""

    def true() -> object:
        try:
            return holds()
        except NoMatches:  # what isn't made yet can still become true
            return False

    if true():
        return
    ends, pause = time.monotonic() + patience_s, 0.01
    while not true():
        assert time.monotonic() < ends, f"never came true; the screen:\n{screen_text(pilot.app)}"
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, 0.1)  # a look at the screen costs something, too
        pilot.app.screen._on_timer_update()
    await pilot._wait_for_screen()


async def until_seen(pilot: Pilot[None], text: str) -> None:
    """Waits until a text is on the screen."""
    await until(pilot, lambda: text in screen_text(pilot.app))


async def until_golden(pilot: Pilot[None], name: str) -> None:
    """Waits until the screen is a kept one, which it writes where there is none; says how they differ otherwise."""
    path = GOLDENS / f"{name}.txt"
    if not path.exists():
        path.write_text(screen_text(pilot.app), encoding="utf-8")
        raise AssertionError(f"{path} was not there; look at it, and run again")
    kept = path.read_text(encoding="utf-8")
    try:
        await until(pilot, lambda: screen_text(pilot.app) == kept, SETTLED_S)
    except AssertionError:
        now = screen_text(pilot.app)
        raise AssertionError("\n".join(unified_diff(kept.split("\n"), now.split("\n"), name, "now", n=1))) from None


def put(app: QtuiApp, name: str, value: str) -> None:
    """As if typed or chosen."""
    control = app.screen.query_one(f"#{name}")
    if isinstance(control, Input):
        control.value = value
        return
    assert isinstance(control, Choice)
    values = [each for each, _ in control.options]
    control.value = value
    control.action_step(-1)
    control.action_step(1)
    assert control.value in values


def making(app: QtuiApp) -> bool:
    """Whether collections are being made or changed."""
    return app.query_one(CollectionsPanel).making
