"""The tab Runs: every kept run to open, name, compare, export, delete."""

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import Input

from qtui.bench import record
from qtui.comparison import Comparison
from qtui.errors import AccessError
from qtui.host.client import RoomState
from qtui.tui.compared import compared
from qtui.tui.messages import GoOn
from qtui.tui.panels.advise import AdvisePanel
from qtui.tui.panels.benchmark import BenchmarkPanel
from qtui.tui.panels.runs import RunsPanel
from qtui.tui.widgets.run_table import RunTable
from tests.tui import fake_runs
from tests.tui.driving import make, screen_text, until, until_seen

NEWEST, PARTIAL, PAPERS = "20261122-013000-aaaa", "20261121-120000-bbbb", "20261120-090000-cccc"


def furnished():
    app, room = make()
    room.kept = {record.id: record for record in fake_runs.three()}
    return app, room


async def listed(pilot):
    await until_seen(pilot, "demo__binary")
    await pilot.press("5")
    await until_seen(pilot, "3 runs")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_runs_are_listed_newest_first_with_their_state(size):
    app, _ = furnished()
    async with app.run_test(size=size) as pilot:
        await listed(pilot)
        text = screen_text(app)
        assert text.index("11-22 ") < text.index("11-21 ") < text.index("11-20 ")
        assert ("2026-11-21" in text) == (size[0] >= 100)
        assert "✓ complete" in text
        assert "⚠ partial" in text
        assert "24,000" in text
        assert (NEWEST in text) == (size[0] >= 100)


async def test_the_filter_narrows_the_list_as_one_types():
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("slash", *"papers")
        await until_seen(pilot, "1 of 3 runs match")
        await pilot.press("escape")
        await until_seen(pilot, "3 runs")
        assert "sample" in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_run_opens_with_its_table_and_charts(size):
    app, _ = furnished()
    async with app.run_test(size=size) as pilot:
        await listed(pilot)
        await pilot.press("enter")
        await until_seen(pilot, "binary-2bit")
        assert "speed" in screen_text(app)
        await pilot.press("c")
        await until_seen(pilot, "recall@10")
        await pilot.press("t", "y")
        await until(pilot, lambda: "binary-2bit" in app.clipboard)
        await pilot.press("escape")
        await until_seen(pilot, "3 runs")


async def test_two_of_the_same_data_are_compared_and_doubts_are_said():
    app, _ = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await listed(pilot)
        await pilot.press("space")
        await until_seen(pilot, "● marked")
        await pilot.press("down", "space")
        await until_seen(pilot, "not quite comparable")
        text = screen_text(app)
        assert "is partial" in text
        assert text.index("before 2026-11-21") < text.index("after 2026-11-22")
        assert "binary rescore x3 ef 128" in text
        await pilot.press("y")
        await until(pilot, lambda: "binary rescore x3" in app.clipboard)
        await pilot.press("escape")
        await until_seen(pilot, "3 runs")
        assert "● marked" not in screen_text(app)


async def test_two_of_other_data_are_refused_with_the_reason():
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("space", "end", "space")
        await until_seen(pilot, "These two can't be compared")
        assert "different data sets (papers.npy and sample)" in screen_text(app)
        assert "the runs can't" not in screen_text(app)  # the heading says it


async def test_a_mark_is_taken_away():
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("space", "space")
        assert app.query_one(RunsPanel).marked is None
        await pilot.press("space", "escape")
        assert app.query_one(RunsPanel).marked is None


async def test_a_run_is_named():
    app, room = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("n", *"best", "enter")
        await until(pilot, lambda: room.kept[NEWEST].name == "best")
        await until_seen(pilot, "best")
        await pilot.press("n", "escape")
        assert room.kept[NEWEST].name == "best"


async def test_a_run_is_deleted_only_when_confirmed():
    app, room = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("d")
        await until_seen(pilot, "Delete this run?")
        await pilot.press("escape")
        assert NEWEST in room.kept
        await pilot.press("d")
        await until_seen(pilot, "Delete this run?")
        await pilot.press("y")
        await until_seen(pilot, "2 runs")
        assert NEWEST not in room.kept


async def test_a_run_is_taken_in_from_its_file_and_is_like_the_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    theirs = fake_runs.kept("20261119-080000-dddd", "2026-11-19T08:00:00Z")
    (tmp_path / "theirs.json").write_bytes(record.encode(theirs))
    (tmp_path / "page.json").write_text("<html>\x1b[2J")
    app, room = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("slash", *"papers", "enter", "i", "enter")
        await until_seen(pilot, "✗ type the path of a .json file")
        await pilot.press(*"pag", "right")  # completes it
        assert app.screen.query_one(Input).value == "page.json"
        await pilot.press("enter")
        await until_seen(pilot, "is no readable run record")
        await pilot.press("ctrl+u", *"theirs.json", "enter")
        await until_seen(pilot, "4 runs")
        panel = app.query_one(RunsPanel)
        assert panel.highlighted is not None
        assert panel.highlighted.id == theirs.id
        await pilot.press("enter")
        await until_seen(pilot, "binary-2bit")
        await pilot.press("escape", "home", "i", *"theirs.json", "enter")
        await until(pilot, lambda: "is here already" in app.notices[-1].text)
        assert panel.highlighted.id == theirs.id
        assert len(room.kept) == 4


