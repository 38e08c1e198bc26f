"""What follows from a choice, in words: reasons, the runner-up, what can't be told apart, caveats, the configuration.

Pure; every figure in a sentence is one of the evidence, and says on which queries it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from qtui import snippets, units
from qtui.bench.evidence import LEAST_HALF, Candidate, Difference, Evidence, originals_on_disk, vector_spec
from qtui.bench.warnings import LEAST_QUERIES, variant_name
from qtui.methods import METHODS
from qtui.model import CollectionSpec, Distance, Quantization, VectorSpec
from qtui.records import Recommendation, RunnerUp, Span

PASSED_ON = ("noisy", "segments-differ", "tied-truth", "short-truth", "speed-hidden", "oversampling-no-effect")
"""Warnings of a run that bear on a choice made from it."""
_BUILT_BY_DEFAULT_KB = 80_000
"""KB of vectors from which eight segments, the most that a server makes by default, all pass its threshold."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another variant that keeps the target, compared with the choice."""

    candidate: Candidate
    difference: Difference
    same_size: bool

    @property
    def alike(self) -> bool:
        """Whether nothing tells it from the choice."""
        return self.same_size and self.difference.same_speed and self.difference.same_recall


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and against what."""

    evidence: Evidence
    target: float
    chosen: Candidate | None
    unconfirmed: tuple[Candidate, ...]
    """Those that hold on the choosing half alone, in their order."""
    missing: tuple[Candidate, ...]
    """Those that don't hold on the choosing half either, nearest to the target first."""
    rivals: tuple[Rival, ...] = ()
    """Those that hold on both halves, in their order: all of the choice's size, and the first larger one."""

    @property
    def nearest(self) -> Candidate | None:
        """Of those that don't qualify, the nearest to it."""
        return next(iter((*self.unconfirmed, *self.missing)), None)


def verdict(choice: Choice) -> str:
    """One line: what to use, or why there is nothing, with the nearest miss."""
    if choice.chosen is not None:
        return f"{variant_name(choice.chosen.measured)} keeps {_target(choice)} with {_ram(choice.chosen)}"
    evidence, halves = choice.evidence, min(len(choice.evidence.choosing), len(choice.evidence.confirming))
    if evidence.record.dataset.truth is None:
        return "no recommendation: the exact answers aren't known, so there is no recall to keep"
    if not evidence.choosing:
        return "no recommendation: every query's answers are needed, and this run has kept none"
    if halves < LEAST_HALF:
        queries = len(evidence.choosing) + len(evidence.confirming)
        return (
            f"no recommendation: {queries} queries are too few to choose by one half of them and confirm on the other;"
            " ask 200"
        )
    near = choice.nearest
    if near is None:
        return "no recommendation: no variant answered enough of the queries"
    half, found = ("confirming", near.confirming) if near in choice.unconfirmed else ("choosing", near.choosing)
    return (
        f"no recommendation: nothing keeps {_target(choice)} with its interval; the nearest is"
        f" {variant_name(near.measured)} with {_recall(found)} on the {half} half"
    )


def recommendation(choice: Choice) -> Recommendation | None:
    """The choice as the record keeps it; None without one."""
    chosen = choice.chosen
    if chosen is None or chosen.confirming is None:
        return None
    measured = chosen.measured
    python, rest = _configuration(choice, chosen)
    return Recommendation(
        method=measured.method,
        search=measured.search,
        recall=chosen.confirming,
        speedup=None if measured.speedup is None else measured.speedup.engine,
        compression=None if chosen.collection is None else chosen.collection.compression.measured,
        reasons=tuple(_reasons(choice, chosen)),
        runner_up=_runner_up(choice),
        python=python,
        rest=rest,
    )


# --- reasons ----------------------------------------------------------------------------------------------------------


def _reasons(choice: Choice, chosen: Candidate) -> Iterator[str]:
    halves = len(choice.evidence.choosing), len(choice.evidence.confirming)
    yield (
        f"recall: {_recall(chosen.confirming)} on the {halves[1]} confirming queries,"
        f" {_recall(chosen.choosing)} on the {halves[0]} that it was chosen by"
    )
    yield _memory_reason(chosen)
    yield _speed_reason(chosen)
    for candidate in _smaller(choice, chosen):
        why = "held on the choosing half alone" if candidate in choice.unconfirmed else "falls short"
        found = candidate.confirming if candidate in choice.unconfirmed else candidate.choosing
        yield f"smaller, but {why}: {variant_name(candidate.measured)} with {_recall(found)}, {_ram(candidate)}"
    larger = next((rival for rival in choice.rivals if not rival.same_size), None)
    if larger is not None and larger is not choice.rivals[0]:
        yield f"the next larger one that holds: {variant_name(larger.candidate.measured)}, {_ram(larger.candidate)}"


