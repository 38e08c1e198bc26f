"""Text tables: widths, what is cut, and what a terminal must not obey."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qtui.commands.tables import fields, table
from qtui.plain import cells_of


def test_columns_line_up() -> None:
    text = table(("name", "points"), [("docs", 5), ("docs__scalar", 12345)], right="1")
    assert text == "name          points\ndocs               5\ndocs__scalar   12345"


def test_a_wide_column_is_cut() -> None:
    text = table(("name", "points"), [("x" * 100, 5)], right="1", width=20)
    assert text.splitlines()[1] == "xxxxxxxxxxx…       5"


def test_where_one_cut_is_not_enough_the_widest_follow() -> None:
    lines = table(("name", "vectors", "n"), [("x" * 90, "v" * 70, 5), ("a", "漢" * 40, 6)], right="2").splitlines()
    assert max(cells_of(line) for line in lines) == 80
    assert [line[-1] for line in lines] == ["n", "5", "6"]


def test_wide_characters_count_twice() -> None:
    lines = table(("name", "n"), [("漢字", 1), ("abcd", 2)], right="1").splitlines()
    assert lines[1] == "漢字  1"
    assert lines[2] == "abcd  2"


@given(st.lists(st.tuples(st.text(max_size=120), st.text(max_size=9)), max_size=5))
def test_any_text_fits_and_is_harmless(rows: list[tuple[str, str]]) -> None:
    for line in table(("name", "value"), rows, width=60).split("\n"):
        assert line.isprintable()
        assert len(line) <= 60


def test_fields_stand_under_each_other() -> None:
    assert fields([("a", 1), ("long", "x\x1by")]) == "a     1\nlong  x\N{REPLACEMENT CHARACTER}y"
