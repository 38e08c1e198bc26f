"""What a collection looks like, from its manifest and its files alone: nothing is opened, so that listing is cheap."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from qtui.embedders import REMEMBERED, EmbedderSpec
from qtui.engine import files
from qtui.engine.files import Segment
from qtui.engine.guard import DATATYPES
from qtui.engine.inspect import findings
from qtui.engine.store import Folder, Manifest, State
from qtui.errors import AccessError, DataError, NewerFormat, QtuiError, StoreInUse
from qtui.methods import method
from qtui.model import COMPONENTS, Built, Bytes, CollectionSpec, CollectionView, Finding, VectorSpec, VectorView


def view(folder: Folder, manifest: Manifest, points: int) -> CollectionView:
    """The collection as its files show it. `points` is the exact count. Raises DataError when files are damaged."""
    if manifest.state is State.READY:
        files.verify(folder.shard, manifest.files, folder.name, read=False)
    holding = tuple(segment for segment in files.segments(folder.shard) if segment.points)
    whole = manifest.expected_points is None or points == manifest.expected_points
    found = CollectionView(
        name=folder.name,
        status="green" if manifest.state is State.READY and whole else "partial",
        points=points,
        segments=len(holding),
        vectors=tuple(_vector(spec, holding) for spec in manifest.spec.vectors),
        spec=manifest.spec,
        memory=files.memory(folder.path),
        expected_points=manifest.expected_points,
        origin=manifest.source,
        embedder=embedder(manifest.extra),
        load_seconds=manifest.load_seconds,
        index_seconds=manifest.index_seconds,
    )
    return replace(found, findings=findings(found))


_UNREADABLE = (
    (StoreInUse, "in-use", "wait until the other process is done, or end it"),
    (NewerFormat, "newer", "upgrade qtui"),
    (AccessError, "not-allowed", "check the permissions of its folder"),
)
_BROKEN = ("broken", "delete it and load it again")


def broken(name: str, error: QtuiError) -> CollectionView:
    """A collection that can't be read, with the reason."""
    memory = {component: Bytes() for component in COMPONENTS}
    code, remedy = next(((code, remedy) for kind, code, remedy in _UNREADABLE if isinstance(error, kind)), _BROKEN)
    finding = Finding(code, error.text, remedy, "error")
    return CollectionView(name, "broken", 0, 0, (), CollectionSpec(name, ()), memory, (finding,), error=error.text)


def unreadable(found: CollectionView) -> QtuiError | None:
    """The error that made the collection a broken one; None for one that can be read."""
    if found.error is None:
        return None
    code = found.findings[0].code if found.findings else ""
    return next((kind for kind, its, _ in _UNREADABLE if its == code), DataError)(found.error)


def embedder(extra: dict[str, str]) -> EmbedderSpec | None:
    """The model that its vectors were made with; None when none is remembered, or not as this qtui writes it."""
    try:
        return msgspec.json.decode(extra.get(REMEMBERED, ""), type=EmbedderSpec)
    except msgspec.MsgspecError:
        return None


def _vector(spec: VectorSpec, holding: tuple[Segment, ...]) -> VectorView:
    chosen = method(spec.quantization.method if spec.quantization else "none")
    parts = [segment.vector(spec.name) for segment in holding]
    with_data = [part for part in parts if spec.quantization is not None and part.method == chosen.name]
    quantized = sum(part.quantized_vectors for part in with_data)
    indexed = Built(sum(part.indexed for part in parts), len(parts))
    row_bytes = spec.size * DATATYPES[spec.datatype]
    return VectorView(
        spec=spec,
        built=indexed if spec.quantization is None else Built(len(with_data), len(parts)),
        indexed=indexed,
        original_bytes=row_bytes,
        quantized_bytes=sum(part.quantized_bytes for part in with_data) / quantized if quantized else None,
        theoretical_compression=chosen.compression(spec.size, spec.distance, multivector=spec.multivector),
        effective_rescore=chosen.default_rescore if spec.quantization else None,
        vectors=sum(part.vectors(row_bytes) for part in parts),
        scanned=sum(part.indexed and part.scanned for part in parts),
    )