def _memory_reason(chosen: Candidate) -> str:
    held = chosen.collection
    if held is None or chosen.measured.method == "none":
        return f"memory: {_ram(chosen)}: the float vectors; nothing smaller keeps the target"
    original = held.bytes_per_vector.original
    if not originals_on_disk(held):
        return f"memory: {_ram(chosen)}: originals and quantized, since the originals are in RAM too"
    ratio = units.ratio(held.compression.measured)
    return f"memory: {_ram(chosen)} instead of {original:,.0f} ({ratio} smaller), the originals on disk"


def _speed_reason(chosen: Candidate) -> str:
    measured = chosen.measured
    p50 = f"speed: engine p50 {units.millis(chosen.p50_ms if isfinite(chosen.p50_ms) else None)} ms"
    if measured.speedup is None or measured.method == "none":
        return p50
    versus = measured.vs_baseline
    doubt = "; not significant" if versus is not None and not versus.significant else ""
    return f"{p50}, {measured.speedup.engine:.2f}x the speed of none{doubt}"


def _smaller(choice: Choice, chosen: Candidate) -> list[Candidate]:
    """The best variant of the two largest smaller sizes that don't qualify."""
    best: dict[str, Candidate] = {}
    for candidate in (*choice.unconfirmed, *choice.missing):
        if _bytes(candidate) < _bytes(chosen) * 0.99:
            best.setdefault(candidate.measured.method, candidate)
    return sorted(best.values(), key=_bytes, reverse=True)[:2]


def _runner_up(choice: Choice) -> RunnerUp | None:
    if choice.rivals:
        measured = choice.rivals[0].candidate.measured
        return RunnerUp(measured.method, measured.search, _why_second(choice, choice.rivals[0]))
    near = choice.nearest
    if near is None:
        return None
    half, found = ("confirming", near.confirming) if near in choice.unconfirmed else ("choosing", near.choosing)
    why = f"falls short of {_target(choice)}: {_recall(found)} on the {half} half"
    return RunnerUp(near.measured.method, near.measured.search, why)


def _why_second(choice: Choice, rival: Rival) -> str:
    speed, recall = _speed_words(rival.difference), _recall_words(rival.difference)
    if rival.alike:
        return f"can't tell these two apart: same memory, {speed}, {recall}"
    if rival.same_size:
        return f"same memory, {speed}; {recall}"
    assert choice.chosen is not None
    times = _bytes(rival.candidate) / _bytes(choice.chosen)
    return f"needs {times:.3g}x the memory, {_ram(rival.candidate)}; {speed}; {recall}"


def _speed_words(difference: Difference) -> str:
    speed = difference.speed
    if speed is None:
        return "speeds not compared"
    span = f"{speed.engine_p50_ratio:.2f}x the time (95% {speed.low:.2f} to {speed.high:.2f})"
    return f"{span}, not significant" if difference.same_speed else span


def _recall_words(difference: Difference) -> str:
    recall = difference.recall
    if recall is None:
        return "recalls not compared"
    if recall.low > -1e-9 and recall.high < 1e-9:
        return "the same recall"
    span = f"recall {recall.mean:+.3f} (95% {recall.low:+.3f} to {recall.high:+.3f})"
    return f"{span}, not significant" if difference.same_recall else span


def alike(choice: Choice) -> tuple[str, ...]:
    """The variants that nothing tells from the choice, a line each."""
    return tuple(
        f"{variant_name(rival.candidate.measured)}: {_speed_words(rival.difference)}; {_recall_words(rival.difference)}"
        for rival in choice.rivals
        if rival.alike
    )


# --- caveats ----------------------------------------------------------------------------------------------------------


def caveats(choice: Choice) -> tuple[str, ...]:
    """Why to take the choice with care."""
    return (*_of_the_run(choice), *(() if choice.chosen is None else _of_the_choice(choice.chosen)))


