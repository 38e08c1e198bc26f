from __future__ import annotations

import pytest

from qtui.errors import UsageError
from qtui.limits import METRICS, Which, parse


def test_a_plain_limit_and_a_change():
    assert (parse("recall=0.95", floor=True).bound, parse("recall=0.95", floor=True).relative) == (0.95, False)
    over = parse(" p95=+20% ", floor=False)
    assert (over.metric, over.bound, over.relative, over.floor) == ("p95", 0.2, True, False)
    assert parse("recall=-1.5%", floor=True).bound == pytest.approx(-0.015)
    assert parse("p95=20%", floor=False).bound == 0.2
    assert parse("errors=0", floor=False).bound == 0.0


def test_a_variant_is_named_by_method_and_settings():
    assert parse("turbo-4bit:recall=0.9", floor=True).which == Which("turbo-4bit")
    named = parse("binary:rescore=on,oversampling=3,hnsw_ef=64,concurrency=2:p95=2", floor=False)
    assert named.which == Which("binary", rescore=True, oversampling=3.0, hnsw_ef=64, concurrency=2)
    assert parse("recall=0.9", floor=True).which == Which()


@pytest.mark.parametrize(
    ("text", "floor", "says"),
    [
        ("recall", True, "METRIC=VALUE"),
        ("recall=", True, "METRIC=VALUE"),
        ("recal=0.9", True, "knows no figure"),
        ("p95=2", True, "p95 goes with --fail-over"),
        ("recall=0.9", False, "recall goes with --fail-under"),
        ("recall=1.2", True, "0 to 1"),
        ("recall=nan", True, "0 to 1"),
        ("p95=inf", False, "0 or more"),
        ("p95=-20%", False, "takes a rise"),
        ("recall=+2%", True, "takes a fall"),
        ("recall=-100%", True, "takes a fall"),
        ("p95=fast", False, "a number or a change"),
        ("p95=+20", False, "a change with its %"),
        ("qps=-10", True, "a change with its %"),
        ("binry:recall=0.9", True, "no method"),
        ("binary:rescore=maybe:recall=0.9", True, "no such value"),
        ("binary:limit=3:recall=0.9", True, "not by 'limit=3'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(text, floor, says):
    with pytest.raises(UsageError, match=says) as refused:
        parse(text, floor=floor)
    assert "\n" not in str(refused.value)


def test_every_metric_goes_with_one_of_the_two():
    for name, metric in METRICS.items():
        assert parse(f"{name}=0.5", floor=metric.more_is_better).metric == name
        with pytest.raises(UsageError):
            parse(f"{name}=0.5", floor=not metric.more_is_better)
