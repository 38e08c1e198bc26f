"""The Search tab through Pilot, over a scripted room."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from qtui.errors import EngineGone
from qtui.model import SearchSettings, VectorSpec
from qtui.searching.columns import packed
from qtui.tui.dialogs.point import PointDialog
from qtui.tui.panels.search import SearchPanel
from qtui.tui.panels.search_column import ColumnView
from qtui.tui.panels.search_columns import Columns
from qtui.tui.panels.search_form import QueryBox, Suggestions
from qtui.tui.widgets.frame import TabLine
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import DEMO, view

NARROW, WIDE = (80, 24), (120, 40)


async def opened(pilot: Pilot[None]) -> SearchPanel:
    """Tab 2, with the first query answered."""
    await until_seen(pilot, "collection")
    await pilot.press("2")
    await until_seen(pilot, "the reference")
    return pilot.app.query_one(SearchPanel)


async def ask(pilot: Pilot[None], text: str) -> None:
    """Types a query."""
    pilot.app.query_one(QueryBox).focus()
    pilot.app.query_one(QueryBox).value = text
    await pilot.press("enter")


def settings(room: FakeRoom) -> list[SearchSettings]:
    return [search for _, search in room.searched]


async def test_first_opening_asks_something_and_compares() -> None:
    app, room = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot)
        await until_seen(pilot, "overlap@10 9/10")
        text = screen_text(app)
    assert "query about owls" in text
    assert [name for name, _ in room.searched] == ["demo"] * 2 + ["demo__binary"] * 4
    assert settings(room)[0].exact
    for said in ("raw score", "overlap@10 10/10", "▲1", "▼1", "new", "20 candidates rescored", "word 1", "exact"):
        assert said in text
    row = next(line for line in text.splitlines() if "word 500" in line)
    assert "new" in row


async def test_nothing_is_asked_before_the_tab_is_opened() -> None:
    app, room = make()
    async with app.run_test(size=WIDE) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.pause()
        assert room.searched == []


async def test_slash_opens_the_query_box_from_another_tab() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("3", "slash")
        await until(pilot, lambda: isinstance(app.focused, QueryBox))


async def test_titled_queries_are_offered_narrowed_and_chosen() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        panel = await opened(pilot)
        await pilot.press("slash")
        await until_seen(pilot, "query about rain")
        app.query_one(QueryBox).value = "WOOD"
        await until(pilot, lambda: "query about rain" not in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: isinstance(app.focused, Suggestions))
        await pilot.press("enter")
        await until(pilot, lambda: panel.query_one(Columns).about == "query about wood")
        assert app.query_one(QueryBox).value == "query about wood"
        await until(pilot, lambda: isinstance(app.focused, ColumnView))
        assert not app.query_one(Suggestions).display
        await pilot.press("n")
        await until(pilot, lambda: panel.query_one(Columns).about == "query about rain")


async def test_by_point_it_is_left_out_of_its_own_answers() -> None:
    app, room = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        await ask(pilot, "41")
        await until_seen(pilot, "point 41: word 41 (left out of its own answers)")
        await until(pilot, lambda: panel.query(ColumnView).first().hits[0].id == 42)
        views = panel.query_one(Columns).views
        assert all(41 not in [hit.id for hit in shown.hits] for shown in views)
        assert all(len(shown.hits) == 10 for shown in views)
        assert settings(room)[-1].limit == 11
        await pilot.press("n")
        await until_seen(pilot, "point 42: word 42")


@pytest.mark.parametrize(
    ("text", "title", "first"),
    [
        ("[" + ", ".join(["12"] * 384) + "]", "the typed vector", 12),
        (" ".join(["13.0"] * 384), "the typed vector", 13),
        ("some.npy#14", "row 14 of some.npy", 14),
    ],
)
async def test_by_vector_and_by_file(text: str, title: str, first: int) -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        await ask(pilot, text)
        await until(pilot, lambda: panel.query_one(Columns).about == title)
        await until(pilot, lambda: panel.query(ColumnView).first().hits[0].id == first)


async def test_pasted_lines_are_one_vector() -> None:
    from textual.events import Paste

    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("slash")
        app.query_one(QueryBox).value = ""
        app.query_one(QueryBox).post_message(Paste("[\n  1,\n  2\n]\n"))
        await until(pilot, lambda: app.query_one(QueryBox).value == "[ 1, 2 ]")


async def test_a_wrong_query_costs_one_line_and_no_state() -> None:
    app, room = make()
    async with app.run_test(size=NARROW) as pilot:
        panel = await opened(pilot)
        await until(pilot, lambda: not panel.workers._workers or len(room.searched) == 6)
        before = panel.query_one(Columns).about
        for text, said in (
            ("owls and rain", "no titled query holds 'owls and rain'"),
            ("query", "3 titled queries hold 'query'"),
            ("99999", "no point 99999;"),
            ("1 2 3", "the query has 3 dimensions; 'demo' takes 384"),
            ("[[1, 2], [3, 4]]", "the query is a multivector of 2 × 2;"),
            ("[1, NaN]", "it holds NaN"),
            ("missing.npy", "there is no file"),
            ("", "no query yet"),
        ):
            await ask(pilot, text)
            await until_seen(pilot, said)
            assert panel.query_one(Columns).about == before, text
            assert len(panel.query(ColumnView).first().hits) == 10, text
            await pilot.press("escape")
            assert isinstance(app.focused, ColumnView), text


async def test_rescoring_is_flipped_everywhere_and_back() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        before = panel.columns
        await pilot.press("f")
        await until(pilot, lambda: [c.search.rescore for c in panel.columns] == [None, False, True])
        await until_seen(pilot, "10 candidates rescored")
        await pilot.press("f")
        await until(pilot, lambda: [c.search.rescore for c in panel.columns] == [None, True, False])
        assert panel.columns[1:] == before[1:]


async def test_plus_and_minus_step_oversampling() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        await pilot.press("plus", "plus")
        await until_seen(pilot, "40 candidates rescored")
        await pilot.press("minus")
        await until_seen(pilot, "30 candidates rescored")
        assert [each.search.oversampling for each in panel.columns] == [None, 3.0, None]


async def test_columns_are_added_changed_and_removed() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        await pilot.press("a")
        await until(pilot, lambda: len(panel.columns) == 4)
        await until_seen(pilot, "col 4/4")
        assert panel.columns[3].collection == "demo__scalar"
        await pilot.press("s", "right")
        await until(pilot, lambda: panel.columns[3].collection == "demo__turbo-4bit")
        app.query_one("#column-ef", Input).value = "77"
        app.query_one("#column-factor", Input).value = "2.5"
        await until(pilot, lambda: panel.columns[3].search.hnsw_ef == 77)
        await until_seen(pilot, "25 candidates rescored")
        app.query_one("#column-exact").focus()
        await pilot.press("space")
        await until(pilot, lambda: panel.columns[3].search.exact)
        await pilot.press("escape", "x")
        await until(pilot, lambda: len(panel.columns) == 3)
        await until_seen(pilot, "col 3/3")


async def test_a_wrong_setting_is_said_and_changes_nothing() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        before = panel.columns
        app.query_one("#column-factor", Input).value = "0.5"
        await until_seen(pilot, "a number from 1 to 1,000")
        app.query_one("#column-factor", Input).value = ""
        await until(pilot, lambda: "a number from 1" not in screen_text(app))
        app.query_one("#search-limit", Input).value = "0"
        await until_seen(pilot, "limit: a whole number from 1 to 1,000")
        assert panel.columns == before


async def test_limit_holds_for_all_columns_and_many_ranks_scroll_together() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        panel = await opened(pilot)
        app.query_one("#search-limit", Input).value = "100"
        await until_seen(pilot, "overlap@100 100/100")
        await pilot.press("end")
        await until_seen(pilot, "word 99")
        assert {shown.top for shown in panel.query_one(Columns).views} == {panel.query_one(Columns).views[0].top}
        await pilot.press("home")
        await until(pilot, lambda: "word 99" not in screen_text(app))
        await until_seen(pilot, "›  1")


async def test_filter_is_checked_as_typed_completed_and_sent_on_enter() -> None:
    app, room = make()
    async with app.run_test(size=NARROW) as pilot:
        panel = await opened(pilot)
        asked = len(room.searched)
        await pilot.press("F")
        await until_seen(pilot, "fields: word · part · length · tags")
        await pilot.press("p", "a")
        box = app.query_one("#search-filter", Input)
        await until(pilot, lambda: box._suggestion == "part")
        await pilot.press("right")
        assert box.value == "part"
        await until_seen(pilot, "filter, character 5: expected =")
        box.value = "part = noun"
        await until_seen(pilot, "Enter searches with this filter")
        assert len(room.searched) == asked
        await pilot.press("enter")
        await until(pilot, lambda: len(room.searched) > asked)
        assert panel._form.filter is not None
        assert isinstance(app.screen.focused, ColumnView)
        box.value = "part = verb"
        await until_seen(pilot, "this filter isn't searched with yet")
        panel._form.said = "a query that was wrong"
        box.value = "prat = noun"
        box.focus()
        await until_seen(pilot, "⚠ no field prat in the first points")
        panel._form.fields = ("part", *(f"a field of many {at}" for at in range(12)))
        box.value = "part = noun"
        await until_seen(pilot, "→ completes   fields: ")
        assert panel.query_one("#query-said").size.height == 1


async def test_the_highlighted_collection_is_searched_with_one_key() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "5 collections")
        await pilot.press("down", "down", "down", "f")
        await until_seen(pilot, "the reference")
        panel = app.query_one(SearchPanel)
        assert [each.collection for each in panel.columns] == ["demo", "demo__scalar", "demo__scalar"]
        assert panel._row.current == 1


async def test_a_collection_that_the_query_does_not_fit_is_asked_one_of_its_own() -> None:
    short = view("short", origin="x.npy")
    vector = replace(short.vectors[0], spec=VectorSpec(3))
    app, _ = make((*DEMO, replace(short, vectors=(vector,))))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        app.query_one(SearchPanel).look_into("short")
        await until(pilot, lambda: app.query_one(QueryBox).value == "0")  # its first point


async def test_a_collection_is_picked_from_many_by_part_of_its_name() -> None:
    many = tuple(view(f"many-{at:03}", "scalar" if at % 2 else "none") for at in range(300))
    app, _ = make((*DEMO, *many))
    async with app.run_test(size=NARROW) as pilot:
        panel = await opened(pilot)
        await pilot.press("c")
        await until_seen(pilot, "305 to choose from")
        app.screen.query_one("#pick-words", Input).value = "many-29 scalar"
        await until_seen(pilot, "5 of 305 match")
        await pilot.press("down", "enter")
        await until(pilot, lambda: panel.columns[0].collection == "many-293")
        assert panel.columns[1].collection == "demo__binary"


async def test_narrow_window_keeps_the_reference_and_turns() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await until_seen(pilot, "columns 1, 2 of 3, → turns")
        await pilot.press("right", "right")
        await until_seen(pilot, "columns 1, 3 of 3")
        assert "raw score" in screen_text(app)
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: "→ turns" not in screen_text(app))
        await pilot.resize_terminal(30, 12)
        await pilot.pause()
        await pilot.resize_terminal(*NARROW)
        await until_seen(pilot, "columns 1, 3 of 3")


async def test_enter_opens_the_point_and_escape_leaves_it() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("down", "enter")
        await until_seen(pilot, "part: verb")
        text = screen_text(app)
        for said in ("Point 1", "word: word 1", "tags: a, b", "rank 2 in column 1: demo, exact", "unnamed  384"):
            assert said in text
        await pilot.press("y")
        await until(pilot, lambda: '"word": "word 1"' in app.clipboard)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, PointDialog))


async def test_copy_has_every_column() -> None:
    app, _ = make()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard)
    assert app.clipboard.startswith("query: query about owls\n\n1. demo, exact\n   engine 0.250 ms")
    assert (
        "3. demo__binary, no rescore\n   overlap@10 9/10, engine 0.250 ms, round trip 0.400 ms, raw scores"
        in app.clipboard
    )


async def test_a_slow_search_says_so_and_escape_stops_it() -> None:
    app, room = make()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        room.gate = asyncio.Semaphore(0)
        await pilot.press("r")
        await until_seen(pilot, "searching… Esc stops")
        await pilot.press("escape")
        await until_seen(pilot, "stopped; r asks again")
        room.gate = None
        await pilot.press("r")
        await until_seen(pilot, "overlap@10 9/10")


async def test_death_of_the_engine_is_survived_and_the_query_is_asked_again() -> None:
    app, room = make()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot)
        room.search_error = EngineGone("the engine's process was killed; it is started again: try again")
        await pilot.press("r")
        await until_seen(pilot, "✗ the engine's process was killed")
        room.die()
        await until_seen(pilot, "restarting")
        room.search_error = None
        room.on_state(app.room_state.__class__("ready"))
        await until_seen(pilot, "overlap@10 9/10")


async def test_a_collection_that_is_gone_takes_its_columns_along() -> None:
    app, room = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        del room.views["demo__binary"]
        await pilot.press("1", "r", "2")
        await until(pilot, lambda: [each.collection for each in panel.columns] == ["demo"])
        room.views.clear()
        await pilot.press("1", "r", "2")
        await until_seen(pilot, "No collection to search yet")
        await pilot.press("slash", "F", "1")  # nothing takes them for text
        await until(pilot, lambda: app.query_one(TabLine).current == "collections")


async def test_what_is_not_built_is_said_in_the_column() -> None:
    app, _ = make((view("a"), view("a__binary", "binary", built=False)))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await until_seen(pilot, "⚠ not built: searches the originals")


async def test_without_titled_queries_the_first_point_is_asked() -> None:
    app, _ = make((view("a", origin="x.npy"),))
    async with app.run_test(size=WIDE) as pilot:
        assert (await opened(pilot)).query_one(Columns).about.startswith("point 0: word 0")


async def test_columns_and_query_are_those_of_last_time() -> None:
    app, _ = make()
    async with app.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        await ask(pilot, "41")
        await until_seen(pilot, "point 41")
        await pilot.press("x", "plus")
        await until(pilot, lambda: app.memory.get("search.columns", list) == packed(panel.columns))
        before = panel.columns
    again, _ = make()
    again.memory.keep("search.columns", app.memory.get("search.columns", list))
    again.memory.keep("search.query", app.memory.get("search.query", str))
    async with again.run_test(size=WIDE) as pilot:
        panel = await opened(pilot)
        await until_seen(pilot, "point 41")
        assert panel.columns == before
