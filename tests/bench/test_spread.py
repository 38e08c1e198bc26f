"""Distributions counted from samples files, against counting by hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from qtui.bench import spread
from qtui.bench.record import RunStore
from qtui.bench.samples import header, sample_lines, truth_lines
from qtui.distribution import BINS
from qtui.errors import AccessError, DataError
from qtui.records import Sample
from tests.bench.runs import REQUEST, run


async def test_every_counted_search_is_in_its_distribution(tmp_path: Path) -> None:
    ran = await run(REQUEST, tmp_path)
    found = spread.distributions(spread.times_of(RunStore(tmp_path / "runs").samples_path(ran.record.id)))
    assert [each.measurement for each in found] == list(range(len(ran.record.measurements)))
    assert all(each.n == sum(each.counts) == 60 for each in found)


def test_bins_of_equal_width_on_a_log_axis() -> None:
    found = spread.distribution(0, np.asarray([1.0, 10.0, 100.0]))
    assert len(found.counts) == BINS
    assert [at for at, count in enumerate(found.counts) if count] == [0, BINS // 2, BINS - 1]
    assert (found.low_ms, found.high_ms) == pytest.approx((1, 100))


def test_joined_bins_hold_the_same_searches() -> None:
    times = np.random.default_rng(0).lognormal(size=500)
    found = spread.distribution(0, times)
    logs = np.log10(times)
    expected, _ = np.histogram(logs, bins=60, range=(logs.min(), logs.max()))
    assert found.joined(60) == tuple(expected)


def test_cumulated_shares_grow_to_one() -> None:
    times = np.random.default_rng(0).lognormal(size=500)
    shares = spread.distribution(0, times).cumulated()
    assert shares[0][1] == 0
    assert shares[-1] == pytest.approx((times.max(), 1))
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(shares))
    middle = next(ms for ms, share in shares if share >= 0.5)
    assert middle == pytest.approx(np.median(times), rel=0.05)


def test_equal_times_and_no_time_at_all() -> None:
    assert sum(spread.distribution(0, np.asarray([2.0] * 9)).counts) == 9
    assert sum(spread.distribution(0, np.asarray([0.0, 1.0])).counts) == 2
    assert spread.distributions({}, (0, 1)) == ()


def test_failed_searches_and_the_cold_pass_are_left_out(tmp_path: Path) -> None:
    samples = [Sample(0, -1, 0, engine_ms=9.0), Sample(0, 0, 0, engine_ms=1.0), Sample(0, 0, 1, error="no")]
    path = tmp_path / "x.samples.jsonl"
    path.write_bytes(header("x") + truth_lines([[1, 2]]) + sample_lines(samples) + b'{"measurement":0,"rep')
    assert {index: list(times) for index, times in spread.times_of(path).items()} == {0: [1.0]}


def test_what_is_no_samples_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.samples.jsonl"
    with pytest.raises(AccessError):
        spread.times_of(path)
    path.write_bytes(b"{}\nnothing\n")
    with pytest.raises(DataError, match="damaged"):
        spread.times_of(path)
