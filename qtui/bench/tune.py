"""Searches a grid of variants for the choice that the whole grid would give, asking as few queries as decide it. Pure.

It yields what to ask next, and which collections it takes, and reads the outcome in between; `tuning` has an engine
answer.

More candidates never find less, and cost time: for one method and hnsw_ef the variants form a ladder, on which the
lowest rung that holds is found by halving, from coarse to fine. A wider search is tried only below the rung that a
narrower one needs. A variant is asked block by block, only until its verdict is known; what is chosen has been asked
all of the choosing half, then all of the confirming one, then every pass. Methods come smallest first, so that the
larger ones are asked nothing once a smaller one holds, but the next, which may be the runner-up; one that isn't built
by then never is. A survey, where one is wanted, first asks every variant some queries in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from statistics import fmean, pstdev

import numpy as np

from qtui.bench import metrics
from qtui.bench.order import SAME_SIZE
from qtui.bench.schedule import turn_order

BLOCK = 25
"""Queries that a variant is asked between two looks at its recall."""
_FEW = 20
"""Queries before which only what is certain settles a variant."""
_SURE = 3.3
"""Standard errors that an early verdict needs: one in a thousand is wrong, and the last word is that of all queries."""
_LEAST_SPREAD = 0.05
"""Of recall between queries, for early verdicts: the first ones asked may all be easy."""
_MOST_FINALISTS = 4
_SLOWER = 1.5
"""Median time, over that of the fastest, above which a variant is not worth every pass."""

HOLDS, MISSES, UNCONFIRMED, OVER = "holds", "misses", "unconfirmed", "over"


@dataclass(frozen=True, slots=True)
class Cell:
    """One variant of the grid."""

    at: int
    """Its place in the grid."""
    method: str
    ef: int
    rung: float
    """Its place on the ladder of its method and ef: 0 without rescoring, else the factor."""
    size: float
    """What is minimised first: bytes of RAM or disk, or nothing where only time counts."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Queries to ask one variant, as one pass of it or a part of one."""

    at: int
    repeat: int
    queries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """Methods whose collections must be there before anything more is asked."""

    methods: tuple[str, ...]


Round = tuple[Turn, ...]
Rounds = Generator[Round, None, None]
Step = Round | Need


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of the variants asked so far; each function takes a variant's place in the grid."""

    recalls: Callable[[int], dict[int, float]]
    """Query → recall."""
    median_ms: Callable[[int], float]
    """Engine time; infinite when nothing was answered."""
    fits: Callable[[int], bool]
    """Whether it keeps the limit on time, once it was asked every pass."""
    usable: Callable[[int], bool] = lambda _: True
    """Whether it can be asked, and keeps the limits on memory, once its method's collection is there."""
    built: Callable[[str], bool] = lambda _: True
    """Whether a method's collection is there."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a variant holds: the lower end of the interval of its recall reaches the target, on both halves."""

    target: float
    seed: int
    choosing: tuple[int, ...]
    confirming: tuple[int, ...]

    def holds(self, recalls: Sequence[float]) -> bool:
        """Whether a half with these recalls, a query each, keeps the target."""
        if not recalls or not metrics.reaches(fmean(recalls), self.target):  # no interval begins above its mean
            return False
        found = metrics.recall(recalls, seed=self.seed)
        return found is not None and metrics.reaches(found.low, self.target)

    def early(self, recalls: dict[int, float]) -> bool | None:
        """The verdict on the choosing half by the queries asked of it so far; None while it is open.

        Certain where even the best (worst) that the other queries could still find would not change it: with the same
        draws a bootstrap's end grows with every value. Else sure to one in a thousand.
        """
        known = [recalls[query] for query in self.choosing if query in recalls]
        if len(known) == len(self.choosing):
            return self.holds(known)
        if not known:
            return None
        if not self.holds([recalls.get(query, 1.0) for query in self.choosing]):
            return False
        if self.holds([recalls.get(query, 0.0) for query in self.choosing]):
            return True
        return None if len(known) < _FEW else self._likely(known)

    def _likely(self, known: Sequence[float]) -> bool | None:
        whole, n = len(self.choosing), len(known)
        spread = max(pstdev(known), _LEAST_SPREAD)
        low = fmean(known) - 1.96 * spread / sqrt(whole)
        doubt = _SURE * spread / sqrt(n) * sqrt(1 - n / whole)
        if low + doubt < self.target:
            return False
        return True if low - doubt >= self.target else None


