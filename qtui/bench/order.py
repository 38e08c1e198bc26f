"""Which of several variants is better: the order of what is minimised, nearness to a target, the Pareto front. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qtui.bench.evidence import Candidate, differ
from qtui.bench.limits import footprint

SAME_SIZE = 0.01
"""Sizes that differ by no more count as one."""
_NEARLY = 1.25
"""p50 over that of the fastest up to which it is worth asking whether the two can be told apart, and up to which what
does less of the same work only seems the slower: a run's chances reach every search of a variant alike."""
_MOST_TIED = 20


def ram(candidate: Candidate) -> float:
    """Bytes of RAM a vector; infinite where they aren't known."""
    return float("inf") if candidate.ram_bytes is None else candidate.ram_bytes


def disk(candidate: Candidate) -> float:
    """Bytes of all its files; infinite where they aren't known."""
    found = None if candidate.collection is None else footprint(candidate.collection).disk
    return float("inf") if found is None else found


def _nothing(_: Candidate) -> float:
    return 0.0


_LEAST: dict[str, Callable[[Candidate], float]] = {"ram": ram, "disk": disk, "latency": _nothing}


def rank(candidates: Iterable[Candidate], *, seed: int = 0, minimise: str = "ram") -> list[Candidate]:
    """By what is minimised, then by p50 among those of one size.

    First of a size comes, of all whose time can't be told from the fastest's, the one that takes least memory, reads
    the fewest originals, and searches least of the graph; or what does less of that one's own work, though it was
    measured as a little slower: chance doesn't choose.
    """
    size = _LEAST[minimise]
    left = sorted(candidates, key=lambda each: (size(each), each.p50_ms, each.index))
    ranked: list[Candidate] = []
    while left:
        limit = size(left[0]) * (1 + SAME_SIZE)
        group = sorted((each for each in left if size(each) <= limit), key=lambda each: (each.p50_ms, each.index))
        ranked += _steadied(group, seed)
        left = [each for each in left if size(each) > limit]
    return ranked


def before(one: Candidate, other: Candidate, minimise: str) -> bool:
    """Whether the one would be preferred to the other if both held."""
    size = _LEAST[minimise]
    if abs(size(one) - size(other)) <= SAME_SIZE * size(other) or size(one) == size(other):
        if does_less(one, other):
            return one.p50_ms <= other.p50_ms * _NEARLY
        return one.p50_ms < other.p50_ms and not (does_less(other, one) and other.p50_ms <= one.p50_ms * _NEARLY)
    return size(one) < size(other)


def does_less(one: Candidate, other: Candidate) -> bool:
    """Whether the one does a part of what the other does, in the same collection: fewer candidates, less of the graph.

    It can't take longer, whatever was measured.
    """
    asked = one.measured.search, other.measured.search
    if one.measured.collection != other.measured.collection or len({each.hnsw_ef is None for each in asked}) == 2:
        return False
    mine, theirs = _work(one), _work(other)
    return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))


def _steadied(group: list[Candidate], seed: int) -> list[Candidate]:
    fastest = group[0]
    close = [each for each in group[1:_MOST_TIED] if each.p50_ms <= fastest.p50_ms * _NEARLY]
    tied = [fastest, *(each for each in close if differ(each, fastest, seed).same_speed)]
    best = min(tied, key=_thrift)
    parts = [each for each in group if does_less(each, best) and each.p50_ms <= best.p50_ms * _NEARLY]
    best = min(parts, key=_thrift, default=best)
    return [best, *(each for each in group if each is not best)]


def _thrift(candidate: Candidate) -> tuple[float, int, int, float]:
    return ram(candidate), *_work(candidate), candidate.p50_ms


def _work(candidate: Candidate) -> tuple[int, int]:
    """Originals read for the answer, and how much of the graph is looked at."""
    effective = candidate.measured.effective
    return effective.candidates if effective.rescore else 0, candidate.measured.search.hnsw_ef or 0


def nearness(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Highest lower end of recall first, then by memory and time."""

    def key(each: Candidate) -> tuple[float, float, float, int]:
        return -(each.choosing.low if each.choosing else 0.0), ram(each), each.p50_ms, each.index

    return sorted(candidates, key=key)


def front(candidates: Sequence[Candidate]) -> set[int]:
    """Indexes of those that no other beats: as good in recall, p50, RAM and disk, and better in one of them."""
    known = [(each.index, _goods(each)) for each in candidates if each.choosing is not None]
    return {
        index
        for index, mine in known
        if not any(theirs != mine and all(a <= b for a, b in zip(theirs, mine, strict=True)) for _, theirs in known)
    }


def _goods(candidate: Candidate) -> tuple[float, ...]:
    """Less is better."""
    recall = candidate.choosing.mean if candidate.choosing else 0.0
    return -recall, candidate.p50_ms, ram(candidate), disk(candidate)
