"""The setup dialog's texts made into a request to load, with what it will take and what to know before. No widget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from qtui import estimate, units
from qtui.demos import DIMENSION, PRESETS, VECTOR
from qtui.errors import UsageError, shown
from qtui.estimate import Forecast
from qtui.loads import (
    DEFAULT_THRESHOLD_KB,
    SAMPLES,
    BuildSpec,
    DocumentsSpec,
    LoadRequest,
    SourceFacts,
    SourceSpec,
    check_build,
    collection_names,
    collection_spec,
)
from qtui.methods import METHODS
from qtui.model import CollectionSpec, CollectionView, Distance, Placement
from qtui.names import check_name, check_vector_name
from qtui.tui.typed import DEFAULT_SHAPE, model, shape

LOWER_KB = 1
"""The threshold that is offered where the set one would leave everything unbuilt."""
NOTHING_SAVED = "the originals stay in RAM beside the quantized vectors: no memory is saved"
EMBEDDING_FIRST = "embedding comes before, as long as the model takes; what was embedded once isn't again"
_LABELS = {
    "--hnsw-m": "HNSW m:",
    "--ef-construct": "ef_construct:",
    "--indexing-threshold": "index from:",
    "--shards": "shards: it",
    "--replicas": "replicas: it",
    "the quantile": "quantile: it",
}


@dataclass(frozen=True, slots=True)
class SetupText:
    """The dialog's controls as they stand; '' in a setting leaves it to its default."""

    preset: str = ""
    kind: str = "sample"
    """One of SAMPLES, file, embed or synthetic."""
    path: str = ""
    payload: str = ""
    documents: str = ""
    """Embed: a file, a folder or a pattern; several with ; between them."""
    model: str = ""
    """Embed: a model's name, or the folder of one."""
    text_field: str = ""
    shape: str = DEFAULT_SHAPE
    """Synthetic: rows x dimension."""
    name: str = "docs"
    vector_name: str = ""
    distance: str = Distance.COSINE.value
    methods: tuple[str, ...] = ("none",)
    originals: str = Placement.COLD.value
    """cold, cached, pinned, or '' for the engine's default."""
    quantized: str = Placement.PINNED.value
    hnsw_m: str = ""
    ef_construct: str = "100"
    quantile: str = "0.99"
    encoding: str = ""
    threshold: str = "1"
    shards: str = ""
    """On a server, as `replicas`; '' leaves it to the server."""
    replicas: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One collection that will be made."""

    method: str
    spec: CollectionSpec
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Setup:
    """A request with all that it will make."""

    request: LoadRequest
    facts: SourceFacts
    planned: tuple[Planned, ...]
    notes: tuple[str, ...]
    """What to know before, each a line."""
    lower_kb: int | None
    """An indexing threshold to offer, since the set one leaves things unbuilt."""

    @property
    def summary(self) -> str:
        """How much will be made, in one line."""
        count = len(self.planned)
        ram = sum(each.forecast.ram_bytes for each in self.planned)
        seconds = sum(each.forecast.seconds for each in self.planned)
        return (
            f"{count} collection{'' if count == 1 else 's'} of {units.count(self.facts.rows)} points, "
            f"{units.size(ram)} RAM est, {units.duration(max(0.1, seconds))} to build est"
        )


def preset_text(name: str, text: SetupText) -> SetupText:
    """The form as a preset fills it: for what is chosen, else the sample documents; '' brings the defaults."""
    if not name:
        kept = SetupText(kind=text.kind, path=text.path, payload=text.payload)
        return replace(kept, documents=text.documents, model=text.model, text_field=text.text_field)
    chosen = bool(text.path.strip()) if text.kind == "file" else text.kind == "embed" and bool(text.documents.strip())
    return SetupText(
        preset=name,
        kind=text.kind if chosen else "documents",
        path=text.path,
        payload=text.payload,
        documents=text.documents,
        model=text.model,
        name=name,
        vector_name=VECTOR,
        distance=Distance.DOT.value,
        methods=(PRESETS[name],),
        originals="",
        hnsw_m="0",
        threshold="",
    )


def read_source(text: SetupText) -> SourceSpec:
    """Where the vectors come from. Raises UsageError with a line that begins with the field it concerns."""
    if text.kind in SAMPLES:
        return SourceSpec(text.kind)
    if text.kind == "synthetic":
        rows, dimension = shape(text.shape, "rows x dim")
        return SourceSpec("synthetic", rows=rows, dimension=dimension)
    if text.kind == "embed":
        return SourceSpec("embed", documents=_documents(text))
    return SourceSpec("file", path=_file("file", text.path), payload=_file("payload", text.payload, needed=False))


def read(text: SetupText, facts: SourceFacts, views: tuple[CollectionView, ...]) -> Setup:
    """What the form asks for. Raises UsageError with a line that begins with the field it concerns."""
    source = read_source(text)
    _check_preset(text, facts)
    request = LoadRequest(text.name, source, text.methods, _build(text), keep_name=bool(text.preset))
    planned = tuple(_planned(request, facts))
    notes = tuple(_notes(request.build, facts, planned)) + tuple(_check_names(text.name, planned, views))
    if source.documents is not None:
        notes = (EMBEDDING_FIRST, *notes)
    threshold = _threshold(request.build)
    low = any(0 < each.forecast.vectors_kb < threshold for each in planned) or threshold == 0
    return Setup(request, facts, planned, notes, LOWER_KB if low else None)


def forecasts(text: SetupText, facts: SourceFacts) -> dict[str, Forecast]:
    """What each method of the catalogue would take; empty while a setting is wrong."""
    try:
        build = _build(text)
    except UsageError:
        return {}
    return {
        name: estimate.forecast(
            collection_spec("", name, build, size=facts.dimension, multivector=facts.multivector),
            facts.rows,
            facts.vectors,
        )
        for name in METHODS
    }


def _documents(text: SetupText) -> DocumentsSpec:
    paths = tuple(part.strip() for part in text.documents.split(";") if part.strip())
    if not paths:
        raise UsageError("documents: type a folder, a file or a pattern")
    choice = model(text.model)
    try:
        absolute = tuple(str(Path(path).expanduser().absolute()) for path in paths)
    except (OSError, ValueError, RuntimeError):
        raise UsageError("documents: that is no path") from None
    return DocumentsSpec(absolute, choice, text.text_field.strip())


def _file(label: str, text: str, *, needed: bool = True) -> str | None:
    path = text.strip()
    if not path:
        if needed:
            raise UsageError(f"{label}: type the path of a file of vectors")
        return None
    try:
        absolute = Path(path).expanduser().absolute()
        known = absolute.is_file()
    except (OSError, ValueError, RuntimeError):
        known = False
    if not known:
        raise UsageError(f"{label}: there is no such file")
    return str(absolute)


def _check_preset(text: SetupText, facts: SourceFacts) -> None:
    if text.preset and not (facts.multivector and facts.dimension == DIMENSION):
        kind = "multivectors" if facts.multivector else "single vectors"
        raise UsageError(
            f"{text.preset}: wants multivectors of {DIMENSION} dimensions, these are {kind} of {facts.dimension}"
        )


def _planned(request: LoadRequest, facts: SourceFacts) -> Iterator[Planned]:
    for method, name in collection_names(request).items():
        spec = collection_spec(name, method, request.build, size=facts.dimension, multivector=facts.multivector)
        yield Planned(method, spec, estimate.forecast(spec, facts.rows, facts.vectors))


def _check_names(name: str, planned: Iterable[Planned], views: tuple[CollectionView, ...]) -> Iterator[str]:
    """Raises for a name that can't be used; yields what will go on."""
    if not name.strip():
        raise UsageError("name: what shall it be called?")
    there = {view.name: view.status for view in views}
    for each in planned:
        try:
            check_name(each.spec.name)
        except UsageError as error:
            raise UsageError(f"name: {error.text}") from None
        status = there.get(each.spec.name)
        if status == "partial":
            yield f"{each.spec.name} is unfinished: with the same source and settings, loading goes on with it"
        elif status is not None:
            raise UsageError(f"name: there is a collection {shown(each.spec.name)} already; choose another name")


