"""Has the engine try oversampling query by query for the recommended variant, and keeps what came of it.

Learns on the half of the queries that the variant was chosen by, from one search of many candidates a query; judges on
the other half by real searches, in turns with the fixed factors of the same cost.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from statistics import median

import numpy as np

from qtui import units
from qtui.bench import metrics, schedule
from qtui.bench.adaptive import PROBE, Floats, Lesson, Policy, bracket, hull, learn, saved, to_python, values_of
from qtui.bench.advise import advise
from qtui.bench.evidence import Evidence, gather
from qtui.bench.state import RunState, Stage
from qtui.choices import AdaptiveRecord, Span
from qtui.engine.base import Engine
from qtui.errors import QtuiError
from qtui.events import Event
from qtui.model import SearchSettings
from qtui.plan import TUNE_OVERSAMPLING
from qtui.records import Recall, Recommendation

_REACH = 2.0
"""How far above the fixed factor a query's own may go."""
_WORTH = 0.001
"""Gain in mean recall under which there is nothing to speak of, however sure it is."""


@dataclass(slots=True)
class _Asked:
    """What one kind of search found on the judging half."""

    recalls: dict[int, float] = field(default_factory=dict)
    ms: dict[int, list[float]] = field(default_factory=dict)


async def adapt(state: RunState, engine: Engine) -> AsyncGenerator[Event, None]:
    """Tries it, when there is something to try; `state.adaptive` then says what came of it."""
    assert state.tally is not None
    evidence = gather(state.record("complete"), state.tally)
    best = advise(evidence, state.request.target_recall, state.request.wishes).recommendation
    why = _why_not(best)
    if best is None or why is not None:
        for warned in state.warn("adaptive-not-tried", f"adaptive oversampling was not tried: {why}"):
            yield warned
        return
    trial = _Trial(state, engine, evidence, best)
    try:
        async for event in trial.events():
            yield event
    except QtuiError as error:
        for warned in state.warn("adaptive-not-tried", f"adaptive oversampling was not tried: {error.text}"):
            yield warned


def _why_not(best: Recommendation | None) -> str | None:
    if best is None:
        return "nothing is recommended"
    if not best.search.rescore:
        return "the recommended variant doesn't rescore, so there is no oversampling to choose"
    if (best.search.oversampling or 1.0) <= 1.0:
        return "the recommended variant rescores without oversampling: there is nothing to save"
    return None


