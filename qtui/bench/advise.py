"""The choice for a target recall within the user's limits: least of what is minimised, chosen on half of the queries
and confirmed on the other half. Pure: works on what a run kept, and knows no engine.

A variant holds when the lower end of the 95% interval of its recall reaches the target. What is chosen holds on both
halves, and keeps every limit.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from qtui import advice
from qtui.advice import Advice, Weighed
from qtui.bench import conclude, doubts, samples
from qtui.bench.conclude import Choice, Rival
from qtui.bench.evidence import Candidate, Evidence, differ, gather, pooled, tally_of
from qtui.bench.limits import broken, footprint
from qtui.bench.metrics import reaches
from qtui.bench.order import SAME_SIZE, before, front, nearness, ram, rank
from qtui.bench.record import RunStore
from qtui.bench.report import saved
from qtui.bench.tally import Tally
from qtui.bench.warnings import variant_name
from qtui.choices import Span
from qtui.errors import UsageError
from qtui.records import RunRecord, RunWarning
from qtui.wishes import PLAIN, Wishes, check

_MOST_COMPARED = 50
"""Rivals of the choice's size that are compared with it pair by pair, fastest first."""


def advise(evidence: Evidence, target: float, wishes: Wishes = PLAIN) -> Advice:
    """What to use; the same for the same run, target and wishes. Raises UsageError for what nothing could fulfil."""
    if not 0 < target <= 1:
        raise UsageError(f"a target recall is above 0 and at most 1, not {target:g}")
    check(wishes)
    choice, ranked = _choice(evidence, target, wishes)
    record = evidence.record
    return Advice(
        run=record.id,
        target=target,
        k=record.dataset.k,
        halves=(len(evidence.choosing), len(evidence.confirming)),
        unit="token" if record.dataset.multivector else "vector",
        memory=doubts.memory(evidence),
        recommendation=conclude.recommendation(choice),
        verdict=conclude.verdict(choice),
        alike=conclude.alike(choice),
        caveats=doubts.caveats(evidence, choice.chosen, target),
        weighed=_weighed(choice, ranked),
        wishes=wishes,
        undecided=conclude.undecided(choice),
        unmeasured=doubts.unmeasured(evidence),
        adaptive=record.adaptive,
        saved="" if record.tuning is None else saved(record.tuning),
    )


def of_kept(runs: RunStore, run_id: str) -> Evidence:
    """The evidence of a kept run, read from its samples file; without one there is nothing to go by."""
    record = runs.load(run_id)
    path = runs.samples_path(run_id)
    return gather(record, tally_of(record, samples.stream(path) if path.is_file() else ()))


def recommended(record: RunRecord, tally: Tally, target: float, wishes: Wishes = PLAIN) -> RunRecord:
    """The record with its recommendation, or with the reason why there is none."""
    found = advise(gather(record, tally), target, wishes)
    if found.recommendation is not None:
        return replace(record, recommendation=found.recommendation)
    return replace(record, warnings=(*record.warnings, RunWarning("no-recommendation", found.verdict)))


def _choice(evidence: Evidence, target: float, wishes: Wishes) -> tuple[Choice, list[Candidate]]:
    """The choice, and all that could be it on the choosing half, best first."""
    holding = [each for each in evidence.whole if _holds(each.choosing, target)]
    over = {each.index: found for each in holding if (found := _broken(each, wishes))}
    allowed = [each for each in holding if each.index not in over]
    best_first = partial(rank, seed=evidence.record.plan.seed, minimise=wishes.minimise)
    ranked = best_first(allowed)
    confirmed = best_first(each for each in ranked if _holds(each.confirming, target))
    choice = Choice(
        evidence=evidence,
        target=target,
        wishes=wishes,
        chosen=confirmed[0] if confirmed else None,
        unconfirmed=tuple(each for each in ranked if not _holds(each.confirming, target)),
        missing=_missing(evidence, holding, target),
        over=tuple((each, over[each.index]) for each in nearness(holding) if each.index in over),
    )
    choice = replace(choice, undecided=_undecided(choice))
    if choice.chosen is not None:
        choice = replace(choice, rivals=_rivals(choice.chosen, confirmed[1:], choice))
    return choice, ranked


