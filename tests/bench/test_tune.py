"""Tuning: the same choice as the whole grid's, by fewer queries. On planted grids, and on the real engine."""

from dataclasses import dataclass, field, replace
from itertools import product
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtui.bench.evidence import split
from qtui.bench.tune import HOLDS, MISSES, OVER, UNCONFIRMED, Cell, Need, Outcome, Rule, Tuner
from tests.bench.planted import K

RUNGS = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0)
EFS = (32, 128)


@dataclass
class Grid:
    """Every variant's recall by query and its time, all known beforehand; counts what is asked."""

    cells: list[Cell]
    recalls: dict[int, np.ndarray]
    ms: dict[int, float]
    limit_ms: float = float("inf")
    repeat: int = 2
    asked: dict[int, set[int]] = field(default_factory=dict)
    searches: int = 0
    built: set[str] | None = None
    """Methods whose collections are there; None: all."""
    unusable: frozenset[str] = frozenset()
    needed: list[str] = field(default_factory=list)

    @property
    def queries(self) -> int:
        return len(self.recalls[0])

    def tune(self, target, *, seed=0, only_time=False, survey=0):
        rule = Rule(target, seed, *split(range(self.queries), seed))
        outcome = Outcome(
            lambda at: {query: float(self.recalls[at][query]) for query in self.asked.get(at, ())},
            lambda at: self.ms[at] if self.asked.get(at) else float("inf"),
            lambda at: self.ms[at] <= self.limit_ms,
            lambda at: self.cells[at].method not in self.unusable,
            lambda method: self.built is None or method in {*self.built, *self.needed},
        )
        tuner = Tuner(self.cells, rule, outcome, repeat=self.repeat, seed=seed, only_time=only_time, survey=survey)
        for turns in tuner.steps():
            if isinstance(turns, Need):
                self.needed += turns.methods
                continue
            for turn in turns:
                if turn.repeat == 0:
                    before = self.asked.setdefault(turn.at, set())
                    assert not before & set(turn.queries), "asked twice"
                    before |= set(turn.queries)
                self.searches += len(turn.queries)
        return rule, tuner

    def chosen(self, rule, cells):
        """By the rule of advice: of these the smallest, then the fastest, that holds on both halves."""
        good = [cell for cell in cells if self.holds(rule, cell) and self.ms[cell.at] <= self.limit_ms]
        return min(good, key=lambda cell: (cell.size, self.ms[cell.at]), default=None)

    def holds(self, rule, cell):
        """On both halves."""
        return all(rule.holds(self.recalls[cell.at][list(half)].tolist()) for half in (rule.choosing, rule.confirming))

    def wholly(self):
        return [cell for cell in self.cells if len(self.asked.get(cell.at, ())) == self.queries]

    @property
    def whole_grid(self) -> int:
        return len(self.cells) * self.queries * self.repeat


def planted(seed, *, queries=100, sizes=(16, 40, 80), base=(0.55, 0.8)):
    """Recall grows with rung and ef, time too; the larger method is the better one."""
    rng = np.random.default_rng(seed)
    cells, recalls, ms = [Cell(0, "none", EFS[0], 0.0, 256)], {0: np.ones(queries)}, {0: 1.0}
    hard = rng.random(queries)
    for method, size in enumerate(sizes):
        ease = rng.uniform(*base) + 0.1 * method
        for ef, rung in product(EFS, RUNGS):
            at = len(cells)
            cells.append(Cell(at, f"m{method}", ef, rung, size))
            gain = 1 - (1 - ease) / (1 + max(rung - 1, 0)) ** 1.2 * (1.2 if ef == EFS[0] else 1.0)
            share = np.clip(gain + (gain - 1) * (hard - 0.5), 0, 1)
            recalls[at] = np.round(share * K) / K
            ms[at] = 0.1 + 0.02 * rung + 0.0002 * ef + 0.01 * method
    return Grid(cells, recalls, ms)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.8, 0.9, 0.95, 0.98]))
