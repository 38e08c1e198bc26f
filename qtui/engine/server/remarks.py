"""Findings that only a server's collection can have. Looks at a view and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from qtui import units
from qtui.errors import shown
from qtui.model import CollectionView, Finding
from qtui.served import Served


def remarks(view: CollectionView) -> Iterator[Finding]:
    """What the owner of a server's collection should know."""
    served = view.served
    if served is None:
        return
    yield from _status(view, served)
    yield from _shards(served)
    yield from _limits(served)
    if served.sparse_vectors:
        names = ", ".join(shown(name, 30) for name in served.sparse_vectors[:3])
        text = f"its sparse vectors ({names}) have no quantization"
        yield Finding("sparse", text, "nothing: they are shown, and not measured", "info")
    if served.memory_from == "formula" and view.points:
        failed = (served.unknown or {}).get("memory", "").startswith("can't")
        why = "its report failed" if failed else "this server reports none of a collection"
        remedy = "read why below" if failed else "upgrade the server to 1.18 or newer, or use a key that may ask"
        yield Finding("memory-estimated", f"the bytes are computed by formulas: {why}", remedy, "info")


def _status(view: CollectionView, served: Served) -> Iterator[Finding]:
    if view.status == "red" or served.optimizer != "ok":
        text = f"the server failed to optimize it: {shown(served.optimizer, 200)}"
        yield Finding("optimizer-failed", text, "read the server's log; free disk or memory if that is short", "error")
    elif view.status == "yellow":
        text = "the server rebuilds it at the moment: times and recall change until that is done"
        yield Finding("optimizing", text, "measure once its status is green")
    elif view.status == "grey":
        text = "an optimization waits: after a restart the server begins it with the next write"
        yield Finding("optimization-waits", text, "write to it, or change a setting, to begin")
    for warning in served.warnings:
        yield Finding("server-warning", f"the server warns: {shown(warning, 300)}", "do as it says")
    if served.queued_updates:
        text = f"{units.count(served.queued_updates)} writes wait to be applied"
        yield Finding("queued-updates", text, "wait until they are", "info")


def _shards(served: Served) -> Iterator[Finding]:
    away = [shard for shard in served.shards if not shard.well]
    if away:
        states = ", ".join(sorted({"no answer from its node" if each.silent else each.state for each in away}))
        text = f"{len(away)} of {len(served.shards)} replicas are not active ({states})"
        yield Finding("replicas", text, "look after the nodes: searches may take longer ways until they are back")
    if served.shard_number > 1:
        text = f"{served.shard_number} shards: each rescores its own candidates, so recall is that of all together"
        yield Finding("shards", text, "compare only with collections of as many shards and segments", "info")


def _limits(served: Served) -> Iterator[Finding]:
    limits = served.limits
    if not limits.enabled:
        return
    said = [
        f"limit at most {limits.max_limit}" if limits.max_limit else "",
        "no exact search" if not limits.exact else "",
        f"hnsw_ef at most {limits.max_hnsw_ef}" if limits.max_hnsw_ef else "",
        f"oversampling at most {limits.max_oversampling:g}" if limits.max_oversampling else "",
        f"{limits.reads_per_minute} reads a minute" if limits.reads_per_minute else "",
        f"{limits.writes_per_minute} writes a minute" if limits.writes_per_minute else "",
    ]
    text = f"strict mode: {', '.join(part for part in said if part) or 'on'}"
    yield Finding("strict-mode", text, "keep to it, or have its owner change it", "info")