def _build(text: SetupText) -> BuildSpec:
    try:
        check_vector_name(text.vector_name)
    except UsageError as error:
        raise UsageError(f"vector name: {error.text}") from None
    threshold = text.threshold.strip()
    build = BuildSpec(
        distance=Distance(text.distance),
        vector_name=text.vector_name,
        on_disk={"cold": True, "cached": False}.get(text.originals),
        originals=Placement.PINNED if text.originals == "pinned" else None,
        placement=None if text.quantized in {"", "pinned"} else Placement(text.quantized),
        query_encoding=text.encoding or None,
        hnsw_m=_whole(text.hnsw_m, "HNSW m") if text.hnsw_m.strip() else None,
        ef_construct=_whole(text.ef_construct, "ef_construct"),
        quantile=_number(text.quantile, "quantile"),
        indexing_threshold_kb=_whole(threshold, "index from") if threshold else None,
        # as the notebook left it: what a preset does not say is the engine's to choose
        segments=None if text.preset else 1,
        shards=_whole(text.shards, "shards") if text.shards.strip() else None,
        replicas=_whole(text.replicas, "replicas") if text.replicas.strip() else None,
    )
    try:
        check_build(build)
    except UsageError as error:
        raise UsageError(in_form_words(error.text)) from None
    return build


