"""Browsing points, and copying a configuration, through Pilot."""

from __future__ import annotations

from functools import partial

import pytest

from qtui.errors import DataError, EngineGone
from qtui.model import Page, Point
from qtui.searching import browse
from qtui.tui.dialogs.point import PointDialog
from qtui.tui.dialogs.points import PointsBrowser
from qtui.tui.widgets.points import PointTable
from tests.tui.driving import make, screen_text, until, until_seen
from tests.tui.scripted import view

SIZES = ((80, 24), (120, 40))


@pytest.mark.parametrize("size", SIZES)
async def test_pages_of_a_large_collection_are_read_as_they_are_turned_to(size: tuple[int, int]) -> None:
    app, room = make((view("large", points=100_000),))
    limits = []
    scroll = room.scroll

    async def watched(name, **asked):
        limits.append(asked["limit"])
        return await scroll(name, **asked)

    room.scroll = watched  # type: ignore[method-assign]  # counts what is read
    async with app.run_test(size=size, notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("p")
        await until_seen(pilot, "ids 0 to 49 · 100,000 points")
        await pilot.press("n")
        await until_seen(pilot, "ids 50 to 99")
        await pilot.press("up")
        await until_seen(pilot, "ids 0 to 49")
        assert "word 49" in screen_text(app)
        await pilot.press("down")
        await until_seen(pilot, "ids 50 to 99")
        await pilot.press("0")
        await until_seen(pilot, "ids 0 to 49")
        table = app.screen.query_one(PointTable)
        late = PointTable.Beyond(1, table._points)
        table.move_cursor(row=table.row_count - 1)
        for _ in range(5):  # a key that is held down asks faster than a page is read
            table.action_cursor_down()
        await until_seen(pilot, "ids 50 to 99")
        table.post_message(late)
        await pilot.pause()
        assert "ids 50 to 99" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
    assert sum(limits) <= 8 * browse.PAGE


async def test_jumps_to_an_id_and_back_page_by_page() -> None:
    app, _ = make((view("large", points=100_000),))
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("p")
        await until_seen(pilot, "ids 0 to 49")
        await pilot.press("i", *"nine", "enter")
        await until_seen(pilot, "'nine' is no point id")
        await pilot.press(*["backspace"] * 4, *"99990", "enter")
        await until_seen(pilot, "ids 99990 to 99999")
        await pilot.press("n")
        await pilot.press("b")
        await until_seen(pilot, "ids 99940 to 99989")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_filter_completes_a_field_counts_and_is_left_with_escape() -> None:
    app, _ = make((view("some", points=300),))
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("p")
        await until_seen(pilot, "300 points")
        await until_seen(pilot, "word 1 ")  # fields are completed from the page
        await pilot.press("slash", *"pa", "tab", *" =", "enter")
        await until_seen(pilot, "filter, character 7")
        await pilot.press(*" noun", "enter")
        await until_seen(pilot, "100 of 300 points match part = noun")
        assert "verb" not in screen_text(app)
        await pilot.press("escape")
        await until_seen(pilot, "· 300 points")
        assert isinstance(app.screen, PointsBrowser)


async def test_points_without_payload_say_so() -> None:
    app, room = make((view("bare"),))
    scroll = room.scroll
    room.scroll = partial(scroll, with_payload=False)  # type: ignore[method-assign]  # there is none
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("p")
        await until_seen(pilot, "without payload: Enter shows vectors")


async def test_opens_a_point() -> None:
    app, _ = make((view("some"),))
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("p")
        await until_seen(pilot, "word 1 ")
        await pilot.press("down", "enter")
        await until_seen(pilot, "length: 1")
        assert isinstance(app.screen, PointDialog)
        await pilot.press("escape")
        assert isinstance(app.screen, PointsBrowser)


async def test_engine_that_dies_is_said_and_the_page_can_be_read_again() -> None:
    app, room = make((view("some"),))
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        scroll = room.scroll

        async def gone(name, **asked):
            raise EngineGone("the engine's process was killed; try again")

        room.scroll = gone  # type: ignore[method-assign]  # the engine dies
        await pilot.press("p")
        await until_seen(pilot, "process was killed; try again   r tries again")
        room.scroll = scroll  # type: ignore[method-assign]  # and comes back
        await pilot.press("r")
        await until_seen(pilot, "ids 0 to 49")


def scrolling(ids: list[int]):
    async def scroll(start):
        found = [Point(each) for each in ids if start is None or each >= start]
        return Page(tuple(found[: browse.PAGE]), found[browse.PAGE].id if len(found) > browse.PAGE else None)

    return scroll


@pytest.mark.parametrize(
    ("ids", "first", "expected"),
    [
        (list(range(200)), 120, list(range(70, 120))),
        (list(range(200)), 20, list(range(20))),
        ([1, 5, 400, 900], 900, [400]),
        ([*range(10), 10_000], 10_000, list(range(10))),
        ([7, 10**9], 10**9, [7]),
        ([*range(500), 10_000], 10_000, list(range(50))),
        ([3], 3, [3]),
    ],
)
async def test_page_before_skips_no_point(ids: list[int], first: int, expected: list[int]) -> None:
    _, page = await browse.before(scrolling(ids), first)
    assert [point.id for point in page.points] == expected


@pytest.mark.parametrize("text", ["", "-1", "1.5", "²", "18446744073709551616", "9" * 5_000, "x" * 36, "\x1b"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="is no point id"):
        browse.point_id(text)


def test_ids_are_numbers_or_uuids() -> None:
    assert browse.point_id(" 42 ") == 42
    uuid = "5c56c793-69f3-4fbf-87e6-c4bf54c28c26"
    assert browse.point_id(uuid.upper()) == uuid


def holds(app, text: str) -> bool:
    """Whether the clipboard has it."""
    return text in app.clipboard


async def test_configuration_is_copied_as_python_as_rest_and_as_text() -> None:
    app, _ = make((view("one", "scalar"),))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until_seen(pilot, "1 collection")
        for keys, found in ((["y"], "client.create_collection("), (["right", "enter"], "PUT /collections/one"),
                            (["left", "y"], "Bytes/vector")):  # fmt: skip
            app._clipboard = ""
            await pilot.press("y")
            await until_seen(pilot, "‹Python›")
            await pilot.press(*keys)
            await until(pilot, partial(holds, app, found))
            await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_collection_that_can_not_be_read_says_why() -> None:
    app, room = make((view("some"),))

    async def broken(name, **asked):
        raise DataError("'some' is damaged; delete it")

    room.scroll = broken  # type: ignore[method-assign]  # a damaged one
    async with app.run_test(size=(80, 24)) as pilot:
        await until_seen(pilot, "1 collection")
        await pilot.press("p")
        await until_seen(pilot, "is damaged; delete it")
