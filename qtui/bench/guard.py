"""The load guard: how fast a run may ask a server that others use, and what it says about that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from qtui.bench.clock import Clock
from qtui.engine.pace import Pace
from qtui.errors import shown
from qtui.model import CollectionView, EngineInfo
from qtui.plan import DEFAULT_PACE, BenchRequest
from qtui.records import RunWarning
from qtui.served import SHARE


def allowed(views: Iterable[CollectionView]) -> float | None:
    """Points or answers a second that the strict mode of these collections leaves us; None: as many as we like."""
    limits = [view.served.limits.reads_a_second for view in views if view.served is not None]
    return min((each for each in limits if each is not None), default=None)


def within(request: BenchRequest, views: Iterable[CollectionView]) -> BenchRequest:
    """The request, as slow as strict mode wants it; one that asks for load on purpose stays as it is."""
    most, live = allowed(views), request.live
    on_purpose = live.pace is not None or request.rate is not None or max(request.concurrency) > 1
    if most is None or most >= DEFAULT_PACE or on_purpose:
        return request
    return replace(request, live=replace(live, pace=most))


def limited(view: CollectionView) -> RunWarning | None:
    """Why it takes so long, where strict mode is the reason."""
    most = allowed((view,))
    if most is None or most >= DEFAULT_PACE:
        return None
    limit = round(most * 60 / SHARE)
    text = f"strict mode of {shown(view.name)} lets {limit:,} points or searches be read a minute: reading waits for it"
    return RunWarning("read-limit", text, view.name)


def rate_of(request: BenchRequest, info: EngineInfo) -> float | None:
    """Searches a second at most; None: no guard. An engine of our own needs none."""
    if info.kind != "server":
        return None
    if request.live.pace is not None:
        return request.live.pace or None
    on_purpose = request.rate is not None or max(request.concurrency) > 1
    return None if on_purpose else DEFAULT_PACE


def pace_of(request: BenchRequest, info: EngineInfo, clock: Clock) -> Pace:
    """The guard of a run's searches."""
    return Pace(rate_of(request, info), now=clock.now, sleep=clock.sleep)


def reading_pace(request: BenchRequest, info: EngineInfo, clock: Clock, most: float | None = None) -> Pace:
    """The guard of what a run reads beside its searches: truth and samples. More in flight doesn't lift it.

    `most`: requests a second that strict mode allows.
    """
    chosen = request.live.pace
    rate = None if info.kind != "server" or chosen == 0 else max(chosen or 0, DEFAULT_PACE)
    if rate is not None and most is not None:
        rate = min(rate, most)
    return Pace(rate, now=clock.now, sleep=clock.sleep)


def said(request: BenchRequest, info: EngineInfo) -> Iterator[RunWarning]:
    """What load the run makes on a server, and how to change it."""
    if info.kind != "server":
        return
    rate = rate_of(request, info)
    flight = max(request.concurrency)
    at_once = "one search at a time" if flight == 1 else f"up to {flight} searches in flight"
    if rate is not None:
        text = (
            f"load guard: {at_once}, at most {rate:.3g} a second and never busy for more than half of the time;"
            " queries a second leave its waits out. --pace, --rate or --concurrency raise it"
        )
        yield RunWarning("load-guard", text)
    else:
        speed = "as fast as the server answers" if request.rate is None else f"{request.rate:g} arrivals a second"
        yield RunWarning("load", f"no load guard: {at_once}, {speed}; others on this server may notice")
