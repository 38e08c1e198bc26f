"""One collection inspected, as text in aligned columns: settings, bytes, memory, findings. Imports rich, no widget."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from qtui import units
from qtui.methods import METHODS
from qtui.model import COMPONENTS, Bytes, CollectionView, Finding, VectorView
from qtui.tui import figures
from qtui.tui.text import clean, plain
from qtui.tui.theme import BAD, DIM, GOOD, HEAD, WARN

LABEL = 14
CONSOLE = Console(width=200, color_system=None)
"""Wraps text; nothing is ever printed on it."""
SEVERITY = {"error": ("✗", BAD), "warning": ("⚠", WARN), "info": ("i", DIM)}
Row = tuple[str, str, str, str]
"""A setting: its name, configured, built, effective."""


def inspect(view: CollectionView, width: int) -> Text:
    """All that is known about a collection, in lines of at most `width` cells where words allow."""
    parts = [_head(view, width)]
    if view.findings:
        parts += [_title("Findings"), *(_finding(finding, width) for finding in view.findings)]
    for vector in view.vectors:
        parts += _vector(view, vector, width)
    parts += [_title("Memory"), _memory(view, width)]
    return Text("\n").join(parts)


def _head(view: CollectionView, width: int) -> Text:
    sign, style = status(view)
    name = clean(view.name)
    head = Text.assemble((name, HEAD), "  ", (f"{sign} {clean(view.status)}", style))
    whole = units.count(view.points)
    if view.expected_points is not None and view.expected_points != view.points:
        whole += f" of {units.count(view.expected_points)}"
    head.append(f"\n{whole} points in {view.segments} segment{'' if view.segments == 1 else 's'}", DIM)
    if view.origin:
        head.append("\nfrom ", DIM).append(clean(view.origin, max(8, 2 * width)), DIM)
    if view.error:
        head.append("\n").append(plain(view.error, BAD))
    return head


def status(view: CollectionView) -> tuple[str, str]:
    """The sign and style of a collection's status."""
    return {"green": ("●", GOOD), "partial": ("◐", WARN)}.get(view.status, ("✗", BAD))


def _title(text: str) -> Text:
    return Text(f"\n{text}", HEAD)


def _finding(finding: Finding, width: int) -> Text:
    sign, style = SEVERITY.get(finding.severity, SEVERITY["warning"])
    text = Text.assemble((f"{sign} ", style), clean(finding.text))
    remedy = Text.assemble(("→ ", style), (clean(finding.remedy), DIM))
    return Text("\n").join([_hanging(text, width), _hanging(remedy, width)])


def _hanging(text: Text, width: int) -> Text:
    """Wrapped, with every line but the first indented by two cells."""
    head, rest = text[:2], text[2:]
    lines = rest.wrap(CONSOLE, max(10, width - 2))
    return head + Text("\n  ").join(lines)


def _vector(view: CollectionView, vector: VectorView, width: int) -> list[Text]:
    name = f" {clean(vector.spec.name)}" if vector.spec.name else ""
    parts = [_title(f"Vector{name}"), _fact("Shape", f"{figures.shape(vector.spec)}, {vector.spec.datatype}")]
    parts += [_fact(label, text, style) for label, text, style in _bytes(vector)]
    parts += [_title(f"Settings{name}"), _settings(view, vector, width)]
    return parts


def _fact(label: str, text: str, style: str = "") -> Text:
    return Text.assemble((f"{label:<{LABEL}}", DIM), (text, style))


def _bytes(vector: VectorView) -> Iterator[tuple[str, str, str]]:
    unit = "token" if vector.spec.multivector else "vector"
    if vector.spec.quantization is None:
        yield f"Bytes/{unit}", f"{vector.original_bytes:,}, not quantized", ""
        return
    quantized = "not built" if vector.quantized_bytes is None else f"{vector.quantized_bytes:,.0f}"
    yield f"Bytes/{unit}", f"{vector.original_bytes:,} → {quantized}", "" if vector.quantized_bytes else WARN
    measured, theory = units.ratio(vector.measured_compression), units.ratio(vector.theoretical_compression)
    yield "Compression", f"{measured} found, {theory} by formula", ""


