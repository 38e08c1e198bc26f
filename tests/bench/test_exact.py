from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtui.bench.exact import ExactMaxSim, ExactSearch, normalised
from qtui.model import Distance


def scores_of(query, rows, distance):
    """Float64 by definition, larger is nearer."""
    q, x = query.astype(np.float64), rows.astype(np.float64)
    if distance is Distance.EUCLID:
        return -((q - x) ** 2).sum(axis=1)
    if distance is Distance.MANHATTAN:
        return -np.abs(q - x).sum(axis=1)
    return (q * x).sum(axis=1)


def brute_force(queries, rows, k, distance, allowed=None):
    if distance is Distance.COSINE:
        queries, rows = normalised(queries), normalised(rows)
    found = []
    for query in queries:
        scores = scores_of(query, rows, distance)
        order = [i for i in np.lexsort((np.arange(len(rows)), -scores)) if allowed is None or allowed[i]]
        found.append([int(i) for i in order[:k]])
    return found


def search(queries, rows, k, distance, step, allowed=None):
    exact = ExactSearch(queries, k, distance)
    for start in range(0, len(rows), step):
        stop = start + step
        exact.add(start, rows[start:stop], None if allowed is None else allowed[start:stop])
    return exact.result()


@st.composite
def problems(draw):
    """Few distinct small values, so that duplicates and ties are the rule."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, size = draw(st.integers(1, 60)), draw(st.integers(1, 9))
    if draw(st.booleans()):
        vectors = rng.integers(-2, 3, (rows, size)).astype(np.float32)
        queries = rng.integers(-2, 3, (draw(st.integers(1, 5)), size)).astype(np.float32)
    else:
        vectors = rng.standard_normal((rows, size)).astype(np.float32) * draw(st.sampled_from([1e-3, 1.0, 1e4]))
        vectors = vectors[rng.integers(0, rows, rows)]
        queries = rng.standard_normal((draw(st.integers(1, 5)), size)).astype(np.float32)
    return queries, vectors, draw(st.integers(1, 12)), draw(st.integers(1, 70))


@settings(max_examples=150, deadline=None)
@given(problems(), st.sampled_from(list(Distance)))
def test_equals_brute_force_whatever_the_blocks(problem, distance):
    queries, rows, k, step = problem
    found = search(queries, rows, k, distance, step)
    expected = brute_force(queries, rows, k, distance)
    assert [[int(i) for i in row if i >= 0] for row in found.ids] == expected


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from(list(Distance)), st.integers(0, 1000))
def test_leaves_out_rows_that_are_not_allowed(problem, distance, seed):
    queries, rows, k, step = problem
    allowed = np.random.default_rng(seed).random(len(rows)) < 0.6
    found = search(queries, rows, k, distance, step, allowed)
    expected = brute_force(queries, rows, k, distance, allowed)
    assert [[int(i) for i in row if i >= 0] for row in found.ids] == expected


@pytest.mark.parametrize("distance", list(Distance))
def test_many_tiles_and_a_border_that_tightens(distance, monkeypatch):
    monkeypatch.setattr("qtui.bench.exact._TILE_VALUES", 640)
    monkeypatch.setattr("qtui.bench.exact._RESCORE_VALUES", 100)
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((3000, 16)).astype(np.float32)
    # nearer and nearer: every row passes the border that the earlier ones set
    rows = rows[np.argsort(rows[:, 0])]
    queries = np.eye(16, dtype=np.float32)[:3] * 5
    found = search(queries, rows, 7, distance, 900)
    assert found.ids.tolist() == brute_force(queries, rows, 7, distance)


def test_far_from_the_origin_euclid_stays_exact():
    rng = np.random.default_rng(4)
    rows = (1000 + rng.standard_normal((500, 12))).astype(np.float32)
    queries = (1000 + rng.standard_normal((5, 12))).astype(np.float32)
    assert search(queries, rows, 10, Distance.EUCLID, 128).ids.tolist() == brute_force(
        queries, rows, 10, Distance.EUCLID
    )


def test_says_which_queries_are_tied_at_the_border():
    rows = np.array([[1, 0], [1, 0], [0, 1], [0.5, 0.5]], dtype=np.float32)
    queries = np.array([[1, 0], [0, 1]], dtype=np.float32)
    assert search(queries, rows, 1, Distance.COSINE, 2).tied.tolist() == [True, False]
    assert search(queries, rows, 2, Distance.COSINE, 2).tied.tolist() == [False, False]


def max_sim(query, document, distance):
    if distance is Distance.COSINE:
        query, document = normalised(query), normalised(document)
    return sum(scores_of(token, document, distance).max() for token in query)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(list(Distance)), st.integers(1, 30))
def test_max_sim_equals_its_definition_whatever_the_blocks(seed, distance, step):
    rng = np.random.default_rng(seed)
    documents = [rng.integers(-2, 3, (rng.integers(1, 5), 4)).astype(np.float32) for _ in range(20)]
    queries = [rng.integers(-2, 3, (rng.integers(1, 4), 4)).astype(np.float32) for _ in range(3)]
    exact = ExactMaxSim(queries, 6, distance)
    for start in range(0, 20, step):
        exact.add(start, documents[start : start + step])
    for row, query in zip(exact.result().ids, queries, strict=True):
        scores = np.array([max_sim(query, document, distance) for document in documents])
        order = np.lexsort((np.arange(20), -scores))[:6]
        assert row.tolist() == order.tolist()


def test_max_sim_leaves_out_documents():
    documents = [np.full((2, 3), value, dtype=np.float32) for value in (1, 2, 3, 4)]
    exact = ExactMaxSim([np.ones((1, 3), dtype=np.float32)], 2, Distance.DOT)
    exact.add(0, documents, np.array([True, True, True, False]))
    assert exact.result().ids.tolist() == [[2, 1]]
