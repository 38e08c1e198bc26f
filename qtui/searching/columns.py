"""Where and how a query is searched: columns, the default set, and the steps that keys take through their settings.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from qtui import effective as rule
from qtui.methods import METHODS, method
from qtui.model import CollectionView, SearchSettings, VectorView
from qtui.records import Effective

MOST_COLUMNS = 4
LARGEST_LIMIT, LARGEST_EF, LARGEST_FACTOR = 1_000, 100_000, 1_000.0
STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
"""Oversampling factors that `+` and `-` go through."""
DEFAULT_FACTOR = 2.0
SIBLING = "__"
"""Between a collection's name and the method of its quantized sibling."""


@dataclass(frozen=True, slots=True)
class Column:
    """One way to search: a vector of a collection, and what is asked of the search."""

    collection: str
    search: SearchSettings
    using: str = ""
    """Name of the vector."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a column's collection; enough to say what a search there does."""

    method: str
    built: bool
    """Whether the quantized data is there in every segment that holds points; True without quantization."""
    segments: int
    points: int

    @property
    def is_quantized(self) -> bool:
        """Whether quantization is configured."""
        return self.method != "none"


def place(view: CollectionView, using: str = "") -> Place | None:
    """What is known of a collection's vector; None when there is no such vector."""
    vector = vector_of(view, using)
    if vector is None:
        return None
    quantization = vector.spec.quantization
    name = "none" if quantization is None else quantization.method
    return Place(name, quantization is None or vector.built.complete, view.segments, view.points)


def vector_of(view: CollectionView, using: str) -> VectorView | None:
    """The vector called `using`; None when there is none."""
    return next((vector for vector in view.vectors if vector.spec.name == using), None)


def effective(where: Place, search: SearchSettings) -> Effective:
    """What the engine does with the settings asked, by the default of the method and what is built."""
    return rule.effective(search, name=where.method, built=where.built, segments=where.segments, points=where.points)


def has_raw_scores(where: Place, search: SearchSettings) -> bool:
    """Whether the scores are those of quantized vectors, which are estimates on a scale of their own."""
    return effective(where, search).rescore is False


def asked_text(where: Place | None, search: SearchSettings) -> str:
    """The settings in a few words: 'exact', 'rescore x2', 'no rescore', 'float', 'ignore', with ef where set."""
    ef = f" ef {search.hnsw_ef}" if search.hnsw_ef is not None and not search.exact else ""
    if search.exact:
        return "exact"
    if search.ignore:
        return f"originals (ignore){ef}"
    if where is not None and not where.is_quantized:
        return f"float{ef}"
    factor = "" if search.oversampling is None else f" x{search.oversampling:g}"
    words = {None: f"default rescore{factor}", True: f"rescore{factor}", False: "no rescore"}[search.rescore]
    return f"{words}{ef}"


# --- the default set --------------------------------------------------------------------------------------------