def _settings(view: CollectionView, vector: VectorView, width: int) -> Text:
    rows = [("", "configured", "built", "effective"), *_rows(view, vector)]
    column = max(9, (width - LABEL) // 3)
    lines = []
    for index, (label, *cells) in enumerate(rows):
        style = DIM if index == 0 else ""
        line = Text(f"{label:<{LABEL}}", DIM)
        for cell in cells:
            line.append(f"{cell[: column - 1]:<{column}}", WARN if "⚠" in cell else style)
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)


def _rows(view: CollectionView, vector: VectorView) -> Iterator[Row]:
    spec = vector.spec
    quantized, none = spec.quantization, units.ABSENT
    method = "none" if quantized is None else clean(quantized.method)
    done = none if quantized is None else _of(vector.built.segments, vector.built.of)
    yield "quantization", method, done, method if quantized is None or vector.built.segments else "none ⚠"
    if quantized is not None:
        known = METHODS.get(quantized.method)
        default = none if known is None else _on(known.default_rescore)
        yield "rescore", f"({default})" if default != none else none, none, _on(vector.effective_rescore)
        if quantized.quantile is not None:
            yield "quantile", f"{quantized.quantile:g}", none, f"{quantized.quantile:g}"
        if quantized.query_encoding:
            yield "encoding", clean(quantized.query_encoding), none, clean(quantized.query_encoding)
        place = quantized.placement.value if quantized.placement else _ram(quantized.always_ram)
        yield "quantized in", place, none, place if place != none else "cached"
    yield "originals in", _asked(spec.on_disk, spec.placement and spec.placement.value), none, figures.placement(spec)
    hnsw = spec.hnsw or figures.DEFAULT_HNSW
    graph = "full scan" if hnsw.m == 0 else "graph"
    yield "HNSW m", str(hnsw.m), _of(vector.indexed.segments, vector.indexed.of), graph
    yield "ef_construct", str(hnsw.ef_construct), none, str(hnsw.ef_construct)
    threshold = view.spec.indexing_threshold_kb
    shown = "default" if threshold is None else f"{threshold:,} KB"
    yield "index from", shown, none, "never ⚠" if threshold == 0 else "10,000 KB" if threshold is None else shown
    asked = "auto" if view.spec.segments is None else str(view.spec.segments)
    yield "segments", asked, str(view.segments), str(view.segments)


def _of(done: int, of: int) -> str:
    return f"{done}/{of} {'✓' if of and done == of else '⚠'}"


def _on(value: bool | None) -> str:  # noqa: FBT001 - a three-valued setting shown as a word
    return units.ABSENT if value is None else "on" if value else "off"


def _ram(always_ram: bool | None) -> str:  # noqa: FBT001 - a three-valued setting shown as a word
    return units.ABSENT if always_ram is None else "pinned" if always_ram else "cached"


def _asked(on_disk: bool | None, placement: str | None) -> str:  # noqa: FBT001 - as above
    return placement or {None: "default", True: "on_disk", False: "in RAM"}[on_disk]


def _memory(view: CollectionView, width: int) -> Text:
    column = max(10, min(13, (width - LABEL) // 3))
    lines = [Text(f"{'':<{LABEL}}{'heap':>{column}}{'cached':>{column}}{'disk':>{column}}", DIM)]
    for component in COMPONENTS:
        found = view.memory.get(component, Bytes())
        cells = "".join(f"{units.size(value):>{column}}" for value in (found.heap, found.cached, found.disk))
        lines.append(Text.assemble((f"{component:<{LABEL}}", DIM), cells))
    lines.append(Text.assemble((f"{'RAM':<{LABEL}}", DIM), f"{units.size(figures.ram_estimate(view)):>{column}} est"))
    lines.append(_hanging(Text(f"  {figures.RAM_FORMULA}", DIM), width))
    return Text("\n").join(lines)
