"""Charts of a run that are text: percentiles, memory, the histogram of one variant. Imports rich; no widget.

Each is handed its room and fills no more of it; rows that don't fit follow the chosen variant.
"""

from __future__ import annotations

import math
from statistics import median

from rich.text import Text

from qtui import units
from qtui.distribution import Distribution
from qtui.methods import METHODS
from qtui.model import Bytes
from qtui.records import CollectionRecord, Latency, Measurement
from qtui.tui.fold import RunState, where
from qtui.tui.shades import SERIES
from qtui.tui.text import fitted
from qtui.tui.theme import ACCENT, BAD, DIM, HEAD, WARN
from qtui.tui.widgets.axes import log_ticks

BLOCKS = " ▏▎▍▌▋▊▉█"
COLUMNS = " ▁▂▃▄▅▆▇█"
QUIET = "grey62"


def bar_of(cells: float) -> str:
    """A horizontal bar of so many cells, in eighths; at least a sliver."""
    eighths = max(1, round(cells * 8))
    return "█" * (eighths // 8) + (BLOCKS[eighths % 8] if eighths % 8 else "")


# --- percentiles ----------------------------------------------------------------------------------------------

NAMES = 25
"""Cells of the sign, the letter, the method and what is asked of it."""
NUMBERS = 24


def percentiles(state: RunState, chosen: int, width: int, height: int) -> list[Text]:
    """One row a variant: bar to p50, ┼ at p95, ┤ at p99, the numbers beside them; `height` rows with the heading."""
    rows = [at for at, found in sorted(state.measured.items()) if found.engine_ms is not None or found.errors]
    if not rows:
        return [Text("engine time, ms", HEAD), Text(), Text(_nothing(state), DIM)]
    room = max(12, width - NAMES - NUMBERS)
    longest = _longest([found for at in rows if (found := state.measured[at].engine_ms) is not None])
    shown, above, below = window(rows, chosen, height - 1)
    head = Text.assemble((f"  {'engine time, ms':<{NAMES - 2}}", HEAD), (f"{'█ p50  ┼ p95  ┤ p99':<{room}}", DIM))
    head.append(f"{'p50':>7}{'p95':>7}{'p99':>7}", DIM)
    lines = [head, *(_percentile_row(state, at, room, longest, chosen=at == chosen) for at in shown)]
    for at, hidden, sign in ((1, above, "▲"), (len(lines) - 1, below, "▼")):
        if hidden:
            lines[at] = Text(f"  {sign} {hidden + 1} more variants: ↑ ↓ move through them", QUIET)
    return lines


def window(rows: list[int], chosen: int, height: int) -> tuple[list[int], int, int]:
    """The rows that fit, the chosen one among them and not at an edge, and how many there are above and below."""
    height = max(1, height)
    middle = next((place for place, at in enumerate(rows) if at >= chosen), len(rows) - 1)
    first = max(0, min(middle - height // 2, len(rows) - height))
    shown = rows[first : first + height]
    return shown, first, len(rows) - first - len(shown)


def _nothing(state: RunState) -> str:
    if state.running:
        return "Nothing measured yet: the figures come with the first blocks."
    return "Nothing was measured: the lines under the table say why."


FAR = 4.0
"""So many times the median p95 is the most that is drawn."""


def _longest(latencies: list[Latency]) -> float:
    """Where the bars end: a little beyond the largest p95, unless a few far out would squeeze all the others."""
    found = [each.p95 for each in latencies]
    return min(max(found), FAR * median(found)) * 1.15 if found else 0.0


def _percentile_row(state: RunState, at: int, room: int, longest: float, *, chosen: bool) -> Text:
    variant, found = state.variants[at], state.measured[at]
    entry = METHODS[variant.method]
    name = fitted(f"{entry.letter} {variant.method:<12} {where(state, variant)}", NAMES - 3)
    row = Text.assemble(("▸ " if chosen else "  ", ACCENT), (f"{name:<{NAMES - 2}}", "bold" if chosen else ""))
    row.append_text(_whisker(found.engine_ms, room, longest, SERIES[entry.name]))
    latency = found.engine_ms
    for value in (latency.p50, latency.p95, latency.p99) if latency else (None, None, None):
        row.append(f"{units.millis(value):>7}", "bold" if chosen else "")
    sign, style = sign_of(state, at, found)
    return row.append(f" {sign}", style)


def sign_of(state: RunState, at: int, found: Measurement) -> tuple[str, str]:
    """✗ where searches failed, ⚠ where a warning concerns the variant; its style."""
    return ("✗", BAD) if found.errors else ("⚠", WARN) if state.warnings_about(at) else ("", "")


def _whisker(latency: Latency | None, room: int, longest: float, color: int) -> Text:
    """`room` cells: the last one but one is at `longest`, and what lies beyond it is shown as »."""
    if latency is None or longest <= 0:
        return Text(" " * room)
    scale, last = (room - 3) / longest, room - 2
    cells = [" "] * room
    far = latency.p99 if latency.p99 is not None else latency.p95
    for column in range(min(last, math.floor(latency.p50 * scale)), min(last, round(far * scale)) + 1):
        cells[column] = "─"
    for value, sign in ((latency.p95, "┼"), (latency.p99, "┤")):
        if value is not None:
            column = round(value * scale)
            cells[min(last, column)] = sign if column <= last else "»"
    bar = bar_of(min(latency.p50 * scale, last))
    return Text.assemble((bar, f"color({color})"), ("".join(cells)[len(bar) :], DIM))


# --- memory ---------------------------------------------------------------------------------------------------


def memory(state: RunState, width: int) -> list[Text]:
    """Bytes of one vector as found in the files, with │ at what the formula says, and the ratio of the two."""
    if not state.collections:
        return [Text("memory of the vectors", HEAD), Text(), Text("No collection is ready yet.", DIM)]
    room = max(10, width - 17 - 42)
    head = Text.assemble((f"{'bytes a vector':<17}", HEAD), (f"{'█ found  │ theory':<{room}}", DIM))
    head.append(f"{'found':>6}{'theory':>7}{'ratio':>7}{'smaller':>8}{'on disk':>12}  ", DIM)
    longest = max(max(size for size in _sizes(found) if size is not None) for found in state.collections)
    rows = [_memory_row(state, found, room, longest) for found in state.collections]
    rows += [
        Text.assemble(f"{METHODS[each.method].letter} {each.method:<14} ", ("✗ not built", BAD))
        for each in state.failed
        if each.method in METHODS
    ]
    return [head, *rows]


def memory_notes(state: RunState) -> list[str]:
    """What the figures are of."""
    points = units.count(max((found.points for found in state.collections), default=None))
    return [
        "found: in the files; ratio: found over theory; smaller: than float32, as found",
        f"on disk: quantized data of all {points} points; of none, the originals",
    ]


def _sizes(found: CollectionRecord) -> tuple[float | None, float]:
    original = found.bytes_per_vector.original
    theory = original / (found.compression.theoretical or 1.0)
    return original if found.method == "none" else found.bytes_per_vector.quantized, theory


def _memory_row(state: RunState, found: CollectionRecord, room: int, longest: float) -> Text:
    measured, theory = _sizes(found)
    scale = (room - 3) / longest
    entry = METHODS.get(found.method)
    bar = "" if measured is None else bar_of(measured * scale)
    cells = list(f"{bar:<{room}}")
    column = round(theory * scale)
    if measured is None or measured <= theory * 1.001:
        column = max(column, len(bar))
    cells[min(room - 2, column)] = "│"
    row = Text(f"{entry.letter if entry else '?'} {fitted(found.method, 14):<15}")
    row.append("".join(cells), f"color({SERIES[entry.name]})" if entry else "")
    ratio = "–" if measured is None or not theory else f"{measured / theory:.2f}x"
    row.append(f"{'–' if measured is None else f'{measured:,.0f}':>6}{theory:>7,.0f}{ratio:>7}")
    part = found.memory.get("originals" if found.method == "none" else "quantized", Bytes())
    row.append(f"{units.ratio(found.compression.measured):>8}{units.size(part.disk):>12} ")
    if found.method != "none" and not found.built.complete:
        return row.append(f"⚠ {found.built.segments}/{found.built.of} built", WARN)
    about = any(warning.about in (found.name, found.method) for warning in state.warnings)
    return row.append("⚠" if about else "", WARN)


# --- histogram ------------------------------------------------------------------------------------------------


FEW = 10
"""Of fewer searches in the fullest bin, half is no figure."""


def histogram(found: Distribution, latency: Latency | None, width: int, height: int, color: int) -> list[Text]:
    """Queries a bin on a log axis, with ┊ at p50, p95 and p99; exactly `height` rows where there is room for any."""
    rows = height - 2
    bins = next((bins for bins in (120, 80, 60, 48, 40) if bins <= width - 8), 0)
    if rows < 3 or not bins or not found.n:
        return []
    counts = found.joined(bins)
    each = (width - 8) // bins
    cells = [[(" ", "")] * (bins * each) for _ in range(rows)]
    most = max(counts)
    for at, count in enumerate(counts):
        _lay_column(cells, at * each, each, count / most * rows * 8, f"color({color})")
    low, step = math.log10(found.low_ms), found.step * len(found.counts) / (bins * each)
    for line, (name, ms) in enumerate(_percentiles_of(latency)):
        _lay_mark(cells, round((math.log10(ms) - low) / step) if ms > 0 else 0, f"{name} {units.millis(ms)}", line)
    labels = {0: most} if most < FEW else {0: most, rows // 2: most * (rows - rows // 2) / rows}
    texts = []
    for y, row in enumerate(cells):
        label = f"{labels[y]:>6,.0f}┤" if y in labels else f"{'':>6}│"
        texts.append(Text.assemble((label, QUIET), *row))
    return [*texts, *_x_axis(low, step, bins * each)]


def _percentiles_of(latency: Latency | None) -> list[tuple[str, float]]:
    if latency is None:
        return []
    found = (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99))
    return [(name, value) for name, value in found if value is not None]


def _lay_column(cells: list[list[tuple[str, str]]], at: int, each: int, eighths: float, style: str) -> None:
    """A column of so many eighths of a cell, `each` cells wide; a count above 0 is never invisible."""
    full = max(1, round(eighths)) if eighths > 0 else 0
    for up in range(math.ceil(full / 8)):
        block = COLUMNS[min(8, full - up * 8)]
        for column in range(at, at + each):
            cells[-1 - up][column] = (block, style)


def _lay_mark(cells: list[list[tuple[str, str]]], column: int, label: str, line: int) -> None:
    """A dotted line where no bar is, and its label beside it on a line of its own."""
    columns = len(cells[0])
    column = max(0, min(column, columns - 1))
    for row in cells:
        if row[column][0] == " ":
            row[column] = ("┊", QUIET)
    start = column + 1 if column + 1 + len(label) <= columns else column - len(label)
    for offset, character in enumerate(label):
        if 0 <= start + offset < columns:
            cells[min(line, len(cells) - 1)][start + offset] = (character, "bold")


def _x_axis(low: float, step: float, columns: int) -> list[Text]:
    rule, labels = list("─" * columns), [" "] * columns
    free = 0
    for value in log_ticks(low, low + step * columns):
        at, text = round((math.log10(value) - low) / step), f"{value:.3g}"
        start = at - len(text) // 2
        if at < columns and start >= free and start + len(text) <= columns:
            rule[at] = "┬"
            labels[start : start + len(text)] = text
            free = start + len(text) + 1
    return [Text(f"{'0':>6}└{''.join(rule)}", QUIET), Text(f"{'':>7}{''.join(labels)}", QUIET)]
