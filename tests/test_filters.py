"""Filters: both written forms mean what they say, survive a round trip, and a bad one says where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtui.errors import UsageError
from qtui.filters import (
    MAX_DEPTH,
    Condition,
    Filter,
    HasId,
    IsEmpty,
    IsNull,
    Match,
    Range,
    from_json,
    parse_filter,
    to_json,
)

NOUN = Match("part", value="noun")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("part = noun", Filter(must=(NOUN,))),
        ("part == 'noun'", Filter(must=(NOUN,))),
        ("(part = noun)", Filter(must=(NOUN,))),
        ("part != noun", Filter(must_not=(NOUN,))),
        ("not part = noun", Filter(must_not=(NOUN,))),
        ("not not part = noun", Filter(must_not=(Filter(must_not=(NOUN,)),))),
        (
            'part = noun and length > 30 and not title ~ "full moon"',
            Filter(must=(NOUN, Range("length", gt=30)), must_not=(Match("title", text="full moon"),)),
        ),
        ("part = noun OR length <= 3.5", Filter(should=(NOUN, Range("length", lte=3.5)))),
        (
            "a = 1 or b = 2 and c = 3",
            Filter(should=(Match("a", value=1), Filter(must=(Match("b", value=2), Match("c", value=3))))),
        ),
        (
            "(a = 1 or b = 2) and c = 3",
            Filter(must=(Filter(should=(Match("a", value=1), Match("b", value=2))), Match("c", value=3))),
        ),
        ("n >= 1 and n < 5", Filter(must=(Range("n", gte=1), Range("n", lt=5)))),
        ("part in (noun, 'verb', \"adj\")", Filter(must=(Match("part", any_of=("noun", "verb", "adj")),))),
        ("n in (1,2)", Filter(must=(Match("n", any_of=(1, 2)),))),
        ("n not in (1,2)", Filter(must_not=(Match("n", any_of=(1, 2)),))),
        ("a.b[].c is empty", Filter(must=(IsEmpty("a.b[].c"),))),
        ("a is not empty and b is null", Filter(must=(IsNull("b"),), must_not=(IsEmpty("a"),))),
        ('"odd key" = "say \\"hi\\" \\\\"', Filter(must=(Match("odd key", value='say "hi" \\'),))),
        ('n = "5"', Filter(must=(Match("n", value="5"),))),
        ("ok = true and bad = False", Filter(must=(Match("ok", value=True), Match("bad", value=False)))),
        ("x = 1.5", Filter(must=(Range("x", gte=1.5, lte=1.5),))),
        ("when >= 2026-01-31", Filter(must=(Range("when", gte="2026-01-31"),))),
        ("when < 2026-01-31T10:00:00Z", Filter(must=(Range("when", lt="2026-01-31T10:00:00Z"),))),
        ("has_id in (3, 5)", Filter(must=(HasId((3, 5)),))),
        ("has_id != 3", Filter(must_not=(HasId((3,)),))),
        ('"has_id" = 3', Filter(must=(Match("has_id", value=3),))),
    ],
)
def test_the_short_form_means_what_it_says(text, expected):
    assert parse_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("part", "character 5"),
        ("part =", "character 7: expected a value"),
        ("= 3", "character 1: expected the name"),
        ("and = 3", "character 1: expected the name"),
        ("a = 1 b = 2", "character 7: expected 'and', 'or'"),
        ("a = 1 and", "character 10: expected the name"),
        ("(a = 1", "character 7: expected ')'"),
        ("a = 1)", "character 6"),
        ('a = "open', "character 5: a quote is not closed"),
        ("a > word", "character 5: a range is between numbers"),
        ("a > true", "character 5: a range"),
        ("a > 2026-13-01", "character 5: a range"),
        ("a = null", "write 'is null'"),
        ("a is full", "character 6: expected 'empty' or 'null'"),
        ("a in ()", "character 7: expected a value"),
        ("a in (1, x)", "character 6: a list of values"),
        ("a in (true)", "of one kind"),
        ("a in 1", "expected '('"),
        ("a = 99999999999999999999", "64 bits"),
        ("a > 1e999", "finite"),
        ("has_id = -1", "UUID"),
        ("has_id > 1", "has_id takes"),
        ("a ! b", "character 3: unexpected '!'"),
        ("(" * 5000, "deep"),
        ("not " * 5000 + "a = 1", "deep"),
        ("a" * 300_000, "longer than"),
        ("{", "not JSON, at character 2"),
        ('{"must": 1}', "a condition must be"),
        ('{"must_nt": []}', "must_nt"),
        ('{"must": [{"key": "a"}]}', "a condition must be"),
        ('{"must": [{"key": "a", "match": {"value": 1.5}}]}', "a match takes"),
        ('{"must": [{"key": "a", "match": {"value": 1, "x": 1}}]}', "a match takes"),
        ('{"must": [{"key": "a", "match": {"any": []}}]}', "a list of values"),
        ('{"must": [{"key": "a", "match": {"any": [1, true]}}]}', "a list of values"),
        ('{"must": [{"key": "a", "range": {}}]}', "a range takes"),
        ('{"must": [{"key": "a", "range": {"gt": 1, "lt": "2026-01-01"}}]}', "numbers or between times"),
        ('{"must": [{"key": "a", "range": {"gt": NaN}}]}', "NaN"),
        ('{"must": [{"has_id": [true]}]}', "an id must be"),
        ('{"must": [{"key": "a", "geo_radius": {}}]}', "a condition must be"),
        ('{"must":[' * 5000, "can't be read"),
        ('{"must":[' * 40 + "]}" * 40, "deep"),
    ],
)
def test_a_bad_filter_says_what_and_where_in_one_line(text, says):
    with pytest.raises(UsageError) as raised:
        parse_filter(text)
    assert says in raised.value.text
    assert raised.value.text.isprintable()
    assert len(raised.value.text) < 300


def test_json_is_qdrants():
    text = """{"must": {"key": "a", "match": {"except": ["x"]}}, "should": [{"is_empty": {"key": "b"}},
              {"must_not": [{"has_id": [1, "0b6c2b52-0c1e-4f5a-9c5e-1d2f3a4b5c6d"]}]}], "must_not": null}"""
    parsed = parse_filter(text)
    assert parsed == Filter(
        must=(Match("a", none_of=("x",)),),
        should=(IsEmpty("b"), Filter(must_not=(HasId((1, "0b6c2b52-0c1e-4f5a-9c5e-1d2f3a4b5c6d")),))),
    )
    assert to_json(parsed) == {
        "must": [{"key": "a", "match": {"except": ["x"]}}],
        "should": [
            {"is_empty": {"key": "b"}},
            {"must_not": [{"has_id": [1, "0b6c2b52-0c1e-4f5a-9c5e-1d2f3a4b5c6d"]}]},
        ],
    }


KEYS = st.text(max_size=12)
WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBERS = WHOLE | st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.dates().map(str)
LISTS = (st.lists(WHOLE, min_size=1, max_size=3) | st.lists(st.text(max_size=5), min_size=1, max_size=3)).map(tuple)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Match, KEYS, value=st.text(max_size=8) | WHOLE | st.booleans()),
    st.builds(Match, KEYS, any_of=LISTS),
    st.builds(Match, KEYS, none_of=LISTS),
    st.builds(Match, KEYS, text=st.text(max_size=8)),
    st.builds(Range, KEYS, gte=NUMBERS, lt=st.none() | NUMBERS),
    st.builds(Range, KEYS, gt=TIMES, lte=st.none() | TIMES),
    st.builds(IsEmpty, KEYS),
    st.builds(IsNull, KEYS),
    st.builds(HasId, st.lists(st.integers(0, 2**64 - 1) | st.uuids().map(str), max_size=3).map(tuple)),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds(Filter, *(st.lists(inner, max_size=2).map(tuple) for _ in range(3))),
    max_leaves=8,
)
FILTERS = st.builds(Filter, *(st.lists(CONDITIONS, max_size=2).map(tuple) for _ in range(3)))


@given(FILTERS)
def test_json_round_trip(filter_):
    assert from_json(to_json(filter_)) == filter_
    assert parse_filter(json.dumps(to_json(filter_))) == filter_


@given(st.text(max_size=60) | st.text(alphabet="ab =!<>~()'\"\\,nidotra15.{}", max_size=60))
def test_any_text_is_a_filter_or_one_clear_line(text):
    said = ""
    try:
        parsed = parse_filter(text)
        assert from_json(to_json(parsed)) == parsed
    except UsageError as error:
        said = error.text
    assert not said or said.isprintable()


def test_the_deepest_filter_that_is_taken():
    deepest = "not " * (MAX_DEPTH - 1) + "a = 1"
    assert isinstance(from_json(to_json(parse_filter(deepest))), Filter)