class Tuner:
    """The search: rounds to ask, and the steps that were taken."""

    def __init__(
        self,
        cells: Iterable[Cell],
        rule: Rule,
        outcome: Outcome,
        *,
        repeat: int,
        seed: int,
        only_time: bool = False,
        survey: int = 0,
    ) -> None:
        """`only_time`: what is minimised is the time, so that every method has to be looked at.

        `survey`: queries that every variant is asked first, whatever they decide.
        """
        self._cells = tuple(cells)
        self._rule = rule
        self._outcome = outcome
        self._repeat = repeat
        self._only_time = only_time
        rng = np.random.default_rng((seed, BLOCK))
        # asked in an order of their own: the first queries of a file may be alike
        self.order: tuple[int, ...] = (*rng.permutation(rule.choosing).tolist(), *rule.confirming)
        """In which the queries are asked."""
        self._survey = self.order[:survey]
        self._choosing = _blocks(self.order[: len(rule.choosing)])
        self._confirming = _blocks(rule.confirming)
        self._all = _blocks(sorted((*rule.choosing, *rule.confirming)))
        self._asked: dict[tuple[int, int], set[int]] = {}
        """By place in the grid and pass."""
        self.finalists: tuple[Cell, ...] = ()
        """What holds and keeps the limit on time: the choice is among these."""
        self._out: set[int] = set()
        """Hold on the choosing half, but not on the other."""
        self._judged: set[int] = set()
        self.verdicts: list[tuple[int, int, str]] = []
        """Place in the grid, queries asked of it by then, verdict."""

    def steps(self) -> Generator[Step, None, None]:
        """What to ask, round after round, and what is needed for it."""
        if self._survey:
            yield Need(tuple(dict.fromkeys(cell.method for cell in self._cells)))
            yield from self._surveyed()
        for each in self._groups():
            missing = tuple(method for method in _methods(each) if not self._outcome.built(method))
            if self.finalists and missing:  # larger than what holds: building it could not change the choice
                break
            if missing:
                yield Need(missing)
            group = [cell for cell in each if self._outcome.usable(cell.at)]
            if self.finalists:
                yield from self._qualified(group)
                break
            timed = self._fastest((yield from self._qualified(group)))
            if timed:
                yield from self._timed(timed)
            self.finalists = tuple(cell for cell in timed if self._outcome.fits(cell.at))
            for cell in timed:
                if cell not in self.finalists:  # nor does a higher rung, which takes longer
                    self._note(cell, OVER)
        yield from self._timed(())

    def asked(self, at: int) -> int:
        """Queries asked of a variant so far, each counted once."""
        return len(self._asked.get((at, 0), ()))

    def _groups(self) -> list[list[Cell]]:
        """Cells of one size together, smallest first."""
        if self._only_time:
            return [list(self._cells)]
        groups: list[list[Cell]] = []
        for cell in sorted(self._cells, key=lambda cell: cell.size):
            if groups and cell.size <= groups[-1][0].size * (1 + SAME_SIZE):
                groups[-1].append(cell)
            else:
                groups.append([cell])
        return groups

    def _surveyed(self) -> Rounds:
        """Every variant in turns, as in a run that measures the whole grid."""
        cells = [cell for cell in self._cells if self._outcome.usable(cell.at)]
        for number, block in enumerate(_blocks(self._survey)):
            for cell in (cells[i] for i in turn_order(len(cells), number)):
                if (turn := self._turn(cell, block)) is not None:
                    yield (turn,)

    # --- the choosing half ---

    def _qualified(self, group: list[Cell]) -> Generator[Round, None, list[Cell]]:
        """The lowest rungs that hold on all of both halves."""
        while True:
            lowest: list[Cell] = []
            for method in _methods(group):
                lowest += yield from self._lowest([cell for cell in group if cell.method == method])
            steady = True
            for cell in lowest:
                steady = (yield from self._confirmed(cell)) and steady
            if steady:
                return lowest

    def _lowest(self, cells: list[Cell]) -> Generator[Round, None, list[Cell]]:
        """Of one method, for each hnsw_ef the lowest rung that holds; none that a narrower search reaches as well."""
        found: list[Cell] = []
        by_ef = groupby(sorted(cells, key=lambda cell: (cell.ef, cell.rung)), key=lambda cell: cell.ef)
        for _, ladder in ((ef, list(rungs)) for ef, rungs in by_ef):
            high = len(ladder) - 1 if not found else sum(cell.rung < found[-1].rung for cell in ladder) - 1
            if high < 0 or not (yield from self._settled(ladder[high])):
                continue
            low = -1
            while high - low > 1:
                middle = (low + high) // 2
                if (yield from self._settled(ladder[middle])):
                    high = middle
                else:
                    low = middle
            found.append(ladder[high])
        return found

    def _settled(self, cell: Cell, *, wholly: bool = False) -> Generator[Round, None, bool]:
        """Whether it holds on the choosing half, asked until that is known, or `wholly`."""
        if cell.at in self._out:
            return False
        news = cell.at not in self._judged
        for block in self._choosing:
            verdict = self._rule.early(self._outcome.recalls(cell.at))
            if verdict is False or (verdict is True and not wholly):
                break
            if asked := self._beside(cell, block, baseline=wholly):
                news = True
                yield asked
        verdict = bool(self._rule.early(self._outcome.recalls(cell.at)))
        if news:
            self._note(cell, HOLDS if verdict else MISSES)
        return verdict

    # --- the confirming half, and the passes ---

    def _confirmed(self, cell: Cell) -> Generator[Round, None, bool]:
        """Whether it holds on all of both halves; what doesn't confirm is out."""
        if not (yield from self._settled(cell, wholly=True)):
            return False
        news = False
        for block in self._confirming:
            if asked := self._beside(cell, block, baseline=True):
                news = True
                yield asked
        recalls = self._outcome.recalls(cell.at)
        if self._rule.holds([recalls[query] for query in self._rule.confirming if query in recalls]):
            return True
        if news:
            self._note(cell, UNCONFIRMED)
        self._out.add(cell.at)
        return False

    def _fastest(self, cells: list[Cell]) -> list[Cell]:
        """Those that may turn out to be the fastest."""
        ranked = sorted(cells, key=lambda cell: self._outcome.median_ms(cell.at))
        limit = self._outcome.median_ms(ranked[0].at) * _SLOWER if ranked else 0
        return [cell for cell in ranked if self._outcome.median_ms(cell.at) <= limit][:_MOST_FINALISTS]

    def _timed(self, finalists: Sequence[Cell]) -> Rounds:
        """Every pass of the finalists and of the baseline at their hnsw_ef, in turns over the same queries."""
        plain = [cell for cell in self._cells if cell.method == "none"]
        efs = {cell.ef for cell in finalists} or {cell.ef for cell in plain[:1] if not self._asked_all(plain)}
        timed = list(dict.fromkeys((*finalists, *(cell for cell in plain if cell.ef in efs))))
        number = 0
        for repeat in range(self._repeat):
            for block in self._all:
                order = [timed[i] for i in turn_order(len(timed), number)]
                turns = [self._turn(cell, block, repeat) for cell in order]
                number += 1
                if asked := tuple(turn for turn in turns if turn is not None):
                    yield asked

    def _beside(self, cell: Cell, block: Sequence[int], *, baseline: bool) -> Round:
        """A block of it, in turns with the `baseline` where no later pass has them take turns."""
        beside = [cell]
        if baseline and self._repeat == 1:
            beside += [each for each in self._cells if each.method == "none" and each.ef == cell.ef and each != cell]
        order = turn_order(len(beside), self.asked(cell.at) // BLOCK)
        return tuple(turn for turn in (self._turn(beside[i], block) for i in order) if turn is not None)

    def _asked_all(self, cells: Sequence[Cell]) -> bool:
        whole = len(self._rule.choosing) + len(self._rule.confirming)
        return any(self.asked(cell.at) == whole for cell in cells)

    def _turn(self, cell: Cell, block: Sequence[int], repeat: int = 0) -> Turn | None:
        """The queries of the block that this pass of the variant hasn't asked yet."""
        asked = self._asked.setdefault((cell.at, repeat), set())
        left = tuple(query for query in block if query not in asked)
        asked |= set(left)
        return Turn(cell.at, repeat, left) if left else None

    def _note(self, cell: Cell, verdict: str) -> None:
        self._judged.add(cell.at)
        self.verdicts.append((cell.at, self.asked(cell.at), verdict))


def _methods(cells: Iterable[Cell]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.method for cell in cells))


def _blocks(queries: Sequence[int]) -> list[tuple[int, ...]]:
    return [tuple(queries[start : start + BLOCK]) for start in range(0, len(queries), BLOCK)]
