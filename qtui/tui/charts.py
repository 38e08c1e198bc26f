"""Charts of a run as data: which marks and lines, in which colour, on which axes. Draws nothing.

Letters are the catalogue's, digits behind them oversampling. Bars and histograms, which are text, are `bars`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from qtui import units
from qtui.distribution import Distribution
from qtui.methods import METHODS
from qtui.plan import Variant
from qtui.records import Measurement
from qtui.tui.fold import RunState, best, where
from qtui.tui.shades import SERIES
from qtui.tui.text import clean
from qtui.tui.widgets.axes import Axes, Mark, Series

MOST_LINES = 40
"""Above this many lines they cover each other: only letters are drawn."""
CUT = 0.99
"""Share of the searches that the distributions' lines show: the slowest of all would squeeze them together."""
Line = list[tuple[float, Mark]]


def recall_latency(state: RunState, chosen: int | None = None) -> tuple[Series, ...]:
    """A line a method (and hnsw_ef and concurrency): rescored variants joined by oversampling, the others alone."""
    joined: dict[tuple[str, int | None, int], Line] = {}
    single: dict[tuple[str, int | None, int], list[Mark]] = {}
    for at, variant, found in _measured(state):
        if found.recall is None or found.engine_ms is None:
            continue
        factor = variant.search.oversampling
        label = "✗" if found.errors else ""
        text = f"{factor:g}{label}" if factor is not None else label
        letter = METHODS[variant.method].letter
        mark = Mark(letter, text, found.engine_ms.p50, found.recall.mean, at == chosen)
        if factor is None:
            single.setdefault(_line_of(variant), []).append(mark)
        else:
            joined.setdefault(_line_of(variant), []).append((factor, mark))
    keys = sorted({*joined, *single}, key=lambda key: (list(METHODS).index(key[0]), key[1] or 0, key[2]))
    return tuple(
        _series(key[0], joined.get(key, []), single.get(key, []), lines=len(keys) <= MOST_LINES) for key in keys
    )


def _series(method: str, joined: Line, single: list[Mark], *, lines: bool) -> Series:
    ordered = tuple(mark for _, mark in sorted(joined, key=lambda pair: pair[0]))
    color = SERIES[method]
    return Series(color, ordered, tuple(single)) if lines else Series(color, (), (*ordered, *single))


def _line_of(variant: Variant) -> tuple[str, int | None, int]:
    return variant.method, variant.search.hnsw_ef, variant.concurrency


def _measured(state: RunState) -> Iterator[tuple[int, Variant, Measurement]]:
    """The variants with figures, controls left out: they explain a loss and are no choice."""
    for at, found in sorted(state.measured.items()):
        if not state.variants[at].is_control:
            yield at, state.variants[at], found


def by_oversampling(
    state: RunState, figure: Callable[[Measurement], float | None], chosen: int | None = None
) -> tuple[Series, ...]:
    """The figure of every rescored variant over its oversampling, a line a method."""
    lines: dict[tuple[str, int | None, int], Line] = {}
    for at, variant, found in _measured(state):
        value, factor = figure(found), variant.search.oversampling
        if value is not None and factor is not None:
            mark = Mark(METHODS[variant.method].letter, "", factor, value, at == chosen)
            lines.setdefault(_line_of(variant), []).append((factor, mark))
    few = len(lines) <= MOST_LINES
    return tuple(_series(key[0], line, [], lines=few) for key, line in lines.items())


def of_none(state: RunState, figure: Callable[[Measurement], float | None]) -> float | None:
    """The figure of `none`, without controls, to compare with."""
    return next((figure(found) for _, variant, found in _measured(state) if variant.method == "none"), None)


def factors(state: RunState) -> tuple[float, ...]:
    """The oversampling factors that were measured."""
    found = {variant.search.oversampling for _, variant, _ in _measured(state)}
    return tuple(sorted(factor for factor in found if factor is not None))


def factor_axes(state: RunState) -> Axes:
    """An x axis with a tick at every factor."""
    ticks = factors(state)
    wide = bool(ticks) and ticks[-1] / ticks[0] > 12
    return Axes(log_x=wide, open=True, x_ticks=ticks, margin=5, beside=True)


def compared(state: RunState) -> dict[str, int]:
    """Method → the variant whose distribution stands for it."""
    methods = dict.fromkeys(variant.method for variant in state.variants)
    found = {method: best(state, method) for method in methods}
    return {method: at for method, at in found.items() if at is not None}


def distributions(state: RunState, spread: Mapping[int, Distribution]) -> tuple[Series, ...]:
    """Share of searches that took no longer, for each method's best variant, up to CUT."""
    lines = []
    for method, at in compared(state).items():
        found = spread.get(at)
        if found is not None:
            path = tuple(point for point in found.cumulated() if point[1] <= CUT)
            entry = METHODS[method]
            lines.append(Series(SERIES[method], path=path, letter=entry.letter, letter_y=0.5))
    return tuple(lines)


RECALL_SPAN = 0.01
"""Less than this of recall is not drawn as if it were a height."""
RECALL = Axes(least_span=RECALL_SPAN)
SHARES = Axes(
    open=True,
    y_ticks=((0.0, "0"), (0.25, "p25"), (0.5, "p50"), (0.75, "p75"), (0.95, "p95"), (1.0, "")),
    rules=(0.5, 0.95),
)


def key(state: RunState) -> str:
    """What the letters in the chart stand for."""
    return _key({variant.method: "" for variant in state.variants})


def key_of_compared(state: RunState) -> str:
    """The same, with the variant that stands for each method."""
    return _key({method: f" {where(state, state.variants[at])}" for method, at in compared(state).items()})


def _key(methods: Mapping[str, str]) -> str:
    blank = "\N{NO-BREAK SPACE}"
    return "  ".join(f"{METHODS[name].letter} {name}{more}".replace(" ", blank) for name, more in methods.items())


def made_of(state: RunState, about: int = 30) -> str:
    """n, k and what was measured, for the foot of every chart of searches; of its name so many cells."""
    sizes = {found.engine_ms.n for found in state.measured.values() if found.engine_ms is not None}
    n = "0" if not sizes else f"{min(sizes):,}" if len(sizes) == 1 else f"{min(sizes):,}–{max(sizes):,}"
    points = _points(state)
    of = f", {points}" if points else ""
    return f"n={n} searches each, k={state.request.limit}, on {clean(state.about, about)}{of}{_unfinished(state)}"


def held_by(state: RunState) -> str:
    """How many points it is of, and which, for the foot of charts of bytes."""
    points = _points(state)
    return f"{f'n={points}, ' if points else ''}on {clean(state.about, 30)}{_unfinished(state)}"


def _points(state: RunState) -> str:
    points = {found.points for found in state.collections}
    return f"{units.count(max(points))} points" if points else ""


def _unfinished(state: RunState) -> str:
    return {"": ", so far", "partial": ", partial run", "failed": ", failed run"}.get(state.over, "")
