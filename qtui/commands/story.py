"""A collection in words: the list of `qtui inspect`, the whole story of one, and its JSON. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtui import servertext, units
from qtui.commands.tables import WIDTH, fields, table
from qtui.model import COMPONENTS, Bytes, CollectionView, Finding, Placement, VectorSpec, VectorView
from qtui.plain import fold

MARKS = {"error": "✗", "warning": "⚠", "info": "i"}


def listing(views: Sequence[CollectionView]) -> str:
    """All collections, one a row, and below what their owner should know."""
    rows = [row for view in views for row in _rows(view)]
    heads = ("name", "points", "vectors", "quantization", "built", "originals", "heap")
    parts = [table(heads, rows, right="16", cut=0)]
    notes = [
        f"{MARKS.get(finding.severity, '⚠')} {view.name}: {finding.text}"
        for view in views
        for finding in view.findings
        if finding.severity != "info"
    ]
    parts.extend("\n".join(fold(note, WIDTH)) for note in notes)
    if notes:
        parts.append("`qtui inspect NAME` says what to do about it.")
    return "\n".join([parts[0], "", *parts[1:]]) if notes else parts[0]


def whole(view: CollectionView) -> str:
    """One collection: configured, built and effective side by side, memory by component, findings."""
    head = [
        ("collection", view.name),
        ("status", view.status),
        ("points", _points(view)),
        ("segments", view.segments),
        ("from", view.origin or "not known"),
        ("threshold", _threshold(view.spec.indexing_threshold_kb)),
    ]
    if view.error is not None:
        return "\n\n".join([fields(head[:2]), *(_finding(finding) for finding in view.findings)])
    parts = [fields(head)]
    if view.served is not None:
        parts.append(fields([(fact.label, fact.text) for fact in servertext.facts(view.served)]))
    parts.extend(_vector(vector, view.documents) for vector in view.vectors)
    source = "" if view.served is None else f"\nThe bytes: {servertext.memory_source(view.served)}."
    parts.append(_memory(view.memory) + source)
    parts.extend(_finding(finding) for finding in view.findings)
    return "\n\n".join(parts if view.findings else [*parts, "No findings."])


def as_record(view: CollectionView) -> dict[str, Any]:
    """What `inspect --json` prints of a collection: the run record's fields of it, and more."""
    first = view.vectors[0] if view.vectors else None
    return {
        "name": view.name,
        "method": _method(first.spec) if first else "none",
        "points": view.points,
        "segments": view.segments,
        "built": first.built if first else None,
        "bytes_per_vector": {"original": first.original_bytes, "quantized": first.quantized_bytes} if first else None,
        "compression": (
            {"measured": first.measured_compression, "theoretical": first.theoretical_compression} if first else None
        ),
        "memory": {name: view.memory.get(name, Bytes()) for name in COMPONENTS},
        "load_seconds": view.load_seconds,
        "index_seconds": view.index_seconds,
        "status": view.status,
        "error": view.error,
        "server": view.served,
        "expected_points": view.expected_points,
        "origin": view.origin,
        "embedder": view.embedder.model if view.embedder else None,
        "vectors": [_vector_record(vector) for vector in view.vectors],
        "settings": {
            "asked": view.spec,
            "effective": {vector.spec.name: {"rescore": vector.effective_rescore} for vector in view.vectors},
        },
        "findings": view.findings,
    }


def _vector_record(vector: VectorView) -> dict[str, Any]:
    return {
        "name": vector.spec.name,
        "size": vector.spec.size,
        "distance": vector.spec.distance,
        "multivector": vector.spec.multivector,
        "datatype": vector.spec.datatype,
        "method": _method(vector.spec),
        "vectors": vector.vectors,
        "built": vector.built,
        "indexed": vector.indexed,
        "bytes_per_vector": {"original": vector.original_bytes, "quantized": vector.quantized_bytes},
        "compression": {"measured": vector.measured_compression, "theoretical": vector.theoretical_compression},
        "originals": originals(vector.spec),
    }


def _rows(view: CollectionView) -> list[tuple[object, ...]]:
    """A row a vector; what belongs to the collection stands in the first."""
    heap = units.size(sum(part.heap or 0 for part in view.memory.values()))
    rows: list[tuple[object, ...]] = []
    for index, vector in enumerate(view.vectors):
        mine = (view.name, units.count(view.points)) if index == 0 else ("", "")
        named = f"{vector.spec.name} " if vector.spec.name else ""
        shape = f"{named}{vector.spec.size}{'×M' if vector.spec.multivector else ''} {vector.spec.distance}"
        state = built(vector) if view.status == "green" else f"{view.status} ⚠"
        if view.served is not None and view.served.built_from == "estimate":
            state += " est"
        rows.append((*mine, shape, _method(vector.spec), state, originals(vector.spec), heap if index == 0 else ""))
    return rows or [(view.name, "–", "–", "–", f"{view.status} ⚠", "–", "–")]


