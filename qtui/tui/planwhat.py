"""What a plan measures: a source, or a collection of those that are there, told from the editor's texts. No widget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtui.errors import UsageError
from qtui.loads import SAMPLES, SourceFacts, SourceSpec
from qtui.model import CollectionView
from qtui.names import variant_name, variant_of
from qtui.tui import figures
from qtui.tui.text import clean
from qtui.tui.typed import shape, whole

if TYPE_CHECKING:
    from qtui.tui.planform import PlanText

FORMATS = (".npy", ".npz", ".fvecs", ".bvecs", ".fbin", ".u8bin", ".parquet", ".hdf5", ".h5")
TRUTH_FORMATS = (".npy", ".npz", ".ivecs", ".hdf5", ".h5")
PAYLOAD_FORMATS = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class What:
    """What is measured."""

    source: SourceSpec | None
    collection: str | None
    methods: tuple[str, ...]
    about: str
    beside: str = ""
    facts: SourceFacts | None = None


def source_of(text: PlanText) -> SourceSpec | None:
    """The source that the form names; None for a collection, or while there is no such file."""
    try:
        return _source(text)
    except UsageError:
        return None


def _source(text: PlanText) -> SourceSpec | None:
    if text.kind in SAMPLES:
        return SourceSpec(kind=text.kind)
    if text.kind == "synthetic":
        rows, dimension = shape(text.shape, "rows x dim")
        return SourceSpec(kind="synthetic", rows=rows, dimension=dimension, seed=whole(text.seed, "seed"))
    if text.kind != "file":
        return None
    payload = str(file_of(text.payload, "payload")) if text.payload.strip() else None
    return SourceSpec(kind="file", path=str(file_of(text.path, "file")), payload=payload)


def what_of(text: PlanText, views: tuple[CollectionView, ...]) -> What:
    """What the form means among these collections. Raises UsageError with a line for the user."""
    source = _source(text)
    if source is not None:
        names = {"sample": "the sample", "documents": "the documents", "synthetic": f"synthetic {text.shape.strip()}"}
        return What(source, None, text.methods, names.get(text.kind) or Path(source.path or "").name)
    view = next((view for view in views if view.name == text.collection), None)
    if view is None:
        raise UsageError("there is no collection to measure; choose the sample or a file")
    if text.kind == "part":
        return _part(text, view)
    if text.kind == "copies":
        return _copies(text, view)
    methods = _family(view, views, text.methods)
    return What(None, view.name, methods, view.name, _beside(view, methods, text.methods), _facts(view))


def _part(text: PlanText, view: CollectionView) -> What:
    """A sample of a collection, which itself is only read."""
    points, facts = min(view.points, whole(text.points, "points")), _facts(view)
    name = clean(view.name, 40)
    beside = f"tries {points:,} of {view.points:,} points of {name} in the embedded engine; {name} is only read"
    if facts is not None and facts.rows:
        facts = replace(facts, rows=points, vectors=facts.vectors * points // facts.rows)
    return What(None, view.name, text.methods, f"part of {view.name}", beside, facts)


def _copies(text: PlanText, view: CollectionView) -> What:
    """A collection with a copy of it for each method that it doesn't have, on its own server."""
    own = figures.method_of(view)
    others = tuple(method for method in text.methods if method != own)
    if not others:
        raise UsageError("choose a method that the collection doesn't have")
    name = clean(view.name, 40)
    after = "" if text.keep else ", removed after"
    beside = f"copies {name} on its server as {clean(variant_name(view.name, others[0]), 60)} and so on{after}"
    return What(None, view.name, (own, *others), f"copies of {view.name}", beside, _facts(view))


def _facts(view: CollectionView) -> SourceFacts | None:
    first = view.vectors[0] if view.vectors else None
    if first is None:
        return None
    spec = first.spec
    return SourceFacts(view.name, view.points, spec.size, spec.multivector, first.vectors, spec.distance)


def _beside(view: CollectionView, methods: tuple[str, ...], chosen: tuple[str, ...]) -> str:
    """Which collections are measured: the one asked for, and those that a load made beside it."""
    own = figures.method_of(view)
    name = clean(view.name, 40)
    if own != "none" and set(methods) <= {"none", own}:
        base = clean(view.name.removesuffix(f"__{own}"), 40)
        none = "nothing without quantization" if base == name else f"no {base}"
        other = f"and its baseline {base}" if "none" in methods else f"alone: {none} to compare with"
        return f"measures {name} {other}"
    if own != "none":
        others = ", ".join(f"__{method}" for method in methods if method != own)
        return f"measures {name} and beside it {others}; without a baseline"
    found = ", ".join(f"__{method}" for method in methods if method != "none")
    missing = ", ".join(method for method in chosen if method not in methods)
    measured = f"measures {name} and beside it {found}" if found else f"measures {name} alone"
    return f"{measured}; there is none for {missing}" if missing else measured


def _family(view: CollectionView, views: tuple[CollectionView, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The methods that are measured with a collection: its own, its baseline, and beside a baseline the chosen ones;
    where there is no baseline, too.

    They are those of the collections that one load or one run made, told by their names and their numbers of points.
    """
    own, copied = figures.method_of(view), variant_of(view.name)
    base = copied[0] if copied is not None else view.name.removesuffix(f"__{own}")
    whole = base == view.name or (copied is None and all(other.name != base for other in views))
    wanted = chosen if whole else ("none", own)
    there = {
        (other.name, figures.method_of(other)) for other in views if other.points == view.points and not other.error
    }

    def is_there(method: str) -> bool:
        named = {variant_name(base, method), base if method == "none" else f"{base}__{method}"}
        return any((name, method) in there for name in named)

    return tuple(dict.fromkeys((*(method for method in wanted if is_there(method)), own)))


def file_of(text: str, label: str) -> Path:
    """The file of vectors, truth or payload that was typed for `label`. Raises UsageError for none that can be read."""
    if not text.strip():
        raise UsageError(f"{label}: type the path of a file of vectors")
    try:
        path = Path(text.strip()).expanduser().absolute()
        known = path.is_file()
    except (OSError, ValueError, RuntimeError):
        known = False
    if not known:
        raise UsageError(f"{label}: there is no such file")
    readable = {"truth": TRUTH_FORMATS, "payload": PAYLOAD_FORMATS}.get(label, FORMATS)
    if path.suffix.lower() not in readable:
        raise UsageError(f"{label}: {', '.join(each for each in readable if each != '.h5')} can be read")
    return path