def test_the_choice_is_that_of_the_whole_grid_by_half_the_searches(seed, target):
    grid = planted(seed)
    rule, _ = grid.tune(target, seed=seed)
    everything = grid.chosen(rule, grid.cells)
    assert grid.chosen(rule, grid.wholly()) == everything
    assert grid.searches <= 0.5 * grid.whole_grid


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_a_wider_search_is_tried_only_below_what_a_narrower_one_needs(seed):
    grid = planted(seed)
    rule, _ = grid.tune(0.9, seed=seed)
    for method in {cell.method for cell in grid.cells} - {"none"}:
        narrow = [cell for cell in grid.wholly() if (cell.method, cell.ef) == (method, EFS[0])]
        needed = [cell.rung for cell in narrow if grid.holds(rule, cell)]
        wider = [cell for cell in grid.cells if cell.method == method and cell.ef > EFS[0] and cell.at in grid.asked]
        assert not needed or all(cell.rung < min(needed) for cell in wider)


def test_methods_of_nearly_one_size_are_compared_by_time():
    cells = [Cell(0, "none", 32, 0.0, 256), Cell(1, "a", 32, 1.0, 40.0), Cell(2, "b", 32, 1.0, 40.3)]
    grid = Grid(cells, {at: np.ones(100) for at in range(3)}, {0: 1.0, 1: 0.5, 2: 0.4})
    _, tuner = grid.tune(0.9)
    assert {cell.method for cell in tuner.finalists} == {"a", "b"}
    apart = Grid([*cells[:2], replace(cells[2], size=41.0)], grid.recalls, grid.ms)
    _, tuner = apart.tune(0.9)
    assert {cell.method for cell in tuner.finalists} == {"a"}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_within_a_limit_on_time_too(seed):
    grid = planted(seed)
    grid.limit_ms = 0.2
    rule, _ = grid.tune(0.95, seed=seed)
    assert grid.chosen(rule, grid.wholly()) == grid.chosen(rule, grid.cells)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_where_time_alone_counts_every_method_is_looked_at(seed):
    grid = planted(seed)
    rule, tuner = grid.tune(0.95, seed=seed, only_time=True)
    grid.cells = [replace(cell, size=0.0) for cell in grid.cells]
    assert grid.chosen(rule, grid.wholly()) == grid.chosen(rule, grid.cells)
    methods = {grid.cells[at].method for at, _, _ in tuner.verdicts}
    assert methods == {"none", "m0", "m1", "m2"}


def test_larger_methods_are_asked_nothing_once_a_smaller_one_holds_but_the_runner_up():
    grid = planted(3, base=(0.9, 0.9))
    rule, tuner = grid.tune(0.9)
    chosen = grid.chosen(rule, grid.cells)
    assert chosen.method == "m0"
    asked = {cell.method for cell in grid.cells if grid.asked.get(cell.at)}
    assert asked == {"none", "m0", "m1"}
    assert tuner.asked(chosen.at) == grid.queries


def test_the_baseline_is_measured_even_when_nothing_holds():
    grid = planted(3)
    grid.recalls = {at: np.minimum(found, 0.5) for at, found in grid.recalls.items()}
    rule, tuner = grid.tune(0.95)
    assert grid.chosen(rule, grid.cells) is None
    assert tuner.asked(0) == grid.queries
    assert {verdict for _, _, verdict in tuner.verdicts} == {MISSES}
    assert grid.searches < 0.2 * grid.whole_grid


def test_what_does_not_confirm_makes_way_for_the_next_rung():
    grid = planted(3, base=(0.9, 0.9))
    rule, tuner = grid.tune(0.9)
    lucky = grid.chosen(rule, grid.cells)
    worse = grid.recalls[lucky.at].copy()
    worse[list(rule.confirming)] = 0.5
    again = planted(3, base=(0.9, 0.9))
    again.recalls[lucky.at] = worse
    rule, tuner = again.tune(0.9)
    assert (lucky.at, again.queries, UNCONFIRMED) in tuner.verdicts
    assert again.chosen(rule, again.wholly()) == again.chosen(rule, again.cells) != lucky


def test_over_the_limit_is_noted_and_the_next_size_is_tried():
    grid = planted(3, base=(0.9, 0.9))
    grid.limit_ms = 0.1
    rule, tuner = grid.tune(0.9)
    assert grid.chosen(rule, grid.cells) is None
    assert {verdict for _, _, verdict in tuner.verdicts} >= {OVER, HOLDS}


# --- building ---------------------------------------------------------------------------------------------------------


