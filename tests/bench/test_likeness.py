"""Queries that say less than their number promises: alike, or points of the collection."""

from dataclasses import replace

import numpy as np
import pytest

from qtui.bench.likeness import of_queries, repeated, same
from tests.bench import runs as fake


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        ([], 0),
        ([(1, 2, 3, 4, 5), (6, 7, 8, 9, 10)], 0),
        ([(1, 2, 3, 4, 5), (5, 4, 3, 2, 9)], 1),
        ([(1, 2, 3, 4, 5), (1, 2, 3, 8, 9)], 0),
        ([(1, 2), (2, 1), (1, 2)], 2),
        ([(), ()], 0),
    ],
)
def test_queries_that_find_nearly_the_same_are_counted_once_each(truth, expected):
    assert repeated(truth) == expected


def test_a_query_that_is_its_own_nearest_point_is_seen_through_rounding_and_length():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((20, 32)).astype(np.float32)
    rounded = points.astype(np.float16).astype(np.float32)
    assert same(points, rounded, cosine=False) == 20
    assert same(3 * points, rounded, cosine=True) == 20
    assert same(3 * points, rounded, cosine=False) == 0
    assert same(points + 0.01, points, cosine=False) == 0
    assert same(np.zeros((2, 4), np.float32), np.ones((2, 4), np.float32), cosine=True) == 0


def test_few_are_not_worth_a_warning():
    assert list(of_queries(100, alike=10, points=10)) == []
    assert [warning.code for warning in of_queries(100, alike=11, points=11)] == ["alike-queries", "queries-are-points"]


async def test_a_run_whose_queries_are_its_points_says_so(home, tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((60, 8)).astype(np.float32)
    np.save(tmp_path / "points.npy", vectors)
    np.save(tmp_path / "questions.npy", vectors[:30])
    source = replace(fake.SOURCE, kind="file", path=str(tmp_path / "points.npy"), rows=None, dimension=None)
    request = replace(fake.REQUEST, source=source, queries_file=str(tmp_path / "questions.npy"))
    assert "queries-are-points" in (await fake.run(request, home)).codes
    np.save(tmp_path / "questions.npy", rng.standard_normal((30, 8)).astype(np.float32))
    assert "queries-are-points" not in (await fake.run(request, home)).codes


async def test_a_run_that_asks_one_question_again_and_again_says_so(home, tmp_path):
    np.save(tmp_path / "questions.npy", np.tile(np.arange(1, 9, dtype=np.float32), (30, 1)))
    ran = await fake.run(replace(fake.REQUEST, queries_file=str(tmp_path / "questions.npy")), home)
    assert "alike-queries" in ran.codes
