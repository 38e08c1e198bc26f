"""What a run must keep to pass: limits as they are typed, and what became of each. Standard library only.

    METRIC=VALUE                                     recall=0.95, p95=2.5
    METRIC=CHANGE%                                   p95=+20%, recall=-1%: against the baseline run
    METHOD[:rescore=on,oversampling=3]:METRIC=VALUE  the same of one variant

`bench.judge` holds them against a record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from qtui.errors import UsageError, shown
from qtui.methods import method as known


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a variant that can be limited."""

    name: str
    text: str
    unit: str
    """ms, ratio, share, count, rate or bytes."""
    more_is_better: bool


_METRICS = (
    Metric("recall", "mean recall", "share", more_is_better=True),
    Metric("mean", "mean engine time", "ms", more_is_better=False),
    Metric("p50", "p50 of engine time", "ms", more_is_better=False),
    Metric("p95", "p95 of engine time", "ms", more_is_better=False),
    Metric("p99", "p99 of engine time", "ms", more_is_better=False),
    Metric("trip-mean", "mean round trip", "ms", more_is_better=False),
    Metric("trip-p50", "p50 of round trips", "ms", more_is_better=False),
    Metric("trip-p95", "p95 of round trips", "ms", more_is_better=False),
    Metric("trip-p99", "p99 of round trips", "ms", more_is_better=False),
    Metric("speedup", "engine p50 of none over its own", "ratio", more_is_better=True),
    Metric("qps", "searches a second", "rate", more_is_better=True),
    Metric("compression", "original bytes over quantized ones", "ratio", more_is_better=True),
    Metric("bytes", "bytes of a quantized vector", "bytes", more_is_better=False),
    Metric("errors", "failed searches", "count", more_is_better=False),
)
METRICS = {metric.name: metric for metric in _METRICS}
_SWITCHES = {"on": True, "off": False}
_CHANGE = re.compile(r"([+-]?\d+(?:\.\d+)?)%")


@dataclass(frozen=True, slots=True)
class Which:
    """The variants that a limit may be about; None where any will do."""

    method: str | None = None
    rescore: bool | None = None
    oversampling: float | None = None
    hnsw_ef: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit."""

    text: str
    """As it was typed."""
    metric: str
    bound: float
    """The value itself, or, with `relative`, the allowed change as a share of the baseline's: 0.2 for +20%."""
    relative: bool = False
    which: Which = Which()

    @property
    def floor(self) -> bool:
        """Whether the figure must not fall below it; else it must not rise above."""
        return METRICS[self.metric].more_is_better


KEPT, MISSED, DOUBTFUL = "kept", "missed", "doubtful"
"""Outcomes. doubtful: past what the baseline allows, but the difference to the baseline may be chance; it passes."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one limit."""

    limit: Limit
    outcome: str
    variant: str | None
    """None where no measured variant fits."""
    measurement: int | None
    value: float | None
    interval: tuple[float, float] | None
    """95%, of the value."""
    baseline: float | None = None
    change: tuple[float, float] | None = None
    """95% interval of value over baseline; None where it can't be told."""
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether it doesn't fail the gate."""
        return self.outcome != MISSED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says of a run."""

    run: str
    baseline: str | None
    checks: tuple[Checked, ...]
    remarks: tuple[str, ...] = ()
    """What to know of the comparison."""

    @property
    def passed(self) -> bool:
        """Whether no limit was missed."""
        return all(check.passed for check in self.checks)

    @property
    def missed(self) -> int:
        """How many limits were."""
        return sum(not check.passed for check in self.checks)


def parse(text: str, *, floor: bool) -> Limit:
    """A limit of --fail-under (`floor`) or --fail-over. Raises UsageError, which says what it takes."""
    option = "--fail-under" if floor else "--fail-over"
    which, _, rule = text.strip().rpartition(":")
    name, equals, value = (part.strip() for part in rule.partition("="))
    if not equals or not value:
        raise UsageError(f"{option} takes METRIC=VALUE, as {'recall=0.95' if floor else 'p95=+20%'}, not {shown(text)}")
    metric = METRICS.get(name)
    fitting = [each.name for each in _METRICS if each.more_is_better is floor]
    if metric is None:
        raise UsageError(f"{option} knows no figure {shown(name)}; it takes {', '.join(fitting)}")
    if metric.more_is_better is not floor:
        other = "--fail-over" if floor else "--fail-under"
        raise UsageError(f"{option} takes {', '.join(fitting)}; {name} goes with {other}")
    bound, relative = _bound(value, metric, option)
    return Limit(text.strip(), name, bound, relative, parse_which(which, option) if which else Which())


def _bound(value: str, metric: Metric, option: str) -> tuple[float, bool]:
    change = _CHANGE.fullmatch(value)
    if change is not None:
        share = float(change[1]) / 100
        if metric.more_is_better and (share > 0 or share <= -1):
            raise UsageError(f"{option} {metric.name} takes a fall of 0% to -99% against the baseline, not {value}")
        if not metric.more_is_better and share < 0:
            raise UsageError(f"{option} {metric.name} takes a rise against the baseline, as +20%, not {value}")
        return share, True
    if value[0] in "+-":
        raise UsageError(f"{option} {metric.name} takes a change with its %, as {value[0]}20%, not {shown(value)}")
    try:
        number = float(value)
    except ValueError:
        raise UsageError(f"{option} {metric.name} takes a number or a change as +20%, not {shown(value)}") from None
    if not isfinite(number) or number < 0 or (metric.unit == "share" and number > 1):
        raise UsageError(f"{option} {metric.name} takes {'0 to 1' if metric.unit == 'share' else '0 or more'}")
    return number, False


def parse_which(text: str, option: str) -> Which:
    """The variant that METHOD[:rescore=on,oversampling=3,hnsw_ef=128,concurrency=1] names. Raises UsageError."""
    name, _, settings = text.partition(":")
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in settings.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in ("rescore", "oversampling", "hnsw_ef", "concurrency"):
            raise UsageError(
                f"{option} names a variant by rescore=on|off, oversampling=X, hnsw_ef=N, concurrency=N,"
                f" not by {shown(part)}"
            )
        found[key] = value
    try:
        return Which(
            method=known(name.strip()).name,
            rescore=_SWITCHES[found["rescore"]] if "rescore" in found else None,
            oversampling=float(found["oversampling"]) if "oversampling" in found else None,
            hnsw_ef=int(found["hnsw_ef"]) if "hnsw_ef" in found else None,
            concurrency=int(found["concurrency"]) if "concurrency" in found else None,
        )
    except (KeyError, ValueError):
        raise UsageError(f"{option} can't take the variant {shown(text)}: a setting has no such value") from None