class _Trial:
    """One trial, on the collection of the recommended variant."""

    def __init__(self, state: RunState, engine: Engine, evidence: Evidence, best: Recommendation) -> None:
        self._state, self._engine, self._evidence, self._best = state, engine, evidence, best
        self._target = state.targets[best.method]
        self._fixed = best.search.oversampling or 1.0
        ladder = {*TUNE_OVERSAMPLING, *state.request.oversampling, self._fixed}
        self._factors = tuple(sorted(factor for factor in ladder if factor <= self._fixed * _REACH))
        self._k = state.request.limit
        self._truth = [frozenset(ids) for ids in state.truth or ()]

    async def events(self) -> AsyncGenerator[Event, None]:
        """Looks at the candidates of every query, learns, judges."""
        queries = [*self._evidence.choosing, *self._evidence.confirming]
        passes, half = self._state.plan.repeat, len(self._evidence.choosing)
        total = len(queries) + 4 * passes * (len(queries) - half)
        stage = Stage(self._state.clock, "measure", "adaptive oversampling", total)
        candidates: list[tuple[tuple[float, ...], list[float]]] = []
        for query in queries:
            if stage.due(len(candidates)):
                yield stage.tell(len(candidates))
            candidates.append(await self._candidates(query))
            await self._state.clock.sleep(0)
        values = self._values(queries, [scores for scores, _ in candidates])
        lesson = Lesson(
            {name: found[:half] for name, found in values.items()},
            np.asarray([recalls for _, recalls in candidates[:half]]),
            self._factors,
        )
        policy, tried = learn(lesson, self._fixed)
        if policy is None:
            for warned in self._state.warn("adaptive-not-tried", "no predictor tells these queries apart"):
                yield warned
            return
        mine = zip(queries[half:], values[policy.predictor.name][half:].tolist(), strict=True)
        rivals = hull(self._factors, lesson.recalls.mean(axis=0))
        judged = _Judged(self._factors, rivals, {query: policy.factor(value) for query, value in mine})
        done = len(queries)
        for number in range(passes):
            async for asked in self._pass(number, judged, policy):
                done += asked
                if stage.due(done):
                    yield stage.tell(done)
        spared = saved(
            np.asarray([recalls for _, recalls in candidates[half:]]),
            self._factors,
            list(judged.chosen.values()),
            seed=self._state.plan.seed,
        )
        self._state.adaptive = self._record(policy, tried, judged, Span(*spared))

    def _values(self, queries: Sequence[int], scores: Sequence[tuple[float, ...]]) -> dict[str, Floats]:
        norms = [float(np.linalg.norm(np.asarray(self._state.queries[query]))) for query in queries]
        return values_of(scores, self._k, norms=norms, lengths=self._lengths(queries))

    async def _candidates(self, query: int) -> tuple[tuple[float, ...], list[float]]:
        """Scores of the quantized candidates, larger is nearer, and the recall that rescoring would reach by factor."""
        answer, _ = await self._ask(query, rescore=False, factor=None, limit=ceil(self._k * self._factors[-1]))
        sign = 1.0 if self._state.distance.larger_is_nearer else -1.0
        found = [
            len(self._truth[query] & set(answer[0][: ceil(self._k * factor)])) / len(self._truth[query])
            for factor in self._factors
        ]
        return tuple(sign * score for score in answer[1]), found

    async def _ask(
        self, query: int, *, rescore: bool, factor: float | None, limit: int
    ) -> tuple[tuple[Sequence[object], Sequence[float]], float]:
        """Ids and scores without the query itself, and engine time in ms."""
        own = None if self._state.own_ids is None else self._state.own_ids[query]
        settings = SearchSettings(
            limit=limit + (own is not None),
            hnsw_ef=self._best.search.hnsw_ef,
            rescore=rescore,
            oversampling=factor,
        )
        timed = await self._engine.query(
            self._target.name,
            np.asarray(self._state.queries[query]),
            settings,
            using=self._target.using,
            filter_=self._state.filter_,
        )
        pairs = [pair for pair in zip(timed.value.ids, timed.value.scores, strict=True) if pair[0] != own][:limit]
        return ([found for found, _ in pairs], [score for _, score in pairs]), timed.engine_ms

    def _lengths(self, queries: Sequence[int]) -> list[float] | None:
        """Of each question: its tokens, or its characters where its text is known."""
        state = self._state
        if state.dataset.multivector:
            return [float(len(state.queries[query])) for query in queries]
        return None if state.titles is None else [float(len(state.titles[query])) for query in queries]

    async def _pass(self, number: int, judged: _Judged, policy: Policy) -> AsyncGenerator[int, None]:
        """One pass of the judging half, block by block, the kinds of search in turns."""
        confirming, size = self._evidence.confirming, self._state.plan.block
        kinds = [*judged.kinds] if policy.predictor.needs_probe else [kind for kind in judged.kinds if kind != "probe"]
        for round_, start in enumerate(range(0, len(confirming), size)):
            block = confirming[start : start + size]
            for kind in (kinds[i] for i in schedule.turn_order(len(kinds), round_ + number)):
                held = judged.kinds[kind]
                for query in block:
                    factor = judged.factor(kind, query)
                    limit = PROBE * self._k if factor is None else self._k
                    answer, ms = await self._ask(query, rescore=factor is not None, factor=factor, limit=limit)
                    held.recalls[query] = len(self._truth[query] & set(answer[0])) / len(self._truth[query])
                    held.ms.setdefault(query, []).append(ms)
                await self._state.clock.sleep(0)
                yield len(block)

    def _record(self, policy: Policy, tried: dict[str, float], judged: _Judged, spared: Span) -> AdaptiveRecord:
        seed = self._state.plan.seed
        gained = metrics.recall(judged.gains(), seed=seed)
        adaptive = metrics.recall([judged.kinds["adaptive"].recalls[query] for query in judged.chosen], seed=seed)
        assert gained is not None
        assert adaptive is not None
        helps, head = outcome(gained, is_slower=judged.is_slower(seed))
        verdict = f"{head}: {_comparison(Span(gained.mean, gained.low, gained.high), spared, judged)}"
        note = f"{self._best.method}, limit {self._k}: learned on {len(self._evidence.choosing)} queries; {verdict}."
        return AdaptiveRecord(
            method=self._best.method,
            search=replace(self._best.search),
            predictor=policy.predictor.name,
            tried=tried,
            cuts=policy.cuts,
            factors=policy.factors,
            learned_on=len(self._evidence.choosing),
            judged_on=len(judged.chosen),
            recall=Span(adaptive.mean, adaptive.low, adaptive.high),
            gain=Span(gained.mean, gained.low, gained.high),
            spared=spared,
            mean_factor=judged.cost,
            engine_ms=judged.adaptive_ms(),
            fixed_engine_ms=judged.fixed_ms(),
            helps=helps,
            verdict=verdict,
            python=to_python(policy, self._k, note),
        )


