"""Columns: the default set, what keys do to them, and what the engine is said to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtui.methods import METHODS, method
from qtui.model import SearchSettings
from qtui.searching import columns
from qtui.searching.columns import Column, Place, defaults, effective, family, flipped, related, stepped
from tests.tui.scripted import DEMO, view

PLACES = st.builds(Place, st.sampled_from(sorted(METHODS)), st.booleans(), st.integers(1, 5), st.just(100))
SEARCHES = st.builds(
    SearchSettings,
    limit=st.integers(1, 100),
    exact=st.booleans(),
    ignore=st.booleans(),
    rescore=st.sampled_from([None, True, False]),
    oversampling=st.one_of(st.none(), st.floats(1, 1000)),
)


def words(found: tuple[Column, ...]) -> list[str]:
    return [f"{each.collection} {columns.asked_text(Place('scalar', True, 1, 1), each.search)}" for each in found]


def test_default_set_is_exact_then_the_smallest_sibling_with_and_without_rescoring() -> None:
    assert words(defaults(DEMO)) == ["demo exact", "demo__binary rescore x2", "demo__binary no rescore"]
    assert words(defaults(DEMO, "demo")) == words(defaults(DEMO))
    assert words(defaults(DEMO, "demo__scalar")) == ["demo exact", "demo__scalar rescore x2", "demo__scalar no rescore"]


def test_default_set_of_one_quantized_collection_is_on_itself() -> None:
    found = defaults((view("docs", "scalar"),))
    assert words(found) == ["docs exact", "docs rescore x2", "docs no rescore"]


def test_default_set_without_quantization_is_exact_and_the_graph() -> None:
    found = defaults((view("docs"),), limit=5)
    assert [each.search for each in found] == [SearchSettings(5, exact=True), SearchSettings(5)]


def test_default_set_skips_what_is_broken_or_has_no_vectors() -> None:
    assert defaults(()) == ()
    assert defaults((view("a", status="broken", vectors=()),)) == ()
    assert defaults((view("a", status="broken"), view("b")))[0].collection == "b"


def test_families() -> None:
    names = ("a", "a__scalar", "a__binary", "a__nothing", "b__scalar", "ab__scalar")
    assert family("a", names) == ("a", ("a__binary", "a__scalar"))
    assert family("a__scalar", names) == ("a", ("a__binary", "a__scalar"))
    assert family("b__scalar", names) == ("b__scalar", ())
    assert related("a", "a__binary")
    assert related("a__scalar", "a__binary")
    assert not related("a", "a__nothing")
    assert not related("a", "b__scalar")


def test_another_column_is_a_sibling_that_is_not_shown_yet() -> None:
    shown = defaults(DEMO)
    added = columns.another(shown, DEMO, 10)
    assert added is not None
    assert added.collection == "demo__scalar"
    assert columns.another((*shown, added), DEMO, 10) is None
    assert columns.another((), DEMO, 10) is None
    alone = defaults((view("docs"),))
    assert columns.another(alone, (view("docs"),), 10) == alone[-1]


@given(PLACES, SEARCHES)
def test_flipping_twice_asks_for_the_same_as_before(place: Place, search: SearchSettings) -> None:
    column = Column("a", search)
    twice = flipped(flipped(column, place), place)
    assert effective(place, twice.search) == effective(place, search)
    once = effective(place, flipped(column, place).search)
    if effective(place, search).rescore is not None:
        assert once.rescore is not effective(place, search).rescore


@given(PLACES, SEARCHES, st.sampled_from([1, -1]))
def test_steps_change_what_rescores_alone(place: Place, search: SearchSettings, by: int) -> None:
    column = Column("a", search)
    after = stepped(column, place, by)
    if not effective(place, search).rescore:
        assert after == column
    else:
        before, now = search.oversampling or 1.0, after.search.oversampling
        assert now is not None
        assert (now >= before) if by > 0 else (1 <= now <= before)


@pytest.mark.parametrize("factor", columns.STEPS[1:-1])
def test_a_step_up_and_one_down_come_back(factor: float) -> None:
    assert columns.next_factor(columns.next_factor(factor, 1), -1) == factor


@given(PLACES, SEARCHES)
def test_what_the_engine_does(place: Place, search: SearchSettings) -> None:
    found = effective(place, search)
    if place.method == "none" or search.exact or search.ignore or not place.built:
        assert (found.rescore, found.candidates) == (None, min(search.limit, place.points))
    else:
        default = method(place.method).default_rescore
        assert found.rescore is (default if search.rescore is None else search.rescore)
        if found.rescore:
            assert found.candidates >= min(search.limit * place.segments, place.points)
        assert found.candidates <= place.points
    assert columns.has_raw_scores(place, search) is (found.rescore is False)


def test_settings_in_words() -> None:
    scalar = Place("scalar", built=True, segments=1, points=1)

    def said(**search: object) -> str:
        return columns.asked_text(scalar, SearchSettings(**search))  # type: ignore[arg-type]  # names are the caller's

    assert said() == "default rescore"
    assert said(rescore=True, oversampling=1.5, hnsw_ef=64) == "rescore x1.5 ef 64"
    assert said(rescore=False) == "no rescore"
    assert said(exact=True, hnsw_ef=64) == "exact"
    assert said(ignore=True) == "originals (ignore)"
    assert columns.asked_text(Place("none", built=True, segments=1, points=1), SearchSettings()) == "float"


@given(st.lists(st.builds(Column, st.text(), SEARCHES, st.text()), max_size=4))
def test_columns_survive_being_remembered(shown: list[Column]) -> None:
    remembered = json.loads(json.dumps(columns.packed(shown)))
    assert columns.unpacked(remembered) == tuple(shown)


GOOD = columns.packed([Column("a", SearchSettings())])[0]


@pytest.mark.parametrize(
    "broken",
    [
        None, {}, "x", [1], [{}], [{"collection": "a"}], [GOOD | {"more": 1}], [GOOD | {"limit": 0}],
        [GOOD | {"limit": True}], [GOOD | {"limit": "1"}], [GOOD | {"exact": 1}], [GOOD | {"rescore": "on"}],
        [GOOD | {"oversampling": "x"}], [GOOD | {"oversampling": 0}], [GOOD | {"hnsw_ef": 0}],
        [GOOD | {"collection": 5}],
    ],
)  # fmt: skip
def test_what_is_damaged_is_not_remembered(broken: object) -> None:
    assert columns.unpacked(broken) == ()
    assert columns.unpacked([GOOD]) != ()
