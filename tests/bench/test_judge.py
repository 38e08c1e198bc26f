"""The gate on runs whose every answer is planted."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from qtui.bench import metrics, summary
from qtui.bench.draws import change_of, draws_of
from qtui.bench.judge import Kept, chosen, fits, judge
from qtui.choices import Span
from qtui.errors import UsageError
from qtui.limits import DOUBTFUL, KEPT, MISSED, Which, parse
from qtui.model import SearchSettings
from qtui.records import EngineVersion, Recommendation
from tests.bench.planted import Plant, always, folded, run

HOSTILE = "evil\x1b]0;t\x07|<b>&\"'\n\u202e"


def noise(seed, scale=0.3):
    """Times around 1 ms whose p95 is anything but sure."""
    drawn = np.random.default_rng(seed).lognormal(0, scale, 1000)
    return lambda query: float(drawn[query])


def made(*, binary=8, ms=None, none_ms=None, **options):
    plants = [
        Plant("none", always(10), none_ms or always(2.0)),
        Plant("binary", always(binary), ms or always(1.0), bytes_=16),
        Plant("binary", lambda q: 9 + (q % 2), ms or always(1.5), oversampling=3.0, bytes_=16),
    ]
    record, lines = run(plants, **options)
    return Kept(record, folded(record, lines))


def check(kept, text, baseline=None, *, floor):
    (found,) = judge(kept, [parse(text, floor=floor)], baseline).checks
    return found


def test_a_limit_is_missed_by_the_figure_alone_and_says_how_sure_that_is():
    kept = made()
    assert check(kept, "none:recall=1", floor=True).outcome == KEPT
    found = check(kept, "binary:rescore=off:recall=0.81", floor=True)
    assert (found.outcome, found.value, found.measurement) == (MISSED, pytest.approx(0.8), 1)
    close = check(kept, "binary:rescore=on:recall=0.951", floor=True)
    assert close.outcome == MISSED
    assert "within its 95% interval" in close.why
    assert check(kept, "binary:rescore=on,oversampling=3:recall=0.9", floor=True).outcome == KEPT
    assert check(kept, "p95=1.5", floor=False).value == 2.0, "without a name: the best recall, none's"
    assert check(kept, "binary:rescore=off:p95=0.99", floor=False).outcome == MISSED
    assert check(kept, "binary:bytes=16", floor=False).outcome == KEPT
    assert check(kept, "binary:rescore=off:speedup=1.9", floor=True).value == 2.0


def test_failed_searches_are_a_figure_too():
    record, lines = run([Plant("none", always(10), always(2.0), fails=lambda query: query < 3)], repeat=1)
    kept = Kept(record, folded(record, lines))
    assert check(kept, "none:errors=3", floor=False).outcome == KEPT
    assert check(kept, "none:errors=2", floor=False).outcome == MISSED
    assert check(made(), "none:errors=0", floor=False).outcome == KEPT


def test_without_a_name_the_recommended_variant_is_meant():
    kept = made()
    search = kept.record.measurements[1].search
    best = Recommendation("binary", search, Span(0.8, 0.8, 0.8), None, None, (), None, "", "")
    assert chosen(kept.record, Which()) == 0
    assert chosen(replace(kept.record, recommendation=best), Which()) == 1
    assert chosen(replace(kept.record, recommendation=best), Which("binary")) == 1
    assert chosen(kept.record, Which("binary")) == 2, "of its method the best recall"
    assert chosen(kept.record, Which("scalar")) is None


def test_controls_are_never_meant():
    record, lines = run([Plant("none", always(10), always(1.0), exact=True)])
    kept = Kept(record, folded(record, lines))
    assert chosen(record, Which()) is None
    found = check(kept, "recall=0.5", floor=True)
    assert (found.outcome, found.value) == (MISSED, None)


def test_what_was_not_measured_can_keep_no_limit():
    kept = made(truth=False)
    found = check(kept, "recall=0.1", floor=True)
    assert found.outcome == MISSED
    assert "no recall" in found.why
    few = made(queries=20, repeat=1)
    assert "fewer than 100" in check(few, "p99=100", floor=False).why


def test_a_real_slowdown_is_missed_and_chance_is_not():
    before = made(ms=noise(1))
    assert check(before, "binary:rescore=off:p95=+20%", before, floor=False).outcome == KEPT
    slower = made(ms=lambda query: noise(1)(query) * 1.3)
    found = check(slower, "binary:rescore=off:p95=+20%", before, floor=False)
    assert found.outcome == MISSED
    assert found.change == pytest.approx((1.3, 1.3)), "the same queries: what is hard in both cancels out"
    assert check(slower, "binary:rescore=off:p95=+31%", before, floor=False).outcome == KEPT


def test_a_difference_that_may_be_chance_passes_and_says_so():
    before = made(ms=noise(1, 0.8), queries=40, repeat=1)
    after = made(ms=noise(2, 0.8), queries=40, repeat=1)
    ratio = after.record.measurements[1].engine_ms.p95 / before.record.measurements[1].engine_ms.p95
    one, other = (after, before) if ratio > 1 else (before, after)
    found = check(one, "binary:rescore=off:p95=+1%", other, floor=False)
    assert found.change[0] < 1 < found.change[1]
    assert (found.outcome, found.passed) == (DOUBTFUL, True)
    assert "may be chance" in found.why


def test_recall_may_fall_no_further_than_was_allowed():
    before, after = made(binary=9), made(binary=8)
    assert check(after, "binary:rescore=off:recall=-5%", before, floor=True).outcome == MISSED
    assert check(after, "binary:rescore=off:recall=-12%", before, floor=True).outcome == KEPT
    assert check(before, "binary:rescore=off:recall=-0%", after, floor=True).outcome == KEPT


def test_without_the_searches_the_intervals_of_the_records_stand_in():
    before, slower = made(), made(ms=always(2.0))
    before, slower = Kept(before.record), Kept(slower.record)
    found = check(slower, "binary:rescore=off:p95=+20%", before, floor=False)
    assert (found.outcome, found.change) == (MISSED, (2.0, 2.0))
    assert check(slower, "binary:rescore=off:p99=+20%", before, floor=False).why.startswith("no interval")
    known = before.record.measurements[1].engine_ms
    assert known is not None
    wide = replace(known.ci, p95=(0.1, 3.0))
    spread = replace(
        before.record,
        measurements=tuple(
            replace(each, engine_ms=replace(known, p95=each.engine_ms.p95, ci=wide))
            for each in before.record.measurements
            if each.engine_ms is not None
        ),
    )
    assert check(slower, "binary:rescore=off:p95=+20%", Kept(spread), floor=False).outcome == DOUBTFUL


def test_a_slower_machine_is_told_from_a_slower_variant():
    before = made()
    busy = made(ms=always(1.6), none_ms=always(3.0))
    found = check(busy, "binary:rescore=off:p95=+20%", before, floor=False)
    assert (found.outcome, found.passed) == (DOUBTFUL, True)
    assert "none, built and searched the same, changed by +50% too" in found.why
    assert check(busy, "binary:rescore=off:p95=+5%", before, floor=False).outcome == MISSED, (
        "1.6 is more than 1.05 x 1.5"
    )
    assert check(made(ms=always(1.6)), "binary:rescore=off:p95=+20%", before, floor=False).outcome == MISSED
    environment = replace(busy.record.environment, engine=EngineVersion("embedded", "9"))
    other = Kept(replace(busy.record, environment=environment), busy.tally)
    assert check(other, "binary:rescore=off:p95=+20%", before, floor=False).outcome == MISSED, "the engine may be why"
    rebuilt = Kept(replace(busy.record, collections=tuple(replace(c, segments=2) for c in busy.record.collections)))
    assert check(rebuilt, "binary:rescore=off:p95=+20%", before, floor=False).outcome == MISSED, "so may the building"


def test_another_hnsw_ef_is_held_against_the_only_one_that_the_baseline_has():
    before, slower = made(), made(ms=always(1.6))
    other = Kept(
        replace(
            slower.record,
            measurements=tuple(replace(m, search=replace(m.search, hnsw_ef=512)) for m in slower.record.measurements),
        )
    )
    found = check(other, "binary:rescore=off:p95=+20%", before, floor=False)
    assert (found.outcome, found.why) == (MISSED, "the baseline's hnsw_ef is 64")


def test_a_speedup_has_an_interval_from_the_records_too():
    before, after = Kept(made(ms=noise(1)).record), Kept(made(ms=noise(2)).record)
    found = check(after, "binary:rescore=off:speedup=-0%", before, floor=True)
    assert found.change is not None
    assert found.outcome in (KEPT, DOUBTFUL), "noise alone misses nothing"


def with_ef(kept, ef, *, times=1.0):
    """The measurements once more at another hnsw_ef, their times longer."""
    more = tuple(
        replace(
            each,
            search=replace(each.search, hnsw_ef=ef),
            engine_ms=replace(
                each.engine_ms,
                p50=each.engine_ms.p50 * times,
                ci=replace(each.engine_ms.ci, p50=tuple(end * times for end in each.engine_ms.ci.p50)),
            ),
        )
        for each in kept.record.measurements
        if each.engine_ms is not None
    )
    return Kept(replace(kept.record, measurements=(*kept.record.measurements, *more)))


def test_of_several_hnsw_ef_in_the_baseline_none_stands_in_for_another():
    other = with_ef(made(), 512)
    before = with_ef(made(), 128)
    found = check(other, "binary:rescore=off,hnsw_ef=512:p95=+20%", before, floor=False)
    assert (found.outcome, found.why) == (MISSED, "the baseline run has no such variant")


def test_a_limit_may_name_hnsw_ef_and_concurrency():
    measured = made().record.measurements[1]
    for which, expected in (
        (Which(hnsw_ef=64), True),
        (Which(hnsw_ef=65), False),
        (Which(concurrency=1), True),
        (Which(concurrency=4), False),
    ):
        assert fits(which, "binary", measured.search, 1) is expected


def test_the_interval_of_a_speedup_is_against_none_at_the_same_hnsw_ef():
    now, before = Kept(made(ms=noise(1), none_ms=noise(3)).record), Kept(made(ms=noise(2), none_ms=noise(4)).record)
    spans = []
    for kept in (now, before):
        none, own = (each.engine_ms.ci.p50 for each in kept.record.measurements[:2] if each.engine_ms is not None)
        spans.append((none[0] / own[1], none[1] / own[0]))
    expected = pytest.approx((spans[0][0] / spans[1][1], spans[0][1] / spans[1][0]))
    assert check(now, "binary:rescore=off:speedup=-1%", before, floor=True).change == expected
    # the slower ones come first: `none` of another hnsw_ef would be found before
    turned = with_ef(now, 512, times=10.0).record
    turned = replace(turned, measurements=(*turned.measurements[3:], *turned.measurements[:3]))
    asked = "binary:rescore=off,hnsw_ef=64:speedup=-1%"
    assert check(Kept(turned), asked, before, floor=True).change == expected


def test_the_recommended_variant_is_meant_even_where_another_comes_first():
    record = made().record
    best = Recommendation("binary", record.measurements[2].search, Span(1, 1, 1), None, None, (), None, "", "")
    assert chosen(replace(record, recommendation=best), Which("binary")) == 2
    assert chosen(replace(record, recommendation=best), Which()) == 2


def test_a_faster_machine_excuses_no_fewer_searches_a_second():
    before, after = made(), made(ms=always(1.2), none_ms=always(1.9))
    fewer = [replace(kept.record, measurements=tuple(
        replace(each, qps=qps) for each, qps in zip(kept.record.measurements, rates, strict=True)
    )) for kept, rates in ((before, (400.0, 800.0, 600.0)), (after, (480.0, 680.0, 600.0)))]  # fmt: skip
    found = check(Kept(fewer[1]), "binary:rescore=off:qps=-10%", Kept(fewer[0]), floor=True)
    assert found.outcome == MISSED


def test_a_drift_of_the_machine_is_named_from_a_tenth_on():
    before = made()
    assert judge(made(none_ms=always(2.18)), [], before).remarks == ()
    (drift,) = judge(made(none_ms=always(2.22)), [], before).remarks
    assert "+11%" in drift


def test_a_variant_that_the_baseline_lacks_fails():
    before = made()
    fewer = Kept(replace(before.record, measurements=before.record.measurements[:1]))
    found = check(before, "binary:rescore=on:p95=+20%", fewer, floor=False)
    assert (found.outcome, found.why) == (MISSED, "the baseline run has no such variant")


def test_other_data_is_refused_and_another_machine_is_named():
    before = made()
    with pytest.raises(UsageError, match="can't be compared"):
        judge(made(source="other"), [parse("recall=0.1", floor=True)], before)
    elsewhere = replace(before.record.environment, cpus=64, engine=EngineVersion("embedded", "9"))
    found = judge(Kept(replace(before.record, environment=elsewhere)), [], before)
    assert [remark.split(" ")[1] for remark in found.remarks] == ["baseline", "engines"]
    (drift,) = judge(made(none_ms=always(2.5)), [], before).remarks
    assert "+25%" in drift


def test_draws_of_the_same_queries_are_paired_and_have_the_records_interval():
    kept = made(ms=noise(3))
    assert kept.tally is not None
    drawn = draws_of(kept.tally, 1, "p95")
    assert drawn is not None
    assert metrics.interval(drawn) == pytest.approx(kept.record.measurements[1].engine_ms.ci.p95)
    mean = draws_of(kept.tally, 1, "mean")
    assert mean is not None
    assert float(mean.mean()) == pytest.approx(kept.record.measurements[1].engine_ms.mean, rel=0.02)
    assert change_of(drawn, drawn) == (1.0, 1.0)
    assert change_of(drawn, drawn * 0) is None


def test_the_verdict_as_text_markdown_and_junit():
    before = made(ms=noise(1))
    after = made(ms=lambda query: noise(1)(query) * 1.3)
    asked = [parse("recall=0.9", floor=True), parse("binary:rescore=off:p95=+20%", floor=False)]
    verdict = judge(after, asked, before)
    assert (verdict.passed, verdict.missed) == (False, 1)
    text = summary.to_text(verdict)
    assert text.startswith("gate missed: 1 of 2 limits missed, against run planted")
    assert max(map(len, text.splitlines())) <= 80
    assert "MISSED: binary no rescore ef 64: p95" in text
    assert "+30.0% [+30.0%, +30.0%]" in " ".join(text.split())
    assert "at most +20%" in " ".join(text.split())
    rows = summary.to_markdown(verdict).splitlines()[-2:]
    assert [row.split("|")[-2].strip() for row in rows] == ["kept", "MISSED"]
    suite = ET.fromstring(summary.to_junit(verdict))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    names = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert names == ["binary:rescore=off:p95=+20%"]


def test_nothing_from_data_breaks_a_summary():
    verdict = judge(made(), [parse("none:recall=0.9", floor=True)])
    (good,) = verdict.checks
    bad = replace(good, variant=HOSTILE, outcome=MISSED, why=HOSTILE)
    verdict = replace(verdict, run=HOSTILE, baseline=HOSTILE, checks=(bad,), remarks=(HOSTILE,))
    suite = ET.fromstring(summary.to_junit(verdict))
    assert suite.find(".//failure") is not None
    for text in (summary.to_text(verdict), summary.to_markdown(verdict), summary.to_junit(verdict)):
        assert text.replace("\n", "").isprintable()
    (row,) = [line for line in summary.to_markdown(verdict).splitlines() if "recall" in line and "|" in line]
    assert row.replace("\\|", "").count("|") == 8


def test_a_limit_of_other_search_settings_does_not_fit():
    record = made().record
    odd = replace(record.measurements[2], search=SearchSettings(10, 64, rescore=True, oversampling=5.0))
    record = replace(record, measurements=(*record.measurements[:2], odd))
    assert chosen(record, parse("binary:rescore=on,oversampling=3:recall=0.9", floor=True).which) is None
