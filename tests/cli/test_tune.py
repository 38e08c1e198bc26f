"""`qtui tune`: bench's options over a finer grid, and limits that are typed as people write them."""

import pytest

from qtui.commands import parse, tune
from qtui.commands.bench import make_request
from qtui.errors import QtuiError
from qtui.plan import DEFAULT_OVERSAMPLING, SURVEY, TUNE_EF, TUNE_OVERSAMPLING
from qtui.wishes import PLAIN, Wishes


def request(*arguments):
    _, args = parse(arguments)
    return make_request(args)


def test_it_searches_a_finer_grid_than_bench_measures():
    tuned, whole = request("tune", "--vectors", "sample"), request("bench", "--vectors", "sample")
    assert (tuned.oversampling, tuned.hnsw_ef) == (TUNE_OVERSAMPLING, TUNE_EF)
    assert (whole.oversampling, whole.hnsw_ef) == (DEFAULT_OVERSAMPLING, (128,))
    assert request("tune", "--vectors", "sample", "--oversampling", "1,2").oversampling == (1.0, 2.0)


def tuned(*arguments):
    _, args = parse(("tune", "--vectors", "sample", *arguments))
    return tune.make_request(args)


def test_an_analysis_is_a_grid_of_its_own_that_every_option_changes():
    found = tuned("--analysis")
    assert found.methods == ("none", "scalar", "binary", "binary-2bit")
    assert found.oversampling == (2.0, 3.0, 5.0, 8.0, 10.0)
    assert (found.hnsw_ef, found.repeat, found.survey, found.tune) == ((128,), 1, SURVEY, True)
    changed = tuned("--analysis", "--methods", "turbo-4bit", "--oversampling", "4", "--hnsw-ef", "64", "--survey", "50")
    assert (changed.methods, changed.oversampling) == (("none", "turbo-4bit"), (4.0,))
    assert (changed.hnsw_ef, changed.survey) == ((64,), 50)
    assert tuned("--analysis", "--repeat", "2").repeat == 2


def test_what_is_built_and_surveyed_is_asked_for():
    assert (tuned().survey, tuned().build_all) == (0, False)
    assert (tuned("--survey", "30").survey, tuned("--build-all").build_all) == (30, True)


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
