"""What the screens show of a collection, as short words and numbers. Imports what all share; no widget.

Estimates follow the formula in `RAM_FORMULA` and are marked as estimates wherever they are shown.
"""

from __future__ import annotations

from qtui import estimate, units
from qtui.model import CollectionView, Hnsw, VectorSpec

RAM_FORMULA = estimate.RAM_FORMULA
DEFAULT_HNSW = Hnsw()


def method_of(view: CollectionView) -> str:
    """The method of its first vector, `none` without quantization."""
    first = view.vectors[0].spec.quantization if view.vectors else None
    return "none" if first is None else first.method


def quantization(view: CollectionView) -> str:
    """Methods of all vectors: 'scalar', or 'scalar, none' where they differ."""
    named = [vector.spec.quantization.method if vector.spec.quantization else "none" for vector in view.vectors]
    return ", ".join(dict.fromkeys(named)) or units.ABSENT


def vectors(view: CollectionView) -> str:
    """Size and distance of its vectors: '384 cosine', 'colpali 128×M dot'; of several: 'colpali 128×M, title 384'."""
    specs = [vector.spec for vector in view.vectors]
    if len(specs) == 1:
        return f"{specs[0].name} {shape(specs[0])}".strip()
    return ", ".join(f"{spec.name or 'unnamed'} {size(spec)}" for spec in specs) or units.ABSENT


def sizes(view: CollectionView) -> str:
    """The same without the vectors' names, for where these don't fit."""
    specs = [vector.spec for vector in view.vectors]
    return shape(specs[0]) if len(specs) == 1 else ", ".join(map(size, specs)) or units.ABSENT


def bare_sizes(view: CollectionView) -> str:
    """The same without the distance, too."""
    return ", ".join(size(vector.spec) for vector in view.vectors) or units.ABSENT


def shape(spec: VectorSpec) -> str:
    """Size and distance of one vector."""
    return f"{size(spec)} {spec.distance.value}"


def size(spec: VectorSpec) -> str:
    """Components of one vector; ×M where a point has several."""
    return f"{spec.size}{'×M' if spec.multivector else ''}"


def built(view: CollectionView) -> tuple[str, bool]:
    """Segments with quantized data of all that hold points ('1/1 ✓'), and whether that's as it should be."""
    quantized = [vector for vector in view.vectors if vector.spec.quantization is not None]
    if not any(vector.built.of for vector in quantized):  # without points there is nothing to build
        return units.ABSENT, True
    done = sum(vector.built.segments for vector in quantized)
    of = sum(vector.built.of for vector in quantized)
    complete = all(vector.built.complete for vector in quantized if vector.built.of)
    if view.served is not None and view.served.built_from == "estimate":
        return f"{'✓' if complete else '⚠'} est", complete
    return f"{done}/{of} {'✓' if complete else '⚠'}", complete


def placement(spec: VectorSpec) -> str:
    """Where the originals live: cold, cached or pinned."""
    return estimate.originals_at(spec).value


def originals(view: CollectionView) -> str:
    """Where the originals of all its vectors live."""
    return ", ".join(dict.fromkeys(placement(vector.spec) for vector in view.vectors)) or units.ABSENT


def points(view: CollectionView) -> str:
    """How many it holds, as far as it can be read."""
    return units.ABSENT if view.error is not None and not view.vectors else units.count(view.points)


def ram_estimate(view: CollectionView) -> int:
    """Bytes of RAM that serving it from memory takes, by RAM_FORMULA."""
    return estimate.ram(
        view.points,
        [
            estimate.vector_ram(each.spec, view.points, each.vectors, each.original_bytes, each.quantized_bytes or 0.0)
            for each in view.vectors
        ],
    )


def ram(view: CollectionView, sign: str = "") -> str:
    """That estimate with a sign behind it, but where it is of multivectors whose vectors nobody counts."""
    if view.error is not None and not view.vectors:
        return units.ABSENT
    uncounted = view.points and view.documents is None and any(each.spec.multivector for each in view.vectors)
    return units.ABSENT if uncounted else units.size(ram_estimate(view)) + sign
