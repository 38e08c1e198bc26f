"""The choice within limits, by what is minimised; the Pareto front; what these queries can't tell."""

import shlex
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtui import advice
from qtui.bench.advise import advise
from qtui.bench.limits import footprint, vectors
from qtui.bench.order import front
from qtui.commands import parse
from qtui.errors import UsageError
from qtui.model import Bytes, VectorSpec
from qtui.records import RunWarning
from qtui.wishes import Wishes
from tests.bench.planted import Plant, always, evidence, run

NONE = Plant("none", always(10), always(1.0))
SCALAR = Plant("scalar", always(10), always(0.2), bytes_=80)
TURBO = Plant("turbo-4bit", always(10), always(0.4), bytes_=40)
BINARY = Plant("binary", always(10), always(0.8), 5.0, bytes_=16)
ALL = (NONE, SCALAR, TURBO, BINARY)


def advised(plants, wishes=None, target=0.95, **options):
    return advise(evidence(*run(plants, **options)), target, wishes or Wishes())


def chosen(found):
    return None if found.recommendation is None else found.recommendation.method


def verdict(found, method):
    return next(each for each in found.weighed if each.method == method)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (Wishes(), "binary"),
        (Wishes(minimise="latency"), "scalar"),
        (Wishes(p95_ms=0.5), "turbo-4bit"),
        (Wishes(p95_ms=0.3), "scalar"),
        (Wishes(p95_ms=0.1), None),
        (Wishes(ram_bytes=50_000, minimise="latency"), "turbo-4bit"),
        (Wishes(ram_bytes=20_000, minimise="latency"), "binary"),
        (Wishes(ram_bytes=1000), None),
    ],
)
def test_the_choice_keeps_the_limits_and_is_least_in_what_is_minimised(wishes, expected):
    found = advised(ALL, wishes)
    assert chosen(found) == expected
    for each in found.weighed:
        assert bool(each.why) == (each.verdict == advice.OVER)


def test_what_breaks_a_limit_says_which_and_by_how_much():
    found = advised(ALL, Wishes(p95_ms=0.5))
    over = verdict(found, "binary")
    assert over.verdict == advice.OVER
    assert over.why == "p95 0.800 ms (up to 0.800) is over 0.500 ms"
    assert any("keeps the recall, but breaks a limit: " in reason for reason in found.recommendation.reasons)
    assert "p95: 0.400 ms (up to 0.400) of 0.500 ms allowed" in found.recommendation.reasons
    none = advised(ALL, Wishes(ram_bytes=1000))
    assert "breaks a limit" in none.verdict
    assert "RAM" in none.verdict


def test_the_least_time_goes_to_the_smaller_where_the_two_can_t_be_told_apart():
    rng = np.random.default_rng(0)
    noise = (0.2 * (1 + 0.2 * rng.random((2, 100)))).tolist()
    one = replace(SCALAR, ms=noise[0].__getitem__)
    other = replace(TURBO, ms=noise[1].__getitem__)
    assert chosen(advised([NONE, one, other], Wishes(minimise="latency"))) == "turbo-4bit"


def test_the_least_time_names_the_memory_of_the_runner_up():
    second = advised(ALL, Wishes(minimise="latency")).recommendation.runner_up
    assert second.method == "turbo-4bit"
    assert second.why.endswith("0.5x the memory, 40 bytes a vector")


@pytest.mark.parametrize("wishes", [Wishes(p95_ms=0), Wishes(ram_bytes=-1), Wishes(disk_bytes=float("inf"))])
def test_limits_that_make_no_sense(wishes):
    with pytest.raises(UsageError):
        advised(ALL, wishes)


def test_what_can_t_be_minimised():
    with pytest.raises(UsageError, match="minimise"):
        advised(ALL, Wishes(minimise="money"))


# --- what these queries can't tell ----------------------------------------------------------------------------------


def test_a_cheaper_one_whose_interval_holds_the_target_is_undecided():
    wide = replace(BINARY, found=lambda query: 10 if query % 10 else 6)
    found = advised([NONE, SCALAR, wide])
    assert chosen(found) == "scalar"
    assert [line.partition(":")[0] for line in found.undecided] == ["binary rescore x5 ef 64"]
    assert found.recommendation.undecided == found.undecided
    assert verdict(found, "binary").undecided
    assert not verdict(found, "none").undecided


