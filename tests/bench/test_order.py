"""Which of two variants is better, what a collection takes, and what keeps a limit: each rule by itself."""

from dataclasses import replace

import numpy as np
import pytest

from qtui.advice import MISSES, SKIPPED
from qtui.bench.advise import advise
from qtui.bench.evidence import RACED, differ, gather, originals_on_disk, pooled, ram_bytes, split
from qtui.bench.limits import Footprint, expected, fits_time, footprint, vectors, within
from qtui.bench.order import before, disk, does_less, front, nearness, rank
from qtui.choices import Span
from qtui.model import Bytes, Placement, VectorSpec
from qtui.records import Effective
from qtui.wishes import Wishes
from tests.bench.planted import Plant, always, evidence, folded, run

NONE = Plant("none", always(10), always(1.0))
SMALL = Plant("binary", always(10), always(0.8), 5.0, bytes_=16)
LARGE = Plant("scalar", always(10), always(0.2), bytes_=80)


def candidates(*plants):
    return list(evidence(*run([NONE, *plants], queries=40)).candidates[1:])


def noisy(rng, ms):
    """Times whose medians differ as told, but which no test could tell apart."""
    drawn = ms * np.exp(rng.normal(0, 1.5, 40))
    return (drawn * ms / np.median(drawn)).tolist().__getitem__


def files(candidate, **kilobytes):
    held = replace(candidate.collection, memory={name: Bytes(0, 0, size) for name, size in kilobytes.items()})
    return replace(candidate, collection=held)


# --- the order --------------------------------------------------------------------------------------------------------


def test_of_one_size_the_faster_comes_first_else_the_smaller():
    slow, fast = candidates(replace(SMALL, ms=always(0.5)), replace(SMALL, ms=always(0.4)))
    nearly = replace(fast, ram_bytes=slow.ram_bytes * 1.009)
    larger = replace(fast, ram_bytes=slow.ram_bytes * 1.02)
    assert before(fast, slow, "ram")
    assert not before(slow, fast, "ram")
    assert before(nearly, slow, "ram")
    assert before(slow, larger, "ram")
    assert before(larger, slow, "latency")


def test_the_least_disk_is_by_all_files():
    small, large = candidates(SMALL, LARGE)
    small, large = files(small, originals=900, quantized=50), files(large, originals=100, quantized=80)
    assert [each.index for each in rank([small, large], minimise="disk")] == [large.index, small.index]
    assert [each.index for each in rank([small, large], minimise="ram")] == [small.index, large.index]
    assert (disk(small), disk(large)) == (950, 180)
    assert not before(small, large, "disk")


@pytest.mark.parametrize(("times", "first"), [(1.1, 1), (1.4, 0)])
def test_only_what_is_nearly_as_fast_can_be_as_good(times, first):
    rng = np.random.default_rng(1)
    quick, thrifty = candidates(replace(LARGE, ms=noisy(rng, 0.2)), replace(SMALL, ms=noisy(rng, 0.2 * times)))
    assert rank([quick, thrifty], minimise="latency")[0] is (quick, thrifty)[first]


def test_of_equals_the_one_that_reads_fewer_originals_then_searches_less_of_the_graph():
    wide, deep, least = candidates(SMALL, SMALL, SMALL)

    def asked(candidate, originals, ef):
        search = replace(candidate.measured.search, hnsw_ef=ef)
        return replace(
            candidate, measured=replace(candidate.measured, search=search, effective=Effective(True, 5.0, originals))
        )

    wide, deep, least = asked(wide, 100, 32), asked(deep, 50, 128), asked(least, 50, 64)
    assert rank([wide, deep])[0] is deep
    assert rank([wide, deep, least])[0] is least


FACTORS = [replace(SMALL, oversampling=factor, ms=always(ms)) for factor, ms in ((4.0, 0.5), (2.0, 0.6), (1.0, 0.7))]


def test_what_does_a_part_of_the_others_work_is_not_the_slower_one_but_far_off():
    wide, part, far = candidates(*FACTORS)
    assert [each.index for each in rank([wide, part, far])] == [part.index, wide.index, far.index]
    assert before(part, wide, "ram")
    assert not before(wide, part, "ram")
    assert before(wide, far, "ram")
    assert not before(far, wide, "ram")


