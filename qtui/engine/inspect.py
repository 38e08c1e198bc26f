"""Findings about a collection: configured, built and effective compared, each with its reason and remedy.

Looks at a view and nothing else, so that it serves every engine. Imports model, methods and units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtui import units
from qtui.methods import method
from qtui.model import CollectionView, Distance, Finding, Hnsw, Placement, Quantization, VectorView

BINARY_DIMENSIONS = 1024
"""Under so many components one bit each keeps too little."""
DEFAULT_THRESHOLD_KB = 10_000
_FULL_SCAN_POINTS = 100_000
"""From so many points on, a full scan takes long enough to mention."""


def findings(view: CollectionView) -> tuple[Finding, ...]:
    """What the owner of a collection should know, errors first, then warnings, then information."""
    of: dict[Finding, list[str]] = {finding: [] for finding in _of_collection(view)}
    for vector in view.vectors:
        for finding in _of_vector(view, vector):
            of.setdefault(finding, []).append(vector.spec.name)
    found = [_named(finding, names) for finding, names in of.items()]
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _named(finding: Finding, names: list[str]) -> Finding:
    """The finding with the vectors that it concerns, which are named where they have names."""
    if not any(names):
        return finding
    return replace(finding, text=f"{', '.join(name or 'the unnamed' for name in names)}: {finding.text}")


def _of_collection(view: CollectionView) -> Iterator[Finding]:
    if view.status == "partial":
        yield _partial(view)
    threshold = view.spec.indexing_threshold_kb
    if threshold == 0:
        text = "the indexing threshold is 0, which means never: no index is built, nor scalar or product quantization"
        yield Finding("never-indexed", text, "set an indexing threshold of 1 KB or more")
    if view.status == "green" and view.points == 0:
        yield Finding("empty", "it holds no points", "load vectors into it", "info")


def _partial(view: CollectionView) -> Finding:
    if view.points and view.points == view.expected_points:
        text = "all points are there, but building the index did not finish"
        return Finding("partial", text, "run the same load or the same change again")
    total = "" if view.expected_points is None else f" of {units.count(view.expected_points)}"
    text = f"its load did not finish: {units.count(view.points)}{total} points are there"
    return Finding("partial", text, "run the same load again to go on, or delete it")


def _of_vector(view: CollectionView, vector: VectorView) -> Iterator[Finding]:
    spec = vector.spec
    if view.points:
        yield from _graph(view, vector)
    if spec.datatype != "float32":
        text = f"originals are stored as {spec.datatype}, so exact search and rescoring lose precision too"
        yield Finding("lossy-originals", text, "measure recall against the float32 vectors", "info")
    if view.served is not None and spec.on_disk is not None and spec.placement is None:
        yield _deprecated("on_disk", "originals")
    hnsw = spec.hnsw
    # servers say on_disk false of their own accord
    if view.served is not None and hnsw is not None and hnsw.on_disk and hnsw.placement is None:
        yield _deprecated("on_disk", "the graph", of="hnsw-")
    if spec.quantization is not None:
        yield from _quantization(view, vector, spec.quantization)


def _deprecated(flag: str, what: str, *, of: str = "") -> Finding:
    """Of a server's collections alone: the embedded engine is told the newer words, whichever a setting was said in."""
    text = f"the placement of {what} is set with {flag}, which newer versions replace by memory"
    return Finding(
        f"deprecated-{of}{flag.replace('_', '-')}", text, "set memory to cold, cached or pinned instead", "info"
    )


