"""`qtui tune`: bench's options over a finer grid, and limits that are typed as people write them."""

import pytest

from qtui.commands import parse
from qtui.commands.bench import make_request
from qtui.errors import QtuiError
from qtui.plan import DEFAULT_OVERSAMPLING, TUNE_EF, TUNE_OVERSAMPLING
from qtui.wishes import PLAIN, Wishes


def request(*arguments):
    _, args = parse(arguments)
    return make_request(args)


def test_it_searches_a_finer_grid_than_bench_measures():
    tuned, whole = request("tune", "--vectors", "sample"), request("bench", "--vectors", "sample")
    assert (tuned.oversampling, tuned.hnsw_ef) == (TUNE_OVERSAMPLING, TUNE_EF)
    assert (whole.oversampling, whole.hnsw_ef) == (DEFAULT_OVERSAMPLING, (128,))
    assert request("tune", "--vectors", "sample", "--oversampling", "1,2").oversampling == (1.0, 2.0)


def test_limits_are_typed_in_binary_units():
    options = ("--max-p95", "2.5", "--max-ram", "4GiB", "--max-disk", "512 MiB", "--minimise", "latency", "--adaptive")
    for command in ("tune", "bench"):
        found = request(command, "--vectors", "sample", *options)
        assert found.wishes == Wishes(2.5, 4 * 1024**3, 512 * 1024**2, "latency")
        assert found.adaptive
        assert request(command, "--vectors", "sample").wishes == PLAIN


@pytest.mark.parametrize(
    ("option", "value"),
    [("--max-p95", "0"), ("--max-ram", "much"), ("--max-ram", "0"), ("--minimise", "money"), ("--target-recall", "2")],
)
def test_what_makes_no_sense_is_refused(option, value):
    with pytest.raises(QtuiError, match=option):
        request("tune", "--vectors", "sample", option, value)
