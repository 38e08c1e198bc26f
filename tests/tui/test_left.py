"""What an app that is gone had begun to load: listed at the next start, gone on with by one key, or given up."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from qtui.errors import GOES_ON, EngineGone
from qtui.events import BuildDone, Event
from qtui.loads import LoadRequest, SourceSpec
from qtui.model import CollectionView
from qtui.target import Target
from qtui.tui.app import QtuiApp
from qtui.tui.panels.collections import CollectionsPanel
from qtui.tui.widgets.workload import WorkList
from tests.tui.driving import make, making, screen_text, until, until_seen
from tests.tui.fake_room import FakeRoom
from tests.tui.scripted import view

NARROW, WIDE = (80, 24), (120, 40)
DOCS = LoadRequest("docs", SourceSpec("file", path="/data/docs.npy"), ("none", "scalar", "binary"))


def left(*views: CollectionView, loads: tuple[LoadRequest, ...] = (DOCS,)) -> tuple[QtuiApp, FakeRoom]:
    """An app whose forerunner was asked for `loads`, and left `views`."""
    app, room = make(views)
    room.left = loads
    return app, room


async def test_what_was_not_begun_is_remembered_and_one_key_goes_on_with_all() -> None:
    app, room = left(view("docs"), view("docs__scalar", status="partial"))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "◐ Loading docs  1 of 3 ready")
        text = screen_text(app)
        assert "u goes on  Esc closes this" in text
        assert "✓ docs          ready" in text
        assert "◐ docs__scalar  partial" in text
        assert "· docs__binary  waiting" in text
        await pilot.press("u")
        await until_seen(pilot, "3 collections ready")
        assert not app.query_one(WorkList).display
    assert room.asked == [DOCS]
    assert "docs__binary" in room.views
    assert room.left == ()


async def test_an_empty_store_offers_it_too_and_closing_the_list_gives_it_up() -> None:
    app, room = left()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "◐ Loading docs  0 of 3 ready")
        assert "No collections yet" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: room.left == ())
        assert not app.query_one(WorkList).display
        assert not app.query_one(CollectionsPanel).can_make("resume")


async def test_a_part_that_was_begun_outlives_the_list_and_goes_when_it_is_deleted() -> None:
    app, room = left(view("docs__scalar", status="partial"))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "0 of 3 ready")
        await pilot.press("escape")
        await until(pilot, lambda: not app.query_one(WorkList).display)
        assert room.left == (DOCS,)
        assert app.query_one(CollectionsPanel).can_make("resume")
        await pilot.press("d", *"docs__scalar", "enter")
        await until(pilot, lambda: room.left == () and not room.views)
        assert not app.query_one(CollectionsPanel).can_make("resume")


async def test_what_was_finished_by_another_is_not_told() -> None:
    app, room = left(*(view(name) for name in ("docs", "docs__scalar", "docs__binary")))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until(pilot, lambda: room.left == ())
        assert not app.query_one(WorkList).display


async def test_several_loads_go_on_in_their_order() -> None:
    more = LoadRequest("pages", SourceSpec("documents"), ("binary",), keep_name=True)
    app, room = left(view("docs"), loads=(DOCS, more))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "Loading docs, pages  1 of 4 ready")
        await pilot.press("u")
        await until(pilot, lambda: room.asked and not making(app))
    assert room.asked == [DOCS, more]
    assert room.left == ()


async def test_what_is_unfinished_here_is_no_matter_elsewhere() -> None:
    app, room = left(view("docs__scalar", status="partial"))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await until_seen(pilot, "0 of 3 ready")
        room.left = ()
        room.views.clear()
        await app.connect(Target(path="/elsewhere"))
        await until(pilot, lambda: not app.query_one(WorkList).display)
        await until(pilot, lambda: not app.query_one(CollectionsPanel).can_make("resume"))
    assert room.asked == []


async def ended_behind_the_first(*_: LoadRequest) -> AsyncGenerator[Event, None]:
    yield BuildDone("docs", 5_000, 0.8, 2.0)
    raise EngineGone("the builder was ended", GOES_ON)


async def test_what_broke_off_between_two_collections_names_the_key_that_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, room = left(view("docs"))
    monkeypatch.setattr(room, "load", ended_behind_the_first)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until_seen(pilot, "1 of 3 ready")
        await pilot.press("u")
        await until_seen(pilot, "Failed: docs__scalar")
        text = screen_text(app)
        assert "the builder was ended; u goes on where it was" in text
        assert GOES_ON not in text
        assert "· docs__binary  waiting" in text
