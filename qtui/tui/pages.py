"""The pages of charts: what each is called, and its lines for a run in a given room. Draws on no widget.

A page is exactly as high and as wide as it is asked to be; a text with more lines is higher, and scrolled. What it is
of stands in its last line: n, k and the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import wrap

from rich.text import Text
from textual.strip import Strip

from qtui import hottext, units
from qtui.distribution import Distribution
from qtui.hottext import UNASKED
from qtui.methods import METHODS
from qtui.records import Measurement
from qtui.tui import bars, charts
from qtui.tui.bars import QUIET
from qtui.tui.fold import RunState, where
from qtui.tui.shades import SERIES
from qtui.tui.text import clean
from qtui.tui.theme import HEAD
from qtui.tui.widgets.plot import Drawing, draw
from qtui.tui.words import in_app_words

Line = Text | Strip


@dataclass(frozen=True, slots=True)
class Look:
    """What a page is drawn of."""

    state: RunState
    chosen: int
    """The variant under the cursor."""
    spread: Mapping[int, Distribution] = field(default_factory=dict)
    """Variant → how its times are distributed, as far as it is known."""
    waits: str = ""
    """Why distributions aren't known."""


def recall(look: Look, width: int, height: int) -> list[Line]:
    """Recall against latency."""
    state = look.state
    series = charts.recall_latency(state, look.chosen)
    k = state.request.limit
    notes = [
        f"↑ recall@{k}  → p50 engine ms, log  digit: oversampling, none: no rescore",
        *_wrapped(charts.key(state), width),
    ]
    room = height - len(notes) - 1
    drawing = draw(series, width, room, charts.RECALL)
    said = _no_marks(state) if not series else "Too small a window for a chart."
    return [*_filled(drawing, said, width, room), *_quiet(notes), _last(state, width, drawing.hidden)]


def _no_marks(state: RunState) -> str:
    if any(found.engine_ms for found in state.measured.values()):
        return "No recall is known: the run has no exact answers to compare with. p50 p95 p99 is the next chart."
    if state.running:
        return "No marks yet: they come with the first figures."
    return "No marks: nothing was measured. The lines under the table say why."


def percentiles(look: Look, width: int, height: int) -> list[Line]:
    """p50, p95 and p99 of every variant."""
    lines = bars.percentiles(look.state, look.chosen, width, height - 2)
    far = any("»" in line.plain for line in lines)
    note = "» lies further right than is drawn: its number is beside it" if far else ""
    return [*_padded(lines, height - 2), Text(note, QUIET), _last(look.state, width)]


def oversampling(look: Look, width: int, height: int) -> list[Line]:
    """Recall, and under it p50, over oversampling."""
    state = look.state
    notes = _wrapped(charts.key(state), width)
    above = (height - len(notes) - 5) // 2
    below = height - len(notes) - 3 - above
    axes = charts.factor_axes(state)
    of_recall = replace(axes, hidden=True, least_span=charts.RECALL_SPAN)
    upper = draw(charts.by_oversampling(state, _recall, look.chosen), width, above, of_recall)
    lower = draw(charts.by_oversampling(state, _p50, look.chosen), width, below, axes)
    nothing = "No rescored variant is measured: choose rescore on and some factors in the plan."
    if any(state.variants[at].search.oversampling is not None for at in state.measured):
        nothing = "No recall is known: the run has no exact answers to compare with."
    recall_of_none, p50_of_none = charts.of_none(state, _recall), charts.of_none(state, _p50)
    head = f"recall@{state.request.limit}"
    return [
        Text.assemble((head, HEAD), (f"  none: {units.share(recall_of_none)}", QUIET)),
        *_filled(upper, nothing, width, above),
        Text.assemble(
            ("p50 engine ms", HEAD),
            (f"  none: {units.millis(p50_of_none)}  → oversampling of rescored searches", QUIET),
        ),
        *_filled(lower, "" if not lower.rows else "Too small a window for a chart.", width, below),
        *_quiet(notes),
        _last(state, width, upper.hidden + lower.hidden),
    ]


def _recall(found: Measurement) -> float | None:
    return found.recall.mean if found.recall else None


def _p50(found: Measurement) -> float | None:
    return found.engine_ms.p50 if found.engine_ms else None


def distribution(look: Look, width: int, height: int) -> list[Line]:
    """Which share of the searches took no longer, method by method."""
    state = look.state
    series = charts.distributions(state, look.spread)
    target = f"{state.request.target_recall:g}"
    notes = [
        "→ engine ms, log; up to p99  ↑ share of searches that took no longer",
        f"of each method the fastest with recall ≥ {target}, else the most accurate:",
        *_wrapped(charts.key_of_compared(state), width),
    ]
    room = height - len(notes) - 1
    drawing = draw(series, width, room, charts.SHARES)
    said = look.waits or ("Too small a window for a chart." if series else "No times are known.")
    return [*_filled(drawing, said, width, room), *_quiet(notes), _last(state, width)]


