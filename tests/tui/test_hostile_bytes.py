"""Whatever data holds, driven through the real screens: what reaches the terminal is text, and nothing fires.

Every planted text is walked through all screens together. QTUI_TEST_DEEP=1 walks twenty made-up texts, too.

A driver records every byte that the app writes. What is left without the sequences that a screen is drawn with must
be printable, and none of what was planted may be among them.
"""

from __future__ import annotations

import asyncio
import os
import re

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

from qtui.errors import DataError
from qtui.events import Warned
from qtui.model import Finding
from qtui.records import RunWarning
from qtui.tui.panels.benchmark import BenchmarkPanel
from tests.tui.driving import make, strips, until, until_seen
from tests.tui.scripted import failing, view

SIZE = (100, 30)
PLANTED = (
    "[@click=app.quit]x[/]", "[/nope]", "[red]", "[link=http://x]", "{x}", "\\[",
    "\x1b]52;c;aGFja2Vk\x07", "\x1b]0;title\x1b\\", "\x1b[4;9;53m", "\x1b[2J", "\x1b[?1049l", "\x1bP0q\x1b\\", "\x1bc",
    "\x9b2J", "\x9d52;c;eA\x9c", "\x90q\x9c", "\x07\x08\x00\x7f",
    "\u202egnp", "\u2066\u2069\u061c", "\u200b\u200d\ufeff",
    "\n\r\t\x0b\x85\u2028", "宽字符", "Z̶̡̛͔͖͚a̸",
    "क्षि", "\U0001f468\u200d\U0001f469", "1\ufe0f\u20e3", "\U0001f1e9\U0001f1ea",
    "ㅤ",
    "\ud800",
)  # fmt: skip
FORBIDDEN = (
    "\x1b]52;c;aGFja2Vk", "\x1b]0;", "\x1b[4;9;53m", "\x1bP", "\x1bc", "\x9b", "\x9d", "\x90", "\x9c", "\x7f", "\x00",
    "\u202e", "\u2066", "\u2069", "\u061c", "\u200b", "\u200d", "\ufeff", "\x85", "\u2028", "\ud800",
)  # fmt: skip
DRAWING = re.compile(
    r"\x1b\[(?:[0-9;:]*m|[0-9;]*H|\?25[lh])|\x1b\[\d*[ABCD]|\x1b\]22;\w*(?:\x07|\x1b\\)|\x1b\]52;c;[\w+/=]*(?:\x07|\x1b\\)"
)
"""Colours, places, the cursor, the pointer's shape, and a copy, which is in base64: what a screen is driven with."""
hostile = st.lists(st.sampled_from(PLANTED) | st.text(max_size=12), min_size=8, max_size=24).map("".join)


@given(hostile, hostile)
@example("".join(PLANTED), "".join(reversed(PLANTED)))
@settings(
    max_examples=20,  # each walks through all screens
    phases=[Phase.explicit, Phase.generate] if os.environ.get("QTUI_TEST_DEEP") else [Phase.explicit],
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_data_is_more_than_text_on_any_screen(text: str, other: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written = recording(patch)
        asyncio.run(asyncio.wait_for(walk(text, other), 150))
    check("".join(written))


def test_the_check_finds_what_it_looks_for() -> None:
    check("\x1b[1;38;2;1;2;3mtext\x1b[0m\x1b[2;3H\x1b[?25l")
    for planted in FORBIDDEN:
        with pytest.raises(AssertionError):
            check(f"text {planted}1 text")


def recording(patch: pytest.MonkeyPatch) -> list[str]:
    """What is written from now on, by a driver that takes itself for a terminal's."""
    written: list[str] = []
    patch.setattr(HeadlessDriver, "write", lambda _, data: written.append(data))
    patch.setattr(HeadlessDriver, "is_headless", property(lambda _: False))
    return written


def check(written: str) -> None:
    """Text and drawing alone."""
    for planted in FORBIDDEN:
        assert planted not in written, repr(planted)
    rest = DRAWING.sub("", written).replace("\r", "").replace("\n", "")
    assert rest.isprintable(), repr(
        next(rest[max(0, at - 20) : at + 20] for at, c in enumerate(rest) if not c.isprintable())
    )


def planted_view(text: str):
    """A collection with the text wherever one can hold it."""
    findings = (Finding("x", text, text, "error"), Finding("y", text, text))
    return view(text, "scalar", built=False, status="broken", origin=text, error=text, findings=findings, points=7)


async def walk(text: str, other: str) -> None:
    """Through every screen that shows data."""
    app, room = make((planted_view(text), view(f"{other}2", "binary")))
    deep: dict[str, object] = {text: text}
    for _ in range(60):
        deep = {other: deep, text: [[deep.get(text)]]}
    room.payloads = {
        0: {text: other, other: text * (1_000_000 // len(text)), "deep": deep},
        1: {text: [text, {other: 1}]},
    }
    room.script = lambda request: [
        *failing(request, text),
        Warned(RunWarning(text, other)),
        Warned(RunWarning("y", text)),
    ]
    room.error_at_end = DataError(text)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_seen(pilot, "2 collections")
        for key in ("s", "S", "down", "enter"):
            await pressed(pilot, key)
        await pressed(pilot, "escape")
        await dialogs(pilot)
        await points(pilot, app)
        app.notify(text, title=other, severity="error", markup=True)
        for key in ("m", "question_mark", "ctrl+p"):
            await pressed(pilot, key)
            await until(pilot, lambda: len(app.screen_stack) == 2)
            await pressed(pilot, "escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)
        await searching(pilot, text)
        await benchmark(pilot, app)
        for key in ("4", "5"):
            await pressed(pilot, key)
        assert app.is_running
        assert app.return_code is None


async def pressed(pilot, key: str) -> None:
    """One key, after which every row is as wide as the window."""
    await pilot.press(key)
    await pilot.pause()
    assert [strip.cell_length for strip in strips(pilot.app)] == [SIZE[0]] * SIZE[1]


async def dialogs(pilot) -> None:
    """Deleting and copying what has such a name."""
    for key in ("d", "enter", "escape", "y", "right", "right", "enter"):
        await pressed(pilot, key)
    await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def points(pilot, app) -> None:
    """Its points, and the worst of them."""
    await pressed(pilot, "p")
    await until_seen(pilot, "ids 0 to ")
    for key in ("down", "up", "enter"):
        await pressed(pilot, key)
    for key in ("pagedown", "escape", "escape"):
        await pressed(pilot, key)
    await until(pilot, lambda: len(app.screen_stack) == 1)


async def searching(pilot, text: str) -> None:
    """Its points as answers, opened and copied; its fields, and queries and filters that hold it."""
    await pressed(pilot, "2")
    await until_seen(pilot, "the reference")
    for key in ("down", "enter", "escape", "y", "c", "escape", "F"):
        await pressed(pilot, key)
    for box, keys in (("#search-filter", ("escape", "slash")), ("#query", ("enter", "escape"))):
        pilot.app.query_one(box, Input).value = text
        for key in keys:
            await pressed(pilot, key)
    await pressed(pilot, "1")


async def benchmark(pilot, app) -> None:
    """A run that fails with such words, and each of its pages."""
    await pressed(pilot, "b")
    await until(pilot, lambda: app.query(BenchmarkPanel))
    await pressed(pilot, "ctrl+r")
    panel = app.query_one(BenchmarkPanel)
    await until(pilot, lambda: panel.run_state is not None and panel.run_state.over == "failed")
    for key in ("c", "c", "c", "t", "down"):
        await pressed(pilot, key)
