"""Hostile payloads, names and errors in the Search tab and in a point's dialog; payloads of any size; images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from textual.widgets import Input

from qtui.errors import DataError
from qtui.tui import pictures
from qtui.tui.panels.search_form import QueryBox
from qtui.tui.pretty import MOST_LINES, pretty
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.scripted import view
from tests.tui.test_hostile import HOSTILE, raw_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)

MIXED = [*("".join(HOSTILE[start::3]) for start in range(3)), *HOSTILE[:2]]
"""Each screen is walked a few times with many such texts at once; those that break parsing also go alone."""


def check(app) -> None:
    """Printable text in rows of the right number, and the app still there."""
    assert raw_text(app).isprintable()
    assert len(screen_text(app).splitlines()) == 40
    assert app.is_running


@pytest.mark.parametrize("text", MIXED, ids=range(len(MIXED)))
async def test_everywhere_that_the_search_shows_data(text: str) -> None:
    named = view(text, "scalar", origin="elsewhere")
    app, room = make((named,))
    room.payloads = {at: {"title": text, text: {text: [text, {text: text}]}, "image": text} for at in range(20)}
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("2")
        await until_seen(pilot, "the reference")
        check(app)
        await pilot.press("F")
        await until_seen(pilot, "fields:")
        app.query_one("#search-filter", Input).value = text
        await pilot.pause()
        check(app)
        await pilot.press("escape", "enter")
        await until_seen(pilot, "Payload")
        check(app)
        await pilot.press("y", "escape")
        app.query_one(QueryBox).focus()
        app.query_one(QueryBox).value = f"{text}.npy"
        await pilot.press("enter")
        await until_seen(pilot, "the reference")
        check(app)
        room.search_error = DataError(text)
        await pilot.press("escape", "r")
        await until_seen(pilot, "✗")
        check(app)
        assert app.return_code is None


async def test_markup_in_a_title_is_shown_as_it_is() -> None:
    app, room = make((replace(view("a"), origin="x"),))
    room.payloads = {1: {"title": "[red]one[/red]"}, 2: {"title": "\x1b[2J\u200b"}}
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("2")
        await until_seen(pilot, "[red]one[/red]")
        await until_seen(pilot, " point 2")  # of its title nothing can be seen


@settings(max_examples=60)
@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_any_payload_is_pretty_and_printable(payload: dict[str, object]) -> None:
    for line in pretty(payload).plain.split("\n"):
        assert line == "" or line.isprintable()


def test_large_and_deep_payloads_are_bounded() -> None:
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(5_000):
        inner["x"] = {}
        inner = inner["x"]  # type: ignore[assignment]  # a dictionary, made in the line before
    inner["y"] = 1
    assert len(pretty(deep).plain.split("\n")) <= 25
    many = pretty({str(at): "z" * 100_000 for at in range(5_000)}).plain
    assert len(many.split("\n")) == MOST_LINES + 1
    assert "more fields are left out" in many
    assert "more characters" in many


def test_an_image_is_drawn_in_half_blocks_or_the_reason_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    assert pictures.image_of({"image": str(path)}) is None
    path.write_bytes(b"no image")
    assert pictures.image_of({"image": str(path)}) == path
    assert "can't be read" in pictures.drawn(path, 20, 10).plain
    Image.new("RGB", (40, 20), (255, 0, 0)).save(path)
    lines = pictures.drawn(path, 20, 10).plain.split("\n")
    assert lines == ["▀" * 20] * 5


@pytest.mark.parametrize("value", [None, 5, "", "x.txt", "a\0.png", "/nowhere/x.png", "x" * 5_000 + ".png"])
def test_what_is_no_image_is_left_alone(value: object) -> None:
    assert pictures.image_of({"image": value}) is None


async def test_a_point_shows_its_image(tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), (0, 200, 0)).save(tmp_path / "x.png")
    app, room = make((view("a"),))
    room.payloads = {0: {"title": "green", "path": str(tmp_path / "x.png")}}
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("2")
        await until_seen(pilot, "the reference")
        await pilot.press("enter")
        await until(pilot, lambda: "▀▀▀▀" in screen_text(app))