def histogram(look: Look, width: int, height: int) -> list[Line]:
    """Times of the variant under the cursor."""
    state = look.state
    variant = state.variants[look.chosen]
    found, measured = look.spread.get(look.chosen), state.measured.get(look.chosen)
    entry = METHODS[variant.method]
    head = Text.assemble((f"{entry.letter} {variant.method} {where(state, variant)}", HEAD))
    if measured is not None and measured.recall is not None:
        head.append(f"   recall {units.share(measured.recall.mean)}", QUIET)
    head.append("   searches a bin; ↑ ↓ another variant", QUIET)
    latency = measured.engine_ms if measured is not None else None
    lines = [] if found is None else bars.histogram(found, latency, width, height - 3, SERIES[entry.name])
    if not lines:
        said = look.waits or ("This variant has no times." if found is None else "Too small a window for a chart.")
        lines = _said(said, width)
    n = f"n={found.n:,} searches" if found is not None else "n=0"
    made = charts.made_of(state).partition(", ")[2]
    return [head, *_padded(lines, height - 3), Text("→ engine ms, log bins", QUIET), Text(f"{n}, {made}", QUIET)]


def memory(look: Look, width: int, height: int) -> list[Line]:
    """Bytes found against bytes by the formula."""
    lines = [*bars.memory(look.state, width), Text(), *_quiet(bars.memory_notes(look.state))]
    return [*_padded(lines, height - 1), Text(charts.held_by(look.state), QUIET)]


def hot(look: Look, width: int, height: int) -> list[Line]:
    """What search keeps in memory, of the method under the cursor and of none."""
    state = look.state
    if state.record is None:
        lines = _said("Memory is looked at when all latencies are taken." if state.running else UNASKED, width)
    else:
        method = state.variants[look.chosen].method if look.chosen < len(state.variants) else None
        lines = [Text(clean(in_app_words(line))) for line in hottext.lines(state.record, method, width)]
    lines += [Text()] * (height - 1 - len(lines))
    moves = "; ↑ ↓ another method" if state.record is not None and state.record.residency else ""
    return [*lines, Text(charts.held_by(state) + moves, QUIET)]


@dataclass(frozen=True, slots=True)
class Page:
    """One chart."""

    title: str
    draw: Callable[[Look, int, int], list[Line]]
    times: bool = False
    """Whether it needs distributions."""


PAGES: dict[str, Page] = {
    "chart": Page("recall/latency", recall),
    "latency": Page("p50 p95 p99", percentiles),
    "oversampling": Page("oversampling", oversampling),
    "spread": Page("spread", distribution, times=True),
    "histogram": Page("histogram", histogram, times=True),
    "memory": Page("memory", memory),
    "hot": Page("in RAM", hot),
}


def wanted(look_at: str, state: RunState, chosen: int) -> tuple[int, ...]:
    """The variants whose distributions a page shows."""
    if look_at == "histogram":
        return (chosen,) if chosen in state.measured else ()
    return tuple(charts.compared(state).values()) if look_at == "spread" else ()


def _wrapped(text: str, width: int) -> list[str]:
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in wrap(text, max(20, width))]


def _quiet(lines: list[str]) -> list[Text]:
    return [Text(line, QUIET) for line in lines]


def _last(state: RunState, width: int, hidden: int = 0) -> Text:
    """What is too long for the width is taken from the name of the data."""
    covered = f"; {hidden:,} under others" if hidden else ""
    line = charts.made_of(state) + covered
    too_long = len(line) - width
    if too_long > 0:
        line = charts.made_of(state, max(8, min(30, len(state.about)) - too_long)) + covered
    if len(line) > width:
        line = line.replace(" searches each", " searches", 1)
    return Text(line, QUIET)


def _filled(drawing: Drawing, said: str, width: int, height: int) -> list[Line]:
    return list(drawing.rows) if drawing.rows else _padded(_said(said, width), height)


def _said(text: str, width: int) -> list[Text]:
    """Words in the place of a chart."""
    return [Text(), *(Text(f"  {line}", QUIET) for line in wrap(text, max(20, width - 4)))]


def _padded(lines: list[Text], height: int) -> list[Line]:
    room = max(0, height)
    return [*lines[:room], *(Text() for _ in range(room - len(lines)))]
