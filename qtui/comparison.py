"""Two runs side by side, as `bench.compare` finds them, and as text. Standard library only: it crosses processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qtui import units


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs. `significant`: their 95% intervals don't overlap."""

    before: float
    after: float
    significant: bool

    @property
    def ratio(self) -> float | None:
        """After over before."""
        return self.after / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Pair:
    """One variant in both runs."""

    variant: str
    recall: Change | None
    engine_p50_ms: Change | None
    engine_p95_ms: Change | None
    qps: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `diff` found; as text, a table of 80 columns."""

    before: str
    after: str
    doubts: tuple[str, ...]
    """Why the runs may not be comparable."""
    pairs: tuple[Pair, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{found.before}  →  {found.after}"
    yield ""
    yield f"{'':<30}{'recall':^19}{'engine p50, ms':^31}"
    yield f"{'variant':<30}{'before':>8}{'after':>8}   {'before':>8}{'after':>8}{'ratio':>8}"
    yield "─" * 76
    for pair in found.pairs:
        yield _pair_line(pair)
    if not found.pairs:
        yield "no variant is in both runs"
    yield ""
    yield "~ the 95% intervals overlap: the difference may be chance"
    for name in found.only_before:
        yield f"only before: {name}"
    for name in found.only_after:
        yield f"only after: {name}"
    for doubt in found.doubts:
        yield f"! {doubt}"


def _pair_line(pair: Pair) -> str:
    recall, p50 = pair.recall, pair.engine_p50_ms
    found = _both(units.share, recall) + _mark(recall) + _both(units.millis, p50)
    times = units.ABSENT if p50 is None or p50.ratio is None else f"{p50.ratio:.2f}x"
    return f"{pair.variant:<30.30}{found}{times:>8}{_mark(p50)}".rstrip()


def _both(text: Callable[[float | None], str], change: Change | None) -> str:
    before, after = (None, None) if change is None else (change.before, change.after)
    return f"{text(before):>8}{text(after):>8}"


def _mark(change: Change | None) -> str:
    return "   " if change is None or change.significant else " ~ "
