"""Names of payload fields, and their completion in a filter."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qtui.errors import UsageError
from qtui.filters import Match, parse_filter
from qtui.searching.fields import completed, fields, missing, typed

NAMES = ("part", "page", "text", "meta.author", "and so on")


def test_fields_in_the_order_met_with_those_inside() -> None:
    payloads = [{"b": 1, "a": {"x": 1, "y": {"z": {"deep": 1}}}}, None, {"a": 5, "c": {}, "b": 2}]
    assert fields(payloads) == ("b", "a.x", "a.y.z", "a", "c")
    assert len(fields([{str(at): 1 for at in range(10_000)}])) == 200


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("pa", "part"),
        ("pag", "page"),
        ("part", None),
        ("meta.a", "meta.author"),
        ("part = noun and te", "part = noun and text"),
        ("not (te", "not (text"),
        ("part = te", None),
        ("part ", None),
        ("", None),
        ("xyz", None),
        ("an", None),
        ('text = "a and pa', None),
        ('text = "it\'s" and pa', 'text = "it\'s" and part'),
    ],
)
def test_completion_where_a_field_is_expected(text: str, whole: str | None) -> None:
    assert completed(text, NAMES) == whole


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=8), max_size=5))
def test_completion_only_adds(text: str, names: list[str]) -> None:
    whole = completed(text, names)
    assert whole is None or whole.startswith(text)


@given(st.text(min_size=1, max_size=20))
@example("{")
def test_a_name_as_typed_is_read_as_that_name(name: str) -> None:
    if name.lower() == "has_id":
        return
    try:
        found = parse_filter(f"{typed(name)} = 1")
    except UsageError:
        assert not name.strip()
    else:
        assert found.must == (Match(name, value=1),)


@pytest.mark.parametrize(
    ("filter_", "unseen"),
    [
        ("part = noun and has_id = 3", None),
        ("prat = noun", "prat"),
        ("part = noun and not (meta.page > 3 or x is empty)", "x"),
        ('meta.lang = de and "meta.page[].deep" = 1 and meta is null', None),
        ("metal = 1", "metal"),
    ],
)
def test_a_field_that_no_point_has_is_found(filter_: str, unseen: str | None) -> None:
    assert missing(parse_filter(filter_), ("part", "meta.lang", "meta.page")) == unseen