def test_a_part_of_the_work_is_of_the_same_collection_and_the_same_search():
    wide, part, _ = candidates(*FACTORS)
    assert does_less(part, wide)
    assert not does_less(wide, part)
    assert not does_less(part, part)

    def searched(candidate, **changes):
        search = replace(candidate.measured.search, **changes)
        return replace(candidate, measured=replace(candidate.measured, search=search))

    deep = searched(part, hnsw_ef=64)
    assert not does_less(deep, searched(wide, hnsw_ef=32))
    assert does_less(deep, searched(wide, hnsw_ef=64))
    assert not does_less(deep, searched(wide, hnsw_ef=None))
    elsewhere = replace(part, measured=replace(part.measured, collection="another"))
    assert not does_less(elsewhere, wide)
    unread = replace(wide, measured=replace(wide.measured, effective=Effective(False, None, 10**6)))
    assert does_less(unread, part)


def test_the_choice_is_steadied_among_those_that_hold_on_both_halves():
    cheap = replace(SMALL, found=lambda query: 10 if query % 2 else 8, ms=always(0.4))
    plants = [NONE, replace(cheap, oversampling=1.0), *FACTORS[:2]]
    found = advise(evidence(*run(plants)), 0.95)
    chosen = found.chosen
    assert chosen is not None
    assert chosen.search.oversampling == 2.0
    assert found.recommendation is not None
    assert found.recommendation.runner_up is not None
    why = found.recommendation.runner_up.why
    assert "though it does all of the choice's work and more: chance" in why


def test_what_can_be_told_apart_is_drawn_by_the_seed_of_the_run():
    times = (0.2 * (1 + 0.3 * np.random.default_rng(46).random((2, 40)))).tolist()
    small, quick = replace(LARGE, ms=lambda query: times[0][query] * 1.03), Plant(
        "turbo-8bit", always(10), times[1].__getitem__, bytes_=80.5
    )  # fmt: skip
    plants = [replace(NONE, bytes_=None), small, quick]
    for seed, method in ((0, "turbo-8bit"), (7, "scalar")):
        one, other = evidence(*run(plants, queries=40, seed=seed)).candidates[1:]
        assert differ(one, other, seed).same_speed is (method == "scalar"), "a close call: the draws decide"
        best = advise(evidence(*run(plants, queries=40, seed=seed)), 0.95).recommendation
        assert best is not None
        assert best.method == method


def test_what_tuning_stopped_asking_while_it_held_neither_misses_nor_falls_short():
    record, lines = run([NONE, LARGE, SMALL, replace(SMALL, oversampling=2.0, found=always(5))])
    raced = replace(record, plan=replace(record.plan, order=RACED))
    some = [line for line in lines if isinstance(line, tuple) or line.measurement < 2 or line.query < 60]
    found = advise(evidence(raced, some), 0.95)
    assert found.recommendation is not None
    assert found.recommendation.method == "scalar"
    assert {each.search.oversampling: each.verdict for each in found.weighed if each.method == "binary"} == {
        5.0: SKIPPED,
        2.0: MISSES,
    }
    (short,) = [reason for reason in found.recommendation.reasons if "falls short" in reason]
    assert "rescore x2" in short


def test_nearest_is_what_surely_reaches_most():
    sure, wide = candidates(SMALL, LARGE)
    sure, wide = replace(sure, choosing=Span(0.90, 0.89, 0.91)), replace(wide, choosing=Span(0.92, 0.80, 0.99))
    assert nearness([wide, sure]) == [sure, wide]


def test_less_disk_is_a_reason_to_be_on_the_front():
    one, other = candidates(SMALL, SMALL)
    one, other = files(one, originals=500), files(other, originals=400)
    assert front([one, other]) == {other.index}
    assert front([one, files(other, originals=500)]) == {one.index, other.index}


# --- what can be chosen, and what it takes ----------------------------------------------------------------------------


def test_controls_are_no_candidates():
    record, lines = run([NONE, SMALL, LARGE], queries=40)
    first, control, last = record.measurements
    control = replace(control, search=replace(control.search, ignore=True))
    found = gather(replace(record, measurements=(first, control, last)), folded(record, lines))
    assert [each.index for each in found.candidates] == [0, 2]


def test_what_is_not_built_takes_the_files_of_none_and_the_quantized_vectors():
    record, _ = run([NONE])
    memory = {"originals": Bytes(0, 0, 256_000), "graph": Bytes(0, 0, 5000)}
    plain = replace(record.collections[0], memory=memory)
    assert expected("none", plain, record.dataset) == footprint(plain)
    size = expected("binary", plain, record.dataset)
    assert size == Footprint(16 * 1000 + 5000, 261_000 + 16 * 1000)
    assert plain.settings is not None
    in_ram = replace(plain, settings=replace(plain.settings, vectors=(VectorSpec(64, on_disk=False),)))
    assert expected("binary", in_ram, record.dataset) == Footprint((256 + 16) * 1000 + 5000, size.disk)


