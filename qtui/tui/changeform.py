"""The change dialog's texts made into a change in place, with what it changes from what to what. No widget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from qtui import estimate, units
from qtui.errors import UsageError
from qtui.loads import DEFAULT_THRESHOLD_KB, BuildSpec, check_build
from qtui.methods import METHODS
from qtui.model import Change, CollectionSpec, CollectionView, Hnsw, Placement, Quantization, VectorSpec, VectorView
from qtui.tui.setupform import NOTHING_SAVED, below_threshold, in_form_words

AS_IS = ""
UNCHANGED = "nothing is changed yet"
_DEFAULT_HNSW = Hnsw()
_QUANTILE = f"{BuildSpec().quantile:g}"
"""What the quantile's box holds where none is set."""


@dataclass(frozen=True, slots=True)
class ChangeText:
    """The dialog's controls as they stand."""

    vector: str
    method: str
    quantile: str
    encoding: str
    """'' for not set."""
    quantized: str
    """cold, cached, pinned, or '' to leave it."""
    originals: str
    hnsw_m: str
    ef_construct: str
    threshold: str
    """'' for the engine's default."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that was checked, with what it means."""

    change: Change
    vector: str
    lines: tuple[tuple[str, str, str], ...]
    """Setting, from, to; only what changes."""
    effect: str
    """What is rebuilt."""
    notes: tuple[str, ...]
    seconds: float
    """Estimate, by rates of machines like this one."""
    elsewhere: bool = False
    """Whether a server does it, whose rates nobody knows."""

    @property
    def expected_s(self) -> float | None:
        """What time that passes may be held against."""
        return None if self.elsewhere else self.seconds


def text_of(view: CollectionView, vector: str | None = None) -> ChangeText:
    """The controls as a vector of the collection is configured now."""
    spec = view.vectors[0].spec if vector is None else view.vector(vector).spec
    quantization, hnsw = spec.quantization, spec.hnsw or _DEFAULT_HNSW
    threshold = view.spec.indexing_threshold_kb
    return ChangeText(
        vector=spec.name,
        method="none" if quantization is None else quantization.method,
        quantile=_QUANTILE if quantization is None or quantization.quantile is None else f"{quantization.quantile:g}",
        encoding="" if quantization is None else quantization.query_encoding or "",
        quantized=AS_IS,
        originals=AS_IS,
        hnsw_m=str(hnsw.m),
        ef_construct=str(hnsw.ef_construct),
        threshold="" if threshold is None else str(threshold),
    )


def read_change(text: ChangeText, view: CollectionView) -> Asked:
    """What the form asks for. Raises UsageError for a wrong value, and when nothing is changed."""
    vector = view.vector(text.vector)
    spec = vector.spec
    build = _checked(text)
    quantization = _quantization(text, build, spec)
    hnsw = replace(spec.hnsw or _DEFAULT_HNSW, m=cast("int", build.hnsw_m), ef_construct=build.ef_construct)
    threshold = build.indexing_threshold_kb
    if threshold is None and view.spec.indexing_threshold_kb is not None:
        raise UsageError("index from: a threshold that is set can't be unset again; the default is 10000")
    drop = text.method == "none" and spec.quantization is not None
    change = Change(
        quantization=None if quantization == spec.quantization else quantization,
        drop_quantization=drop,
        hnsw=None if hnsw == (spec.hnsw or _DEFAULT_HNSW) else hnsw,
        placement=_placement(text.originals, estimate.originals_at(spec), spec),
        indexing_threshold_kb=None if threshold == view.spec.indexing_threshold_kb else threshold,
    )
    if change == Change():
        raise UsageError(UNCHANGED)
    return asked(view, spec.name, change)


def asked(view: CollectionView, name: str, change: Change) -> Asked:
    """A change of one vector, with what it means."""
    vector = view.vector(name)
    spec = vector.spec
    after = replace(
        spec,
        quantization=None if change.drop_quantization else change.quantization or spec.quantization,
        hnsw=change.hnsw or spec.hnsw,
        placement=change.placement or spec.placement,
    )
    forecast = estimate.forecast(CollectionSpec(view.name, (after,)), view.points, vector.vectors)
    return Asked(
        change,
        spec.name,
        tuple(_lines(view, vector, after, change)),
        _effect(change),
        tuple(_notes(view, vector, after, change)),
        forecast.seconds,
        elsewhere=view.served is not None,
    )


def _checked(text: ChangeText) -> BuildSpec:
    def whole(value: str, label: str) -> int:
        try:
            return int(value)
        except ValueError:
            raise UsageError(f"{label}: a whole number, please") from None

    try:
        quantile = float(text.quantile)
    except ValueError:
        raise UsageError("quantile: a number, please") from None
    build = BuildSpec(
        hnsw_m=whole(text.hnsw_m, "HNSW m"),
        ef_construct=whole(text.ef_construct, "ef_construct"),
        quantile=quantile,
        indexing_threshold_kb=whole(text.threshold, "index from") if text.threshold.strip() else None,
    )
    try:
        check_build(build)
    except UsageError as error:
        raise UsageError(in_form_words(error.text)) from None
    return build


