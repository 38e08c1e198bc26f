"""What only a server tells of a collection, as lines of text: rebuilds, aliases, shards, strict mode. No widget."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from rich.text import Text

from qtui import units
from qtui.served import Limits, Rebuild, Served, Shard
from qtui.tui.text import clean, fitted
from qtui.tui.theme import DIM, GOOD, HEAD, WARN

LABEL = 14
MOST = 8
"""Lines of one kind that are shown; the rest is counted."""
BAR = 12
"""Cells of a progress bar."""


def told(served: Served, width: int) -> list[Text]:
    """Everything there is to tell, under a heading, in lines of at most `width` cells."""
    lines = [Text("\nServer", HEAD)]
    for at, rebuild in enumerate(served.rebuilds[:MOST]):
        lines.append(_fact("" if at else "rebuilding", _rebuild(rebuild), width, WARN))
    if served.queued_updates:
        lines.append(_fact("writes", f"{units.count(served.queued_updates)} wait to be applied", width, WARN))
    if served.optimizer != "ok":
        lines.append(_fact("optimizer", served.optimizer, width, WARN))
    unknown = served.unknown or {}
    if "aliases" not in unknown:
        lines.append(_fact("aliases", ", ".join(served.aliases) or "none", width))
    lines += _shards(served, width)
    if served.limits.enabled:
        limits = list(limit_texts(served.limits)) or ["on, without a limit"]
        lines += [_fact("" if at else "strict mode", text, width, WARN) for at, text in enumerate(limits)]
    for name in served.sparse_vectors[:MOST]:
        lines.append(_fact("sparse vector", f"{clean(name) or 'unnamed'}: shown, not measured", width))
    lines += [_fact(f"no {what}", why, width, DIM) for what, why in unknown.items()]
    if served.built_from == "estimate":
        lines.append(_fact("built", "est, judged by counts", width, DIM))
    return lines


def memory_source(served: Served) -> str:
    """What the bytes of its components were taken from."""
    if served.memory_from == "report":
        return "as the server reports them; heap is its own estimate"
    process = f"; the server's whole process takes {units.size(served.process_bytes)}" if served.process_bytes else ""
    return f"est, by formulas: the server reports none of a collection{process}"


def limit_texts(limits: Limits) -> Iterator[str]:
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
        (limits.reads_per_minute, "{} reads a minute"),
        (limits.writes_per_minute, "{} writes a minute"),
    ):
        if value is not None:
            yield text.format(value)


def _fact(label: str, text: str, width: int, style: str = "") -> Text:
    """A label and its text, which goes on below itself where it is long."""
    lines = wrap(clean(text), max(12, width - LABEL), max_lines=MOST, placeholder=" …") or [""]
    text = f"\n{' ' * LABEL}".join(lines)
    return Text.assemble((f"{fitted(label, LABEL - 1):<{LABEL}}", DIM), (text, style))


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


def _shards(served: Served, width: int) -> Iterator[Text]:
    if not served.shards:
        return
    replicas = f"{served.replication_factor} replica{'' if served.replication_factor == 1 else 's'}"
    nodes = len({shard.peer for shard in served.shards})
    yield _fact(
        "shards", f"{served.shard_number}, {replicas} of each, on {nodes} node{'' if nodes == 1 else 's'}", width
    )
    if len(served.shards) == 1 and served.shards[0].state == "Active":
        return
    for shard in sorted(served.shards, key=lambda each: (each.id, not each.local, each.peer))[:MOST]:
        yield _fact("", _replica(shard), width, GOOD if shard.state == "Active" else WARN)
    if len(served.shards) > MOST:
        yield _fact("", f"and {len(served.shards) - MOST} more", width, DIM)


def _replica(shard: Shard) -> str:
    where = "here" if shard.local else f"node {shard.peer}"
    points = f", {units.count(shard.points)} points" if shard.points is not None else ""
    key = f", key {clean(shard.key, 30)}" if shard.key else ""
    return f"{shard.id}  {clean(shard.state)}  {where}{points}{key}"