def _broken(candidate: Candidate, wishes: Wishes) -> tuple[str, ...]:
    if not wishes.limited:
        return ()
    if candidate.collection is None:
        return ("its size isn't known",)
    return broken(footprint(candidate.collection), candidate.measured, wishes)


def _holds(recall: Span | None, target: float) -> bool:
    return recall is not None and reaches(recall.low, target)


def _missing(evidence: Evidence, holding: list[Candidate], target: float) -> tuple[Candidate, ...]:
    """Those with figures that don't hold on the choosing half, nearest to the target first."""
    known = {each.index for each in holding}
    left = [
        each
        for each in evidence.candidates
        if each.choosing is not None
        and each.index not in known
        and (evidence.asked_wholly(each) or not _holds(each.choosing, target))
    ]
    return tuple(nearness(left))


def _undecided(choice: Choice) -> tuple[tuple[Candidate, Span], ...]:
    """What the queries neither admit nor exclude, and would come before the choice; best first."""
    target, seed, minimise = choice.target, choice.evidence.record.plan.seed, choice.wishes.minimise
    near = [
        (each, found)
        for each in (*choice.unconfirmed, *choice.missing)
        if (found := pooled(each, seed)) is not None and found.high >= target and not _broken(each, choice.wishes)
    ]
    chosen = choice.chosen
    first = near if chosen is None else [pair for pair in near if before(pair[0], chosen, minimise)]
    order = {
        each.index: place for place, each in enumerate(rank([each for each, _ in first], seed=seed, minimise=minimise))
    }
    return tuple(sorted(first, key=lambda pair: order[pair[0].index]))


def _rivals(chosen: Candidate, others: list[Candidate], choice: Choice) -> tuple[Rival, ...]:
    """The confirmed others in their order, compared with the choice query by query: those of its size, which are all
    where time alone counts, and the first of another.
    """
    compare = partial(differ, other=chosen, seed=choice.evidence.record.plan.seed)
    near = ram(chosen) * (1 - SAME_SIZE), ram(chosen) * (1 + SAME_SIZE)
    sized = [(each, near[0] <= ram(each) <= near[1]) for each in others]
    same = [each for each, is_same in sized if is_same or choice.wishes.minimise != "ram"]
    other = [each for each, is_same in sized if not is_same and choice.wishes.minimise == "ram"]
    alike = {each.index: is_same for each, is_same in sized}
    return tuple(
        Rival(each, compare(each), same_size=alike[each.index]) for each in (*same[:_MOST_COMPARED], *other[:1])
    )


def _weighed(choice: Choice, ranked: list[Candidate]) -> tuple[Weighed, ...]:
    verdicts = {each.index: advice.HOLDS for each in ranked}
    verdicts |= {each.index: advice.OVER for each, _ in choice.over}
    verdicts |= {each.index: advice.UNCONFIRMED for each in choice.unconfirmed}
    verdicts |= {each.index: advice.MISSES for each in choice.missing}
    if choice.rivals:
        verdicts[choice.rivals[0].candidate.index] = advice.RUNNER_UP
    if choice.chosen is not None:
        verdicts[choice.chosen.index] = advice.CHOSEN
    rest = [each for each in choice.evidence.candidates if each.index not in verdicts]
    verdicts |= {each.index: advice.SKIPPED if each.choosing else advice.UNKNOWN for each in rest}
    order = (*ranked, *(each for each, _ in choice.over), *choice.missing, *rest)
    efficient = front(choice.evidence.whole)
    over = {each.index: "; ".join(found) for each, found in choice.over}
    undecided = {each.index for each, _ in choice.undecided}
    alike = {rival.candidate.index for rival in choice.rivals if rival.alike}
    return tuple(
        replace(
            _one(each, verdicts[each.index]),
            alike=each.index in alike,
            front=each.index in efficient,
            undecided=each.index in undecided,
            why=over.get(each.index, ""),
        )
        for each in order
    )


def _one(candidate: Candidate, verdict: str) -> Weighed:
    measured = candidate.measured
    size = None if candidate.collection is None else footprint(candidate.collection)
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
        p95_ms=None if measured.engine_ms is None else measured.engine_ms.p95,
        ram_total=None if size is None else size.ram,
        disk_total=None if size is None else size.disk,
    )
