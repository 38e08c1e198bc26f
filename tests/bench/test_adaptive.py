"""Oversampling by query: gains are found where they are planted and nowhere else, and the exported function agrees."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qtui.bench.adapting import _Judged
from qtui.bench.adaptive import PREDICTORS, Lesson, Policy, bracket, hull, learn, saved, to_python, values_of
from tests.bench import runs as fake

FACTORS = (1.0, 2.0, 4.0, 8.0)


def lesson(seed, *, telling, queries=400):
    """Half of the queries are hard: they need a factor of 8, the others none. `telling`: whether a value says which."""
    rng = np.random.default_rng(seed)
    hard = rng.random(queries) < 0.5
    recalls = np.where(hard[:, None], np.asarray([0.5, 0.6, 0.7, 1.0]), np.asarray([0.98, 0.99, 0.99, 1.0]))
    value = hard + 0.1 * rng.random(queries) if telling else rng.random(queries)
    noise = rng.random(queries)
    return Lesson({"gap": value, "spread": noise}, recalls, FACTORS), hard


def learned(found, budget):
    policy, gains = learn(found, budget)
    assert policy is not None
    return policy, gains


def test_a_planted_gain_is_found_and_the_right_predictor_chosen():
    found, hard = lesson(0, telling=True)
    policy, gains = learned(found, 4.5)
    assert policy.predictor.name == "gap"
    assert gains["gap"] > 0.05 > abs(gains["spread"])
    chosen = [policy.factor(value) for value in found.values["gap"]]
    assert np.mean(chosen) <= 4.5 * 1.05
    assert np.mean(np.asarray(chosen)[hard]) > np.mean(np.asarray(chosen)[~hard])
    fresh, _ = lesson(1, telling=True)
    mean, low, _ = saved(fresh.recalls, FACTORS, [policy.factor(value) for value in fresh.values["gap"]], seed=0)
    assert mean > low > 0.1


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_tells_there_is_no_gain(seed):
    found, _ = lesson(seed, telling=False)
    policy, gains = learned(found, 4.0)
    assert max(gains.values()) < 0.02
    fresh, _ = lesson(seed + 100, telling=False)
    chosen = [policy.factor(value) for value in fresh.values[policy.predictor.name]]
    mean, low, high = saved(fresh.recalls, FACTORS, chosen, seed=0)
    assert low <= mean <= high
    assert low < 0.05


def test_the_budget_is_kept_on_the_learning_half():
    for budget in (1.0, 2.0, 3.3, 8.0):
        found, _ = lesson(3, telling=True)
        policy, _ = learned(found, budget)
        assert np.mean([policy.factor(value) for value in found.values[policy.predictor.name]]) <= budget + 1e-9


def test_a_value_on_a_cut_gets_the_factor_that_was_learned_for_it():
    hard = np.arange(200) % 2 == 0
    recalls = np.where(hard[:, None], np.asarray([0.5, 0.6, 0.7, 1.0]), np.asarray([1.0, 1.0, 1.0, 1.0]))
    policy, _ = learned(Lesson({"gap": np.where(hard, 0.0, 1.0)}, recalls, FACTORS), 4.5)
    assert (policy.factor(0.0), policy.factor(1.0)) == (8.0, 1.0)


def test_a_budget_may_be_spent_wholly():
    recalls = np.tile(np.asarray([0.5, 0.9, 0.95, 1.0]), (100, 1))
    policy, _ = learned(Lesson({"gap": np.arange(100.0)}, recalls, FACTORS), 2.0)
    assert set(policy.factors) == {2.0}


def test_predictors_see_the_candidates_that_the_exported_function_is_given():
    scores = [sorted(np.random.default_rng(seed).random(60).tolist(), reverse=True) for seed in range(9)]
    norms = [1.0] * 9
    more, given = (values_of([each[:n] for each in scores], 10, norms=norms, lengths=None) for n in (60, 40))
    assert {name: found.tolist() for name, found in more.items()} == {name: f.tolist() for name, f in given.items()}


def test_without_a_value_that_differs_there_is_nothing_to_learn():
    found, _ = lesson(0, telling=True)
    assert learn(replace(found, values={}), 4.0) == (None, {})
    flat = values_of([[3.0] * 40] * 10, 10, norms=[1.0] * 10, lengths=None)
    assert flat == {}


@pytest.mark.parametrize(
    ("cost", "expected"), [(1.0, (0, 0, 0.0)), (1.5, (0, 1, 0.5)), (4.0, (2, 2, 0.0)), (7.0, (2, 3, 0.75))]
)
def test_fixed_factors_are_mixed_to_the_same_cost(cost, expected):
    low, high, share = bracket(FACTORS, cost, range(4))
    assert (low, high, share) == expected
    assert (1 - share) * FACTORS[low] + share * FACTORS[high] == cost


def test_the_best_that_is_fixed_may_be_a_mix():
    assert hull(FACTORS, np.asarray([0.5, 0.8, 0.9, 1.0])) == [0, 1, 2, 3]
    assert hull(FACTORS, np.asarray([0.5, 0.55, 0.6, 1.0])) == [0, 3]
    assert hull(FACTORS, np.asarray([0.5, 0.9, 0.9, 0.9])) == [0, 1]


@pytest.mark.parametrize("predictor", PREDICTORS, ids=lambda predictor: predictor.name)
def test_the_exported_function_stands_alone_and_agrees(predictor):
    rng = np.random.default_rng(0)
    k, queries = 5, 60
    scores = [sorted(rng.random(20).tolist(), reverse=True) for _ in range(queries)]
    norms, lengths = rng.uniform(1, 9, queries).tolist(), rng.integers(3, 80, queries).astype(float).tolist()
    values = values_of(scores, k, norms=norms, lengths=lengths)[predictor.name]
    cuts = tuple(np.quantile(values, [0.25, 0.5, 0.75]).tolist())
    policy = Policy(predictor, cuts, (1.0, 2.0, 4.0, 8.0))
    space: dict[str, Any] = {}
    exec(compile(to_python(policy, k, "binary, limit 5: learned on 60 queries. " * 5), "exported", "exec"), space)
    given = {"norm": norms, "length": lengths}.get(predictor.name, scores)
    assert [space["oversampling"](each) for each in given] == [policy.factor(value) for value in values]
    assert "import" not in to_python(policy, k, "note")
    lines = to_python(policy, k, "a long note " * 30).splitlines()
    expression = next(at for at, line in enumerate(lines) if line.startswith("    value = "))
    assert max(map(len, lines[:expression])) <= 80


# --- in a run -------------------------------------------------------------------------------------------------------

REQUEST = replace(fake.REQUEST, adaptive=True, queries=40, methods=("none", "binary"), oversampling=(1.0, 2.0, 4.0))


async def test_a_run_tries_it_and_keeps_what_came_of_it(home):
    ran = await fake.run(replace(REQUEST, target_recall=0.85), home)
    found = ran.record.adaptive
    assert found is not None
    assert ran.record.recommendation is not None
    assert found.search == ran.record.recommendation.search
    assert (found.learned_on, found.judged_on) == (20, 20)
    assert found.predictor in found.tried
    assert len(found.factors) == len(found.cuts) + 1
    assert ("no gain" in found.verdict) != found.helps
    assert not found.helps or (found.gain.low > 0 and found.gain.mean >= 0.001)
    assert min(found.factors) <= found.mean_factor <= max(found.factors)
    compile(found.python, "exported", "exec")


@pytest.mark.parametrize(("fixed_ms", "expected"), [(0.2, True), (1.0, False)])
def test_what_a_look_at_the_candidates_costs_counts(fixed_ms, expected):
    queries = range(40)
    judged = _Judged(FACTORS, range(4), dict.fromkeys(queries, 2.0))
    for query in queries:
        judged.kinds["probe"].ms[query] = [0.1]
        judged.kinds["adaptive"].ms[query] = [0.15 + 0.001 * query]
        judged.kinds["low"].ms[query] = judged.kinds["high"].ms[query] = [fixed_ms]
    assert judged.is_slower(0) is expected
    assert judged.adaptive_ms() == pytest.approx(0.1 + 0.1695)
    judged.kinds["probe"].ms.clear()
    assert not judged.is_slower(0)


def test_a_gain_is_over_fixed_factors_mixed_to_the_same_cost():
    judged = _Judged(FACTORS, range(4), {0: 2.0, 1: 4.0})
    judged.kinds["adaptive"].recalls |= {0: 1.0, 1: 0.9}
    judged.kinds["low"].recalls |= {0: 0.5, 1: 0.6}
    judged.kinds["high"].recalls |= {0: 0.9, 1: 0.9}
    assert judged.cost == 3.0
    assert judged.gains() == pytest.approx([0.3, 0.15])


def test_the_exported_function_runs_without_any_package(tmp_path):
    policy = Policy(PREDICTORS[0], (0.2, 0.4, 0.6), FACTORS)
    file = tmp_path / "alone.py"
    file.write_text(to_python(policy, 5, "a note") + "\nprint(oversampling([9.0 - i for i in range(20)]))\n")
    # -I -S: nothing of the environment, and no installed package
    ran = subprocess.run([sys.executable, "-I", "-S", file], capture_output=True, text=True, check=True, timeout=60)
    (value,) = values_of([[9.0 - i for i in range(20)], [9.0] * 19 + [1.0]], 5, norms=[1.0, 1.0], lengths=None)["gap"][
        :1
    ]
    assert float(ran.stdout) == policy.factor(value)


async def test_nothing_to_adapt_is_said(home):
    ran = await fake.run(replace(REQUEST, methods=("none",)), home)
    assert ran.record.adaptive is None
    assert any("doesn't rescore" in warning.text for warning in ran.record.warnings)


async def test_it_is_not_tried_unasked(home):
    ran = await fake.run(replace(REQUEST, adaptive=False), home)
    assert ran.record.adaptive is None
    assert "adaptive-not-tried" not in ran.codes
