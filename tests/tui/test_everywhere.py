"""What concerns every tab: rebound keys, themes, what is remembered, notifications, and keys that have to wait."""

from __future__ import annotations

import asyncio
from itertools import cycle
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.filter import ANSIToTruecolor
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets import Input

from qtui.preferences import Memory, Preferences
from qtui.target import Target
from qtui.tui.commands import keyed
from qtui.tui.dialogs.notices import Notices
from qtui.tui.shades import SERIES
from qtui.tui.tabs import TABS, Tabs
from qtui.tui.theme import ACCENT, GOOD, QUIET, Recolored
from qtui.tui.widgets.frame import Header
from qtui.tui.widgets.tables import CollectionTable
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.scripted import view

NARROW = (80, 24)


def colors(app) -> set[str]:
    """Every colour that text on the screen has."""
    strips = app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style and segment.text.strip()]
    return {style.color.get_truecolor().hex for style in styles if style.color}


async def test_rebound_key_works_and_is_shown_instead_of_the_old_one() -> None:
    keys = {"collections.sort": "z", "tab.search": "ctrl+s", "collections.refresh.always": "f6"}
    app, room = make(preferences=Preferences(keys=keys))
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        assert "w What if  z Sort  r Refresh" in screen_text(app)
        await pilot.press("s")
        assert app.query_one(CollectionTable).sort_by == "name"
        await pilot.press("z")
        assert app.query_one(CollectionTable).sort_by == "points"
        room.views["more"] = view("more")
        await pilot.press("f6")
        await until_seen(pilot, "6 collections")
        await pilot.press("ctrl+s")
        assert app.query_one(Tabs).current == "search"
        assert not app.notices


