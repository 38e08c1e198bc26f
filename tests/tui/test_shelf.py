"""Which collections of a server are read, and when: no screen, no server."""

from dataclasses import replace

from qtui.model import UNREAD
from qtui.served import Rebuild, Served
from qtui.tui.shelf import PAGE, UNASKED, Shelf
from tests.tui.scripted import view

NAMES = tuple(f"c{i:05d}" for i in range(10_000))


def read(shelf: Shelf) -> int:
    """Reads until nothing is wanted; says how many pages that took."""
    pages = 0
    while page := shelf.next_page():
        assert len(page) <= PAGE
        shelf.put(page, [view(name) for name in page])
        pages += 1
    return pages


def known(shelf: Shelf) -> set[str]:
    return {each.name for each in shelf.views if each.status != UNREAD}


def test_of_ten_thousand_only_the_first_are_read_unasked():
    shelf = Shelf()
    shelf.begin(NAMES)
    assert [each.name for each in shelf.views] == list(NAMES)
    assert read(shelf) == UNASKED // PAGE
    assert known(shelf) == set(NAMES[:UNASKED])


def test_what_is_looked_at_comes_first_and_once():
    shelf = Shelf()
    shelf.begin(NAMES)
    assert shelf.want(NAMES[-30:])
    assert shelf.next_page()[:30] == NAMES[-30:]
    read(shelf)
    assert not shelf.want(NAMES[-30:])
    assert not shelf.want(["never heard of"])


def test_what_is_gone_leaves_the_list():
    shelf = Shelf()
    shelf.begin(("a", "b"))
    shelf.put(shelf.next_page(), [view("b")])
    assert [each.name for each in shelf.views] == ["b"]


def test_one_read_in_full_is_not_overwritten_by_the_list():
    shelf = Shelf()
    shelf.begin(("a", "b"))
    page = shelf.next_page()
    shelf.put_whole(view("a", points=7))
    shelf.put(page, [view("a"), view("b")])
    assert [each.points for each in shelf.views] == [7, 5_000]
    assert shelf.lacks("b")
    assert not shelf.lacks("a")
    assert not shelf.lacks(None)


def test_one_that_the_server_works_on_is_looked_at_again():
    shelf = Shelf()
    shelf.begin(("a", "b", "c"))
    shelf.put_whole(view("a", status="yellow"))
    shelf.put_whole(replace(view("b"), served=Served(rebuilds=(Rebuild("indexing", "queued", 10),))))
    shelf.put_whole(view("c"))
    assert [shelf.lacks(name) for name in ("a", "b", "c")] == [True, True, False]


def test_a_new_reading_shows_the_old_until_then_and_forgets_what_lies_far_down():
    shelf = Shelf()
    shelf.begin(NAMES)
    shelf.want(NAMES[-1:])
    read(shelf)
    shelf.put_whole(view(NAMES[-1], points=9))
    shelf.begin(NAMES[1:])
    assert known(shelf) == {*NAMES[1:UNASKED], NAMES[-1]}
    assert NAMES[-1] in shelf.next_page()
