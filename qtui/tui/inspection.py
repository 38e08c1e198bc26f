"""One collection inspected, as text in aligned columns: settings, bytes, memory, findings. Imports rich, no widget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from qtui import servertext, units
from qtui.estimate import quantized_at
from qtui.methods import METHODS
from qtui.model import COMPONENTS, UNREAD, Built, Bytes, CollectionView, Finding, Hnsw, Placement, VectorView
from qtui.tui import figures, served
from qtui.tui.text import clean, fitted, plain
from qtui.tui.theme import BAD, DIM, GOOD, HEAD, WARN
from qtui.tui.wrapping import hanging

LABEL, GAP, NARROWEST = 14, 2, 9
NONE = units.ABSENT
STATUS = {
    "green": ("●", GOOD),
    "partial": ("◐", WARN),
    "yellow": ("◆", WARN),
    "grey": ("‖", WARN),
    UNREAD: ("·", DIM),
}
"""Sign and style of each; ✗ for all others."""
SEVERITY = {"error": ("✗", BAD), "warning": ("⚠", WARN), "info": ("i", DIM)}
Row = tuple[str, str, str, str]
"""A setting: its name, configured, built, effective."""
HEADS: Row = ("", "configured", "built", "effective")


def inspect(view: CollectionView, width: int) -> Text:
    """All that is known about a collection, in lines of at most `width` cells where words allow."""
    if view.status == UNREAD:
        return Text.assemble((clean(view.name), HEAD), ("\nit is read as soon as you stay on it", DIM))
    parts = [_head(view, width)]
    if view.findings:
        parts += [_title("Findings"), *(_finding(finding, width) for finding in view.findings)]
    if view.error is not None and not view.vectors:  # nothing else is known
        return Text("\n").join(parts)
    if view.served is not None:
        parts += served.told(view.served, width)
    columns = _widths(view, width)
    for vector in view.vectors:
        parts += _vector(vector, view.documents, columns, width)
    parts += [_title("Optimizer and payload"), _settings(_of_collection(view), columns)]
    parts += [_title("Memory"), _memory(view, width)]
    return Text("\n").join(parts)


def _head(view: CollectionView, width: int) -> Text:
    sign, style = status(view)
    name = clean(view.name)
    head = Text.assemble((name, HEAD), "  ", (f"{sign} {clean(view.status)}", style))
    whole = units.count(view.points)
    if view.expected_points is not None and view.expected_points != view.points:
        whole += f" of {units.count(view.expected_points)}"
    if view.error is None or view.vectors:
        head.append(f"\n{whole} points in {view.segments} segment{'' if view.segments == 1 else 's'}", DIM)
    if view.origin:
        head.append("\nfrom ", DIM).append(clean(view.origin, max(8, 2 * width)), DIM)
    if view.error and view.error not in {finding.text for finding in view.findings}:
        head.append("\n").append(plain(view.error, BAD))
    return head


def status(view: CollectionView) -> tuple[str, str]:
    """The sign and style of a collection's status."""
    return STATUS.get(view.status, ("✗", BAD))


def _title(text: str) -> Text:
    return Text(f"\n{text}", HEAD)


def _finding(finding: Finding, width: int) -> Text:
    sign, style = SEVERITY.get(finding.severity, SEVERITY["warning"])
    text = Text.assemble((f"{sign} ", style), clean(finding.text))
    remedy = Text.assemble(("→ ", style), (clean(finding.remedy), DIM))
    return Text("\n").join([hanging(text, width), hanging(remedy, width)])


def _vector(vector: VectorView, documents: int | None, columns: Sequence[int], width: int) -> list[Text]:
    name = f" {clean(vector.spec.name)}" if vector.spec.name else ""
    parts = [_title(f"Vector{name}"), _fact("Shape", f"{figures.shape(vector.spec)}, {vector.spec.datatype}")]
    parts += [hanging(_fact(label, text, style), width, LABEL) for label, text, style in _bytes(vector)]
    if vector.spec.multivector and documents:
        parts.append(_fact("A document", _document(vector, documents)))
    parts += [_title(f"Settings{name}"), _settings(_of_vector(vector), columns)]
    return parts


def _fact(label: str, text: str, style: str = "") -> Text:
    return Text.assemble((f"{label:<{LABEL}}", DIM), (text, style))


def _bytes(vector: VectorView) -> Iterator[tuple[str, str, str]]:
    unit = "token" if vector.spec.multivector else "vector"
    if vector.spec.quantization is None:
        yield f"Bytes/{unit}", f"{vector.original_bytes:,}, not quantized", ""
        return
    quantized = "not built" if vector.quantized_bytes is None else f"{vector.quantized_bytes:,.0f}"
    due = vector.built.of and not vector.quantized_bytes
    yield f"Bytes/{unit}", f"{vector.original_bytes:,} → {quantized}", WARN if due else ""
    measured, theory = units.ratio(vector.measured_compression), units.ratio(vector.theoretical_compression)
    if vector.quantized_from == "formula":
        yield "Compression", f"{theory} by formula; the bytes are est", ""
        return
    found = f"{measured} found, " if vector.quantized_bytes else ""
    yield "Compression", f"{found}{theory} by formula", ""


def _document(vector: VectorView, points: int) -> str:
    """What a multivector takes on average; its originals stay on disk or not, as is said elsewhere."""
    original, quantized = vector.document_bytes(points)
    small = "" if quantized is None else f" → {units.size(round(quantized))}"
    return f"{vector.vectors / points:,.0f} tokens, {units.size(round(original))}{small}"


