"""Which collections are measured together: the one asked for, and those of the same points that were made beside it.

Reads views and changes nothing. Names alone prove nothing: a collection counts as one of the family by its points, its
vector and its quantization, and one that only has the name is left out with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qtui import units
from qtui.engine.base import Engine
from qtui.engine.view import unreadable
from qtui.errors import AccessError, NotFound, UsageError, shown
from qtui.model import CollectionView, VectorSpec
from qtui.names import listed, variant_name, variant_of
from qtui.records import RunWarning


@dataclass(frozen=True, slots=True)
class Family:
    """The collections that one run measures."""

    views: dict[str, CollectionView]
    """By method, the one without quantization first."""
    unlike: tuple[str, ...]
    """Why each collection that only has the name of one was left out."""
    absent: tuple[str, ...]
    """Methods that were asked for and that no collection has."""

    def warnings(self, name: str) -> Iterator[RunWarning]:
        """What whoever asked for `name` must know of what is not measured with it."""
        for text in self.unlike:
            yield RunWarning("left-out", text)
        if self.absent:
            methods, base = ", ".join(self.absent), shown(name)
            text = f"not measured, as there is no collection of it beside {base}: {methods}; `qtui load` makes them,"
            yield RunWarning("left-out", f"{text} and `bench --collection … --locally` tries them on a sample")


async def asked_for(engine: Engine, name: str, methods: tuple[str, ...]) -> CollectionView:
    """The collection `name`; where there is none but copies of it, NAME__METHOD, the first of them by `methods`.

    Raises NotFound where there is none of them either.
    """
    try:
        return await engine.view(name)
    except NotFound:
        there = await _names(engine, name)
        for method in methods:
            if f"{name}__{method}" in there:
                return await engine.view(f"{name}__{method}")
        raise


def vector_of(view: CollectionView, asked: str) -> VectorSpec:
    """The vector to search: the one asked for, or the only one there is. Raises UsageError, or why it can't be read."""
    error = unreadable(view)
    if error is not None:
        raise error
    found = {vector.spec.name: vector.spec for vector in view.vectors}
    if asked in found:
        return found[asked]
    if asked == "" and len(found) == 1:
        return next(iter(found.values()))
    which = f"there is no vector {shown(asked)}; choose one" if asked else "it has several vectors; choose one"
    raise UsageError(f"{shown(view.name)}: {which} with --vector-name: {listed(found)}")


async def family(engine: Engine, view: CollectionView, spec: VectorSpec, methods: tuple[str, ...]) -> Family:
    """The collection asked for, and those of the same points that were made beside it.

    Of one that is a copy (NAME__METHOD by `load`, NAME__qtui__METHOD on a server) that is the NAME without
    quantization, or the other copies with one of `methods` where a load made no NAME; of any but a server's copy the
    copies with one of `methods`, too.
    """
    own, there = _method_of(spec), await _names(engine, view.name)
    base = _base(view.name, own)
    found: dict[str, CollectionView] = {}
    unlike: dict[str, str] = {}
    for method, name in _relatives(view.name, base, methods, there):
        if method != own and method not in found:
            other = await engine.view(name)
            why = _unlike(other, view, spec, method)
            if why is None:
                found[method] = other
            else:
                unlike[method] = f"{shown(name)} is left out: {why}"
    found[own] = view
    views = dict(sorted(found.items(), key=lambda pair: pair[0] != "none"))
    whole = variant_of(view.name) is None and (own == "none" or base not in there)
    absent = tuple(method for method in methods if whole and method not in {"none", *views, *unlike})
    return Family(views, tuple(text for method, text in unlike.items() if method not in views), absent)


def _base(name: str, own: str) -> str:
    """What the collection would be called without quantization."""
    copied = variant_of(name)
    return copied[0] if copied is not None else name.removesuffix(f"__{own}")


def _relatives(name: str, base: str, methods: tuple[str, ...], there: frozenset[str]) -> list[tuple[str, str]]:
    """Method and name of each collection that may be of the same points."""
    named = [] if base == name else [("none", base), ("none", variant_name(base, "none"))]
    if variant_of(name) is None:
        named += [(method, variant_name(name, method)) for method in methods]
        if base == name or base not in there:
            named += [(method, f"{base}__{method}") for method in methods]
    return [pair for pair in named if pair[1] in there]


async def _names(engine: Engine, name: str) -> frozenset[str]:
    try:
        return frozenset(await engine.collections())
    except AccessError:  # a key for one collection only
        return frozenset((name,))


def _method_of(spec: VectorSpec) -> str:
    return "none" if spec.quantization is None else spec.quantization.method


def _unlike(other: CollectionView, view: CollectionView, spec: VectorSpec, method: str) -> str | None:
    """Why `other` is not the same points, quantized by `method`; None when it is."""
    if other.error is not None:
        return other.error
    if other.points != view.points:
        return f"it holds {units.count(other.points)} points, {shown(view.name)} {units.count(view.points)}"
    theirs = next((vector.spec for vector in other.vectors if vector.spec.name == spec.name), None)
    if theirs is None or (theirs.size, theirs.multivector) != (spec.size, spec.multivector):
        return "its vectors are of another kind"
    if theirs.distance != spec.distance:
        return f"its distance is {theirs.distance}, not {spec.distance}"
    return None if _method_of(theirs) == method else f"it is quantized by {_method_of(theirs)}"