async def test_a_run_is_exported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("e")
        await until_seen(pilot, "Export this run")
        monkeypatch.setattr("qtui.tui.dialogs.ask.os.access", lambda folder, _: folder != tmp_path)
        await pilot.press("enter")
        await until_seen(pilot, "That folder can't be written to")
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        await pilot.press("right", "down", "home", *"my-", "enter")
        await until(pilot, (tmp_path / f"my-qtui-{NEWEST}.html").exists)
        assert (tmp_path / f"my-qtui-{NEWEST}.html").read_text() == f"html of {NEWEST}\n"


async def test_advice_is_asked_for_the_highlighted_run():
    app, room = furnished()
    async with app.run_test(size=(120, 40)) as pilot:
        await listed(pilot)
        await pilot.press("end", "a")
        await until_seen(pilot, "▶ Use")
        assert app.query_one(AdvisePanel).run_id == PAPERS
        assert room.advised[-1][0] == PAPERS


async def test_names_from_elsewhere_are_text():
    app, room = furnished()
    evil = "[@click=app.quit]x[/] \x1b]0;t\x07\x1b[31m\u202e[red]"
    room.kept[NEWEST] = replace(room.kept[NEWEST], name=evil)
    async with app.run_test(size=(120, 40)) as pilot:
        await listed(pilot)
        assert "[@click=app.quit]x[/]" in screen_text(app)
        await pilot.press("n", "escape", "d", "escape", "enter")
        await until_seen(pilot, "recall")
        await pilot.press("escape", "4")
        await until_seen(pilot, "▶ Use")
        assert "\x1b" not in screen_text(app)


async def test_no_runs_yet(monkeypatch):
    app, room = make()

    async def nothing():
        return ()

    monkeypatch.setattr(room, "runs", nothing)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await until_seen(pilot, "No runs yet")
        await pilot.press("r", "escape", "1")


async def test_an_interrupted_run_goes_on_in_the_benchmark():
    app, room = furnished()
    room.kept[PARTIAL] = replace(room.kept[PARTIAL], measurements=room.kept[PARTIAL].measurements[:3])
    room.gate = asyncio.Semaphore(8)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        assert "Resume" not in screen_text(app)
        await pilot.press("down")
        await until_seen(pilot, "u Resume")
        await pilot.press("u")
        await until(pilot, lambda: app.query(BenchmarkPanel))
        panel = app.query_one(BenchmarkPanel)
        await until(pilot, lambda: panel.running)
        # what it has is there at once, and so are the rows of what is left
        assert panel.run_state is not None
        assert panel.run_state.run_id == PARTIAL
        assert (len(panel.run_state.measured), len(panel.run_state.variants)) == (3, 21)
        for _ in range(100):
            room.gate.release()
        await until(pilot, lambda: not panel.running)
        assert panel.run_state.record is not None
        assert (panel.run_state.record.id, panel.run_state.over) == (PARTIAL, "complete")
        assert not panel.check_action("resume", ())


async def test_what_cannot_go_on_says_why():
    app, _ = furnished()
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        app.post_message(GoOn(NEWEST))
        await until(pilot, lambda: "nothing is left to measure" in "".join(each.text for each in app.notices))


async def test_runs_are_read_while_another_is_measured_and_while_the_engine_is_away():
    for status in ("measuring", "restarting"):
        app, room = furnished()
        async with app.run_test(size=(80, 24)) as pilot:
            await until_seen(pilot, "demo__binary")
            room.on_state(RoomState(status))
            await pilot.press("5")
            await until_seen(pilot, "3 runs")
            await pilot.press("4")
            await until_seen(pilot, "binary-2bit")


async def test_runs_that_are_being_read_are_said_to_be_and_no_key_of_theirs_works_on_another_tab():
    app, room = make(())
    read, may_read = room.runs, asyncio.Event()

    async def late():
        await may_read.wait()
        return await read()

    room.runs = late  # type: ignore[method-assign]  # slower than any disk
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("5")
        await until_seen(pilot, "Reading the runs…")
        await until_seen(pilot, "Esc stops")
        assert "s   Esc stops" in screen_text(app)  # how long it has taken is said before it
        await pilot.press("escape")
        await until_seen(pilot, "The runs were not read")
        await pilot.press("r")
        await until_seen(pilot, "Reading the runs…")
        await pilot.press("4")
        await until_seen(pilot, "Reading the run…")
        await pilot.press("escape")
        await until_seen(pilot, "The run was not read")
        await pilot.press("r")
        await until_seen(pilot, "Reading the run…")
        await pilot.press("2")
        may_read.set()
        await until_seen(pilot, "No collection to search yet")
        await pilot.press("i")
        await pilot.pause()
        assert len(app.screen_stack) == 1


async def test_the_list_has_its_rows_before_it_has_a_width():
    app, room = furnished()
    async with app.run_test(size=(80, 24)):
        table = RunTable(id="hidden")
        table.display = False
        await app.screen.mount(table)
        table.show(await room.runs(), None)
        assert (table.size.width, table.row_count) == (0, 3)


async def test_runs_that_cannot_be_read_are_not_waited_for(monkeypatch):
    app, room = make()

    async def broken():
        raise AccessError("the folder of the runs can't be read")

    monkeypatch.setattr(room, "runs", broken)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await until_seen(pilot, "✗ the folder of the runs can't be read")
        assert "Reading" not in screen_text(app)


def test_two_runs_without_a_variant_in_common_have_no_table():
    names = tuple(f"scalar rescore x{factor} ef 128" for factor in range(9))
    lines = compared(Comparison("a", "b", (), (), names, ()), "first", "second", 60).plain.splitlines()
    assert "No variant is in both runs." in lines
    assert not any("ratio" in line or "better" in line for line in lines)
    assert max(map(len, lines)) <= 60
    assert lines[-1].startswith("  ")