async def test_texts_that_name_a_key_name_the_one_that_works() -> None:
    keys = {"tab.benchmark": "ctrl+b", "benchmark.run": "v,g", "runs.mark": "x", "runs.resume": "z"}
    app, _ = make(preferences=Preferences(keys=keys))
    async with app.run_test(size=(140, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("ctrl+b")
        await until_seen(pilot, "then press v.")
        await pilot.press("5", "x")
        await until_seen(pilot, "marked: x on another compares the two, Esc takes the mark away")
        await pilot.press("question_mark")
        await until_seen(pilot, "had measured; z ")
        assert keyed(app, "{search.build} or {tab.advise}") == "b or 4"


@pytest.mark.parametrize(
    ("preferences", "said"),
    [
        (Preferences(problems=("config.toml is ignored: at line 3",)), "config.toml is ignored: at line 3"),
        (Preferences(theme="[red]\x1b[31mx"), "no theme is called [red]x"),
        (Preferences(keys={"collections.srot": "o"}), "no command is called collections.srot"),
    ],
)
async def test_mistake_in_the_configuration_is_said_in_a_line(preferences: Preferences, said: str) -> None:
    app, _ = make(preferences=preferences)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, said)
        await until_seen(pilot, "5 collections")
        assert app.theme == QUIET.name


async def test_chosen_theme_colours_our_text_too_and_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    app, _ = make(memory=Memory(tmp_path / "state.json"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        assert GOOD in colors(app)
        app.theme = "textual-light"
        await pilot.pause()
        await until(pilot, lambda: GOOD not in colors(app))
    again, _ = make(memory=Memory(tmp_path / "state.json"))
    async with again.run_test(size=NARROW) as pilot:
        assert again.theme == "textual-light"
        await until_seen(pilot, "5 collections")
        assert GOOD not in colors(again), "from its first frame on"
    configured, _ = make(memory=Memory(tmp_path / "state.json"), preferences=Preferences(theme="nord"))
    async with configured.run_test(size=NARROW) as pilot:
        assert configured.theme == "nord"


def test_text_under_the_cursor_is_bright_where_the_terminal_is_light() -> None:
    recolored = Recolored(BUILTIN_THEMES["ansi-light"])
    cursor, letter = Style(color="bright_white", bgcolor="blue"), Style(color="bright_white")
    kept, changed = (
        style for _, style, _ in recolored.apply([Segment("x", cursor), Segment("N", letter)], Color(0, 0, 0))
    )
    assert kept == cursor
    assert changed is not None
    assert changed.color != letter.color


def test_colours_of_the_terminal_are_left_to_it_from_the_start_on() -> None:
    app, _ = make(preferences=Preferences(theme="ansi-light"))
    assert not any(each.enabled for each in app.get_line_filters() if isinstance(each, ANSIToTruecolor))
    assert (app.has_class("-light-mode"), app.has_class("-dark-mode")) == (True, False)
    other, _ = make()
    assert any(each.enabled for each in other.get_line_filters() if isinstance(each, ANSIToTruecolor))


async def test_themes_are_listed_on_a_key() -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("ctrl+t")
        await until_seen(pilot, "catppuccin-latte")


def test_keys_are_not_the_blue_that_is_next_to_black() -> None:
    app, _ = make()
    theme = app.available_themes["ansi-dark"]
    shown = Recolored(theme)._place(Style.parse(ACCENT).color)
    assert shown is not None
    assert shown.number == 12


def test_every_theme_has_a_place_for_our_colours() -> None:
    for theme in BUILTIN_THEMES.values():
        assert len(Recolored(theme)._colors) >= 6
    assert not Recolored(QUIET).enabled


LIGHT = [theme for theme in BUILTIN_THEMES.values() if not theme.dark and "ansi" not in theme.name]
"""Themes with a light background of their own, not the terminal's."""


@pytest.mark.parametrize("theme", LIGHT, ids=lambda theme: theme.name)
def test_every_series_is_seen_on_a_light_background(theme: Theme) -> None:
    behind = Color.parse(theme.to_color_system().generate()["background"])
    letters = [Segment("N", Style(color=f"color({number})")) for number in SERIES.values()]
    for _, style, _ in Recolored(theme).apply(letters, behind):
        assert style is not None
        assert style.color is not None
        assert _contrast(Color.from_rich_color(style.color), behind) >= 4.0, style


def _contrast(one: Color, other: Color) -> float:
    """The ratio of the two by WCAG, 1 to 21; text is readable from 4.5, large letters from 3."""

    def light(color: Color) -> float:
        shares = [part / 255 for part in color.rgb]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


async def test_the_plan_is_remembered() -> None:
    memory = Memory()
    for sees in ("12,600 searches", "9 measurements, 360 searches"):
        app, _ = make(memory=memory)
        async with app.run_test(size=NARROW) as pilot:
            await until_seen(pilot, "5 collections")
            await pilot.press("3")
            await until_seen(pilot, sees)
            app.query_one("#queries", Input).value = "20"
            app.query_one("#repeat", Input).value = "2"
            app.query_one("#oversampling", Input).value = "3"
            await until_seen(pilot, "9 measurements")
            await until(pilot, lambda: (memory.get("plan", dict) or {}).get("oversampling") == "3")


async def test_last_tab_and_sorting_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    app, _ = make(memory=Memory(path))
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("s", "S", "3")
        await until_seen(pilot, "measurements")
    again, _ = make(memory=Memory(path))
    async with again.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "measurements")
        assert again.query_one(Tabs).current == "benchmark"
        await pilot.press("1")
        table = again.query_one(CollectionTable)
        assert (table.sort_by, table.reversed) == ("points", False)


@pytest.mark.parametrize("text", ['{"tab": "nowhere", "sort": [3, {}], "theme": "none"}', '{"sort": ["points"]}', "{"])
async def test_strange_memory_does_no_harm(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    app, _ = make(memory=Memory(path))
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "5 collections")


async def test_notifications_can_be_read_again_and_copied() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("m")
        await until_seen(pilot, "There was none yet")
        await pilot.press("m")
        await until(pilot, lambda: not isinstance(app.screen, Notices))
        app.notify("first [red]thing\x1b[2J", title="Engine", severity="error", timeout=0.01)
        app.notify("second thing", timeout=0.01)
        await until(pilot, lambda: "thing" not in screen_text(app))
        await pilot.press("ctrl+n")
        await until_seen(pilot, "✗ Engine: first [red]thing")
        assert screen_text(app).index("second thing") < screen_text(app).index("first")
        await pilot.press("y")
        await until(pilot, lambda: "second thing" in app.clipboard)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


@pytest.mark.parametrize("key", ["b", "d", "r", "ctrl+l"])
async def test_key_that_has_to_wait_says_why(key: str) -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        app.room_state = app.room_state.__class__("building")
        await pilot.press(key)
        await until(pilot, lambda: "has to wait while" in app.notices[-1].text if app.notices else False)
        assert len(app.screen_stack) == 1
        assert "b Bench" not in screen_text(app)


async def test_run_key_says_why_nothing_is_measured_while_the_demo_is_built() -> None:
    app, room = make(())
    room.gate = asyncio.Semaphore(1)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "No collections yet")
        await pilot.press("d")
        await until(pilot, lambda: app.room_state.status == "building")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.notices)
        assert len(room.asked) == 1


