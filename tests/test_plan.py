"""The grid of a plan, counted by hand."""

from dataclasses import replace

import pytest

from qtui.errors import UsageError
from qtui.loads import BuildSpec, SourceSpec
from qtui.plan import BenchRequest, check, variants

PLAN = BenchRequest(source=SourceSpec("sample"))


def test_the_default_grid():
    grid = variants(PLAN)
    assert len(grid) == 1 + 4 * (4 + 1)
    assert grid[0].method == "none"
    assert (grid[0].search.rescore, grid[0].search.oversampling) == (None, None)
    scalar = [(cell.search.rescore, cell.search.oversampling) for cell in grid if cell.method == "scalar"]
    assert scalar == [(True, 1.0), (True, 2.0), (True, 3.0), (True, 5.0), (False, None)]


def test_rescore_off_has_no_oversampling():
    grid = variants(replace(PLAN, rescore=(False,)))
    assert all(cell.search.oversampling is None for cell in grid)
    assert len(grid) == 5


def test_the_grid_is_multiplied_by_ef_and_concurrency():
    grid = variants(replace(PLAN, hnsw_ef=(64, 128), concurrency=(1, 4)))
    assert len(grid) == 4 * 21
    assert {(cell.search.hnsw_ef, cell.concurrency) for cell in grid} == {(64, 1), (64, 4), (128, 1), (128, 4)}


def test_controls_are_further_measurements():
    grid = variants(replace(PLAN, methods=("none", "binary"), exact=True, ignore=True))
    controls = [(cell.method, cell.search.exact, cell.search.ignore) for cell in grid if cell.is_control]
    assert controls == [("none", True, False), ("binary", True, False), ("binary", False, True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": None},
        {"collection": "both"},
        {"limit": 0},
        {"repeat": 0},
        {"queries": 0},
        {"oversampling": (0.5,)},
        {"oversampling": (float("nan"),)},
        {"oversampling": ()},
        {"hnsw_ef": (0,)},
        {"concurrency": (0,)},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"rescore": ()},
        {"build": BuildSpec(hnsw_m=2**63)},
        {"build": BuildSpec(ef_construct=0)},
        {"build": BuildSpec(quantile=float("nan"))},
        {"build": BuildSpec(indexing_threshold_kb=-1)},
    ],
)
def test_values_out_of_range_are_refused(wrong):
    check(PLAN)
    with pytest.raises(UsageError):
        check(replace(PLAN, **wrong))
