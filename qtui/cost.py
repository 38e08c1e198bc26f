"""What each method takes of RAM, disk and money, by a run's measured bytes and the user's prices.

Standard library only, so that the app computes it where it is shown. Every amount is an expression on the record
(`qtui.trace`), evaluated there: the formula is the figure's origin.

RAM     what a fast search needs: quantized vectors, or the originals where nothing is quantized (both where the
        originals are in RAM too), + the graph + 52 bytes a point for the ids; payload and spare room are not in it
disk    all files of the collection
money   GiB of RAM x its price + GiB of disk x its price, times the replicas; a year is 12 months
grown   RAM, and the disk of vectors, graph and payload, times points to be / points measured; where so few points were
        measured that they are scanned, the graph is points x links x 9.6 bytes
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qtui import trace
from qtui.estimate import originals_at
from qtui.model import COMPONENTS, Bytes, Hnsw, Placement, VectorSpec
from qtui.prices import Prices
from qtui.records import CollectionRecord, RunRecord

ID_BYTES = 52
LINK_BYTES = 9.6
"""Of one link: 2 x 4 bytes, and a fifth for the upper layers and spare room."""
GIB = 2**30
GROWING = ("originals", "quantized", "graph", "payload")


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure and the expression that it is."""

    value: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Need:
    """What one collection takes at one size, with all replicas for money, without for bytes."""

    ram: Amount
    disk: Amount
    month: Amount
    """None where no price is known."""
    year: Amount
    saved_month: Amount
    """Less than `none` takes."""


@dataclass(frozen=True, slots=True)
class Costed:
    """One collection of the run."""

    collection: int
    """Index into the record's collections."""
    method: str
    today: Need
    grown: Need | None
    """At the points to grow to; None without any."""
    measured: bool
    """Whether its bytes were measured, rather than computed from the bytes of a vector."""


def costs(record: RunRecord, prices: Prices | None = None) -> tuple[Costed, ...]:
    """One a collection, in the record's order; with other `prices` than the record's own."""
    if prices is not None:
        record = replace(record, cost=prices)
    if record.cost is None:
        record = replace(record, cost=Prices())
    none = next((index for index, held in enumerate(record.collections) if held.method == "none"), None)
    return tuple(_costed(record, index, none) for index in range(len(record.collections)))


def _costed(record: RunRecord, index: int, none: int | None) -> Costed:
    plan, held = record.cost, record.collections[index]
    grown = None if plan is None or plan.points is None else _need(record, index, none, grown=True)
    today = _need(record, index, none, grown=False)
    return Costed(index, held.method, today, grown, held.memory.get("graph", Bytes()).disk is not None)


def _need(record: RunRecord, index: int, none: int | None, *, grown: bool) -> Need:
    def amount(source: str) -> Amount:
        return Amount(trace.number(record, source), source)

    ram, disk = ram_source(record, index, grown=grown), disk_source(record, index, grown=grown)
    month = _month(record, ram, disk)
    saved = "none"
    if none is not None and month != "none":
        before = _month(record, ram_source(record, none, grown=grown), disk_source(record, none, grown=grown))
        saved = f"({before}) - ({month})"
    year = "none" if month == "none" else f"({month}) * 12"
    return Need(amount(ram), amount(disk), amount(month), amount(year), amount(saved))


def ram_source(record: RunRecord, index: int, *, grown: bool = False) -> str:
    """The expression for the RAM that a fast search of this collection needs."""
    held, at = record.collections[index], f"collections[{index}]"
    parts = []
    if held.method == "none" or not on_disk(held):
        parts.append(_vectors(held, at, "originals", "original"))
    if held.method != "none":
        parts.append(_vectors(held, at, "quantized", "quantized"))
    if held.memory.get("graph", Bytes()).disk is not None:
        parts.append(_graph(record, held, at, grown=grown))
    parts.append(f"{ID_BYTES} * {at}.points")
    total = " + ".join(parts)
    return f"({total}) * cost.points / {at}.points" if grown else total


def disk_source(record: RunRecord, index: int, *, grown: bool = False) -> str:
    """The expression for the disk that its files take."""
    held, at = record.collections[index], f"collections[{index}]"
    known = [name for name in COMPONENTS if held.memory.get(name, Bytes()).disk is not None]
    if not known:
        quantized = "" if held.method == "none" else f" + {at}.bytes_per_vector.quantized * {at}.points"
        total = f"{at}.bytes_per_vector.original * {at}.points{quantized}"
        return f"({total}) * cost.points / {at}.points" if grown else total
    growing = " + ".join(
        _graph(record, held, at, grown=grown) if name == "graph" else f"{at}.memory.{name}.disk"
        for name in known
        if name in GROWING
    )
    rest = " + ".join(f"{at}.memory.{name}.disk" for name in known if name not in GROWING)
    if grown:
        growing = f"({growing}) * cost.points / {at}.points"
    return f"{growing} + {rest}" if growing and rest else growing or rest


def _graph(record: RunRecord, held: CollectionRecord, at: str, *, grown: bool) -> str:
    """Bytes of the graph; where so few points are scanned instead, those that a grown one will have, by the formula."""
    each = links(held)
    scanned = any(warning.code == "full-scan" for warning in record.warnings)
    return f"{at}.points * {each} * {LINK_BYTES}" if grown and scanned and each else f"{at}.memory.graph.disk"


def _vectors(held: CollectionRecord, at: str, component: str, size: str) -> str:
    """Bytes of all its vectors: of their files, else of one times the points."""
    found = held.memory.get(component, Bytes())
    if found.heap:
        return f"{at}.memory.{component}.heap"
    return f"{at}.memory.{component}.disk" if found.disk else f"{at}.bytes_per_vector.{size} * {at}.points"


def _month(record: RunRecord, ram: str, disk: str) -> str:
    plan = record.cost
    terms = []
    if plan is not None and plan.ram_gib_month is not None:
        terms.append(f"({ram}) / {GIB} * cost.ram_gib_month")
    if plan is not None and plan.disk_gib_month is not None:
        terms.append(f"({disk}) / {GIB} * cost.disk_gib_month")
    return f"({' + '.join(terms)}) * cost.replicas" if terms else "none"


def _spec(held: CollectionRecord) -> VectorSpec | None:
    settings = held.settings
    return None if settings is None else next((v for v in settings.vectors if v.name == held.using), None)


def links(held: CollectionRecord) -> int:
    """Links of a node in the graph that was asked for; 0: no graph."""
    spec = _spec(held)
    return Hnsw().m if spec is None or spec.hnsw is None else spec.hnsw.m


def saves_ram(record: RunRecord) -> bool:
    """Whether the recommended method's vectors are in RAM instead of the originals, not beside them."""
    best = record.recommendation
    own = next((held for held in record.collections if best is not None and held.method == best.method), None)
    return own is not None and own.method != "none" and on_disk(own)


def on_disk(held: CollectionRecord) -> bool:
    """Whether its originals are read from disk on use; so are those of runs that don't tell."""
    spec = _spec(held)
    return spec is None or originals_at(spec) is Placement.COLD