def _notes(build: BuildSpec, facts: SourceFacts, planned: tuple[Planned, ...]) -> Iterator[str]:
    kb, threshold = planned[0].forecast.vectors_kb, _threshold(build)
    if threshold == 0:
        yield "an indexing threshold of 0 means never: no index, and neither scalar nor product is built"
    elif kb < threshold:
        yield below_threshold(facts.rows, kb, threshold, [each.method for each in planned])
    if estimate.originals_at(planned[0].spec.vectors[0]) is not Placement.COLD and any(
        each.method != "none" for each in planned
    ):
        yield NOTHING_SAVED
    if facts.multivector:
        hnsw = planned[0].spec.vectors[0].hnsw
        if hnsw is not None and hnsw.m:
            yield "a graph over multivectors takes minutes to build and seldom helps: HNSW m 0 scans instead"
        elif build.hnsw_m is None:
            yield "multivectors: HNSW m is 0, every search is a full scan"


def below_threshold(points: int, kb: int, threshold_kb: int, methods: Iterable[str]) -> str:
    """What so few vectors mean."""
    families = {METHODS[name].family for name in methods}
    what = "no index is built"
    if families & {"scalar", "product"}:
        what = (
            "nothing is quantized and no index built"
            if not families & {"binary", "turbo"}
            else ("no index is built, nor scalar or product; binary and turbo are, without calibration")
        )
    elif families & {"binary", "turbo"}:
        what = "a server builds nothing; this engine quantizes, but without index or calibration"
    few = f"{units.count(points)} point{'' if points == 1 else 's'}"
    return f"{few}, {kb:,} KB, stay below the indexing threshold of {threshold_kb:,} KB: {what}"


def _threshold(build: BuildSpec) -> int:
    return DEFAULT_THRESHOLD_KB if build.indexing_threshold_kb is None else build.indexing_threshold_kb


def _whole(text: str, label: str) -> int:
    return int(_number(text, label, whole=True))


def _number(text: str, label: str, *, whole: bool = False) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise UsageError(f"{label}: {'a whole number' if whole else 'a number'}, please") from None
    if not abs(value) <= 2**60:
        raise UsageError(f"{label}: that is out of range")
    return value


def in_form_words(line: str) -> str:
    """An error of the command line's options, in the words of the form."""
    for flag, label in _LABELS.items():
        if line.startswith(flag):
            return f"{label}{line.removeprefix(flag)}"
    return line
