"""What is concluded from a run for a target recall: the choice, the runner-up, and every variant that was weighed.

Standard library only, so that it crosses process borders as it is; `bench.advise` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtui.choices import AdaptiveRecord, Span
from qtui.model import SearchSettings
from qtui.records import Recommendation
from qtui.wishes import PLAIN, Wishes

CHOSEN, RUNNER_UP, HOLDS, OVER, UNCONFIRMED, SKIPPED, MISSES, UNKNOWN = (
    "chosen",
    "runner-up",
    "holds",
    "over",
    "unconfirmed",
    "skipped",
    "misses",
    "unknown",
)
"""Verdicts. over: keeps the recall and breaks a limit; unconfirmed: holds on the choosing half alone; skipped: tuning
stopped asking it, since it could not be the choice; unknown: too little was measured to tell."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One variant as it was weighed."""

    measurement: int
    """Index into the record's measurements."""
    name: str
    method: str
    search: SearchSettings
    verdict: str
    ram_bytes: float | None
    """Of one vector (one token, for a multivector): what must be in RAM for a fast search."""
    p50_ms: float | None
    """Engine time, over all queries."""
    choosing: Span | None
    """Recall on the half of the queries that it was chosen by."""
    confirming: Span | None
    """Recall on the other half."""
    alike: bool = False
    """Takes the same memory as the choice, and neither its recall nor its speed can be told apart from it."""
    front: bool = False
    """On the Pareto front: nothing measured is as good in recall, p50, RAM and disk, and better in one of them."""
    p95_ms: float | None = None
    ram_total: float | None = None
    """Bytes of all vectors and the graph that a fast search needs in RAM."""
    disk_total: float | None = None
    """Bytes of all files of its collection."""
    undecided: bool = False
    """Cheaper than the choice, and its recall can't be told apart from the target: more queries might admit it."""
    why: str = ""
    """The limits that it breaks, or why it was asked no further; '' where the figures say all."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to use to keep a target recall, by one run."""

    run: str
    target: float
    k: int
    halves: tuple[int, int]
    """Queries to choose by, and to confirm on."""
    unit: str
    """What memory is counted by: vector, or token for multivectors."""
    memory: str
    """What is counted as memory."""
    recommendation: Recommendation | None
    verdict: str
    """One line: the choice, or why there is none."""
    alike: tuple[str, ...]
    """Variants that can't be told apart from the choice, a line each."""
    caveats: tuple[str, ...]
    """Why to take it with care."""
    weighed: tuple[Weighed, ...]
    """Best first: those that hold in the order of what is minimised, then the others by recall."""
    wishes: Wishes = PLAIN
    undecided: tuple[str, ...] = ()
    """Variants, cheaper than the choice, of which the queries can't tell whether they keep the target, a line each."""
    unmeasured: tuple[str, ...] = ()
    """What could not be measured, and why, a line each."""
    adaptive: AdaptiveRecord | None = None
    """What choosing oversampling query by query came to, when it was tried."""
    saved: str = ""
    """What tuning saved against the whole grid; '' for a run that measured all of it."""

    @property
    def chosen(self) -> Weighed | None:
        """The choice among `weighed`."""
        return next((each for each in self.weighed if each.verdict == CHOSEN), None)