def test_there_are_never_fewer_tokens_than_points():
    held = run([NONE])[0].collections[0]
    assert held.settings is not None
    spec = replace(held.settings, vectors=(VectorSpec(64, multivector=True),))
    assert vectors(replace(held, settings=spec, memory={"originals": Bytes(0, 0, 256 * 10)})) == 1000


def test_one_vector_a_point_however_large_the_files():
    held = run([NONE])[0].collections[0]
    assert vectors(replace(held, memory={"originals": Bytes(0, 0, 256 * 5000)})) == 1000


def test_what_answered_nothing_keeps_no_limit_on_time():
    (found,) = candidates(SMALL)
    assert not fits_time(replace(found.measured, engine_ms=None), Wishes(p95_ms=9.0))


def test_a_limit_is_kept_by_the_upper_end_of_the_interval_and_by_what_is_just_as_large():
    (found,) = candidates(replace(SMALL, ms=lambda query: 0.1 + query / 100))
    engine = found.measured.engine_ms
    assert engine.p95 < engine.ci.p95[1]
    assert fits_time(found.measured, Wishes(p95_ms=engine.ci.p95[1]))
    assert not fits_time(found.measured, Wishes(p95_ms=(engine.p95 + engine.ci.p95[1]) / 2))
    limits = Wishes(ram_bytes=100, disk_bytes=200)
    assert within(Footprint(100, 200), limits)
    assert not within(Footprint(101, 200), limits)
    assert not within(Footprint(100, None), limits)


@pytest.mark.parametrize(
    ("vector", "on_disk"),
    [
        (VectorSpec(64, on_disk=True), True),
        (VectorSpec(64, on_disk=False), False),
        (VectorSpec(64, placement=Placement.COLD), True),
        (VectorSpec(64, on_disk=True, placement=Placement.CACHED), False),
    ],
)
def test_originals_are_on_disk_where_they_are_read_on_use(vector, on_disk):
    held = run([LARGE])[0].collections[0]
    assert held.settings is not None
    held = replace(held, settings=replace(held.settings, vectors=(vector,)))
    assert originals_on_disk(held) is on_disk
    assert ram_bytes(held) == (80 if on_disk else 256 + 80)


# --- two halves, and two variants -------------------------------------------------------------------------------------


def test_the_halves_are_drawn_by_the_seed_and_the_first_is_the_larger():
    first, second = split(range(41), 1)
    assert (len(first), len(second)) == (21, 20)
    assert sorted((*first, *second)) == list(range(41))
    assert split(range(41), 1) == (first, second) != split(range(41), 2)


def test_a_difference_is_of_the_one_to_the_other():
    worse, better = candidates(replace(SMALL, found=lambda query: 9 - query % 2), LARGE)
    down, up = differ(worse, better, 0), differ(better, worse, 0)
    assert down.recall is not None
    assert up.recall is not None
    assert down.recall.mean == pytest.approx(-0.15)
    assert up.recall.mean == pytest.approx(0.15)
    assert not down.same_recall
    assert not up.same_recall
    assert differ(better, better, 0).same_recall


def test_a_handful_of_queries_says_nothing():
    (found,) = candidates(SMALL)
    assert pooled(replace(found, recalls=dict.fromkeys(range(4), 1.0)), 0) is None
    assert pooled(replace(found, recalls=dict.fromkeys(range(5), 1.0)), 0) == Span(1.0, 1.0, 1.0)


def test_without_a_choice_what_may_hold_is_undecided_and_an_unknown_size_keeps_no_limit():
    wide = replace(LARGE, found=lambda query: 10 if query % 10 else 6)
    poor = replace(NONE, found=always(5))
    assert [line.partition(":")[0] for line in advise(evidence(*run([poor, wide])), 0.95).undecided] == [
        "scalar no rescore ef 64"
    ]
    record, lines = run([poor, wide])
    raced = replace(record, plan=replace(record.plan, order=RACED))
    some = [line for line in lines if isinstance(line, tuple) or line.measurement == 0 or line.query < 60]
    (said,) = advise(evidence(raced, some), 0.95).undecided
    assert said.endswith(" over 60 queries; more would tell")
    record, lines = run([NONE, LARGE])
    unknown = evidence(replace(record, collections=record.collections[:1]), lines)
    found = advise(unknown, 0.95, Wishes(minimise="latency", p95_ms=0.5))
    assert found.recommendation is None
    assert [each.why for each in found.weighed if each.method == "scalar"] == ["its size isn't known"]
    assert advise(unknown, 0.95, Wishes(minimise="latency")).recommendation is not None
