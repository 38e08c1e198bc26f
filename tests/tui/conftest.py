"""What makes hundreds of starts of the app in one process cheap: nothing that a test can see is left out.

Set QTUI_TEST_EVERY_FRAME=1 to have every frame drawn as a terminal would get it, whether a test reads it or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen

EVERY_FRAME = bool(os.environ.get("QTUI_TEST_EVERY_FRAME"))  # before a test's own environment begins
DRAW = Screen._compositor_refresh


@pytest.fixture(autouse=True, scope="session")
def styles_parsed_once() -> Iterator[None]:
    """The same style sheet with the same variables has the same rules in every app."""
    parse = Stylesheet._parse_rules
    known: dict[Any, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *args: Any, **options: Any) -> list[RuleSet]:
        key = (args, *sorted(options.items()), frozenset(sheet._variables.items()))
        if key not in known:
            known[key] = parse(sheet, *args, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True, scope="session")
def frames_drawn_when_read() -> Iterator[None]:
    """Without a terminal Textual draws every frame and drops it; only what a test reads is drawn."""

    def keep_up(screen: Screen[Any]) -> None:
        if not screen.app.is_headless or screen is not screen.app.screen:
            DRAW(screen)
            return
        screen._compositor._dirty_regions.clear()
        screen._dirty_widgets.clear()
        screen.app._update_mouse_over(screen)

    with pytest.MonkeyPatch.context() as patch:
        if not EVERY_FRAME:
            patch.setattr(Screen, "_compositor_refresh", keep_up)
        yield


@pytest.fixture
def every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that looks at what is drawn when, without reading the screen."""
    monkeypatch.setattr(Screen, "_compositor_refresh", DRAW)
