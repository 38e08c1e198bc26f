"""Which charts a report has, as data: every mark is a pair of figures with their origin. Drawn by `svg`. Pure."""

from __future__ import annotations

from qtui.bench.deliverable.parts import Chart, Mark, Part, Series
from qtui.bench.deliverable.reading import Reading
from qtui.bench.report import rescore_cell
from qtui.methods import METHODS

BEYOND = 1.15
"""Of the largest p95: so far bars of latency are drawn, as in the app."""
SCAN_NOTE = "digits: oversampling; no digit: without rescoring; a label without room is left out"


def charts(reading: Reading) -> tuple[Part, ...]:
    """Those that the run has figures for."""
    if not reading.compared:
        return ()
    found = [_latency(reading)]
    if reading.record.dataset.truth is not None:
        found = [_trade_off(reading), *found, *_by_factor(reading)]
    elif any(len(method.factors) > 1 for method in reading.methods):
        found += _by_factor(reading)[1:]
    return (*found, *_memory(reading))


def _made_of(reading: Reading) -> str:
    data = reading.record.dataset
    counts = [found.n for index in reading.compared if (found := reading.of(index).engine_ms) is not None]
    least, most = min(counts), max(counts)
    n = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"{data.points:,} points, recall@{data.k}, {data.queries} queries, n={n} searches a variant"


def _trade_off(reading: Reading) -> Chart:
    series = []
    for name, indexes in _by_method(reading):
        marks = tuple(
            Mark(
                reading.facts.figure(f"measurements[{index}].engine_ms.p50", "ms"),
                reading.facts.figure(f"measurements[{index}].recall.mean", "share"),
                METHODS[name].letter + _digits(reading, index),
                _named(reading, name, index),
                best=index == reading.best,
            )
            for index in indexes
        )
        series.append(Series(name, METHODS[name].letter, marks))
    k = reading.record.dataset.k
    note = f"{_made_of(reading)}; {SCAN_NOTE}"
    title, x_title = "Recall against latency", "engine p50, ms (log)"
    return Chart("scatter", title, x_title, f"recall@{k}", tuple(series), log_x=True, note=note)


def _latency(reading: Reading) -> Chart:
    series = tuple(
        Series(
            name,
            METHODS[name].letter,
            tuple(
                Mark(
                    reading.facts.figure(f"measurements[{index}].engine_ms.p50", "ms"),
                    reading.facts.figure(f"measurements[{index}].engine_ms.mean", "ms"),
                    METHODS[name].letter,
                    _named(reading, name, index),
                    tuple(
                        reading.facts.figure(f"measurements[{index}].engine_ms.{which}", "ms")
                        for which in ("p95", "p99")
                    ),
                    best=index == reading.best,
                )
                for index in indexes
            ),
        )
        for name, indexes in _by_method(reading)
    )
    most = _most(series)
    far = "" if most is None else "»: p99 lies further right than is drawn, its number is beside it; "
    note = f"bar: p50; marks on the line: p95, p99; {far}off, on: rescoring, × oversampling; {_made_of(reading)}"
    title, columns = "Latency of each variant", ("p50", "p95", "p99")
    return Chart("bars", title, "engine time, ms", "", series, note=note, columns=columns, most=most)


def _most(series: tuple[Series, ...]) -> float | None:
    """Where the bars end: a little beyond the largest p95, where a p99 lies further; None where none does."""
    marks = [mark for each in series for mark in each.marks]
    near = [figure.value for mark in marks for figure in (mark.x, mark.tips[0]) if figure.value is not None]
    most = BEYOND * max(near, default=0.0)
    far = any(mark.tips[1].value is not None and mark.tips[1].value > most for mark in marks)
    return most if far and most else None


def _by_factor(reading: Reading) -> list[Chart]:
    """Recall, then latency, against oversampling: two charts, since one with two scales misleads."""
    several = [method for method in reading.methods if len(method.factors) > 1]
    k, found = reading.record.dataset.k, []
    ticks = tuple(sorted({factor for method in several for factor, _ in method.factors}))
    for title, y_title, field, style in (
        ("Recall against oversampling", f"recall@{k}", "recall.mean", "share"),
        ("Latency against oversampling", "engine p50, ms", "engine_ms.p50", "ms"),
    ):
        series = tuple(
            Series(
                method.name,
                METHODS[method.name].letter,
                tuple(
                    Mark(
                        reading.facts.figure(f"measurements[{index}].search.oversampling", "number"),
                        reading.facts.figure(f"measurements[{index}].{field}", style),
                        METHODS[method.name].letter,
                        f"{method.name} x{factor:g}",
                        best=index == reading.best,
                    )
                    for factor, index in method.factors
                ),
            )
            for method in several
        )
        if series:
            made = Chart("lines", title, "oversampling", y_title, series, note=_made_of(reading), x_ticks=ticks)
            found.append(made)
    return found


def _memory(reading: Reading) -> tuple[Chart, ...]:
    marks = []
    for index, held in enumerate(reading.record.collections):
        at = f"collections[{index}]"
        size = "original" if held.method == "none" else "quantized"
        if held.method in METHODS and (held.method == "none" or held.bytes_per_vector.quantized is not None):
            length = reading.facts.figure(f"{at}.bytes_per_vector.{size}", "whole")
            by_formula = reading.facts.figure(f"{at}.bytes_per_vector.original / {at}.compression.theoretical", "whole")
            letter = METHODS[held.method].letter
            marks.append((held.method, Mark(length, length, letter, held.method, (by_formula,))))
    series = tuple(Series(name, METHODS[name].letter, (mark,)) for name, mark in marks)
    unit = "token" if reading.record.dataset.multivector else "vector"
    note = "bar: as found in the files; mark: by the formula"
    columns = ("files", "formula")
    return (Chart("bars", f"Bytes of a {unit}", "bytes", "", series, note=note, columns=columns),) if series else ()


def _by_method(reading: Reading) -> list[tuple[str, tuple[int, ...]]]:
    found = [] if reading.none is None else [("none", (reading.none,))]
    for method in reading.methods:
        off = () if method.off is None else (method.off,)
        found.append((method.name, (*off, *(index for _, index in method.factors))))
    return [(name, indexes) for name, indexes in found if name in METHODS]


def _named(reading: Reading, name: str, index: int) -> str:
    measured = reading.of(index)
    return name if measured.search.rescore is None else f"{name} {rescore_cell(measured)}"


def _digits(reading: Reading, index: int) -> str:
    factor = reading.of(index).search.oversampling
    return "" if factor is None else f"{factor:g}"
