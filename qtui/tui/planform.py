"""The plan editor's texts made into a request, with one line for the first thing that is wrong. No widget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qtui.errors import UsageError
from qtui.model import CollectionView
from qtui.plan import BenchRequest, SourceSpec, check, variants
from qtui.tui import figures

FORMATS = (".npy", ".npz", ".fvecs", ".bvecs", ".fbin", ".u8bin", ".parquet", ".hdf5", ".h5")
_FLAGS = {
    "--oversampling": "oversampling",
    "--hnsw-ef": "hnsw_ef",
    "--limit": "k",
    "--repeat": "repeat",
    "--queries": "queries",
    "--rescore": "rescore",
    "--vectors": "source",
}


@dataclass(frozen=True, slots=True)
class PlanText:
    """The editor's controls as they stand."""

    kind: str
    """sample, file or collection."""
    path: str
    collection: str
    methods: tuple[str, ...]
    rescore_on: bool
    rescore_off: bool
    oversampling: str
    queries: str
    repeat: str
    limit: str
    hnsw_ef: str
    exact: bool
    ignore: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with its size."""

    request: BenchRequest
    about: str

    @property
    def summary(self) -> str:
        """How many measurements and searches it is."""
        count = len(variants(self.request))
        searches = count * self.request.queries * self.request.repeat
        builds = len(self.request.methods) if self.request.collection is None else 0
        built = f"\n{builds} collection{'' if builds == 1 else 's'} to build first" if builds else ""
        return f"{count} measurement{'' if count == 1 else 's'}, {searches:,} searches{built}"


def read(text: PlanText, views: tuple[CollectionView, ...]) -> Plan:
    """The plan that the controls describe. Raises UsageError with a line for the user."""
    source, collection, methods, about = _what(text, views)
    rescore = tuple(value for value, on in ((True, text.rescore_on), (False, text.rescore_off)) if on)
    request = BenchRequest(
        source=source,
        collection=collection,
        methods=methods,
        rescore=rescore,
        oversampling=tuple(_numbers(text.oversampling, "oversampling")) if text.rescore_on else (),
        queries=_whole(text.queries, "queries"),
        repeat=_whole(text.repeat, "repeat"),
        limit=_whole(text.limit, "k"),
        hnsw_ef=tuple(int(value) for value in _numbers(text.hnsw_ef, "hnsw_ef", whole=True)),
        exact=text.exact,
        ignore=text.ignore,
    )
    try:
        check(request)
    except UsageError as error:
        raise UsageError(_in_form_words(error.text)) from None
    return Plan(request, about)


def _what(
    text: PlanText, views: tuple[CollectionView, ...]
) -> tuple[SourceSpec | None, str | None, tuple[str, ...], str]:
    if text.kind == "sample":
        return SourceSpec(kind="sample"), None, text.methods, "the sample"
    if text.kind == "file":
        path = _file(text.path)
        return SourceSpec(kind="file", path=str(path)), None, text.methods, path.name
    view = next((view for view in views if view.name == text.collection), None)
    if view is None:
        raise UsageError("there is no collection to measure; choose the sample or a file")
    return None, view.name, _family(view, views, text.methods), view.name


def _family(view: CollectionView, views: tuple[CollectionView, ...], chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The methods that are measured with a collection: its own, its baseline, and beside a baseline the chosen ones.

    They are those of the collections that one load made, told by their names and their numbers of points.
    """
    own = figures.method_of(view)
    base = view.name.removesuffix(f"__{own}")
    wanted = chosen if own == "none" else ("none", own)
    there = {(other.name, other.points, figures.method_of(other)) for other in views if other.error is None}
    names = {method: base if method == "none" else f"{base}__{method}" for method in wanted}
    found = tuple(method for method, name in names.items() if (name, view.points, method) in there)
    return tuple(dict.fromkeys((*found, own)))


def _file(text: str) -> Path:
    if not text.strip():
        raise UsageError("file: type the path of a file of vectors")
    path = Path(text.strip()).expanduser().absolute()
    try:
        known = path.is_file()
    except (OSError, ValueError):
        known = False
    if not known:
        raise UsageError("file: there is no such file")
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"file: {', '.join(FORMATS[:-1])} can be read")
    return path


def _numbers(text: str, label: str, *, whole: bool = False) -> list[float]:
    parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
    if not parts:
        raise UsageError(f"{label}: give one number or several, as in 1,2,3")
    return list(dict.fromkeys(_number(part, label, whole=whole) for part in parts))


def _whole(text: str, label: str) -> int:
    return int(_number(text.strip(), label, whole=True))


def _number(text: str, label: str, *, whole: bool) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise UsageError(f"{label}: {'a whole number' if whole else 'a number'}, please") from None
    if not abs(value) <= 1e9:
        raise UsageError(f"{label}: that is out of range")
    return value


def _in_form_words(line: str) -> str:
    for flag, name in _FLAGS.items():
        line = line.replace(f"{flag} ", f"{name}: ", 1)
    return line
