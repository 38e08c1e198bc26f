"""The plan editor's texts made into a request; figures placed by what they say they are of."""

from __future__ import annotations

import pytest

from qtui.errors import UsageError
from qtui.events import Measured
from qtui.plan import BenchRequest
from qtui.tui.fold import RunState
from qtui.tui.planform import PlanText, read
from tests.tui.fake_room import DEMO, measurement, view

METHODS = ("none", "scalar", "turbo-4bit")


def text(kind: str = "collection", collection: str = "demo", oversampling: str = "1, 2") -> PlanText:
    return PlanText(
        kind=kind,
        path="",
        collection=collection,
        methods=METHODS,
        rescore_on=True,
        rescore_off=True,
        oversampling=oversampling,
        queries="100",
        repeat="2",
        limit="5",
        hnsw_ef="64",
        exact=False,
        ignore=False,
    )


def test_baseline_is_measured_beside_a_quantized_collection() -> None:
    request = read(text(collection="demo__binary"), DEMO).request
    assert (request.collection, request.methods) == ("demo__binary", ("none", "binary"))


def test_chosen_siblings_are_measured_beside_a_baseline() -> None:
    assert read(text(), DEMO[:2]).request.methods == ("none", "scalar")


def test_collection_of_other_points_is_no_sibling() -> None:
    views = (view("demo", points=7), view("demo__scalar", "scalar"))
    assert read(text(collection="demo__scalar"), views).request.methods == ("scalar",)


def test_sample_takes_what_is_typed() -> None:
    request = read(text("sample"), ()).request
    assert (request.methods, request.oversampling, request.queries) == (METHODS, (1.0, 2.0), 100)
    assert (request.repeat, request.limit, request.hnsw_ef) == (2, 5, (64,))


@pytest.mark.parametrize("typed", ["nan", "inf", "1e99", "1;x", ","])
def test_what_is_no_factor_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="oversampling"):
        read(text("sample", oversampling=typed), ())


def test_figures_are_placed_by_what_they_are_of_not_by_their_index() -> None:
    state = RunState.of(BenchRequest(collection="c", methods=("binary",)), "c")
    foreign = RunState.of(BenchRequest(collection="c", methods=("none", "binary")), "c")
    event = Measured(tuple((at, measurement(v, at, v.method)) for at, v in enumerate(foreign.variants)))
    after = state.after(event)
    assert len(after.measured) == len(state.variants)
    assert all(after.measured[at].search == v.search for at, v in enumerate(state.variants))