def _graph(view: CollectionView, vector: VectorView) -> Iterator[Finding]:
    hnsw, indexed = vector.spec.hnsw, vector.indexed
    if hnsw is not None and hnsw.m == 0:
        severity = "warning" if view.points >= _FULL_SCAN_POINTS and not vector.spec.multivector else "info"
        remedy = "leave it so for multivectors" if vector.spec.multivector else "set m to 16"
        yield Finding("no-graph", "m is 0: there is no graph, every search is a full scan", remedy, severity)
    elif vector.spec.multivector:
        text = "a graph over multivectors takes long to build and seldom helps"
        yield Finding("multivector-graph", text, "set m to 0", "info")
    if not indexed.complete and view.spec.indexing_threshold_kb != 0:
        text = f"{indexed.segments} of {indexed.of} segments are indexed; the others are scanned"
        if indexed.of == 1:
            text = "its one segment is not indexed: every search scans it"
        elif not indexed.segments:
            text = f"none of {indexed.of} segments is indexed: every search scans them"
        yield Finding("not-indexed", text, _threshold_remedy(view), "info")
    if vector.scanned:
        which = f"{vector.scanned} of {indexed.of} segments hold" if indexed.of > 1 else "its one segment holds"
        text = (
            f"{which} too little for a graph (full_scan_threshold {(hnsw or Hnsw()).full_scan_threshold:,} KB):"
            f" every search scans {'them' if indexed.of > 1 else 'it'}, and hnsw_ef changes nothing"
        )
        yield Finding("full-scan", text, "expect other times and recall from a larger collection", "info")
    if hnsw is not None and hnsw.inline_storage:
        text = "vectors are stored inside the graph: rescoring can't be switched off, and the graph's file grows"
        yield Finding("inline-storage", text, "compare its disk use with a collection without inline storage", "info")


def _threshold_remedy(view: CollectionView) -> str:
    if view.status == "yellow":
        return "wait until the server has rebuilt it"
    if view.status == "partial":
        return "finish its load first"
    threshold = view.spec.indexing_threshold_kb
    shown = f"{DEFAULT_THRESHOLD_KB:,} KB (default)" if threshold is None else f"{threshold:,} KB"
    if threshold == 0:
        return "set an indexing threshold of 1 KB or more, and build again"
    if threshold == 1:
        return "load more than 1 KB of vectors, and build again"
    return f"set an indexing threshold below {shown}, such as 1 KB, and build again"


def _quantization(view: CollectionView, vector: VectorView, asked: Quantization) -> Iterator[Finding]:
    chosen, built = method(asked.method), vector.built
    if view.points and not built.complete:
        remedy = _threshold_remedy(view)
        if built.segments == 0:
            text = f"{chosen.name} is configured, not built: 0 of {built.of} segments; searches use float vectors"
            yield Finding("not-built", text, remedy)
        else:
            text = f"segments differ: {chosen.name} is built in {built.segments} of {built.of}, the others use floats"
            yield Finding("segments-differ", text, remedy)
    if chosen.name == "binary-2bit" and built.segments and not vector.indexed.complete:
        text = "binary-2bit in a segment that is not indexed yet is not calibrated: it scores like one bit"
        yield Finding("uncalibrated", text, _threshold_remedy(view))
    yield from _advice(vector, asked)
    if view.served is not None and asked.always_ram is not None and asked.placement is None:
        yield _deprecated("always_ram", "quantized vectors")
    yield from _placement(vector, asked, is_built=built.segments > 0)


def _advice(vector: VectorView, asked: Quantization) -> Iterator[Finding]:
    spec, chosen = vector.spec, method(asked.method)
    if chosen.name == "binary" and spec.size < BINARY_DIMENSIONS:
        text = f"one bit of {spec.size} dimensions keeps little: binary suits {BINARY_DIMENSIONS:,} and more"
        yield Finding("few-dimensions", text, "measure it, and compare with binary-2bit and turbo-4bit")
    if chosen.family == "binary" and spec.distance in (Distance.EUCLID, Distance.MANHATTAN):
        text = f"binary under {spec.distance} without rescoring can answer out of order of its scores"
        yield Finding("binary-order", text, "keep rescoring on")
    if not chosen.default_rescore:
        text = f"{chosen.name} does not rescore unless a search asks for it"
        yield Finding("rescore-off", text, "send rescore with each search, as its measured recall advises", "info")


def _placement(vector: VectorView, asked: Quantization, *, is_built: bool) -> Iterator[Finding]:
    spec = vector.spec
    cold = spec.tier is Placement.COLD
    if not cold and is_built:
        text = "originals are still read into RAM beside the quantized vectors: no memory is saved"
        yield Finding("originals-in-ram", text, "set the originals' memory to cold (on_disk)")
    if cold and asked.tier in (None, Placement.COLD):
        text = "quantized vectors are not kept in RAM: each search may read them from disk"
        yield Finding("quantized-cold", text, "set the quantized vectors' memory to pinned")