def _widths(view: CollectionView, width: int) -> list[int]:
    """Of the columns of all tables of settings: each as its longest cell, with at least one blank between."""
    rows = [HEADS, *_of_collection(view), *(row for vector in view.vectors for row in _of_vector(vector))]
    columns = [max(len(row[at]) for row in rows) + GAP for at in range(len(HEADS))]
    columns[0] = max(columns[0], LABEL)
    while sum(columns) - GAP > width and max(columns) > NARROWEST:
        columns[columns.index(max(columns))] -= 1
    return columns


def _settings(rows: Iterable[Row], columns: Sequence[int]) -> Text:
    """Rows under a heading."""
    lines = []
    for index, (label, *cells) in enumerate([HEADS, *rows]):
        line = Text.assemble((f"{fitted(label, columns[0] - 1) if label else '':<{columns[0]}}", DIM))
        for cell, column in zip(cells, columns[1:], strict=True):
            shown = Text(fitted(cell, column - 1), WARN if "⚠" in cell else DIM if index == 0 else "")
            line.append_text(shown).append(" " * (column - shown.cell_len))
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)


def _of_vector(vector: VectorView) -> Iterator[Row]:
    spec = vector.spec
    yield from _of_quantization(vector)
    place = _asked(spec.on_disk, spec.placement and spec.placement.value)
    yield "originals in", place, NONE, figures.placement(spec)
    hnsw = spec.hnsw or figures.DEFAULT_HNSW
    default = "" if spec.hnsw else "default "
    links = NONE if hnsw.m == 0 else _of(vector.indexed)
    yield "HNSW m", f"{default}{hnsw.m}", links, "full scan" if _scans(vector, hnsw) else "graph"
    yield "ef_construct", f"{default}{hnsw.ef_construct}", NONE, str(hnsw.ef_construct)
    scan = f"{hnsw.full_scan_threshold:,} KB"
    yield "scan under", f"{default}{scan}" if not default else "default", NONE, scan
    asked = _asked(hnsw.on_disk, hnsw.placement and hnsw.placement.value)
    yield "graph in", asked, NONE, (hnsw.tier or Placement.CACHED).value
    if hnsw.inline_storage:
        yield "inline", "on", NONE, "vectors in the graph"


def _scans(vector: VectorView, hnsw: Hnsw) -> bool:
    """Whether no search can go along a graph."""
    graphs = min(vector.indexed.segments, vector.indexed.of - vector.scanned)
    return hnsw.m == 0 or (vector.indexed.of > 0 and graphs <= 0)


def _of_quantization(vector: VectorView) -> Iterator[Row]:
    quantized, lives = vector.spec.quantization, quantized_at(vector.spec)
    if quantized is None or lives is None:
        yield "quantization", "none", NONE, "none"
        return
    method = clean(quantized.method)
    effective = method if vector.built.segments else "none ⚠" if vector.built.of else NONE
    yield "quantization", method, _of(vector.built), effective
    known = METHODS.get(quantized.method)
    yield "rescore", f"default {_on(known.default_rescore)}" if known else NONE, NONE, _on(vector.effective_rescore)
    if quantized.quantile is not None:
        yield "quantile", f"{quantized.quantile:g}", NONE, f"{quantized.quantile:g}"
    if quantized.query_encoding:
        yield "encoding", clean(quantized.query_encoding), NONE, clean(quantized.query_encoding)
    asked = "default" if quantized.always_ram is None else "always_ram" if quantized.always_ram else "not always_ram"
    yield "quantized in", quantized.placement.value if quantized.placement else asked, NONE, lives.value


def _of_collection(view: CollectionView) -> Iterator[Row]:
    spec = view.spec
    threshold = spec.indexing_threshold_kb
    shown = "default" if threshold is None else f"{threshold:,} KB"
    yield "index from", shown, NONE, "never ⚠" if threshold == 0 else "10,000 KB" if threshold is None else shown
    yield "segments", "auto" if spec.segments is None else str(spec.segments), str(view.segments), str(view.segments)
    yield "payload in", _asked(spec.on_disk_payload, None), NONE, "cached" if spec.on_disk_payload is False else "cold"
    for field, kind in spec.payload_indexes.items():
        yield f"index {fitted(field, 20)}", clean(kind, 20), NONE, clean(kind, 20)


def _of(built: Built) -> str:
    """Without any points there is nothing to build."""
    return NONE if built.of == 0 else f"{built.segments}/{built.of} {'✓' if built.complete else '⚠'}"


def _on(value: bool | None) -> str:  # noqa: FBT001 - a three-valued setting shown as a word
    return units.ABSENT if value is None else "on" if value else "off"


def _asked(on_disk: bool | None, placement: str | None) -> str:  # noqa: FBT001 - as above
    return placement or {None: "default", True: "on_disk", False: "in RAM"}[on_disk]


def _memory(view: CollectionView, width: int) -> Text:
    column = max(10, min(13, (width - LABEL) // 3))
    source = None if view.served is None else servertext.memory_source(view.served)
    lines = [] if source is None else [hanging(Text(f"  {source}", DIM), width)]
    lines += [Text(f"{'':<{LABEL}}{'heap':>{column}}{'cached':>{column}}{'disk':>{column}}", DIM)]
    for component in COMPONENTS:
        found = view.memory.get(component, Bytes())
        cells = "".join(f"{units.size(value):>{column}}" for value in (found.heap, found.cached, found.disk))
        lines.append(Text.assemble((f"{component:<{LABEL}}", DIM), cells))
    lines.append(Text.assemble((f"{'RAM':<{LABEL}}", DIM), f"{figures.ram(view, ' est'):>{column + 4}}"))
    lines.append(hanging(Text(f"  {figures.RAM_FORMULA}", DIM), width))
    return Text("\n").join(lines)
