"""Answers side by side, checked against their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtui.model import Answer
from qtui.searching import compare
from qtui.searching.compare import Move

IDS = st.lists(st.integers(0, 30), unique=True, max_size=15)


@given(IDS, IDS)
def test_overlap_counts_what_both_have(ids: list[int], first: list[int]) -> None:
    found = compare.overlap(ids, first)
    assert found.common == sum(1 for point in ids if point in first)
    assert found.of == len(first)
    assert found.text == f"{found.common}/{len(first)}"


@given(IDS, IDS)
def test_a_change_leads_back_to_the_first_rank(ids: list[int], first: list[int]) -> None:
    for rank, change in enumerate(compare.changes(ids, first)):
        if change.signed is None:
            assert ids[rank] not in first
            assert change.text == "new"
        else:
            assert first[rank + change.signed] == ids[rank]
            sign = {Move.UP: 1, Move.DOWN: -1, Move.SAME: 0}[change.move]
            assert (change.signed > 0) - (change.signed < 0) == sign


@given(IDS)
def test_an_answer_compared_with_itself_has_no_change(ids: list[int]) -> None:
    assert all(change.text == "=" for change in compare.changes(ids, ids))
    assert compare.overlap(ids, ids).common == len(ids)


def test_changes_as_they_are_shown() -> None:
    assert [each.text for each in compare.changes([3, 1, 9, 2], [1, 2, 3])] == ["▲2", "▼1", "new", "▼2"]


@given(IDS, st.integers(0, 30), st.integers(1, 15))
def test_the_query_itself_is_left_out(ids: list[int], point: int, limit: int) -> None:
    answer = Answer(tuple(ids), tuple(float(i) for i in ids))
    left = compare.without(answer, point, limit)
    assert point not in left.ids
    assert list(left.ids) == [i for i in ids if i != point][:limit]
    assert left.scores == tuple(float(i) for i in left.ids)


@pytest.mark.parametrize(
    ("payload", "title"),
    [
        (None, ""),
        ({}, ""),
        ({"text": "long", "name": "short"}, "short"),
        ({"name": " ", "text": "t"}, "t"),
        ({"name": 5, "other": "first text"}, "first text"),
        ({"n": 1, "deep": {"title": "no"}}, ""),
        ({"title": "x" * 10_000}, "x" * 500),
    ],
)
def test_titles(payload: dict[str, object] | None, title: str) -> None:
    assert compare.title(payload) == title


def test_preview_is_bounded() -> None:
    payload = {f"field {at}": "y" * 10_000 for at in range(100)}
    assert len(compare.preview(payload)) < 3_000
    assert compare.preview({"a": 1, "b": [1], "c": "x", "d": True}) == "a: 1 · c: x · d: true"
    assert compare.preview(None) == ""


@given(st.floats(width=32))
def test_scores_are_short_and_close(value: float) -> None:
    text = compare.score(value)
    assert len(text) <= 9
    if math.isfinite(value):
        assert math.isclose(float(text), value, rel_tol=0.01, abs_tol=5.1e-5)
