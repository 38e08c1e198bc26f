"""Proof of what a collection is before it is measured: points counted, index and quantized data really built.

Reads the engine's view of a collection; builds nothing and measures nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui import effective as rule
from qtui.errors import DataError, shown
from qtui.model import CollectionView, SearchSettings, VectorView
from qtui.records import BytesPerVector, CollectionRecord, Compression, Effective, RunWarning


@dataclass(frozen=True, slots=True)
class Target:
    """A collection that is there to be measured, as it was found."""

    record: CollectionRecord
    using: str
    """Name of the vector that is searched."""
    is_quantized: bool
    """Whether the method's data is built in every segment; True for `none`."""
    has_graph: bool
    """Whether searches use a graph: one was asked for, and the segments are large enough for it."""
    is_scanned: bool
    """Whether a graph was asked for, but the segments are too small to have one."""
    warnings: tuple[RunWarning, ...]

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.record.name

    @property
    def method(self) -> str:
        """The method's name."""
        return self.record.method

    def can_measure(self, search: SearchSettings) -> bool:
        """Whether a search here is what its settings say: the quantized data is there, or isn't used."""
        return self.is_quantized or search.exact or search.ignore


def prove(
    view: CollectionView,
    using: str,
    *,
    expected_points: int | None = None,
    load_seconds: float | None = None,
    index_seconds: float | None = None,
) -> Target:
    """What the view says about the collection. Raises DataError for one that holds other points than it should."""
    if view.error is not None or view.status == "broken":
        raise DataError(f"collection {shown(view.name)} is damaged: {view.error or 'it does not open'}; load it again")
    if view.points == 0:
        raise DataError(f"collection {shown(view.name)} is empty; load vectors into it first")
    expected = view.expected_points if expected_points is None else expected_points
    if expected is not None and view.points != expected:
        raise DataError(f"collection {shown(view.name)} holds {view.points} of {expected} points; load it again")
    vector = view.vector(using)
    name = vector.spec.quantization.method if vector.spec.quantization else "none"
    record = CollectionRecord(
        name=view.name,
        method=name,
        points=view.points,
        segments=view.segments,
        built=vector.built,
        bytes_per_vector=BytesPerVector(float(vector.original_bytes), vector.quantized_bytes),
        compression=Compression(vector.measured_compression, vector.theoretical_compression),
        memory=dict(view.memory),
        load_seconds=load_seconds,
        index_seconds=index_seconds,
        settings=view.spec,
        using=using,
    )
    hnsw = vector.spec.hnsw
    is_quantized = name == "none" or vector.built.complete
    wants_graph = hnsw is None or hnsw.m > 0
    return Target(
        record,
        using,
        is_quantized=is_quantized,
        has_graph=wants_graph and not vector.scanned,
        is_scanned=wants_graph and vector.scanned > 0,
        warnings=_doubts(view, vector, is_quantized=is_quantized, wants_graph=wants_graph),
    )


def _doubts(
    view: CollectionView, vector: VectorView, *, is_quantized: bool, wants_graph: bool
) -> tuple[RunWarning, ...]:
    found = []
    threshold = view.spec.indexing_threshold_kb
    limit = "its indexing threshold" if threshold is None else f"its indexing threshold of {threshold} KB"
    if not is_quantized:
        name = vector.spec.quantization.method if vector.spec.quantization else ""
        reason = "threshold 0 means never" if threshold == 0 else f"a segment must pass {limit}"
        text = (
            f"{name} is configured, but built in {vector.built.segments} of {vector.built.of} segments"
            f" ({reason}); not measured: lower --indexing-threshold and load again"
        )
        found.append(RunWarning("not-built", text, view.name))
    if not vector.indexed.complete and wants_graph:
        text = (
            f"the graph is built in {vector.indexed.segments} of {vector.indexed.of} segments: the rest is searched"
            f" by full scan, since it is below {limit}"
        )
        found.append(RunWarning("not-indexed", text, view.name))
    return tuple(found)


def effective(target: Target, search: SearchSettings) -> Effective:
    """What the engine does with the settings asked, by the default of its method and what is built."""
    record = target.record
    return rule.effective(
        search, name=record.method, built=target.is_quantized, segments=record.segments, points=record.points
    )