def test_what_is_excluded_or_dearer_is_not_undecided():
    bad = replace(BINARY, found=always(7))
    dear = replace(SCALAR, found=lambda query: 10 if query % 10 else 6)
    found = advised([NONE, TURBO, bad, dear])
    assert chosen(found) == "turbo-4bit"
    assert found.undecided == ()


# --- the front --------------------------------------------------------------------------------------------------------


def test_the_front_is_what_nothing_beats():
    worse = Plant("product-x16", always(9), always(0.9), bytes_=90)
    found = advised([*ALL, worse])
    assert {each.method for each in found.weighed if each.front} == {"scalar", "turbo-4bit", "binary"}
    record, lines = run([*ALL, worse])
    assert found.recommendation.front == tuple(sorted(front(evidence(record, lines).candidates)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_nothing_off_the_front_is_unbeaten(seed):
    rng = np.random.default_rng(seed)
    plants = [
        Plant(name, always(int(rng.integers(5, 11))), always(float(rng.uniform(0.1, 1))), factor, bytes_=size)
        for name, size in (("scalar", 80.0), ("turbo-4bit", 40.0), ("binary", 16.0))
        for factor in (1.0, 2.0, 4.0)
    ]
    candidates = evidence(*run([NONE, *plants], queries=20)).candidates
    on = front(candidates)

    def goods(each):
        return each.choosing.mean, -each.p50_ms, -(each.ram_bytes or 0)

    for each in candidates:
        beaten = any(
            all(a >= b for a, b in zip(goods(other), goods(each), strict=True)) and goods(other) != goods(each)
            for other in candidates
        )
        assert (each.index in on) == (not beaten)


# --- sizes and what was not measured --------------------------------------------------------------------------------


def scalar():
    held = evidence(*run([NONE, SCALAR])).candidates[1].collection
    assert held is not None
    assert held.settings is not None
    return held


def test_a_footprint_is_vectors_and_graph_and_all_files_on_disk():
    held = scalar()
    memory = {"originals": Bytes(0, 0, 256_000), "quantized": Bytes(0, 0, 80_000), "graph": Bytes(0, 0, 5000)}
    size = footprint(replace(held, memory=memory))
    assert size.ram == 80 * 1000 + 5000
    assert size.disk == 256_000 + 80_000 + 5000
    assert footprint(replace(held, memory={"graph": Bytes(0, 0, None)})).disk is None


def test_tokens_are_counted_by_the_bytes_of_the_originals():
    held = scalar()
    spec = replace(held.settings, vectors=(VectorSpec(64, multivector=True, on_disk=True),))
    memory = {"originals": Bytes(0, 0, 256 * 30_000)}
    assert vectors(replace(held, settings=spec, memory=memory)) == 30_000
    assert vectors(held) == 1000


def test_what_was_not_measured_is_said_with_its_reason():
    record, lines = run([NONE, SCALAR])
    told = replace(record, warnings=(RunWarning("build-failed", "binary could not be built: no room", "of_binary"),))
    found = advise(evidence(told, lines), 0.95)
    assert found.unmeasured == ("binary could not be built: no room",)
    assert advised(ALL).unmeasured == ()


# --- as commands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "typed"),
    [
        ("docs.npy", "docs.npy"),
        ("sample of WordNet glosses", "sample"),
        ("synthetic 90 x 8, seed 3", "synthetic:90x8:3"),
    ],
)
def test_the_source_is_what_was_typed(source, typed):
    command = advised([NONE, BINARY], fingerprint="abc", source=source).recommendation.command
    assert shlex.split(command.splitlines()[0])[3:5] == ["--vectors", typed]


@pytest.mark.parametrize("fingerprint", ["abc", None])
def test_the_configuration_is_commands_that_parse(fingerprint):
    found = advised([NONE, BINARY], fingerprint=fingerprint, source="my docs.npy", distance="dot")
    lines = [shlex.split(line) for line in found.recommendation.command.splitlines()]
    assert [line[1] for line in lines] == (["load", "search"] if fingerprint else ["search"])
    for line in lines:
        assert line[0] == "qtui"
        command, args = parse(line[1:])
        if command == "load":
            assert (args.vectors, args.methods, args.distance) == ("my docs.npy", ("binary",), "dot")
        else:
            assert (args.rescore, args.oversampling, args.hnsw_ef, args.limit) == ((True,), (5.0,), (64,), 10)