def test_what_is_larger_than_what_holds_is_never_needed():
    grid = planted(3, base=(0.9, 0.9))
    grid.built = {"none"}
    rule, tuner = grid.tune(0.9)
    assert grid.needed == ["m0"]
    assert {cell.method for cell in tuner.finalists} == {"m0"}
    assert grid.chosen(rule, grid.wholly()) == grid.chosen(rule, grid.cells)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.8, 0.95, 0.98]))
def test_building_late_changes_no_choice(seed, target):
    grid = planted(seed)
    grid.built = {"none"}
    rule, _ = grid.tune(target, seed=seed)
    best = grid.chosen(rule, grid.cells)
    assert grid.chosen(rule, grid.wholly()) == best
    sizes = {cell.method: cell.size for cell in grid.cells}
    assert [sizes[method] for method in grid.needed] == sorted(sizes[method] for method in grid.needed)
    assert grid.needed == [method for method in ("m0", "m1", "m2") if best is None or sizes[method] <= best.size]


def test_what_can_not_be_used_once_it_is_built_makes_way_for_the_next():
    grid = planted(3, base=(0.9, 0.9))
    grid.built, grid.unusable = {"none"}, frozenset({"m0"})
    _, tuner = grid.tune(0.9)
    assert grid.needed == ["m0", "m1"]
    assert {cell.method for cell in tuner.finalists} == {"m1"}
    assert not any(grid.asked.get(cell.at) for cell in grid.cells if cell.method == "m0")


def test_where_time_alone_counts_every_method_is_needed():
    grid = planted(3)
    grid.built = {"none"}
    grid.tune(0.95, only_time=True)
    assert sorted(grid.needed) == ["m0", "m1", "m2"]


# --- a survey ---------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 120))
def test_a_survey_asks_every_variant_and_changes_no_choice(seed, survey):
    grid = planted(seed)
    rule, _ = grid.tune(0.95, seed=seed, survey=survey)
    assert min(len(grid.asked[cell.at]) for cell in grid.cells) >= min(survey, grid.queries)
    assert grid.chosen(rule, grid.wholly()) == grid.chosen(rule, grid.cells)


def test_a_survey_asks_all_the_same_queries_in_turns():
    grid = planted(3, base=(0.9, 0.9))
    order = []
    rule = Rule(0.9, 0, *split(range(grid.queries), 0))
    outcome = Outcome(lambda _: {}, lambda _: 1.0, lambda _: True)
    tuner = Tuner(grid.cells, rule, outcome, repeat=1, seed=0, survey=50)
    steps = tuner.steps()
    assert next(steps) == Need(("none", "m0", "m1", "m2"))
    for _ in range(2 * len(grid.cells)):
        step = next(steps)
        assert not isinstance(step, Need)
        (turn,) = step
        order.append((turn.at, turn.queries))
    first, second = order[: len(grid.cells)], order[len(grid.cells) :]
    for part, queries in ((first, tuner.order[:25]), (second, tuner.order[25:50])):
        assert {asked for _, asked in part} == {queries}
        assert {at for at, _ in part} == set(range(len(grid.cells)))
    assert [at for at, _ in first] != [at for at, _ in second]
    assert set(tuner.order[:50]) <= set(rule.choosing)


def test_with_one_pass_the_baseline_takes_turns_with_what_is_confirmed():
    grid = planted(3, base=(0.9, 0.9))
    grid.repeat = 1
    rounds = []
    outcome = Outcome(
        lambda at: {query: float(grid.recalls[at][query]) for query in grid.asked.get(at, ())},
        lambda at: grid.ms[at],
        lambda _: True,
    )
    tuner = Tuner(grid.cells, Rule(0.9, 0, *split(range(100), 0)), outcome, repeat=1, seed=0)
    for turns in tuner.steps():
        assert not isinstance(turns, Need)
        rounds.append({turn.at: turn.queries for turn in turns})
        for turn in turns:
            grid.asked.setdefault(turn.at, set()).update(turn.queries)
    best = next(cell for cell in tuner.finalists if cell.ef == EFS[0])
    assert sum(best.at in asked and 0 in asked and asked[0] == asked[best.at] for asked in rounds) >= 2
    assert grid.asked[0] == grid.asked[best.at] == set(range(100))


