"""Hostile names, errors and warnings on every screen: nothing fires, nothing breaks, no escape gets out."""

from __future__ import annotations

from typing import Any

import pytest

from qtui.errors import DataError
from qtui.events import Warned
from qtui.model import Finding
from qtui.records import RunWarning
from qtui.tui.panels.benchmark import BenchmarkPanel
from tests.tui.driving import make, screen_text, strips, until, until_seen
from tests.tui.scripted import failing, view

HOSTILE = (
    "[@click=app.quit]click[/]",
    "[/nope] [red]",
    "\x1b]52;c;aGFja2Vk\x07\x1b[2J\x1b[31mred",
    "\x9b2J\x90q\x9c\x1bc",
    "\u202egnp.exe\u200b\u2066",
    "a\nb\r\x00c",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd 1\ufe0f\u20e3 \U0001f1e9\U0001f1ea",
    "क्षि नमस्ते",
    "宽字符名字很长很长很长很长很长很长很长",
    "x" * 100_000,
    "Z̶̡̛͔͖͚a̸l̷g̶o̴",
)


def raw_text(app) -> str:
    """Everything that would be written, styles aside."""
    return "".join(segment.text for strip in strips(app) for segment in strip if not segment.control)


def hostile_view(text: str):
    """A collection with the text wherever a collection can hold one."""
    findings = (Finding("x", text, text, "error"), Finding("y", text, text))
    return view(text, "scalar", built=False, status="broken", origin=text, error=text, findings=findings)


async def test_every_text_in_the_list_and_the_inspection() -> None:
    app, _ = make([hostile_view(text) for text in HOSTILE])
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, f"{len(HOSTILE)} collections")
        check(app)
        for _ in HOSTILE:
            await pilot.press("down")
            check(app)
        await pilot.press("y")
        check(app)
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: app.clipboard)
        check(app)
        assert app.is_running


@pytest.mark.parametrize("text", HOSTILE[:3])
async def test_dialog_plan_and_every_page_of_a_run(text: str) -> None:
    app, room = make((hostile_view(text),))
    room.script = lambda request: [
        *failing(request, text),
        *(Warned(RunWarning("x", other)) for other in HOSTILE),
        Warned(RunWarning("y", text, "scalar")),
    ]
    room.error_at_end = DataError(text)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("d")
        await until_seen(pilot, "to confirm")
        check(app)
        await pilot.press("escape", "b")
        await until_seen(pilot, "Nothing measured yet")
        check(app)
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state is not None and panel.run_state.over == "failed")
        await until_seen(pilot, "The run ended")
        check(app)
        for _ in range(3):
            await pilot.press("c")
            check(app)
        assert app.is_running
        assert app.return_code is None


def check(app) -> None:
    """Printable rows of the right width, and the markup still there as text where it was text."""
    assert raw_text(app).isprintable()
    assert len(screen_text(app).splitlines()) == 40


async def test_markup_in_a_name_is_shown_as_it_is() -> None:
    app, _ = make((view("[red]a[/red]"),))
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "1 collection")
        await until(pilot, lambda: screen_text(app).count("[red]a[/red]") == 2)
        for key, title in (("c", "Change [red]a[/red] in place"), ("y", "Copy [red]a[/red]")):
            await pilot.press(key)
            await until_seen(pilot, title)
            await pilot.press("escape")