def outcome(gained: Recall, *, is_slower: bool) -> tuple[bool, str]:
    """Whether choosing by query helps, and that in words; `gained`: recall over fixed factors of the same cost."""
    if gained.low <= 0 or gained.mean < _WORTH:
        return False, "no gain on this data"
    if is_slower:
        return False, "no gain in time, which is worse, though the originals that are read find more"
    return True, "a gain"


class _Judged:
    """The judging half: each query's own factor, and the fixed ones that cost the same in the mean."""

    def __init__(self, factors: tuple[float, ...], rivals: Sequence[int], chosen: dict[int, float]) -> None:
        """`rivals`: the places of the fixed factors that are compared with."""
        self.chosen = chosen
        self.cost = sum(chosen.values()) / len(chosen)
        low, high, self._share = bracket(factors, self.cost, rivals)
        self._fixed = {"low": factors[low], "high": factors[high]}
        self.kinds = {kind: _Asked() for kind in ("probe", "adaptive", "low", "high")}

    def factor(self, kind: str, query: int) -> float | None:
        """What a kind of search oversamples by; None for the probe, which doesn't rescore."""
        return self.chosen[query] if kind == "adaptive" else self._fixed.get(kind)

    def gains(self) -> list[float]:
        """By query, recall less that of the fixed factors, mixed to the same cost."""
        mine, low, high = (self.kinds[kind].recalls for kind in ("adaptive", "low", "high"))
        share = self._share
        return [mine[query] - (1 - share) * low[query] - share * high[query] for query in self.chosen]

    def adaptive_ms(self) -> float:
        """Median engine time a query, the probe included where there is one."""
        return median(self._adaptive_times().values())

    def fixed_ms(self) -> float:
        """The same with the fixed factors."""
        return median(self._fixed_times().values())

    def is_slower(self, seed: int) -> bool:
        """Whether it takes more time than the fixed factors, beyond doubt: what a user pays, whatever is read."""
        found = metrics.versus(self._adaptive_times(), self._fixed_times(), seed=seed)
        return found is not None and found.low > 1

    def _adaptive_times(self) -> dict[int, float]:
        probe, times = self.kinds["probe"].ms, self.kinds["adaptive"].ms
        return {query: median(times[query]) + (median(probe[query]) if probe else 0.0) for query in self.chosen}

    def _fixed_times(self) -> dict[int, float]:
        low, high = self.kinds["low"].ms, self.kinds["high"].ms
        return {
            query: (1 - self._share) * median(low[query]) + self._share * median(high[query]) for query in self.chosen
        }


def _comparison(gained: Span, spared: Span, judged: _Judged) -> str:
    """What came of it, in figures."""
    size = f"recall {gained.mean:+z.4f} (95% {gained.low:+z.4f} to {gained.high:+z.4f})"
    reads = f"{spared.mean:+z.0%} originals spared at equal recall (95% {spared.low:+z.0%} to {spared.high:+z.0%})"
    times = f"{units.millis(judged.adaptive_ms())} ms a query against {units.millis(judged.fixed_ms())}"
    probed = ", the search that looks at the candidates included" if judged.kinds["probe"].ms else ""
    return f"{size} against fixed factors at the same mean of {judged.cost:.2f}; {reads}; {times}{probed}"
