"""What only a server tells of a collection: aliases, shards and replicas, running optimizations, strict mode.

Plain frozen dataclasses, standard library only. What could not be asked is None or empty, and `unknown` says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Replica:
    """One copy of a shard, on one node of the cluster."""

    shard: int
    peer: int
    """The node's id."""
    state: str
    """As the server says it: Active, Dead, Partial, Initializing, Listener, Recovery, …"""
    here: bool
    """On the node that answered."""
    points: int | None = None
    """Approximate, as the server counts; only of the node that answered."""
    key: str | None = None
    """Of a collection that is sharded by a key."""


@dataclass(frozen=True, slots=True)
class Optimization:
    """Work on segments that goes on now."""

    what: str
    """The optimizer's name: indexing, merge, vacuum, …"""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None
    """Since it began."""


@dataclass(frozen=True, slots=True)
class ServerSide:
    """A collection as only a server has it."""

    aliases: tuple[str, ...] = ()
    replicas: tuple[Replica, ...] = ()
    """Every copy of every shard that the node which answered knows of; empty without a cluster."""
    shard_number: int | None = None
    replication_factor: int | None = None
    write_consistency: int | None = None
    transfers: int = 0
    """Shards on their way from one node to another."""
    running: tuple[Optimization, ...] = ()
    queued: int | None = None
    """Optimizations that wait; None where the server doesn't tell."""
    optimizer_error: str | None = None
    strict: dict[str, str] = field(default_factory=dict)
    """Limits of strict mode, name → value, as the server names them; empty where it is off."""
    memory_from: str | None = None
    """What the bytes come from: `memory`, `telemetry`, or None where they are formulas."""
    unknown: tuple[str, ...] = ()
    """What could not be asked, and why, each in one line: 'aliases: the key is for one collection only'."""

    @property
    def busy(self) -> bool:
        """Whether segments are worked on or wait for it, or shards are on their way."""
        return bool(self.running or self.queued or self.transfers)