def _points(view: CollectionView) -> str:
    if view.expected_points is None or view.expected_points == view.points:
        return f"{view.points:,}"
    return f"{view.points:,} of {view.expected_points:,}"


def _threshold(kilobytes: int | None) -> str:
    if kilobytes is None:
        return "the engine's default"
    return "never builds index or quantization" if kilobytes == 0 else f"{kilobytes:,} KB a segment"


def _vector(vector: VectorView, documents: int | None) -> str:
    """All about one vector of a collection of so many counted documents."""
    spec = vector.spec
    kind = f"{spec.size} × {spec.datatype}, {spec.distance}" + (", multivector (MaxSim)" if spec.multivector else "")
    rows: list[tuple[str, object]] = [
        (f"vector {spec.name}".strip(), kind),
        *([] if spec.multivector and documents is None else [("vectors", f"{vector.vectors:,}")]),
        ("originals", f"{originals(spec)}, {vector.original_bytes:,} bytes each"),
        ("configured", _configured(spec)),
        ("built", _built(vector)),
        ("effective", _effective(vector)),
        ("bytes each", _compression(vector)),
        *([("a document", _document(vector, documents))] if spec.multivector and documents else []),
        ("index", _index(spec)),
    ]
    return fields(rows)


def _configured(spec: VectorSpec) -> str:
    quantization = spec.quantization
    if quantization is None:
        return "no quantization"
    details = [
        f"quantile {quantization.quantile:g}" if quantization.quantile is not None else "",
        f"query encoding {quantization.query_encoding}" if quantization.query_encoding else "",
        f"{quantization.placement} quantized" if quantization.placement else "",
        "always in RAM" if quantization.always_ram else "",
    ]
    return ", ".join([quantization.method, *(detail for detail in details if detail)])


def _built(vector: VectorView) -> str:
    quantized = "" if vector.spec.quantization is None else f"{built(vector)} segments quantized, "
    return f"{quantized}{vector.indexed.segments}/{vector.indexed.of} {'' if quantized else 'segments '}indexed"


def _effective(vector: VectorView) -> str:
    if vector.spec.quantization is None:
        return "searches the originals"
    if not vector.built.segments:
        return "searches the originals: no quantized data is built"
    default = "on" if vector.effective_rescore else "off"
    return f"searches the quantized vectors, rescoring {default} unless a search says otherwise"


def _compression(vector: VectorView) -> str:
    if vector.spec.quantization is None:
        return f"{vector.original_bytes:,} (1.0x)"
    theory = f"{units.ratio(vector.theoretical_compression)} by the formula"
    if not vector.quantized_bytes:
        return f"{vector.original_bytes:,} → not built ({theory})"
    measured = units.ratio(vector.measured_compression)
    return f"{vector.original_bytes:,} → {vector.quantized_bytes:,.6g} ({measured} measured, {theory})"


def _document(vector: VectorView, points: int) -> str:
    original, quantized = vector.document_bytes(points)
    small = "not built" if quantized is None else f"{units.size(round(quantized))} quantized"
    small = "" if vector.spec.quantization is None else f", {small}"
    return f"{vector.vectors / points:,.1f} vectors on average: {units.size(round(original))}{small}"


def _index(spec: VectorSpec) -> str:
    if spec.hnsw is None:
        return "HNSW with the engine's defaults"
    if spec.hnsw.m == 0:
        return "no graph (m=0): every search is a full scan"
    return f"HNSW, m={spec.hnsw.m}, ef_construct={spec.hnsw.ef_construct}"


def _memory(memory: dict[str, Bytes]) -> str:
    rows = [
        (name, units.size(part.heap), units.size(part.cached), units.size(part.disk))
        for name in COMPONENTS
        if (part := memory.get(name)) is not None
    ]
    note = "Heap, page cache and disk are three things: they don't add up."
    return table(("memory", "heap", "page cache", "on disk"), rows, right="123") + f"\n{note}"


def _finding(finding: Finding) -> str:
    text = f"{MARKS.get(finding.severity, '⚠')} {finding.text} [{finding.code}]"
    remedy = fold(f"→ {finding.remedy}", WIDTH - 2)
    return "\n".join([*fold(text, WIDTH), *(f"  {line}" for line in remedy)])


def _method(spec: VectorSpec) -> str:
    return spec.quantization.method if spec.quantization else "none"


def built(vector: VectorView) -> str:
    """Segments that have their quantized data, of those that should: with a sign, not by colour."""
    if vector.spec.quantization is None:
        return "–"
    return f"{vector.built.segments}/{vector.built.of} {'✓' if vector.built.complete else '⚠'}"


def originals(spec: VectorSpec) -> str:
    """Where the float vectors live."""
    if spec.placement is not None:
        return str(spec.placement)
    return str(Placement.COLD if spec.on_disk else Placement.CACHED)
