"""What a variant takes in all, and whether that keeps the user's limits. Pure.

RAM is what a fast search needs there: the vectors that every step reads, and the graph. Payload and bookkeeping come on
top, the same for every method.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qtui import units
from qtui.bench.evidence import originals_on_disk, ram_bytes, vector_spec
from qtui.methods import METHODS
from qtui.model import Distance
from qtui.records import CollectionRecord, Dataset, Measurement
from qtui.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes of a whole collection; None where they aren't known."""

    ram: float | None
    disk: float | None


def footprint(collection: CollectionRecord) -> Footprint:
    """By the bytes found in its files."""
    each, memory = ram_bytes(collection), collection.memory
    graph = memory["graph"].disk if "graph" in memory else None
    ram = None if each is None else each * vectors(collection) + (graph or 0)
    found = [part.disk for part in memory.values()]
    disk = None if not found or None in found else float(sum(size or 0 for size in found))
    return Footprint(ram, disk)


def expected(method: str, plain: CollectionRecord, data: Dataset) -> Footprint:
    """By formula, for a method that isn't built: the files of `none`, beside them the quantized vectors."""
    known, count = footprint(plain), vectors(plain)
    if method == "none":
        return known
    entry = METHODS[method]
    size = entry.bytes_per_vector(data.dimension, Distance(data.distance), multivector=data.multivector) or 0
    graph = plain.memory["graph"].disk if "graph" in plain.memory else None
    held = size + (0 if originals_on_disk(plain) else plain.bytes_per_vector.original)
    return Footprint(held * count + (graph or 0), None if known.disk is None else known.disk + size * count)


def vectors(collection: CollectionRecord) -> int:
    """Vectors of the collection: its points, or the tokens of all of them, as the originals' bytes tell."""
    spec = vector_spec(collection)
    originals = collection.memory.get("originals")
    if spec is None or not spec.multivector or originals is None or not originals.disk:
        return collection.points
    return max(collection.points, round(originals.disk / collection.bytes_per_vector.original))


def within(size: Footprint, wishes: Wishes) -> bool:
    """Whether a collection keeps the limits on memory; one whose size isn't known keeps none."""
    return not any(_sizes_over(size, wishes))


def fits_time(measured: Measurement, wishes: Wishes) -> bool:
    """Whether a variant keeps the limit on time, with the upper end of its interval."""
    if wishes.p95_ms is None:
        return True
    return measured.engine_ms is not None and measured.engine_ms.ci.p95[1] <= wishes.p95_ms


def broken(size: Footprint, measured: Measurement, wishes: Wishes) -> tuple[str, ...]:
    """The limits that a variant breaks, each in words with its figure."""
    found = list(_sizes_over(size, wishes))
    if not fits_time(measured, wishes):
        engine = measured.engine_ms
        high = units.millis(None if engine is None else engine.ci.p95[1])
        p95 = units.millis(None if engine is None else engine.p95)
        found.append(f"p95 {p95} ms (up to {high}) is over {units.millis(wishes.p95_ms)} ms")
    return tuple(found)


def _sizes_over(size: Footprint, wishes: Wishes) -> Iterator[str]:
    for what, found, limit in (("RAM", size.ram, wishes.ram_bytes), ("disk", size.disk, wishes.disk_bytes)):
        if limit is not None and (found is None or found > limit):
            yield f"{what} {units.size(found)} is over {units.size(limit)}"