def _of_the_run(choice: Choice) -> Iterator[str]:
    record, evidence = choice.evidence.record, choice.evidence
    if record.status != "complete":
        yield "the run is partial: not every variant was asked every query"
    least = min(len(evidence.choosing), len(evidence.confirming))
    if 0 < least < LEAST_QUERIES:
        yield f"{least} queries a half are too few for narrow intervals: ask at least {2 * LEAST_QUERIES}, better 200"
    if record.dataset.query_origin == "collection":
        yield "the queries are points of the collection: real questions may lie further away and be harder"
    if record.plan.concurrency and len(record.plan.concurrency) > 1:
        yield f"chosen by the figures at {min(record.plan.concurrency)} in flight"
    for warning in record.warnings:
        if warning.code in PASSED_ON:
            yield warning.text


def _of_the_choice(chosen: Candidate) -> Iterator[str]:
    measured, held = chosen.measured, chosen.collection
    if measured.errors:
        yield f"{measured.errors} of its searches failed; each counts as a recall of 0 here"
    if held is None:
        return
    if vector_spec(held) is None:
        yield "the run doesn't tell where the originals lie: they are taken to be on disk"
    on_disk = originals_on_disk(held)
    if measured.effective.rescore and on_disk:
        yield (
            f"rescoring reads {measured.effective.candidates} originals from disk a search; this was measured with"
            " what the page cache held: with little RAM, measure with --cold too"
        )
    if measured.method != "none" and not on_disk:
        yield "the originals are in RAM too, so no method saves memory: put them on disk"
    if measured.effective.rescore and held.segments == 1:
        yield "measured on one segment: with more, rescoring reads as many candidates from each, and recall is higher"


def memory(choice: Choice) -> str:
    """What is counted as memory."""
    unit = "token" if choice.evidence.record.dataset.multivector else "vector"
    places = {
        originals_on_disk(each.collection)
        for each in choice.evidence.candidates
        if each.collection is not None and each.measured.method != "none"
    }
    what = "the quantized one, and the original where it is in RAM"
    if len(places) == 1:
        what = "the quantized one, the originals on disk" if True in places else "original and quantized, both in RAM"
    return f"bytes of RAM a {unit}: {what}; none: the original; graph and payload come on top, the same for all"


# --- the configuration to paste -----------------------------------------------------------------------------------


def _configuration(choice: Choice, chosen: Candidate) -> tuple[str, str]:
    """Creating the collection and searching it, as Python and as REST."""
    spec = _spec(choice, chosen)
    using = "" if chosen.collection is None else chosen.collection.using
    search = chosen.measured.search
    python = f"{snippets.collection_python(spec).rstrip()}\n\n{snippets.search_python(spec.name, search, using=using)}"
    rest = f"{snippets.collection_rest(spec).rstrip()}\n\n{snippets.search_rest(spec.name, search, using=using)}"
    return python, rest


def _spec(choice: Choice, chosen: Candidate) -> CollectionSpec:
    """The collection as it was measured, without what only a measurement needs: its segments, its low threshold."""
    data, held = choice.evidence.record.dataset, chosen.collection
    if held is None or held.settings is None:
        method = chosen.measured.method
        quantization = None if METHODS[method].family == "none" else Quantization(method, always_ram=True)
        vector = VectorSpec(
            data.dimension,
            Distance(data.distance),
            multivector=data.multivector,
            on_disk=True,
            quantization=quantization,
        )
        return CollectionSpec(chosen.measured.collection, (vector,))
    size_kb = held.points * held.bytes_per_vector.original / 1024
    keep = held.settings.indexing_threshold_kb if size_kb < _BUILT_BY_DEFAULT_KB else None
    return replace(held.settings, segments=None, indexing_threshold_kb=keep)


# --- figures in words -------------------------------------------------------------------------------------------------


def _target(choice: Choice) -> str:
    return f"recall@{choice.evidence.record.dataset.k} ≥ {choice.target:.4g}"


def _recall(span: Span | None) -> str:
    if span is None:
        return units.ABSENT
    return f"{units.share(span.mean)} [{units.share(span.low)}, {units.share(span.high)}]"


def _bytes(candidate: Candidate) -> float:
    return float("inf") if candidate.ram_bytes is None else candidate.ram_bytes


def _ram(candidate: Candidate) -> str:
    if candidate.ram_bytes is None:
        return "memory unknown"
    spec = None if candidate.collection is None else vector_spec(candidate.collection)
    return f"{candidate.ram_bytes:,.0f} bytes a {'token' if spec is not None and spec.multivector else 'vector'}"
