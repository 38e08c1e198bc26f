"""One declaration for key, footer, palette and help; the footer fits; the app's process stays light."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from textual.widgets import ContentSwitcher, Input

from qtui.tui.commands import REGISTRY, active, unknown
from qtui.tui.panels.benchmark import BenchmarkPanel
from qtui.tui.widgets.frame import KeyLine
from tests.tui.driving import make, screen_text, until, until_seen

SIZES = ((80, 24), (120, 40))


def footer(app) -> str:
    return screen_text(app).splitlines()[-1]


def labels(app) -> list[str]:
    return [each.command.label for each in active(app.screen) if each.command.label]


@pytest.mark.parametrize("size", SIZES)
async def test_footer_holds_each_key_with_its_label_and_says_where_there_are_more(size: tuple[int, int]) -> None:
    app, _ = make()
    async with app.run_test(size=size) as pilot:
        await until_seen(pilot, "5 collections")
        for keys in ([], ["enter"], ["escape"], ["3"], ["ctrl+r"], ["c"], ["c"], ["t"], ["p"]):
            await pilot.press(*keys)
            await pilot.pause()
            await until(pilot, lambda: app.query_one(KeyLine).is_attached)
            shown = footer(app)
            assert len(shown) <= size[0]
            wanted = labels(app)
            found = [label for label in wanted if f" {label}" in shown]
            here, everywhere = wanted[:-2], wanted[-2:]
            # where there is no room, what comes last gives way, but never what the whole app answers to
            assert found == [*here[: len(found) - 2], *everywhere], (keys, shown)
            assert found == wanted or len(found) >= size[0] // 16, (keys, shown)
            assert (" … " in shown) == (found != wanted)
            assert shown.endswith("q Quit")


async def test_palette_lists_what_makes_sense_now() -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("ctrl+p")
        await until_seen(pilot, "Delete the highlighted collection")
        assert "Run the plan" not in screen_text(app)
        assert "Every command that makes sense now" not in screen_text(app)
        await pilot.press("escape", "3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+p")
        await until_seen(pilot, "Run the plan")
        for nothing in ("Delete the highlighted collection", "Open Benchmark", "Cancel the run"):
            assert nothing not in screen_text(app)
        assert "Open Advise" in screen_text(app)


async def test_palette_runs_what_is_chosen() -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("ctrl+p")
        await until_seen(pilot, "Open Benchmark")
        app.screen.query_one(Input).value = "open bench"
        await until(pilot, lambda: "Sort by" not in screen_text(app))
        await pilot.pause(0.3)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.query_one(ContentSwitcher).current == "benchmark")


async def test_help_speaks_of_the_open_panel() -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("question_mark")
        await until_seen(pilot, "Help: Collections")
        await until_seen(pilot, "Filter collections by name or method")
        assert re.search(r"^\W*1, F1 +Open Collections", screen_text(app), re.MULTILINE)
        await pilot.press("escape", "slash", "f12")
        await until(pilot, lambda: re.search(r"^\W*F1 +Open Collections", screen_text(app), re.MULTILINE))
        await pilot.press("escape")
        await pilot.press("escape", "3", "question_mark")
        await until_seen(pilot, "Help: Benchmark")
        await until_seen(pilot, "Run the plan")


async def test_tabs_open_from_an_input_with_function_keys() -> None:
    app, _ = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3")
        app.query_one("#queries", Input).focus()
        await pilot.pause()
        assert "^r Run" in footer(app)
        assert footer(app).endswith("F12 Help  ^q Quit")
        await pilot.press("1")
        assert app.query_one(ContentSwitcher).current == "benchmark"
        await pilot.press("f1")
        assert app.query_one(ContentSwitcher).current == "collections"
        await pilot.press("f3")
        assert app.query_one(ContentSwitcher).current == "benchmark"


async def test_keys_of_a_tab_do_not_work_while_a_dialog_is_open() -> None:
    app, room = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("d")
        await until_seen(pilot, "to confirm")
        await pilot.press("f3", "ctrl+r")
        assert app.query_one(ContentSwitcher).current == "collections"
        assert room.asked == []


async def test_quitting_ends_the_engine_room() -> None:
    app, room = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("q")
    assert room.closed


async def test_resizing_moves_between_the_layouts() -> None:
    app, _ = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "Settings")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Settings" not in screen_text(app))
        await pilot.press("3")
        await until_seen(pilot, "21 measurements")
        await pilot.press("ctrl+r")
        panel: Any = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.run_state is not None and panel.run_state.over)
        await pilot.press("c")
        await until_seen(pilot, "n=600")
        for size in ((40, 10), (20, 5), (200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await until_seen(pilot, "n=600")


def test_every_command_has_a_title_and_a_key() -> None:
    assert unknown(()) is None
    for command in REGISTRY.values():
        assert command.keys
        assert command.title
        assert len(command.label) <= 9


def test_app_imports_neither_engine_nor_numbers() -> None:
    code = (
        "import sys, qtui.tui.app\n"
        "heavy = {'numpy', 'qdrant_edge', 'qdrant_client', 'plotext', 'PIL', 'h5py', 'pyarrow', 'qtui.engine',"
        " 'qtui.data', 'qtui.bench', 'markdown_it', 'pygments'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_keys_that_always_work_are_the_apps_own_nowhere_else() -> None:
    assert unknown(()) is None
    everywhere = {command.always for command in REGISTRY.values() if command.id.startswith(("tab.", "app."))}
    others = (command for command in REGISTRY.values() if not command.id.startswith(("tab.", "app.")))
    assert not [command.id for command in others if command.always in everywhere - {""}]
