"""A server's collection as a view: configured, built and effective, from whatever evidence there is. Asks nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, floor

from qdrant_client.http import models as rest

from qtui.engine.inspect import findings
from qtui.engine.server import reading
from qtui.engine.server.evidence import Report, SegmentFact
from qtui.engine.server.remarks import remarks
from qtui.engine.view import embedder
from qtui.methods import method
from qtui.model import (
    COMPONENTS,
    Built,
    Bytes,
    CollectionSpec,
    CollectionView,
    Finding,
    Hnsw,
    VectorSpec,
    VectorView,
)
from qtui.served import Rebuild, Served, Shard

_COMPONENT_BYTES = {"float32": 4.0, "float16": 2.0, "uint8": 1.0, "turbo16": 2.0, "turbo8": 1.0, "turbo4": 0.5}
_LINK_BYTES = 4
_LINKS_SPARE = 1.2
"""What a graph's links take beyond two times m of each point, as Qdrant sizes it."""
_ID_BYTES = 52
"""Of the table of ids, for one point."""
_ALL = 0.98
"""So much of the bytes that a formula says proves that all is quantized; so much more is still a measure of them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What could be asked of a collection; None where it could not."""

    info: rest.CollectionInfo
    points: int
    report: Report | None = None
    segments: tuple[SegmentFact, ...] | None = None
    occupied: int | None = None
    """Segments that hold points."""
    rebuilds: tuple[Rebuild, ...] = ()
    aliases: tuple[str, ...] = ()
    shards: tuple[Shard, ...] = ()
    process_bytes: int | None = None
    unknown: dict[str, str] = field(default_factory=dict)
    whole: bool = True
    """Whether the server was asked for a report, too."""

    @property
    def replicas(self) -> int:
        """Copies that a report sums up."""
        if not self.shards:
            return self.info.config.params.replication_factor or 1
        return max(1, round(len(self.shards) / len({shard.id for shard in self.shards})))


def view(name: str, evidence: Evidence) -> CollectionView:
    """The collection as the evidence shows it, with its findings."""
    info, spec = evidence.info, reading.spec(name, evidence.info)
    origin = reading.origin(reading.ours(info))
    vectors, proofs = [], []
    for vector in spec.vectors:
        seen, proof = _vector(vector, evidence)
        vectors.append(seen)
        proofs.append(proof)
    found = CollectionView(
        name=name,
        status=_status(evidence),
        points=evidence.points,
        segments=_segments(evidence),
        vectors=tuple(vectors),
        spec=spec,
        memory=evidence.report.memory() if evidence.report else _formulas(spec, evidence.points),
        expected_points=origin.expected_points,
        origin=origin.source,
        embedder=embedder(origin.extra),
        served=_served(evidence, proofs),
    )
    return replace(found, findings=_ordered([*remarks(found), *findings(found)]))


def _ordered(found: list[Finding]) -> tuple[Finding, ...]:
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _status(evidence: Evidence) -> str:
    status = str(evidence.info.status.value)
    kept = reading.ours(evidence.info)
    expected = reading.origin(kept).expected_points
    is_whole = kept.get("state", "ready") == "ready" and expected in (None, evidence.points)
    return status if is_whole or status == "red" else "partial"


def _segments(evidence: Evidence) -> int:
    if evidence.segments is not None and not _is_elsewhere(evidence):
        return len(evidence.segments)
    if evidence.occupied is not None:
        # all replicas are listed, of which a search asks one a shard
        return ceil(evidence.occupied / evidence.replicas)
    return evidence.info.segments_count if evidence.points else 0


def _is_elsewhere(evidence: Evidence) -> bool:
    """Whether the node that answered lacks some of the shards, so that its telemetry is not the whole."""
    local = {shard.id for shard in evidence.shards if shard.local}
    return bool({shard.id for shard in evidence.shards} - local)


# --- what is built ----------------------------------------------------------------------------------------------


def _vector(spec: VectorSpec, evidence: Evidence) -> tuple[VectorView, str]:
    chosen = method(spec.quantization.method if spec.quantization else "none")
    total = _segments(evidence)
    formula = chosen.bytes_per_vector(spec.size, spec.distance, multivector=spec.multivector)
    indexed = _indexed(evidence, total)
    if spec.quantization is None:
        built, proof = indexed, ""
    else:
        built, proof = _built(spec, evidence, total, formula or 1)
    exact = _measured(spec, evidence, formula) if built.complete else None
    view = VectorView(
        spec=spec,
        built=built,
        indexed=indexed,
        original_bytes=round(spec.size * _COMPONENT_BYTES.get(spec.datatype, 4.0)),
        quantized_bytes=(exact if exact is not None else float(formula or 0)) if formula and built.segments else None,
        quantized_from="files" if exact is not None else "formula",
        theoretical_compression=chosen.compression(spec.size, spec.distance, multivector=spec.multivector),
        effective_rescore=chosen.default_rescore if spec.quantization else None,
        vectors=evidence.points,
        scanned=min(indexed.segments, _scanned(spec, evidence, total)),
    )
    return view, proof


