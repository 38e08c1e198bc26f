"""Charts of a run as data and as text: recall against latency, percentiles, memory. Imports rich; draws nothing itself.

Each says its n, its k and what it was measured on. Letters are the catalogue's, digits behind them oversampling.
"""

from __future__ import annotations

import math

from rich.text import Text

from qtui import units
from qtui.methods import METHODS
from qtui.model import Bytes
from qtui.records import CollectionRecord, Measurement
from qtui.tui.fold import RunState, label
from qtui.tui.text import clean, fitted
from qtui.tui.theme import DIM, SERIES
from qtui.tui.widgets.plot import Mark, Series

BLOCKS = " ▏▎▍▌▋▊▉█"


def recall_latency(state: RunState) -> tuple[Series, ...]:
    """One series a method: rescored variants joined by oversampling, the one without rescoring alone."""
    series = []
    for name, method in METHODS.items():
        joined: list[tuple[float, Mark]] = []
        single: list[tuple[float, Mark]] = []
        for at, variant in enumerate(state.variants):
            found = state.measured.get(at)
            if variant.method != name or variant.is_control or found is None:
                continue
            if found.recall is None or found.engine_ms is None:
                continue
            factor = variant.search.oversampling
            mark = Mark(method.letter, "" if factor is None else f"{factor:g}", found.engine_ms.p50, found.recall.mean)
            (single if factor is None else joined).append((factor or 0.0, mark))
        if joined or single:
            ordered = tuple(mark for _, mark in sorted(joined, key=lambda pair: pair[0]))
            series.append(Series(SERIES[method.family], ordered, tuple(mark for _, mark in single)))
    return tuple(series)


def key(state: RunState) -> str:
    """What the letters in the chart stand for."""
    methods = dict.fromkeys(variant.method for variant in state.variants)
    return "  ".join(f"{METHODS[name].letter}\N{NO-BREAK SPACE}{name}" for name in methods)


def made_of(state: RunState) -> str:
    """n, k and what was measured, for the foot of every chart."""
    sizes = {found.engine_ms.n for found in state.measured.values() if found.engine_ms is not None}
    n = "0" if not sizes else f"{min(sizes):,}" if len(sizes) == 1 else f"{min(sizes):,}–{max(sizes):,}"
    points = {found.points for found in state.collections}
    of = f", {units.count(max(points))} points" if points else ""
    unfinished = {"": ", so far", "partial": ", partial run", "failed": ", failed run"}.get(state.over, "")
    return f"n={n} searches a mark, k={state.request.limit}, on {clean(state.about, 40)}{of}{unfinished}"


def percentiles(state: RunState, width: int) -> Text:
    """One row a variant: bar to p50, ┼ at p95, ┤ at p99, the numbers beside them."""
    rows = [(at, found) for at, found in sorted(state.measured.items()) if found.engine_ms is not None]
    text = Text.assemble((f"{'engine time, ms':<21}", "bold"))
    if not rows:
        return text.append("\n\nNothing measured yet.", DIM)
    room = max(12, width - 21 - 22)
    text.append(f"{'bar p50  ┼ p95  ┤ p99':<{room + 1}}", DIM).append(f"{'p50':>7}{'p95':>7}{'p99':>7}", DIM)
    longest = max(_reach(found) for _, found in rows)
    for at, found in rows:
        variant = state.variants[at]
        text.append(f"\n{variant.method:<14}{label(variant):<7}")
        text.append_text(_whisker(found, room, longest, SERIES[METHODS[variant.method].family]))
        latency = found.engine_ms
        for value in (latency.p50, latency.p95, latency.p99) if latency else ():
            text.append(f"{units.millis(value):>7}")
    return text.append(f"\n\n{made_of(state)}", DIM)


def _reach(found: Measurement) -> float:
    latency = found.engine_ms
    return 0.0 if latency is None else max(latency.p95, latency.p99 or 0.0, latency.p50)


def _whisker(found: Measurement, room: int, longest: float, color: int) -> Text:
    latency = found.engine_ms
    if latency is None or longest <= 0:
        return Text(" " * (room + 1))
    cells = [" "] * (room + 1)
    scale = (room - 1) / longest
    end = round(_reach(found) * scale)
    for column in range(math.floor(latency.p50 * scale), end + 1):
        cells[column] = "─"
    cells[round(latency.p95 * scale)] = "┼"
    if latency.p99 is not None:
        cells[round(latency.p99 * scale)] = "┤"
    bar = bar_of(latency.p50 * scale)
    return Text.assemble((bar, f"color({color})"), ("".join(cells)[len(bar) :], DIM))


def bar_of(cells: float) -> str:
    """A horizontal bar of so many cells, in eighths; at least a sliver."""
    eighths = max(1, round(cells * 8))
    return "█" * (eighths // 8) + (BLOCKS[eighths % 8] if eighths % 8 else "")


def memory(state: RunState, width: int) -> Text:
    """Bytes of one vector as found in the files, with │ at what the formula says, and the ratio of the two."""
    text = Text.assemble((f"{'bytes a vector':<15}", "bold"))
    if not state.collections:
        return text.append("\n\nNo collection is ready yet.", DIM)
    room = max(12, width - 15 - 45)
    text.append(f"{'│ theory':<{room + 1}}", DIM)
    text.append(f"{'measured':>9}{'theory':>8}{'smaller':>9}{'on disk':>11}{'built':>7}", DIM)
    longest = max(_sizes(found)[0] or _sizes(found)[1] for found in state.collections)
    for found in state.collections:
        text.append("\n").append_text(_memory_row(found, room, longest))
    points = units.count(max(found.points for found in state.collections))
    note = f"of {points} points, on {clean(state.about, 40)}; on disk: all quantized vectors of the collection"
    return text.append(f"\n\n{note}", DIM)


def _sizes(found: CollectionRecord) -> tuple[float | None, float]:
    theory = found.bytes_per_vector.original / (found.compression.theoretical or 1.0)
    if found.method == "none":
        return found.bytes_per_vector.original, theory
    return found.bytes_per_vector.quantized, theory


def _memory_row(found: CollectionRecord, room: int, longest: float) -> Text:
    measured, theory = _sizes(found)
    scale = (room - 1) / longest
    bar = "" if measured is None else bar_of(measured * scale)
    cells = list(f"{bar:<{room + 1}}")
    cells[min(room, round(theory * scale))] = "│"
    text = Text(f"{fitted(found.method, 14):<15}")
    text.append("".join(cells), f"color({SERIES[METHODS[found.method].family]})" if found.method in METHODS else "")
    text.append(f"{'–' if measured is None else f'{measured:,.0f}':>9}{theory:>8,.0f}")
    built = found.built
    sign = "✓" if built.complete else "⚠"
    text.append(f"{units.ratio(found.compression.measured):>9}")
    text.append(f"{units.size(found.memory.get('quantized', Bytes()).disk) if found.method != 'none' else '–':>11}")
    return text.append(f"{'–' if found.method == 'none' else f'{built.segments}/{built.of} {sign}':>7}")
