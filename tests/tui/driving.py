"""Driving the app in tests: making it over a scripted room, reading its screen, waiting for facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from qtui.demos import Demo
from qtui.model import CollectionView
from qtui.preferences import Memory, Preferences
from qtui.tui.app import QtuiApp
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import DEMO

GOLDENS = Path(__file__).parent / "goldens"


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


def screen_text(app: App[None]) -> str:
    """What is on the screen, without styles and without blanks at the ends of lines."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Waits until something is true; fails after many turns of the loop."""
    for _ in range(400):
        if holds():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"never came true; the screen:\n{screen_text(pilot.app)}")


async def until_seen(pilot: Pilot[None], text: str) -> None:
    """Waits until a text is on the screen."""
    await until(pilot, lambda: text in screen_text(pilot.app))


def check_golden(app: App[None], name: str) -> None:
    """Compares the screen with a kept one, which it writes where there is none."""
    path, now = GOLDENS / f"{name}.txt", screen_text(app)
    if not path.exists():
        path.write_text(now, encoding="utf-8")
        raise AssertionError(f"{path} was not there; look at it, and run again")
    assert now == path.read_text(encoding="utf-8")