def _indexed(evidence: Evidence, total: int) -> Built:
    """Segments that are indexed."""
    if evidence.segments is not None:
        return Built(sum(segment.is_sealed for segment in evidence.segments), len(evidence.segments))
    wanted = evidence.points * max(1, len(reading.dense(evidence.info)))
    counted = evidence.info.indexed_vectors_count or 0
    share = min(1.0, counted / wanted) if wanted else 0.0
    return Built(total if share >= _ALL else floor(share * total), total)


def _scanned(spec: VectorSpec, evidence: Evidence, total: int) -> int:
    """Segments too small for the graph that was asked for, by the size of their vectors."""
    hnsw = spec.hnsw or Hnsw()
    if hnsw.m == 0 or spec.multivector or not total:
        return 0
    each = spec.size * _COMPONENT_BYTES.get(spec.datatype, 4.0) / 1024
    sizes = [s.points for s in evidence.segments] if evidence.segments else [evidence.points / total] * total
    return sum(points * each < hnsw.full_scan_threshold for points in sizes)


def _built(spec: VectorSpec, evidence: Evidence, total: int, formula: int) -> tuple[Built, str]:
    asked = spec.quantization.method if spec.quantization else ""
    if evidence.segments is not None:
        with_data = sum(segment.methods.get(spec.name) == asked for segment in evidence.segments)
        return Built(with_data, len(evidence.segments)), "telemetry"
    if evidence.report is not None:
        held = evidence.report.quantized(spec.name)
        if spec.multivector:
            return Built(total if held else 0, total), "report"
        wanted = formula * evidence.points * evidence.replicas
        share = min(1.0, held / wanted) if wanted else 0.0
        return Built(total if share >= _ALL else floor(share * total), total), "report"
    if method(asked).family in ("binary", "turbo"):  # built with the first point, whatever the threshold
        return Built(total, total), "estimate"
    return _indexed(evidence, total), "estimate"


def _measured(spec: VectorSpec, evidence: Evidence, formula: int | None) -> float | None:
    """Bytes of one quantized vector as reported; None where files are laid out ahead, or tokens are not counted."""
    if evidence.report is None or formula is None or spec.multivector or not evidence.points:
        return None
    each = evidence.report.quantized(spec.name) / (evidence.points * evidence.replicas)
    return each if formula * _ALL <= each <= formula / _ALL else None


# --- memory and the rest ----------------------------------------------------------------------------------------


def _formulas(spec: CollectionSpec, points: int) -> dict[str, Bytes]:
    """What each component takes on disk by its formula; what of it is in RAM nobody can say."""
    parts = dict.fromkeys(COMPONENTS, 0.0)
    for vector in spec.vectors:
        if vector.multivector:
            return {component: Bytes() for component in COMPONENTS}  # tokens are not counted
        chosen = method(vector.quantization.method if vector.quantization else "none")
        parts["originals"] += points * vector.size * _COMPONENT_BYTES.get(vector.datatype, 4.0)
        parts["quantized"] += points * (chosen.bytes_per_vector(vector.size, vector.distance) or 0)
        parts["graph"] += points * (vector.hnsw.m if vector.hnsw else 16) * 2 * _LINK_BYTES * _LINKS_SPARE
    parts["other"] = points * _ID_BYTES
    known = {component: Bytes(disk=round(size)) for component, size in parts.items()}
    return {**known, "payload": Bytes()}


def _served(evidence: Evidence, proofs: list[str]) -> Served:
    info = evidence.info
    params = info.config.params
    failed = info.optimizer_status
    by = next((proof for proof in ("estimate", "report", "telemetry") if proof in proofs), "none")
    return Served(
        aliases=evidence.aliases,
        shards=evidence.shards,
        shard_number=params.shard_number or 1,
        replication_factor=params.replication_factor or 1,
        optimizer=failed.error if isinstance(failed, rest.OptimizersStatusOneOf1) else "ok",
        rebuilds=evidence.rebuilds,
        queued_updates=None if info.update_queue is None else info.update_queue.length,
        indexed_vectors=info.indexed_vectors_count,
        sparse_vectors=tuple(params.sparse_vectors or ()),
        limits=reading.limits(info.config.strict_mode_config),
        memory_from="report" if evidence.report else "formula" if evidence.whole else "unasked",
        built_from=by,
        process_bytes=evidence.process_bytes,
        unknown=dict(evidence.unknown) or None,
        warnings=tuple(warning.message for warning in info.warnings or ()),
    )