def _quantization(text: ChangeText, build: BuildSpec, spec: VectorSpec) -> Quantization | None:
    if text.method == "none":
        return None
    family, now = METHODS[text.method].family, spec.quantization
    same = now is not None and now.method == text.method
    kept = now if same and now is not None else Quantization(text.method, always_ram=True)
    # a quantile that was never set stays unset until it is edited
    unset = same and now is not None and now.quantile is None and text.quantile == _QUANTILE
    quantile = build.quantile if family == "scalar" and not unset else None
    kept = replace(kept, quantile=quantile, query_encoding=(text.encoding or None) if family == "binary" else None)
    if now is not None and not same:
        kept = replace(kept, always_ram=now.always_ram, placement=now.placement)
    if text.quantized == AS_IS:
        return kept
    return replace(kept, always_ram=None, placement=Placement(text.quantized))


def _placement(asked: str, now: Placement, spec: VectorSpec) -> Placement | None:
    if asked == AS_IS or (Placement(asked) is now and (spec.placement is not None or spec.on_disk is not None)):
        return None
    return Placement(asked)


def quantization_words(quantization: Quantization | None) -> str:
    """A quantization in one line: 'scalar, quantile 0.99, in RAM'."""
    if quantization is None:
        return "none"
    parts = [quantization.method]
    if quantization.quantile is not None:
        parts.append(f"quantile {quantization.quantile:g}")
    if quantization.query_encoding:
        parts.append(f"query {quantization.query_encoding}")
    place = quantization.placement.value if quantization.placement else "pinned" if quantization.always_ram else ""
    return ", ".join(parts + ([place] if place else []))


def _lines(
    view: CollectionView, vector: VectorView, after: VectorSpec, change: Change
) -> Iterator[tuple[str, str, str]]:
    spec = vector.spec
    before_hnsw, after_hnsw = spec.hnsw or _DEFAULT_HNSW, after.hnsw or _DEFAULT_HNSW
    if after.quantization != spec.quantization:
        yield "quantization", quantization_words(spec.quantization), quantization_words(after.quantization)
        unit = "bytes/token" if spec.multivector else "bytes/vector"
        yield unit, _bytes(spec), _bytes(after)
    if change.placement is not None:
        yield "originals", estimate.originals_at(spec).value, change.placement.value
    if before_hnsw.m != after_hnsw.m:
        yield "HNSW m", str(before_hnsw.m), str(after_hnsw.m)
    if before_hnsw.ef_construct != after_hnsw.ef_construct:
        yield "ef_construct", str(before_hnsw.ef_construct), str(after_hnsw.ef_construct)
    if change.indexing_threshold_kb is not None:
        before = view.spec.indexing_threshold_kb
        was = f"{DEFAULT_THRESHOLD_KB:,} KB (default)" if before is None else f"{before:,} KB"
        yield "index from", was, f"{change.indexing_threshold_kb:,} KB"
    ram = [_ram(each, view, vector) for each in (spec, after)]
    if ram[0] != ram[1]:
        yield "RAM est", units.size(ram[0]), units.size(ram[1])


def _bytes(spec: VectorSpec) -> str:
    name = "none" if spec.quantization is None else spec.quantization.method
    size = METHODS[name].bytes_per_vector(spec.size, spec.distance, multivector=spec.multivector)
    original = spec.size * 4
    return f"{original:,}" if size is None else f"{size:,} ({units.ratio(original / size)} smaller)"


def _ram(spec: VectorSpec, view: CollectionView, vector: VectorView) -> int:
    return estimate.forecast(CollectionSpec(view.name, (spec,)), view.points, vector.vectors).ram_bytes


def _effect(change: Change) -> str:
    if change.quantization is not None or change.drop_quantization:
        return "the quantized vectors are made anew, and the graph with them"
    if change.hnsw is not None:
        return "the graph is built anew"
    if change.indexing_threshold_kb is not None:
        return "what passes the new threshold is indexed; what is built stays"
    return "the files stay, and are loaded as said"


def _notes(view: CollectionView, vector: VectorView, after: VectorSpec, change: Change) -> Iterator[str]:
    threshold = change.indexing_threshold_kb
    if threshold is None:
        threshold = view.spec.indexing_threshold_kb
    limit = DEFAULT_THRESHOLD_KB if threshold is None else threshold
    kb = vector.vectors * after.size * 4 // 1024
    method = "none" if after.quantization is None else after.quantization.method
    if limit == 0:
        yield "an indexing threshold of 0 means never: nothing new is built"
    elif kb < limit:
        yield below_threshold(view.points, kb, limit, [method])
    if after.quantization is not None and estimate.originals_at(after) is not Placement.COLD:
        yield NOTHING_SAVED
