"""Oversampling chosen query by query: learned from what the quantized candidates look like, judged apart. Pure numpy.

A predictor is one number a query. On the learning half its range is cut into a few equal parts, and each part gets the
factor that pays best; on the other half that is compared with fixed factors, mixed so that both read as many originals.
Which predictor is used is decided within the learning half alone, by leaving a fifth of it out in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PARTS = 4
PROBE = 4
"""Candidates that the predictors look at, as a multiple of the limit."""
_FOLDS = 5
_PRICES = tuple(np.geomspace(1e-4, 0.3, 60).tolist())
"""Of recall, for one more of the factor: the choices between recall and cost that are tried."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A number that may tell hard queries from easy ones, and the Python that computes it."""

    name: str
    about: str
    needs_probe: bool
    """Whether it takes a search of its own first, without rescoring."""
    python: str
    """An expression of `scores` (best first, larger is nearer), `k`, `norm` and `length`."""


PREDICTORS = (
    Predictor(
        "gap",
        "how far the k-th score is above the 2k-th, over the range of the candidates",
        needs_probe=True,
        python="(scores[k - 1] - scores[2 * k - 1]) / ((scores[0] - scores[-1]) or 1.0)",
    ),
    Predictor(
        "spread",
        "the range of the candidates' scores, over the best one",
        needs_probe=True,
        python="(scores[0] - scores[-1]) / (abs(scores[0]) or 1.0)",
    ),
    Predictor(
        "lead",
        "how far the best score is above the k-th, over the range of the candidates",
        needs_probe=True,
        python="(scores[0] - scores[k - 1]) / ((scores[0] - scores[-1]) or 1.0)",
    ),
    Predictor(
        "density",
        "the share of the candidates in the lower half of their range",
        needs_probe=True,
        python="sum(2 * score < scores[0] + scores[-1] for score in scores) / len(scores)",
    ),
    Predictor("norm", "the length of the query vector", needs_probe=False, python="norm"),
    Predictor(
        "length", "the length of the question: its characters, or its tokens", needs_probe=False, python="length"
    ),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Factors by parts of a predictor's range."""

    predictor: Predictor
    cuts: tuple[float, ...]
    """Ascending; a value below the first gets the first factor, and so on."""
    factors: tuple[float, ...]
    """One more than there are cuts."""

    def factor(self, value: float) -> float:
        """For one query."""
        return self.factors[int(np.searchsorted(self.cuts, value, side="right"))]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is known of the queries to learn from, row by row."""

    values: Mapping[str, Floats]
    """Predictor → its value for each query."""
    recalls: Floats
    """(queries, factors)."""
    factors: tuple[float, ...]


def values_of(
    scores: Sequence[Sequence[float]], k: int, *, norms: Sequence[float], lengths: Sequence[float] | None
) -> dict[str, Floats]:
    """Predictor → value for each query, by the very expressions that are exported; those that say nothing left out.

    `scores`: of each query's candidates, larger is nearer, best first.
    """
    found = {}
    for predictor in PREDICTORS:
        if predictor.name == "length" and lengths is None:
            continue
        compute = function_of(predictor)
        rows = [
            compute(list(mine[: PROBE * k]), k, norms[row], 0.0 if lengths is None else lengths[row])
            for row, mine in enumerate(scores)
        ]
        values = np.asarray(rows, dtype=np.float64)
        if values.size and np.ptp(values) > 1e-6 * max(1.0, float(np.abs(values).max())):
            found[predictor.name] = values
    return found


def function_of(predictor: Predictor) -> Callable[[list[float], int, float, float], float]:
    """The predictor's own expression, made callable."""
    code = f"lambda scores, k, norm, length: float({predictor.python})"
    made: Callable[[list[float], int, float, float], float] = eval(code, {})  # noqa: S307 - one of the constants above
    return made


def learn(lesson: Lesson, budget: float) -> tuple[Policy | None, dict[str, float]]:
    """The policy that finds most for a mean factor of at most `budget`, and by predictor its gain in recall over fixed
    factors of the same cost, on queries left out. None where nothing can be told from the predictors.
    """
    gains = {name: _left_out(lesson, name, budget) for name in lesson.values}
    if not gains:
        return None, {}
    best = max(gains, key=lambda name: gains[name])
    predictor = next(each for each in PREDICTORS if each.name == best)
    return _fitted(predictor, lesson.values[best], lesson, budget), gains


def _fitted(predictor: Predictor, values: Floats, lesson: Lesson, budget: float) -> Policy:
    cuts = np.unique(np.quantile(values, [part / PARTS for part in range(1, PARTS)]))
    parts = np.searchsorted(cuts, values, side="right")
    factors = np.asarray(lesson.factors)
    shares = np.asarray([(parts == part).mean() for part in range(len(cuts) + 1)])
    means = np.stack(
        [
            lesson.recalls[parts == part].mean(axis=0) if shares[part] else np.zeros(len(factors))
            for part in range(len(shares))
        ]
    )
    best, most = np.full(len(shares), _below(factors, budget)), -1.0
    for price in _PRICES:
        chosen = np.argmax(means - price * factors, axis=1)
        cost = float(shares @ factors[chosen])
        found = float(shares @ means[np.arange(len(shares)), chosen])
        if cost <= budget + 1e-9 and found > most:
            best, most = chosen, found
    return Policy(predictor, tuple(cuts.tolist()), tuple(factors[best].tolist()))


def _below(factors: Floats, budget: float) -> int:
    return max(0, int(np.searchsorted(factors, budget, side="right")) - 1)


def _left_out(lesson: Lesson, name: str, budget: float) -> float:
    """Mean gain in recall at equal cost over the folds that a policy wasn't fitted on."""
    rows = np.arange(len(lesson.recalls))
    values, gains = lesson.values[name], []
    predictor = next(each for each in PREDICTORS if each.name == name)
    for fold in range(_FOLDS):
        out = rows % _FOLDS == fold
        if out.all() or not out.any():
            continue
        some = Lesson({name: values[~out]}, lesson.recalls[~out], lesson.factors)
        policy = _fitted(predictor, values[~out], some, budget)
        factors = np.asarray([policy.factor(value) for value in values[out].tolist()])
        columns = np.searchsorted(lesson.factors, factors)
        mine = lesson.recalls[out][np.arange(int(out.sum())), columns]
        fixed_ones = hull(lesson.factors, some.recalls.mean(axis=0))
        low, high, share = bracket(lesson.factors, float(factors.mean()), fixed_ones)
        fixed = (1 - share) * lesson.recalls[out][:, low] + share * lesson.recalls[out][:, high]
        gains.append(float((mine - fixed).mean()))
    return float(np.mean(gains)) if gains else 0.0


def hull(factors: Sequence[float], recalls: Floats) -> list[int]:
    """The factors of which no mix of two others finds more for the same mean; mixing them is the best that is fixed.

    `recalls`: the mean of each factor. What costs more and finds no more is left out.
    """
    best: list[int] = []
    for at in range(len(factors)):
        if best and recalls[at] <= recalls[best[-1]]:
            continue
        while len(best) > 1 and _slope(factors, recalls, best[-2], best[-1]) <= _slope(factors, recalls, best[-1], at):
            best.pop()
        best.append(at)
    return best


def _slope(factors: Sequence[float], recalls: Floats, one: int, other: int) -> float:
    return float(recalls[other] - recalls[one]) / (factors[other] - factors[one])


def bracket(factors: Sequence[float], cost: float, among: Sequence[int]) -> tuple[int, int, float]:
    """The two fixed factors `among` these round a mean factor, and the share of the larger one for that mean."""
    place = min(len(among) - 1, int(np.searchsorted([factors[at] for at in among], cost, side="left")))
    high = among[place]
    low = among[max(0, place - 1)] if factors[high] > cost else high
    width = factors[high] - factors[low]
    return low, high, min(1.0, max(0.0, (cost - factors[low]) / width)) if width > 0 else 0.0


def saved(
    recalls: Floats, factors: Sequence[float], chosen: Sequence[float], *, seed: int, draws: int = 500
) -> tuple[float, float, float]:
    """Share of the originals that the chosen factors spare against fixed ones with the same recall: mean, 95% interval.

    `recalls`: (queries, factors). Negative where they read more.
    """
    columns = np.searchsorted(factors, chosen)
    mine, costs = recalls[np.arange(len(recalls)), columns], np.asarray(chosen, dtype=np.float64)
    rows = np.random.default_rng(seed).integers(0, len(recalls), (draws, len(recalls)))
    found = [_spared(recalls[some], factors, float(mine[some].mean()), float(costs[some].mean())) for some in rows]
    low, high = np.percentile(found, (2.5, 97.5))
    return _spared(recalls, factors, float(mine.mean()), float(costs.mean())), float(low), float(high)


def _spared(recalls: Floats, factors: Sequence[float], found: float, cost: float) -> float:
    curve = recalls.mean(axis=0)
    best = hull(factors, curve)
    rival = float(np.interp(found, curve[best], np.asarray(factors)[best]))
    return 1 - cost / rival


def to_python(policy: Policy, k: int, note: str) -> str:
    """The policy as a function that needs nothing but Python."""
    predictor = policy.predictor
    if predictor.needs_probe:
        name = "scores"
        about = (
            f"scores: of the first {PROBE * k} answers to the same query with rescore off, best first; their negatives"
            " where a smaller score is nearer."
        )
    else:
        name, about = predictor.name, f"{predictor.name}: {predictor.about}."
    lines = [f"def oversampling({name}):", *_docstring(note, about)]
    lines += [f"    k = {k}"] if predictor.needs_probe else []
    lines += [f"    value = {predictor.python}"]
    for cut, factor in zip(policy.cuts, policy.factors, strict=False):
        lines += [f"    if value < {cut!r}:", f"        return {factor!r}"]
    return "\n".join([*lines, f"    return {policy.factors[-1]!r}", ""])


def _docstring(*paragraphs: str) -> list[str]:
    """Of at most 80 columns: it is read in a terminal, where half of a window may be all there is."""
    first, *rest = (wrap(paragraph, 73) for paragraph in paragraphs)
    body = [f'    """{first[0]}', *(f"    {line}" for line in first[1:])]
    for lines in rest:
        body += ["", *(f"    {line}" for line in lines)]
    return [*body, '    """']
