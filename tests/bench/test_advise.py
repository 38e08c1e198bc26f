"""The choice for a target recall: on planted runs whose answer is known, on any run against a count of its own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtui import advice
from qtui.bench.advise import advise, of_kept, recommended
from qtui.bench.evidence import LEAST_HALF, gather, split, tally_of
from qtui.bench.order import rank
from qtui.bench.record import RunStore
from qtui.bench.report import table
from qtui.errors import UsageError
from qtui.model import SearchSettings
from qtui.records import Sample
from tests.bench import runs as fake
from tests.bench.planted import K, Plant, always, evidence, run

NONE = Plant("none", always(10), always(1.0))
SCALAR = Plant("scalar", always(10), always(0.5), bytes_=80)
BINARY = Plant("binary", lambda query: 10 if query % 4 else 5, always(0.2), 3.0, bytes_=16)
MORE = replace(BINARY, oversampling=5.0, found=always(10), ms=always(0.3))


def advised(plants, target=0.95, **options):
    return advise(evidence(*run(plants, **options)), target)


def verdicts(found):
    return {(each.method, each.search.oversampling): each.verdict for each in found.weighed}


def test_the_smallest_that_keeps_the_target_is_chosen():
    found = advised([NONE, SCALAR, BINARY, MORE])
    best = found.recommendation
    assert best is not None
    assert (best.method, best.search) == ("binary", SearchSettings(K, 64, rescore=True, oversampling=5.0))
    assert (best.recall.mean, best.recall.low, best.recall.high) == (1, 1, 1)
    assert best.compression == 16
    assert best.speedup == pytest.approx(1 / 0.3)
    assert best.runner_up is not None
    assert best.runner_up.method == "scalar"
    assert "5x the memory" in best.runner_up.why
    assert verdicts(found) == {
        ("binary", 5.0): advice.CHOSEN,
        ("scalar", None): advice.RUNNER_UP,
        ("none", None): advice.HOLDS,
        ("binary", 3.0): advice.MISSES,
    }


def test_memory_counts_before_speed_and_speed_within_one_size():
    slow = replace(SCALAR, ms=always(5.0))
    assert advised([NONE, slow]).recommendation.method == "scalar"
    twin = Plant("turbo-8bit", always(10), always(0.4), bytes_=80.5)
    best = advised([NONE, SCALAR, twin]).recommendation
    assert best.method == "turbo-8bit"
    assert best.runner_up.method == "scalar"
    assert best.runner_up.why.startswith("same memory, 1.25x the time")


def test_none_is_the_answer_where_nothing_smaller_keeps_the_target():
    found = advised([NONE, replace(SCALAR, found=always(9)), BINARY])
    assert found.recommendation.method == "none"
    assert found.recommendation.compression == 1
    assert any("nothing smaller keeps the target" in reason for reason in found.recommendation.reasons)
    assert any("scalar" in reason and "falls short" in reason for reason in found.recommendation.reasons)


def test_a_mean_above_the_target_does_not_hold_when_its_interval_reaches_below():
    wide = replace(BINARY, found=lambda query: 10 if query % 10 else 6)
    found = advised([NONE, wide], target=0.95)
    (mean,) = [each.choosing.mean for each in found.weighed if each.method == "binary"]
    assert mean > 0.95
    assert found.recommendation.method == "none"


def test_what_held_on_the_choosing_half_alone_is_not_recommended():
    choosing, _ = split(range(100), 0)
    lucky = replace(BINARY, found=lambda query: 10 if query in choosing else 8)
    found = advised([NONE, SCALAR, lucky])
    assert found.recommendation.method == "scalar"
    assert verdicts(found)["binary", 3.0] == advice.UNCONFIRMED
    assert any("held on the choosing half alone: binary" in reason for reason in found.recommendation.reasons)


def test_nothing_qualifies_is_no_error_and_names_the_nearest():
    found = advised([replace(NONE, found=always(9)), BINARY], target=0.99)
    assert found.recommendation is None
    assert "the nearest is none ef 64 with 0.900" in found.verdict
    record, lines = run([replace(NONE, found=always(9)), BINARY])
    kept = recommended(record, tally_of(record, lines), 0.99)
    assert kept.recommendation is None
    assert kept.warnings[-1].code == "no-recommendation"
    assert kept.warnings[-1].text == found.verdict


def test_controls_are_never_chosen():
    exact = replace(BINARY, exact=True, oversampling=None, found=always(10), ms=always(0.01))
    found = advised([NONE, BINARY, exact])
    assert found.recommendation.method == "none"
    assert all(not each.search.exact for each in found.weighed)


def test_the_lowest_concurrency_counts():
    crowd = replace(MORE, ms=always(0.1), concurrency=4)
    found = advised([NONE, MORE, crowd])
    assert found.recommendation.speedup == pytest.approx(1 / 0.3)
    assert len(found.weighed) == 2


def test_failed_searches_count_as_found_nothing():
    frail = replace(MORE, fails=lambda query: query % 3 == 0)
    found = advised([NONE, SCALAR, frail])
    assert found.recommendation.method == "scalar"
    (weighed,) = [each for each in found.weighed if each.method == "binary"]
    assert 0.5 < weighed.choosing.mean < 0.8


# --- what can't be told apart -------------------------------------------------------------------------------------


def jitter(base, seed):
    rng = np.random.default_rng(seed)
    times = base * (1 + 0.3 * rng.random(100))
    return lambda query: float(times[query])


def test_equal_variants_are_said_to_be_indistinguishable():
    one = replace(MORE, ms=jitter(0.3, 1))
    other = replace(MORE, oversampling=8.0, ms=jitter(0.3, 2))
    found = advised([NONE, one, other])
    assert found.recommendation.runner_up.why.startswith("can't tell these two apart: same memory")
    assert len(found.alike) == 1
    assert sum(each.alike for each in found.weighed) == 1


def test_a_slower_twin_is_told_apart():
    found = advised([NONE, replace(MORE, ms=jitter(0.3, 1)), replace(MORE, oversampling=8.0, ms=jitter(0.6, 2))])
    assert found.alike == ()
    assert found.recommendation.runner_up.why.startswith("same memory, 1.98x the time")


# --- memory -------------------------------------------------------------------------------------------------------


def test_originals_in_ram_count_as_memory():
    found = advised([NONE, SCALAR], on_disk=False)
    assert {each.method: each.ram_bytes for each in found.weighed} == {"none": 256, "scalar": 336}
    assert found.recommendation.method == "none"
    assert "both in RAM" in found.memory


def test_originals_on_disk_don_t():
    found = advised([NONE, SCALAR])
    assert {each.method: each.ram_bytes for each in found.weighed} == {"none": 256, "scalar": 80}
    assert "the originals on disk" in found.memory


def test_records_that_don_t_tell_are_taken_to_be_on_disk_and_it_is_said():
    found = advised([NONE, SCALAR], on_disk=None)
    assert found.recommendation.method == "scalar"
    assert any("doesn't tell where the originals lie" in caveat for caveat in found.caveats)
    assert "of_scalar" in found.recommendation.python


def test_the_configuration_is_what_was_measured_in_both_forms():
    best = advised([NONE, MORE]).recommendation
    for text in (best.python, best.rest):
        assert "of_binary" in text
        assert "oversampling" in text
        assert "hnsw_ef" in text
    assert best.rest.startswith("PUT /collections/of_binary")
    compile(best.python, "pasted", "exec")


def test_the_configuration_keeps_a_low_threshold_where_the_default_would_build_nothing():
    record, lines = run([NONE, MORE])
    for points, kept in ((1000, True), (10**6, False)):
        held = tuple(
            replace(each, points=points, settings=replace(each.settings, segments=1))
            for each in record.collections
            if each.settings is not None
        )
        best = advise(evidence(replace(record, collections=held), lines), 0.95).recommendation
        assert best is not None
        assert ("indexing_threshold" in best.python) is kept
        assert "segment" not in best.python, "one segment is for measuring"


def test_the_reasons_name_the_largest_of_what_is_smaller_and_falls_short():
    poor = [replace(SCALAR, method=name, found=always(8), bytes_=size) for name, size in (
        ("binary", 16), ("turbo-2bit", 24), ("turbo-4bit", 40),
    )]  # fmt: skip
    reasons = advised([NONE, SCALAR, *poor]).recommendation.reasons
    short = [reason.split(": ")[1].split(" ")[0] for reason in reasons if reason.startswith("smaller")]
    assert short == ["turbo-4bit", "turbo-2bit"]


def test_a_few_of_the_undecided_are_named():
    wide = [replace(BINARY, oversampling=float(n), found=lambda query: 10 if query % 10 else 6) for n in range(2, 8)]
    assert len(advised([NONE, SCALAR, *wide]).undecided) == 4


def test_a_recall_that_is_never_lower_is_not_the_same():
    second = replace(MORE, oversampling=8.0, ms=always(0.5))
    almost = replace(MORE, found=lambda query: 10 if query % 50 else 9)
    why = advised([NONE, almost, second]).recommendation.runner_up.why
    assert "the same recall" not in why
    assert "recall +0.002 (95% +0.000 to +0.005)" in why


# --- caveats and refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"queries": 40}, "too few for narrow intervals"),
        ({"query_origin": "collection"}, "points of the collection"),
    ],
)
def test_caveats(options, said):
    assert any(said in caveat for caveat in advised([NONE, SCALAR], **options).caveats)


def test_enough_queries_of_their_own_leave_no_caveat():
    assert advised([NONE, SCALAR]).caveats == ()


def test_a_partial_run_says_so():
    record, lines = run([NONE, SCALAR])
    found = advise(evidence(replace(record, status="partial"), lines), 0.95)
    assert any("partial" in caveat for caveat in found.caveats)


def test_advice_for_another_target_than_a_run_was_tuned_for_says_so():
    record, lines = run([NONE, SCALAR])
    tuned = evidence(replace(record, plan=replace(record.plan, order="raced", target_recall=0.9)), lines)
    assert any("tuned for recall 0.9: " in caveat for caveat in advise(tuned, 0.95).caveats)
    assert advise(tuned, 0.9).caveats == ()


def test_without_truth_there_is_no_advice():
    found = advised([NONE, SCALAR], truth=False)
    assert found.recommendation is None
    assert "aren't known" in found.verdict


def test_without_samples_there_is_no_advice():
    record, _ = run([NONE, SCALAR])
    found = advise(evidence(record, ()), 0.95)
    assert found.recommendation is None
    assert "has kept none" in found.verdict


@pytest.mark.parametrize("queries", [1, 2, 2 * LEAST_HALF - 2])
def test_too_few_queries_to_split(queries):
    found = advised([NONE, SCALAR], queries=queries)
    assert found.recommendation is None
    assert "too few" in found.verdict


@pytest.mark.parametrize("target", [0, -1, 1.01, float("nan")])
def test_no_sane_target(target):
    with pytest.raises(UsageError):
        advised([NONE], target=target)


# --- in the record and under the table ------------------------------------------------------------------------------


async def test_a_run_keeps_its_recommendation(home):
    ran = await fake.run(fake.REQUEST, home)
    kept = RunStore(home / "runs").load(ran.record.id)
    assert kept.plan.target_recall == 0.95
    assert kept.recommendation is not None
    assert kept.recommendation == ran.record.recommendation
    again = advise(of_kept(RunStore(home / "runs"), ran.record.id), 0.95)
    assert again.recommendation == kept.recommendation


def test_the_table_says_what_to_use():
    record, lines = run([NONE, SCALAR, BINARY])
    kept = recommended(record, tally_of(record, lines), 0.95)
    text = table(replace(kept, plan=replace(kept.plan, target_recall=0.95)))
    assert "recommended for recall@10 ≥ 0.95: scalar no rescore ef 64: recall 1.000 [1.000, 1.000]" in " ".join(
        text.split()
    )
    assert "runner-up: none ef 64: needs 3.2x the memory" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "recommended" not in table(record)
    plain = recommended(record, tally_of(record, [line for line in lines if not isinstance(line, Sample) or
                                                  line.measurement == 0]), 0.95)  # fmt: skip
    said = " ".join(table(plain).split())
    assert "recommended: none ef 64: recall 1.000 [1.000, 1.000] on the half of the queries that confirmed it" in said
    assert "smaller" not in said.partition("runner-up")[0].partition("recommended")[2]


# --- any run ------------------------------------------------------------------------------------------------------


@given(st.integers(0, 400), st.integers(0, 10**6))
def test_halves_are_disjoint_whole_and_the_same_for_a_seed(queries, seed):
    first, second = split(range(queries), seed)
    assert not set(first) & set(second)
    assert set(first) | set(second) == set(range(queries))
    assert 0 <= len(first) - len(second) <= 1
    assert split(range(queries), seed) == (first, second)


def random_run(seed):
    rng = np.random.default_rng(seed)
    plants = []
    for method, size in (("none", None), ("scalar", 80.0), ("turbo-4bit", 40.0), ("binary", 16.0)):
        for factor in (None,) if method == "none" else (1.0, 2.0, 4.0):
            quality, pace = rng.uniform(0.8, 1.0), rng.uniform(0.1, 2.0)
            found = rng.binomial(10, quality, 60)
            plants.append(Plant(method, found.tolist().__getitem__, always(pace), factor, bytes_=size))
    return run(plants, queries=60, seed=seed)


def counted(lines, index, queries):
    """Mean recall over some queries, counted anew from the samples."""
    truth = [set(line) for line in lines if not isinstance(line, Sample)]
    shares = [
        len(set(line.ids) & truth[line.query]) / len(truth[line.query])
        for line in lines
        if isinstance(line, Sample) and line.measurement == index and line.query in queries
    ]
    return sum(shares) / len(shares)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**4), st.sampled_from([0.8, 0.85, 0.9, 0.95]))
def test_the_choice_holds_on_both_halves_and_nothing_better_does(seed, target):
    record, lines = random_run(seed)
    held = evidence(record, lines)
    found = advise(held, target)
    assert found == advise(gather(record, tally_of(record, lines)), target)
    for each in found.weighed:
        assert each.choosing is not None
        assert each.confirming is not None
        assert each.choosing.mean == pytest.approx(counted(lines, each.measurement, held.choosing))
        assert each.confirming.mean == pytest.approx(counted(lines, each.measurement, held.confirming))
    both = [
        each
        for each in found.weighed
        if each.choosing and each.confirming and min(each.choosing.low, each.confirming.low) >= target - 1e-9
    ]
    if found.recommendation is None:
        assert both == []
        return
    chosen = found.chosen
    assert chosen in both
    assert found.recommendation.recall == chosen.confirming
    assert chosen.ram_bytes == min(each.ram_bytes or 0 for each in both)
    same = [each for each in both if each.ram_bytes == chosen.ram_bytes]
    fastest = min(same, key=time_of)
    assert chosen is fastest or factor_of(chosen) < factor_of(fastest)
    assert time_of(chosen) <= 1.25 * time_of(fastest)
    assert factor_of(chosen) == min(factor_of(each) for each in same if time_of(each) <= 1.25 * time_of(fastest))


def time_of(each):
    return each.p50_ms or 0.0


def factor_of(each):
    return each.search.oversampling or 0.0


def test_the_order_is_by_size_then_speed():
    record, lines = random_run(5)
    ranked = rank(list(evidence(record, lines).candidates))
    sizes = [each.ram_bytes or 0.0 for each in ranked]
    assert sizes == sorted(sizes)
    for size in set(sizes):
        first, *rest = (each.p50_ms for each in ranked if each.ram_bytes == size)
        assert rest == sorted(rest)
        assert first <= 1.25 * min((first, *rest))
