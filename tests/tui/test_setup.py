"""Setting up, loading, resuming and changing in place through Pilot, over a scripted room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from qtui.events import BuildDone, CollectionFailed, Event, Progress
from qtui.host.client import RoomState
from qtui.loads import BuildSpec, LoadRequest, SourceFacts, SourceSpec, collection_names
from qtui.model import Distance
from qtui.tui.dialogs.setup import SetupDialog
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.controls import Choice
from qtui.tui.widgets.forecasts import ForecastList
from qtui.tui.widgets.tables import CollectionTable
from qtui.tui.widgets.workload import WorkList
from tests.tui.driving import make, making, put, screen_text, until, until_golden, until_seen
from tests.tui.scripted import view

NARROW, WIDE = (80, 24), (120, 40)
DEFAULTS = ("none", "scalar", "binary", "binary-2bit", "turbo-4bit")
PAGES = SourceFacts("pages.npz", 4, 128, multivector=True, vectors=4 * 1030)


async def open_setup(pilot: Pilot[None]) -> SetupDialog:
    await until(pilot, lambda: pilot.app.query_one(CollectionsPanel).can_make("new"))
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, SetupDialog))
    await until_seen(pilot, "✓ 5 collections of 5,000 points")
    screen = pilot.app.screen
    assert isinstance(screen, SetupDialog)
    return screen


# --- the dialog ---------------------------------------------------------------------------------------------------


async def test_the_sample_is_loaded_with_three_keys() -> None:
    app, room = make(())
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("f9")
        await until(pilot, lambda: room.asked and not making(app))
        await until_seen(pilot, "5 collections ready")
        assert "docs__turbo-4bit" in room.views
        assert "No collections yet" not in screen_text(app)
    assert room.asked == [LoadRequest("docs", SourceSpec("sample"), DEFAULTS, BuildSpec())]


async def test_what_was_loaded_is_gone_to_unless_the_cursor_was_moved_meanwhile() -> None:
    app, room = make((view("a"), view("b")))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        for name, moved, at in (("docs", [], "docs"), ("more", ["home"], "a")):
            await open_setup(pilot)
            put(app, "setup-name", name)
            room.gate = asyncio.Semaphore(0)
            await pilot.press("f9")
            await until_seen(pilot, "Esc cancels")
            await pilot.press(*moved)
            for _ in range(1000):
                room.gate.release()
            await until(pilot, lambda: not making(app))
            table = app.query_one(CollectionTable)
            await until(pilot, lambda table=table, at=at: table.row == at)  # type: ignore[misc]  # a default binds


async def test_the_arrows_move_through_the_form() -> None:
    app, _ = make(())
    async with app.run_test(size=NARROW) as pilot:
        screen = await open_setup(pilot)

        def at() -> str | None:
            return None if screen.focused is None else screen.focused.id

        assert at() == "setup-kind"
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: at() == "setup-distance")
        await pilot.press("up", "enter")
        await until(pilot, lambda: at() == "setup-distance")  # a line is ended; nothing is loaded by that
        await pilot.press("up", "up", "up", "up")
        await until(pilot, lambda: at() == "setup-preset")


async def test_every_wrong_value_is_said_as_typed_and_keeps_it_from_loading() -> None:
    app, room = make((view("taken"),))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        for field, wrong, right, said in (
            ("setup-name", "taken", "fine", "name: there is a collection 'taken' already"),
            ("setup-quantile", "7", "0.9", "quantile: it must lie between 0.5 and 1"),
            ("setup-hnsw_m", "x", "", "HNSW m: a whole number, please"),
        ):
            put(app, field, wrong)
            await until_seen(pilot, said)
            app.screen.query_one("#setup-kind").focus()
            await pilot.press("f9")
            assert isinstance(app.screen, SetupDialog)
            assert app.focused is app.screen.query_one(f"#{field}"), "where it has to be mended"
            await until_seen(pilot, f"✗ nothing is loaded yet: {said[:30]}")
            put(app, field, right)
            app.clear_notifications()  # what it said lies over the line for a while
            await until_seen(pilot, "✓ 5 collections")
    assert room.asked == []


async def test_a_file_is_looked_at_and_its_distance_taken(tmp_path: Path) -> None:
    app, room = make(())
    for name in ("v.hdf5", "unknown.npy", "other.npy"):
        (tmp_path / name).touch()
    fields = ("title", "[red]x\x1b[31m")
    room.facts["v.hdf5"] = SourceFacts("v.hdf5", 70, 8, vectors=70, distance=Distance.EUCLID, payload_fields=fields)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_setup(pilot)
        put(app, "setup-kind", "file")
        await until_seen(pilot, "file: type the path of a file of vectors")
        put(app, "setup-path", str(tmp_path / "v.hdf5"))
        await until_seen(pilot, "✓ 70 × 8")
        await until_seen(pilot, "[red]x")
        assert app.screen.query_one("#setup-distance", Choice).value == "euclid"
        put(app, "setup-kind", "synthetic")
        await until_seen(pilot, "✓ 10,000 × 384")
        assert app.screen.query_one("#setup-distance", Choice).value == "cosine", "what it was before"
        put(app, "setup-kind", "file")
        put(app, "setup-path", str(tmp_path / "unknown.npy"))
        await until_seen(pilot, "can't be read")
        await pilot.press("f9")
        await until_seen(pilot, "nothing is loaded yet")
        assert isinstance(app.screen, SetupDialog)
        put(app, "setup-path", str(tmp_path / "other.npy"))
        await until(pilot, lambda: "nothing is loaded yet" not in screen_text(app))
        await pilot.press("f9")  # while it is still being read
        await until_seen(pilot, "✗ nothing is loaded yet: there is no file")
        put(app, "setup-path", str(tmp_path / "v.hdf5"))
        await until_seen(pilot, "✓ 5 collections of 70 points")
        await pilot.press("f9")
        await until(pilot, lambda: bool(room.asked))
    asked = room.asked[0]
    assert isinstance(asked, LoadRequest)
    assert asked.source == SourceSpec("file", path=str(tmp_path / "v.hdf5"))
    assert asked.build.distance == "euclid"


async def test_a_preset_fills_the_form_offers_a_lower_threshold_and_keeps_its_name(tmp_path: Path) -> None:
    app, room = make(())
    (tmp_path / "pages.npz").touch()
    room.facts["pages.npz"] = PAGES
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        put(app, "setup-kind", "file")
        put(app, "setup-path", str(tmp_path / "pages.npz"))
        await until_seen(pilot, "✓ 4 ×")
        put(app, "setup-preset", "colpali-scalar")
        await until_seen(pilot, "4 points, 2,060 KB, stay below the indexing threshold of 10,000 KB")
        await until_seen(pilot, "F7 index from 1 KB")
        methods = app.screen.query_one(ForecastList)
        methods.focus()
        await pilot.press("down")
        await until_seen(pilot, "scalar: safe on any data")
        await pilot.press("space")
        assert methods.names == ("scalar",)
        await pilot.press("f7")
        await until(pilot, lambda: "stay below" not in screen_text(app))
        await pilot.press("f9")
        await until(pilot, lambda: "colpali-scalar" in room.views)
    asked = room.asked[0]
    assert isinstance(asked, LoadRequest)
    assert (asked.name, asked.methods, asked.keep_name) == ("colpali-scalar", ("scalar",), True)
    assert (asked.build.hnsw_m, asked.build.indexing_threshold_kb, asked.build.on_disk) == (0, 1, None)


async def test_leaving_the_preset_unlocks_the_methods() -> None:
    app, _ = make(())
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        put(app, "setup-preset", "colpali-binary")
        await until(pilot, lambda: app.screen.query_one(ForecastList).names == ("binary",))
        put(app, "setup-preset", "")
        await until(pilot, lambda: app.screen.query_one(ForecastList).names == DEFAULTS)
        assert not app.screen.query_one(ForecastList).locked
        assert app.screen.query_one("#setup-name", Input).value == "docs"


async def test_the_request_is_shown_and_copied_in_both_forms() -> None:
    app, _ = make(())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        dialog = await open_setup(pilot)
        await pilot.press("f6")
        await until_seen(pilot, "client.create_collection(")
        await pilot.press("f8")
        await until(pilot, lambda: app.clipboard.count("client.create_collection(") == 5)
        assert app.clipboard.count("from qdrant_client import") == 1
        compile(app.clipboard, "request", "exec")
        await pilot.press("f6")
        await until_seen(pilot, "PUT /collections/docs")
        await pilot.press("f8")
        await until(pilot, lambda: app.clipboard.count("PUT /collections/docs__") == 4)
        await pilot.press("f6")
        assert dialog.preview.page == "figures"


async def test_escape_leaves_and_nothing_is_loaded() -> None:
    app, room = make()
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
    assert room.asked == []


async def test_figures_follow_the_settings() -> None:
    app, _ = make(())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_setup(pilot)
        before = app.screen.query_one(ForecastList).forecasts["none"].ram_bytes
        put(app, "setup-originals", "cached")
        await until(pilot, lambda: app.screen.query_one(ForecastList).forecasts["none"].ram_bytes > before)
        await until_seen(pilot, "no memory is saved")


async def test_the_dialog_fits_both_sizes() -> None:
    for size, name in ((NARROW, "setup-80x24"), (WIDE, "setup-120x40")):
        app, _ = make(())
        async with app.run_test(size=size, notifications=True) as pilot:
            dialog = await open_setup(pilot)
            assert dialog.has_class("-narrow") == (size == NARROW), "from its first frame"
            dialog.refresh()  # what lies behind it may have been read since
            await pilot.pause()
            await until_golden(pilot, name)
    async with (app := make(())[0]).run_test(size=NARROW) as pilot:
        dialog = await open_setup(pilot)
        await pilot.resize_terminal(*WIDE)
        await until_seen(pilot, "build est")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not dialog)
        assert app.screen.has_class("-wide")


# --- loading ------------------------------------------------------------------------------------------------------


async def test_progress_of_each_collection_and_escape_keeps_what_is_finished() -> None:
    app, room = make(())
    room.gate = asyncio.Semaphore(3)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("f9")
        await until_seen(pilot, "docs__scalar       loading")
        text = screen_text(app)
        assert "✓ docs" in text
        assert "· docs__turbo-4bit   waiting" in text
        assert "50%" in text
        assert not app.query_one(CollectionsPanel).can_make("new")
        await pilot.press("escape")
        await until(pilot, lambda: not making(app))
        await until_seen(pilot, "docs__scalar is kept unfinished")
        assert not app.query_one(WorkList).display
    assert room.cancelled == 1
    assert set(room.views) == {"docs"}


async def test_what_failed_stays_listed_until_it_is_closed() -> None:
    app, room = make(())

    async def load(*loads: LoadRequest) -> AsyncGenerator[Event, None]:
        events: list[Event] = [CollectionFailed("docs", "none", "row 3 of 'v.npy' isn't finite: mend it")]
        for event in events:
            yield event

    room.load = load  # type: ignore[method-assign]  # one load with one failure
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("f9")
        await until_seen(pilot, "row 3 of 'v.npy' isn't finite: mend it")
        await until(pilot, lambda: not making(app))
        await pilot.press("escape")
        await until(pilot, lambda: not app.query_one(WorkList).display)


async def test_the_engines_death_ends_a_load_with_its_reason_and_one_key_goes_on_with_all() -> None:
    app, room = make(())
    asked: list[LoadRequest] = []

    async def load(*loads: LoadRequest) -> AsyncGenerator[Event, None]:
        asked.extend(loads)
        if len(asked) == 1:
            yield Progress("load", "docs", 1, 2, 0.1, 0.1)
            raise room.die()
        for name in collection_names(loads[0]).values():
            yield BuildDone(name, 2, 0.1, 0.1)

    room.load = load  # type: ignore[method-assign]  # a load in which the engine dies
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("f9")
        await until_seen(pilot, "✗ docs               failed    the engine's process was killed")
        room.on_state(RoomState("ready"))
        await until(pilot, lambda: app.query_one(CollectionsPanel).can_make("resume"))
        await pilot.press("u")
        await until_seen(pilot, "5 collections ready")
    assert asked == [asked[0], asked[0]]


async def test_leaving_the_app_while_it_loads_is_clean() -> None:
    app, room = make(())
    room.gate = asyncio.Semaphore(1)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await open_setup(pilot)
        await pilot.press("f9")
        await until_seen(pilot, "▲ docs")
    assert room.cancelled == 1


async def test_an_unfinished_collection_goes_on_with_one_key() -> None:
    app, room = make((view("half", status="partial", points=3_000), view("whole")))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "2 collections")
        await until_seen(pilot, "Resume")
        await pilot.press("u")
        await until(pilot, lambda: room.resumed == ["half"] and not making(app))
        await until_seen(pilot, "half ready")
        await pilot.press("down", "u")
        assert room.resumed == ["half"]
