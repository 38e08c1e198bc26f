from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtui.bench import metrics


def test_recall_counts_what_was_found_of_the_exact_answer():
    assert metrics.recall_of((1, 2, 3), (3, 2, 9)) == pytest.approx(2 / 3)
    assert metrics.recall_of((), (1, 2)) == 0.0
    assert metrics.recall_of((5, 5, 5), (5, 6)) == 0.5
    assert metrics.recall_of((1, 2), ()) is None


@given(st.lists(st.integers(0, 10).map(lambda hits: hits / 10), min_size=1, max_size=60))
def test_recall_interval_holds_the_mean_and_stays_in_range(values):
    found = metrics.recall(values)
    assert found is not None
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert min(values) == found.min <= found.low <= found.mean <= found.high <= max(values)


def test_no_recall_without_values():
    assert metrics.recall([]) is None
    assert metrics.latency([], []) is None


@given(st.lists(st.floats(0.001, 1e4), min_size=1, max_size=200))
def test_percentiles_are_those_of_numpy_over_all_samples(values):
    found = metrics.latency(values, list(range(len(values))))
    assert found is not None
    assert found.n == len(values)
    assert (found.p50, found.p95) == tuple(np.percentile(values, (50, 95)))
    assert (found.min, found.max) == (min(values), max(values))
    assert found.mean == pytest.approx(np.mean(values))
    assert (found.p99 is None) == (len(values) < 100)
    if found.p99 is not None:
        assert found.p99 == np.percentile(values, 99)


def naive_draws(values, owner, weights, percent):
    by_query = {query: [v for v, o in zip(values, owner, strict=True) if o == query] for query in sorted(set(owner))}
    draws = []
    for row in weights:
        drawn = [v for times, query in zip(row, by_query, strict=True) for v in by_query[query] * int(times)]
        draws.append(np.percentile(drawn, percent))
    return tuple(np.percentile(draws, (2.5, 97.5)))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_bootstrap_equals_drawing_whole_queries_the_long_way(data):
    queries = data.draw(st.integers(1, 12))
    owner = [query for query in range(queries) for _ in range(data.draw(st.integers(1, 3)))]
    values = data.draw(st.lists(st.floats(0.1, 50), min_size=len(owner), max_size=len(owner)))
    seed = data.draw(st.integers(0, 5))
    found = metrics.bootstrap_percentiles(np.array(values), np.array(owner), (50.0, 95.0), resamples=100, seed=seed)
    weights = metrics._weights(queries, 100, seed)
    for interval, percent in zip(found, (50, 95), strict=True):
        assert interval == pytest.approx(naive_draws(values, owner, weights, percent))


def test_repeats_of_a_query_stay_together():
    # ten queries, each asked 100 times and always equally slow: the interval is as wide as ten samples make it
    values = [float(query) for query in range(10) for _ in range(100)]
    owner = [query for query in range(10) for _ in range(100)]
    together = metrics.latency(values, owner)
    apart = metrics.latency(values, list(range(1000)))
    assert together is not None
    assert apart is not None
    assert together.ci.p50[1] - together.ci.p50[0] > 4 * (apart.ci.p50[1] - apart.ci.p50[0])


def test_intervals_hold_the_true_median_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(150):
        found = metrics.latency(rng.exponential(1.0, 120).tolist(), list(range(120)), resamples=300, seed=trial)
        assert found is not None
        hits += found.ci.p50[0] <= math.log(2) <= found.ci.p50[1]
    assert 0.88 <= hits / 150 <= 1.0


def test_a_seed_gives_the_same_figures():
    values, owner = np.random.default_rng(0).gamma(2, 1, 90).tolist(), [query // 3 for query in range(90)]
    assert metrics.latency(values, owner, seed=4) == metrics.latency(values, owner, seed=4)
    assert metrics.latency(values, owner, seed=4) != metrics.latency(values, owner, seed=5)


def test_paired_ratio_sees_what_unpaired_noise_hides():
    rng = np.random.default_rng(1)
    base = {query: float(ms) for query, ms in enumerate(rng.lognormal(0, 1, 200))}
    found = metrics.versus({query: 0.9 * ms for query, ms in base.items()}, base)
    assert found is not None
    assert found.engine_p50_ratio == pytest.approx(0.9)
    assert found.significant
    assert found.low == pytest.approx(0.9)


def test_no_difference_is_not_significant():
    rng = np.random.default_rng(2)
    one = {query: float(ms) for query, ms in enumerate(rng.lognormal(0, 0.3, 200))}
    other = {query: float(ms) for query, ms in enumerate(rng.lognormal(0, 0.3, 200))}
    found = metrics.versus(one, other)
    assert found is not None
    assert found.low <= found.engine_p50_ratio <= found.high
    assert not found.significant


def test_pairing_needs_shared_queries():
    assert metrics.versus({1: 2.0}, {2: 2.0}) is None
    found = metrics.versus({1: 2.0, 3: 9.0}, {1: 4.0, 2: 1.0})
    assert found is not None
    assert found.engine_p50_ratio == 0.5


def test_median_by_query():
    assert metrics.median_by_query([1, 5, 3, 8], [0, 0, 0, 2]) == {0: 3.0, 2: 8.0}


def test_what_took_no_time_is_compared_with_nothing():
    assert metrics.versus({1: 1.0}, {1: 0.0}) is None
    found = metrics.versus({1: 1.0, 2: 3.0}, {1: 0.0, 2: 1.0})
    assert found is not None
    assert found.engine_p50_ratio == 3.0
