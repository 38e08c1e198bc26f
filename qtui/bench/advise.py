"""The choice for a target recall: smallest memory, then lowest latency, chosen on half of the queries and confirmed on
the other half. Pure: works on what a run kept, and knows no engine.

A variant holds when the lower end of the 95% interval of its recall reaches the target. What is chosen holds on both
halves. Memory counts first; sizes within SAME_SIZE of the smallest are one size, and there the lower p50 wins.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from qtui import advice
from qtui.advice import Advice, Weighed
from qtui.bench import conclude, samples
from qtui.bench.conclude import Choice, Rival
from qtui.bench.evidence import Candidate, Evidence, differ, gather, tally_of
from qtui.bench.record import RunStore
from qtui.bench.tally import Tally
from qtui.bench.warnings import variant_name
from qtui.errors import UsageError
from qtui.records import RunRecord, RunWarning, Span

SAME_SIZE = 0.01
_ROUNDING = 1e-9
_MOST_COMPARED = 50
"""Rivals of the choice's size that are compared with it pair by pair, fastest first."""


def advise(evidence: Evidence, target: float) -> Advice:
    """What to use for this target; the same for the same run and target. Raises UsageError for no sane target."""
    if not 0 < target <= 1:
        raise UsageError(f"a target recall is above 0 and at most 1, not {target:g}")
    ranked = rank([each for each in evidence.candidates if _holds(each.choosing, target)])
    confirmed = [each for each in ranked if _holds(each.confirming, target)]
    choice = Choice(
        evidence=evidence,
        target=target,
        chosen=confirmed[0] if confirmed else None,
        unconfirmed=tuple(each for each in ranked if not _holds(each.confirming, target)),
        missing=_missing(evidence, ranked),
    )
    if choice.chosen is not None:
        choice = replace(choice, rivals=_rivals(choice.chosen, confirmed[1:], evidence))
    return Advice(
        run=evidence.record.id,
        target=target,
        k=evidence.record.dataset.k,
        halves=(len(evidence.choosing), len(evidence.confirming)),
        unit="token" if evidence.record.dataset.multivector else "vector",
        memory=conclude.memory(choice),
        recommendation=conclude.recommendation(choice),
        verdict=conclude.verdict(choice),
        alike=conclude.alike(choice),
        caveats=conclude.caveats(choice),
        weighed=_weighed(choice, ranked),
    )


def of_kept(runs: RunStore, run_id: str) -> Evidence:
    """The evidence of a kept run, read from its samples file; without one there is nothing to go by."""
    record = runs.load(run_id)
    path = runs.samples_path(run_id)
    return gather(record, tally_of(record, samples.stream(path) if path.is_file() else ()))


def recommended(record: RunRecord, tally: Tally, target: float) -> RunRecord:
    """The record with its recommendation, or with the reason why there is none."""
    found = advise(gather(record, tally), target)
    if found.recommendation is not None:
        return replace(record, recommendation=found.recommendation)
    return replace(record, warnings=(*record.warnings, RunWarning("no-recommendation", found.verdict)))


def rank(candidates: list[Candidate]) -> list[Candidate]:
    """By memory, then by p50 among those of one size, then in the order of the plan."""
    left = sorted(candidates, key=_by_memory)
    ranked: list[Candidate] = []
    while left:
        size = _ram(left[0]) * (1 + SAME_SIZE)
        ranked += sorted((each for each in left if _ram(each) <= size), key=lambda each: (each.p50_ms, each.index))
        left = [each for each in left if _ram(each) > size]
    return ranked


def _by_memory(candidate: Candidate) -> tuple[float, float, int]:
    return _ram(candidate), candidate.p50_ms, candidate.index


def _ram(candidate: Candidate) -> float:
    return float("inf") if candidate.ram_bytes is None else candidate.ram_bytes


def _holds(recall: Span | None, target: float) -> bool:
    return recall is not None and recall.low >= target - _ROUNDING


def _missing(evidence: Evidence, ranked: list[Candidate]) -> tuple[Candidate, ...]:
    """Those with figures that don't hold on the choosing half, nearest to the target first."""
    holding = {each.index for each in ranked}
    left = [each for each in evidence.candidates if each.choosing is not None and each.index not in holding]
    return tuple(sorted(left, key=lambda each: (-_low(each), _by_memory(each))))


def _low(candidate: Candidate) -> float:
    return 0.0 if candidate.choosing is None else candidate.choosing.low


def _rivals(chosen: Candidate, others: list[Candidate], evidence: Evidence) -> tuple[Rival, ...]:
    """The confirmed others in their order; those of the choice's size are compared with it query by query."""
    compare = partial(differ, other=chosen, seed=evidence.record.plan.seed)
    same = [each for each in others if _ram(each) <= _ram(chosen) * (1 + SAME_SIZE)]
    larger = [each for each in others if _ram(each) > _ram(chosen) * (1 + SAME_SIZE)]
    rivals = [Rival(each, compare(each), same_size=True) for each in same[:_MOST_COMPARED]]
    return (*rivals, *(Rival(each, compare(each), same_size=False) for each in larger[:1]))


def _weighed(choice: Choice, ranked: list[Candidate]) -> tuple[Weighed, ...]:
    verdicts = {each.index: advice.HOLDS for each in ranked}
    verdicts |= {each.index: advice.UNCONFIRMED for each in choice.unconfirmed}
    verdicts |= {each.index: advice.MISSES for each in choice.missing}
    if choice.rivals:
        verdicts[choice.rivals[0].candidate.index] = advice.RUNNER_UP
    if choice.chosen is not None:
        verdicts[choice.chosen.index] = advice.CHOSEN
    alike = {rival.candidate.index for rival in choice.rivals if rival.alike}
    rest = [each for each in choice.evidence.candidates if each.index not in verdicts]
    return tuple(
        _one(each, verdicts.get(each.index, advice.UNKNOWN), alike=each.index in alike)
        for each in (*ranked, *choice.missing, *rest)
    )


def _one(candidate: Candidate, verdict: str, *, alike: bool) -> Weighed:
    measured = candidate.measured
    return Weighed(
        measurement=candidate.index,
        name=variant_name(measured),
        method=measured.method,
        search=measured.search,
        verdict=verdict,
        ram_bytes=candidate.ram_bytes,
        p50_ms=None if measured.engine_ms is None else measured.engine_ms.p50,
        choosing=candidate.choosing,
        confirming=candidate.confirming,
        alike=alike,
    )
