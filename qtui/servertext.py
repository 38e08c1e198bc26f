"""What only a server tells of a collection, in words: rebuilds, aliases, shards, strict mode. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from qtui import units
from qtui.events import Waiting
from qtui.served import Limits, Rebuild, Served, Shard

MOST = 8
"""Replicas, rebuilds or sparse vectors that are named one by one."""
BAR = 12
"""Cells of a progress bar."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line; without a label it belongs to the one before."""

    label: str
    text: str
    mood: str = ""
    """good, warn, quiet or ''."""


def facts(served: Served) -> Iterator[Fact]:
    """Everything there is to tell. Names in it are the server's, and uncleaned."""
    for at, rebuild in enumerate(served.rebuilds[:MOST]):
        yield Fact("" if at else "rebuilding", _rebuild(rebuild), "warn")
    if served.queued_updates:
        yield Fact("writes", f"{units.count(served.queued_updates)} wait to be applied", "warn")
    if served.optimizer != "ok":
        yield Fact("optimizer", served.optimizer, "warn")
    unknown = served.unknown or {}
    if "aliases" not in unknown:
        yield Fact("aliases", ", ".join(served.aliases) or "none")
    yield from _shards(served)
    if served.limits.enabled:
        limits = list(_limits(served.limits)) or ["on, without a limit"]
        yield from (Fact("" if at else "strict mode", text, "warn") for at, text in enumerate(limits))
    elif rates := list(_rates(served.limits)):
        yield Fact("strict mode", f"off, but {', '.join(rates)}", "warn")
    for name in served.sparse_vectors[:MOST]:
        yield Fact("sparse vector", f"{name or 'unnamed'}: shown, not measured")
    yield from (Fact(f"no {what}", why, "quiet") for what, why in unknown.items())
    if served.built_from == "estimate":
        yield Fact("built", "est, judged by counts", "quiet")
    elif served.built_from == "telemetry":
        yield Fact("built", "by telemetry of the node that answered", "quiet")


def waiting(event: Waiting) -> str:
    """Why a server is waited for, and when it is asked again; '' once it answers."""
    if event.again_s is None:
        return ""
    seconds = math.ceil(event.again_s)
    return f"waiting for the server: {event.why}, trying again {f'in {seconds} s' if seconds > 0 else 'now'}"


def waiting_briefly(event: Waiting) -> str:
    """The same where there is less room, beside what waits."""
    if event.again_s is None:
        return ""
    seconds = math.ceil(event.again_s)
    return f"waits: {event.why}, again {f'in {seconds} s' if seconds > 0 else 'now'}"


def memory_source(served: Served) -> str:
    """What the bytes of its components were taken from."""
    if served.memory_from == "report":
        return "as the server reports them; heap is its own estimate"
    if served.memory_from == "unasked":
        return "est, by formulas, until the server is asked"
    process = f"; the server's whole process takes {units.size(served.process_bytes)}" if served.process_bytes else ""
    return f"est, by formulas: the server reports none of a collection{process}"


def _limits(limits: Limits) -> Iterator[str]:
    """Every limit of strict mode that is set."""
    if not limits.exact:
        yield "no exact search"
    if limits.unindexed_filters is False:
        yield "filters need a payload index"
    for value, text in (
        (limits.max_limit, "limit at most {}"),
        (limits.max_hnsw_ef, "hnsw_ef at most {}"),
        (limits.max_oversampling, "oversampling at most {:g}"),
        (limits.max_batch, "at most {} searches a batch"),
        (limits.max_upsert, "at most {} points an upsert"),
        (limits.max_timeout, "at most {} s a request"),
    ):
        if value is not None:
            yield text.format(value)
    yield from _rates(limits)


def _rates(limits: Limits) -> Iterator[str]:
    """What servers keep to when strict mode is off, too."""
    for value, what in ((limits.reads_per_minute, "reads"), (limits.writes_per_minute, "writes")):
        if value is not None:
            yield f"{value} {what} a minute"


def _rebuild(rebuild: Rebuild) -> str:
    """How far it is, with a bar where the server says."""
    points = f"{units.count(rebuild.points)} points"
    if rebuild.step == "queued":
        return f"waits: {rebuild.optimizer}, {points}"
    parts = [f"{rebuild.optimizer}: {rebuild.step}", points]
    if rebuild.fraction is not None:
        filled = round(rebuild.fraction * BAR)
        parts.insert(0, f"{'█' * filled}{'░' * (BAR - filled)} {rebuild.fraction:.0%}")
    if rebuild.elapsed_s is not None:
        parts.append(units.duration(rebuild.elapsed_s))
    return ", ".join(parts)


def _shards(served: Served) -> Iterator[Fact]:
    if not served.shards:
        return
    replicas = f"{served.replication_factor} replica{'' if served.replication_factor == 1 else 's'}"
    nodes = len({shard.peer for shard in served.shards})
    yield Fact("shards", f"{served.shard_number}, {replicas} of each, on {nodes} node{'' if nodes == 1 else 's'}")
    if len(served.shards) == 1 and served.shards[0].well:
        return
    for shard in sorted(served.shards, key=lambda each: (each.id, not each.local, each.peer))[:MOST]:
        yield Fact("", _replica(shard), "good" if shard.well else "warn")
    if len(served.shards) > MOST:
        yield Fact("", f"and {len(served.shards) - MOST} more", "quiet")


def _replica(shard: Shard) -> str:
    where = "here" if shard.local else f"node {shard.peer}"
    points = f", {units.count(shard.points)} points" if shard.points is not None else ""
    key = f", key {shard.key}" if shard.key else ""
    state = "Silent" if shard.silent else shard.state
    return f"{shard.id}  {state}  {where}{points}{key}"
