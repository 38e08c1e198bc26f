"""What follows from a choice, in words: reasons, the runner-up, what can't be told apart, the configuration.

Pure; every figure in a sentence is one of the evidence, and says on which queries it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from qtui import snippets, units
from qtui.bench.evidence import LEAST_HALF, Candidate, Difference, Evidence, originals_on_disk, vector_spec
from qtui.bench.limits import footprint
from qtui.bench.order import does_less, front
from qtui.bench.typed import commands
from qtui.bench.warnings import variant_name
from qtui.choices import Span
from qtui.methods import METHODS
from qtui.model import CollectionSpec, Distance, Quantization, VectorSpec
from qtui.records import Recommendation, RunnerUp
from qtui.wishes import PLAIN, Wishes

_MOST_UNDECIDED = 4
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
    """Those that hold on both halves, in their order: all of the choice's size, and the first larger one; where memory
    is not what is minimised, whatever their size."""
    wishes: Wishes = PLAIN
    undecided: tuple[tuple[Candidate, Span], ...] = ()
    """Those that would be preferred to the choice, and whose recall over all queries, which is given, can't be told
    apart from the target."""
    over: tuple[tuple[Candidate, tuple[str, ...]], ...] = ()
    """Those that hold on the choosing half and break limits, with those limits, nearest to the target first."""

    @property
    def nearest(self) -> Candidate | None:
        """Of those that don't qualify, the nearest to it."""
        return next(iter((*self.unconfirmed, *self.missing)), None)


def verdict(choice: Choice) -> str:
    """One line: what to use, or why there is nothing, with the nearest miss."""
    if choice.chosen is not None:
        within = " within the limits" if choice.wishes.limited else ""
        return f"{variant_name(choice.chosen.measured)} keeps {_target(choice)}{within} with {_ram(choice.chosen)}"
    return f"no recommendation: {_too_little(choice) or _nothing_keeps(choice)}"


def _too_little(choice: Choice) -> str | None:
    """Why nothing can be concluded at all."""
    evidence, halves = choice.evidence, min(len(choice.evidence.choosing), len(choice.evidence.confirming))
    if evidence.record.dataset.truth is None:
        return "the exact answers aren't known, so there is no recall to keep"
    if not evidence.choosing:
        return "every query's answers are needed, and this run has kept none"
    if halves < LEAST_HALF:
        queries = len(evidence.choosing) + len(evidence.confirming)
        are = "query is" if queries == 1 else "queries are"
        return f"{queries} {are} too few to choose by one half of them and confirm on the other; ask 200"
    if choice.nearest is None and not choice.over:
        return "no variant answered enough of the queries"
    return None


def _nothing_keeps(choice: Choice) -> str:
    """What comes nearest to the target, or which limit is in its way."""
    near = choice.nearest
    if choice.over or near is None:
        over, limits = choice.over[0]
        return f"what keeps {_target(choice)} breaks a limit; {variant_name(over.measured)}: {', '.join(limits)}"
    half, found = ("confirming", near.confirming) if near in choice.unconfirmed else ("choosing", near.choosing)
    return (
        f"nothing keeps {_target(choice)} with its interval; the nearest is"
        f" {variant_name(near.measured)} with {_recall(found)} on the {half} half"
    )


def recommendation(choice: Choice) -> Recommendation | None:
    """The choice as the record keeps it; None without one."""
    chosen = choice.chosen
    if chosen is None or chosen.confirming is None:
        return None
    measured, evidence = chosen.measured, choice.evidence
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
        command=commands(evidence.record.dataset, chosen),
        alike=alike(choice),
        undecided=undecided(choice),
        front=tuple(sorted(front(evidence.whole))),
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
    yield from _kept_limits(choice.wishes, chosen)
    if choice.over:
        over, limits = choice.over[0]
        yield f"keeps the recall, but breaks a limit: {variant_name(over.measured)}: {', '.join(limits)}"
    for candidate in _smaller(choice, chosen):
        why = "held on the choosing half alone" if candidate in choice.unconfirmed else "falls short"
        found = candidate.confirming if candidate in choice.unconfirmed else candidate.choosing
        yield f"smaller, but {why}: {variant_name(candidate.measured)} with {_recall(found)}, {_ram(candidate)}"
    larger = next((rival for rival in choice.rivals if not rival.same_size), None)
    if larger is not None and larger is not choice.rivals[0]:
        yield f"the next larger one that holds: {variant_name(larger.candidate.measured)}, {_ram(larger.candidate)}"


def _kept_limits(wishes: Wishes, chosen: Candidate) -> Iterator[str]:
    """Each limit beside what the choice takes of it."""
    engine = chosen.measured.engine_ms
    size = None if chosen.collection is None else footprint(chosen.collection)
    if wishes.p95_ms is not None and engine is not None:
        up_to = units.millis(engine.ci.p95[1])
        yield f"p95: {units.millis(engine.p95)} ms (up to {up_to}) of {units.millis(wishes.p95_ms)} ms allowed"
    if wishes.ram_bytes is not None and size is not None:
        yield f"RAM: {units.size(size.ram)} of {units.size(wishes.ram_bytes)} allowed, vectors and graph"
    if wishes.disk_bytes is not None and size is not None:
        yield f"disk: {units.size(size.disk)} of {units.size(wishes.disk_bytes)} allowed"


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
    assert choice.chosen is not None
    if rival.same_size and rival.difference.faster and does_less(choice.chosen, rival.candidate):
        return f"same memory, {speed}, though it does all of the choice's work and more: chance; {recall}"
    if rival.same_size:
        return f"same memory, {speed}; {recall}"
    times = _bytes(rival.candidate) / _bytes(choice.chosen)
    if choice.wishes.minimise == "latency":
        return f"{speed}; {recall}; {times:.3g}x the memory, {_ram(rival.candidate)}"
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
    span = f"recall {recall.mean:+z.3f} (95% {recall.low:+z.3f} to {recall.high:+z.3f})"
    return f"{span}, not significant" if difference.same_recall else span


def alike(choice: Choice) -> tuple[str, ...]:
    """The variants that nothing tells from the choice, a line each."""
    return tuple(
        f"{variant_name(rival.candidate.measured)}: {_speed_words(rival.difference)}; {_recall_words(rival.difference)}"
        for rival in choice.rivals
        if rival.alike
    )


def undecided(choice: Choice) -> tuple[str, ...]:
    """The cheaper variants that the queries neither admit nor exclude, a line each."""
    return tuple(
        f"{variant_name(each.measured)}: {_recall(found)} over {len(each.recalls)} queries; more would tell"
        for each, found in choice.undecided[:_MOST_UNDECIDED]
    )


# --- the configuration to paste -----------------------------------------------------------------------------------


def _configuration(choice: Choice, chosen: Candidate) -> tuple[str, str]:
    """Creating the collection and searching it, as Python and as REST."""
    spec = _spec(choice, chosen)
    using = "" if chosen.collection is None else chosen.collection.using
    vector = next((each for each in spec.vectors if each.name == using), spec.vectors[0])
    search = chosen.measured.search
    python = f"{snippets.collection_python(spec).rstrip()}\n\n{snippets.search_python(spec.name, search, vector)}"
    rest = f"{snippets.collection_rest(spec).rstrip()}\n\n{snippets.search_rest(spec.name, search, vector)}"
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