def family(name: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The base collection that `name` belongs to, and its quantized siblings, fewest bits first."""
    stem, found, last = name.rpartition(SIBLING)
    base = stem if found and last in METHODS and stem in names else name
    siblings = [each for each in names if each.startswith(base + SIBLING) and _suffix(each, base) in METHODS]
    return base, tuple(sorted(siblings, key=lambda each: (METHODS[_suffix(each, base)].bits, each)))


def _suffix(name: str, base: str) -> str:
    return name[len(base) + len(SIBLING) :]


def related(one: str, other: str) -> bool:
    """Whether two collections hold the same points under the same ids: one is the other, or a sibling of it."""
    return _stem(one) == _stem(other)


def _stem(name: str) -> str:
    stem, found, last = name.rpartition(SIBLING)
    return stem if found and last in METHODS else name


def defaults(views: Sequence[CollectionView], start: str | None = None, limit: int = 10) -> tuple[Column, ...]:
    """Exact search on a base collection, then its quantized siblings with rescoring and without: three columns.

    `start` names the collection that is meant; else it is one with siblings, else the first that can be searched.
    Of a family with several siblings, the one that is meant stands beside the base, else the one of fewest bits.
    """
    usable = {view.name: view for view in views if view.vectors and view.status != "broken"}
    if not usable:
        return ()
    names = tuple(usable)
    if start not in usable:
        start = next((name for name in names if family(name, names)[1]), names[0])
    base, siblings = family(start, names)
    using = usable[base].vectors[0].spec.name
    first = Column(base, SearchSettings(limit, exact=True), using)
    where = place(usable[base], using)
    meant = (start,) if start in siblings else siblings
    quantized = meant or ((base,) if where is not None and where.is_quantized else ())
    others = [
        Column(name, SearchSettings(limit, rescore=rescore, oversampling=DEFAULT_FACTOR if rescore else None), using)
        for name in quantized[:1]
        for rescore in (True, False)
        if vector_of(usable[name], using) is not None
    ]
    return (first, *(others or [Column(base, SearchSettings(limit), using)]))


def another(columns: Sequence[Column], views: Sequence[CollectionView], limit: int) -> Column | None:
    """A column worth adding: a sibling that isn't shown yet, rescored; else the last one again. None when it's full."""
    if not columns or len(columns) >= MOST_COLUMNS:
        return None
    names = [view.name for view in views]
    _, siblings = family(columns[0].collection, names)
    shown = {column.collection for column in columns}
    fresh = next((name for name in reversed(siblings) if name not in shown), None)
    if fresh is None:
        return columns[-1]
    return Column(fresh, SearchSettings(limit, rescore=True, oversampling=DEFAULT_FACTOR), columns[0].using)


# --- steps ----------------------------------------------------------------------------------------------------


def flipped(column: Column, where: Place | None) -> Column:
    """With rescoring on where it was off and off where it was on; as it is where nothing is rescored."""
    search = column.search
    if where is None or not where.is_quantized or search.exact or search.ignore:
        return column
    now = method(where.method).default_rescore if search.rescore is None else search.rescore
    return replace(column, search=replace(search, rescore=not now))


def stepped(column: Column, where: Place | None, by: int) -> Column:
    """With the next larger (by 1) or smaller (by -1) oversampling; as it is where nothing is rescored."""
    search = column.search
    if where is None or not effective(where, search).rescore:
        return column
    return replace(column, search=replace(search, oversampling=next_factor(search.oversampling or 1.0, by)))


def next_factor(factor: float, by: int) -> float:
    """The neighbour of a factor among STEPS; the ends stay."""
    if by > 0:
        return next((step for step in STEPS if step > factor), max(factor, STEPS[-1]))
    return next((step for step in reversed(STEPS) if step < factor), STEPS[0])


# --- remembering ------------------------------------------------------------------------------------------------


def packed(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The columns as plain values, to be remembered."""
    return [{"collection": each.collection, "using": each.using, **asdict(each.search)} for each in columns]


def unpacked(value: object) -> tuple[Column, ...]:
    """Columns that were remembered; () for anything else."""
    try:
        return tuple(_unpacked(**each) for each in value[:MOST_COLUMNS]) if isinstance(value, list) else ()
    except (TypeError, ValueError):
        return ()


def _unpacked(collection: object, using: object, **asked: Any) -> Column:
    search = SearchSettings(**asked)
    ef, factor = search.hnsw_ef, search.oversampling
    right = (
        type(search.limit) is int
        and 1 <= search.limit <= LARGEST_LIMIT
        and (ef is None or (type(ef) is int and 1 <= ef <= LARGEST_EF))
        and (factor is None or 1 <= float(factor) <= LARGEST_FACTOR)
        and search.rescore in (None, True, False)
        and {type(search.exact), type(search.ignore), type(search.indexed_only)} == {bool}
    )
    if not (right and isinstance(collection, str) and isinstance(using, str)):
        raise ValueError("no column")
    return Column(collection, search, using)