def test_the_baseline_is_asked_at_the_hnsw_ef_of_what_holds_alone():
    cells = [Cell(at, name, ef, 0.0, size) for at, (name, ef, size) in enumerate(
        (("none", 32, 256), ("none", 128, 256), ("a", 32, 40), ("a", 128, 40))
    )]  # fmt: skip
    for repeat in (1, 2):
        grid = Grid(cells, {at: np.ones(100) for at in range(4)}, dict.fromkeys(range(4), 1.0), repeat=repeat)
        _, tuner = grid.tune(0.9)
        assert [cell.at for cell in tuner.finalists] == [2]
        assert set(grid.asked) == {0, 2}


def test_with_several_passes_the_baseline_waits_for_what_holds():
    cells = [Cell(0, "none", 32, 0.0, 256), Cell(1, "none", 128, 0.0, 256), Cell(2, "a", 32, 0.0, 40)]
    cells += [Cell(3, "b", 128, 0.0, 80), Cell(4, "c", 128, 0.0, 120)]
    _, confirming = split(range(100), 0)
    lucky = np.asarray([0.5 if query in confirming else 1.0 for query in range(100)])
    grid = Grid(cells, {at: lucky if at == 2 else np.ones(100) for at in range(5)}, dict.fromkeys(range(5), 1.0))
    _, tuner = grid.tune(0.9)
    assert [cell.at for cell in tuner.finalists] == [3]
    assert len(grid.asked[2]) == 100
    assert 0 not in grid.asked, "what did not confirm is compared with nothing"


# --- early verdicts -------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 59))
def test_what_is_certain_early_is_the_last_word(seed, known):
    """Below the number from which likelihood counts as well, an early verdict can't be wrong."""
    rng = np.random.default_rng(seed)
    queries = tuple(range(60))
    values = np.round(rng.beta(8, rng.uniform(0.2, 3), 60) * K) / K
    rule = Rule(0.9, 0, queries, ())
    some = {query: float(values[query]) for query in rng.permutation(60)[: min(known, 19)].tolist()}
    early = rule.early(some)
    assert early is None or early == rule.holds(values.tolist())


def test_likely_verdicts_are_rarely_wrong():
    wrong = given_ = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        ease = rng.uniform(0.5, 0.98)
        values = rng.binomial(K, ease, 200) / K
        rule = Rule(0.9, 0, tuple(range(200)), ())
        some = {query: float(values[query]) for query in rng.permutation(200)[:50].tolist()}
        early = rule.early(some)
        if early is not None:
            given_ += 1
            wrong += early != rule.holds(values.tolist())
    assert given_ > 200
    assert wrong <= 2


@pytest.mark.parametrize(
    ("known", "recall", "verdict"),
    [
        (19, 1.0, None),  # too few for what is likely
        (20, 1.0, True),
        (20, 0.96, None),  # the first may all be alike
        (150, 0.96, None),
        (150, 0.97, True),  # what is left to ask is little
        (150, 0.90, False),
        (200, 0.951, True),
        (200, 0.949, False),
    ],
)
def test_an_early_verdict_waits_until_it_is_likely_enough(known, recall, verdict):
    assert Rule(0.95, 0, tuple(range(200)), ()).early(dict.fromkeys(range(known), recall)) is verdict


def test_nothing_is_known_before_anything_is_asked():
    assert Rule(0.9, 0, (1, 2, 3), ()).early({}) is None


@pytest.mark.parametrize("times", [(1.0, 1.0), (3.0, 1.0)])
def test_a_much_slower_finalist_is_not_asked_every_pass(times):
    cells = [Cell(0, "none", 32, 0.0, 9.0), Cell(1, "a", 32, 0.0, 1.0), Cell(2, "b", 32, 0.0, 1.0)]
    passes: dict[int, set[int]] = {}
    ones = dict.fromkeys(range(100), 1.0)
    outcome = Outcome(
        lambda at: {query: value for query, value in ones.items() if passes.get(at)},
        lambda at: median([times[at - 1]]) if at else 1.0,
        lambda _: True,
    )
    tuner = Tuner(cells, Rule(0.9, 0, *split(range(100), 0)), outcome, repeat=3, seed=0)
    for turns in tuner.steps():
        assert not isinstance(turns, Need)
        for turn in turns:
            passes.setdefault(turn.at, set()).add(turn.repeat)
    assert passes[2] == {0, 1, 2}
    assert passes[1] == ({0, 1, 2} if times[0] == 1 else {0})
