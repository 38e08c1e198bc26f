"""What a choice rests on, in words: what memory means, why to take it with care, what wasn't measured. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.evidence import RACED, Candidate, Evidence, originals_on_disk, vector_spec
from qtui.bench.warnings import LEAST_QUERIES, variant_name

PASSED_ON = (
    "noisy",
    "segments-differ",
    "tied-truth",
    "short-truth",
    "speed-hidden",
    "oversampling-no-effect",
    "alike-queries",
    "queries-are-points",
)
"""Warnings of a run that bear on a choice made from it."""
UNMEASURED = ("build-failed", "not-built", "failures", "cold-not-possible", "no-baseline")
"""Warnings of a run that say what it could not measure."""


def caveats(evidence: Evidence, chosen: Candidate | None, target: float) -> tuple[str, ...]:
    """Why to take the choice for this target recall with care."""
    aims = _of_the_aim(evidence, target)
    return (*aims, *_of_the_run(evidence), *(() if chosen is None else _of_the_choice(chosen)))


def _of_the_aim(evidence: Evidence, target: float) -> Iterator[str]:
    plan = evidence.record.plan
    if plan.order == RACED and plan.target_recall not in (None, target):
        yield (
            f"the run was tuned for recall {plan.target_recall:g}: what it asked no further could be the choice for"
            f" {target:g}; tune for that"
        )


def _of_the_run(evidence: Evidence) -> Iterator[str]:
    record = evidence.record
    if record.status != "complete":
        yield "the run is partial: not every variant was asked every query"
    least = min(len(evidence.choosing), len(evidence.confirming))
    if 0 < least < LEAST_QUERIES:
        yield f"{least} queries a half are too few for narrow intervals: ask at least {2 * LEAST_QUERIES}, better 200"
    if record.dataset.query_origin == "collection":
        yield "the queries are points of the collection: real questions may lie further away and be harder"
    if record.dataset.query_origin == "held-out":
        yield "the queries were drawn from the vectors themselves: real questions may be harder; give yours (--queries)"
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


def memory(evidence: Evidence) -> str:
    """What is counted as memory."""
    unit = "token" if evidence.record.dataset.multivector else "vector"
    places = {
        originals_on_disk(each.collection)
        for each in evidence.candidates
        if each.collection is not None and each.measured.method != "none"
    }
    what = "the quantized one, and the original where it is in RAM"
    if len(places) == 1:
        what = "the quantized one, the originals on disk" if True in places else "original and quantized, both in RAM"
    return f"bytes of RAM a {unit}: {what}; none: the original; graph and payload come on top, the same for all"


def unmeasured(evidence: Evidence) -> tuple[str, ...]:
    """What could not be measured, and why."""
    record = evidence.record
    said = [warning.text for warning in record.warnings if warning.code in UNMEASURED]
    built = {found.name for found in record.collections}
    silent = [
        f"{variant_name(each.measured)}: no search was answered"
        for each in evidence.candidates
        if each.measured.engine_ms is None and each.measured.collection in built and each.measured.errors == 0
    ]
    sizes = [
        f"memory of {found.method}: its quantized data wasn't found in the files"
        for found in record.collections
        if found.method != "none" and found.bytes_per_vector.quantized is None
    ]
    tuning = record.tuning
    never = [] if tuning is None else [f"{found.method} was never built: it {found.why}" for found in tuning.unbuilt]
    return tuple(dict.fromkeys((*said, *silent, *sizes, *never)))