async def test_interrupt_key_says_how_to_leave() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("ctrl+c")
        await until_seen(pilot, "q leaves")


async def test_leaving_is_said_before_what_is_pending_is_written() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "● ready")
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
        assert app.query_one(Header).leaving
        assert "○ leaving…" in screen_text(app)


async def test_panels_are_made_when_they_are_opened() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "5 collections")
        assert [panel.id for panel in app.query_one(Tabs).children] == ["collections"]
        for tab in TABS:
            await pilot.press(tab.digit)
            assert app.query_one(Tabs).current == tab.panel
        await pilot.press("1")
        assert len(app.query_one(Tabs).children) == len(TABS)
        assert app.focused is app.query_one(CollectionTable)


async def test_any_size_at_any_moment() -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        both = ((1, 1), (130, 50)), ((80, 24), (1, 1))
        walk = (["enter"], ["p"], ["escape", "y"], ["escape", "m"], ["escape", "question_mark"], ["escape", "2"],
                ["3"], ["4"], ["5"], ["ctrl+p"])  # fmt: skip
        for keys, sizes in zip(walk, cycle(both), strict=False):
            await pilot.press(*keys)
            for size in sizes:
                await pilot.resize_terminal(*size)
                await pilot.pause()
                lines = screen_text(app).splitlines()
                assert len(lines) == size[1]
        assert app.is_running


async def test_no_setting_of_a_search_is_cut_in_a_small_window() -> None:
    app, _ = make()
    async with app.run_test(size=(60, 20)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("2")
        await until_seen(pilot, "[ ] ignore")
        assert all(name in screen_text(app) for name in ("rescore", "oversampling", " ef ", "exact"))


async def test_a_connection_that_is_being_made_is_not_broken_into(monkeypatch: pytest.MonkeyPatch) -> None:
    app, room = make()
    gate = asyncio.Event()

    async def slowly(target: Target) -> None:
        room.connected.append(target)
        await gate.wait()

    monkeypatch.setattr(room, "connect", slowly)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("o")
        await until_seen(pilot, "Connect")
        app.screen.query_one("#connect-address", Input).value = "slow:7000"
        await pilot.press("enter")
        await until_seen(pilot, "connecting to http://slow:7000")
        await pilot.press("o")
        await until_seen(pilot, "Another connection is being made")
        gate.set()
        await until_seen(pilot, " http://slow:7000")
        await until(pilot, lambda: "connecting" not in screen_text(app))
    assert len(room.connected) == 1


async def test_a_tab_that_is_not_seen_never_takes_the_keys() -> None:
    app, room = make()
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("2")
        await until_seen(pilot, "the reference")
        await pilot.press("5")
        await until_seen(pilot, "⚠ partial")
        app.screen.set_focus(None)
        app.views = tuple(room.views.values())[:3]
        await until(pilot, lambda: app.query_one("#runs").has_focus_within)


@pytest.mark.parametrize(("keys", "key"), [({}, "b"), ({"benchmark.run": "v"}, "v")], ids=["own", "rebound"])
async def test_key_that_comes_while_nothing_has_the_focus_is_the_open_panels(keys: dict[str, str], key: str) -> None:
    app, room = make(preferences=Preferences(keys=keys))
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        app.screen.set_focus(None)
        app.post_message(events.Key(key, key))
        await until(pilot, lambda: room.asked)
