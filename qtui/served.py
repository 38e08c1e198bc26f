"""What only a server tells: what it can't do and why, and of a collection its aliases, shards, limits and rebuilds.

Plain frozen dataclasses, standard library only; `model` carries them to every process.
"""

from __future__ import annotations

from dataclasses import dataclass

CAPABILITIES = (
    "write",
    "oversampling",
    "query_encoding",
    "inline_storage",
    "metadata",
    "optimizations",
    "memory_report",
    "placement",
    "telemetry",
    "evict",
    "grpc",
)
"""What may be refused beside methods of the catalogue. `placement` is the setting cold, cached or pinned as such: an
older server gets `on_disk` and `always_ram` instead, and knows no difference between cached and pinned."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One replica of one shard."""

    id: int
    peer: int
    state: str
    """Active, Dead, Partial, Initializing, … as the server says."""
    local: bool
    """Whether it is on the node that answered."""
    points: int | None = None
    """Only known of local ones."""
    key: str | None = None
    silent: bool = False
    """Whether its node doesn't answer the one that we ask, whatever state the cluster still believes in."""

    @property
    def well(self) -> bool:
        """Whether it answers searches, as far as anybody knows."""
        return self.state == "Active" and not self.silent


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One optimization that is running, or waits to."""

    optimizer: str
    step: str
    """What it does at the moment, as the server calls it; 'queued' for one that waits."""
    points: int
    done: int | None = None
    total: int | None = None
    """Of the step, in the server's own units; None where it doesn't say."""
    elapsed_s: float | None = None

    @property
    def fraction(self) -> float | None:
        """How much of the step is done, from 0 to 1; None when the server doesn't say."""
        return None if self.done is None or not self.total else min(1.0, self.done / self.total)


SHARE = 0.9
"""Of what strict mode lets be read or written: others do so, too."""
BURST_S = 3
"""Points of so many seconds are read or written at once, where strict mode limits them: progress is seen to go on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Strict mode: what the server refuses on this collection. None: no limit."""

    enabled: bool = False
    max_limit: int | None = None
    """Largest `limit` of a search."""
    allow_exact: bool | None = None
    """False: no exact search, so no truth from the server."""
    max_hnsw_ef: int | None = None
    max_oversampling: float | None = None
    max_batch: int | None = None
    """Searches of one batch."""
    max_upsert: int | None = None
    """Points of one upsert."""
    max_timeout: int | None = None
    """Seconds."""
    reads_per_minute: int | None = None
    writes_per_minute: int | None = None
    unindexed_filters: bool | None = None
    """False: a filter needs a payload index."""

    @property
    def exact(self) -> bool:
        """Whether exact search may be asked."""
        return not self.enabled or self.allow_exact is not False

    @property
    def reads_a_second(self) -> float | None:
        """Points or answers that it leaves us; None: as many as we like. Servers keep to rates when it is off, too."""
        return _left_us(self.reads_per_minute)

    @property
    def writes_a_second(self) -> float | None:
        """Points that it lets us write; None: as many as we like. Servers keep to rates when it is off, too."""
        return _left_us(self.writes_per_minute)


def _left_us(a_minute: int | None) -> float | None:
    return SHARE * a_minute / 60 if a_minute else None


@dataclass(frozen=True, slots=True)
class Served:
    """What only a server knows of a collection."""

    aliases: tuple[str, ...] = ()
    shards: tuple[Shard, ...] = ()
    shard_number: int = 1
    replication_factor: int = 1
    optimizer: str = "ok"
    """ok, or the error that stopped it."""
    rebuilds: tuple[Rebuild, ...] = ()
    queued_updates: int | None = None
    indexed_vectors: int | None = None
    """Over all vectors of the collection, as the server counts them (roughly)."""
    sparse_vectors: tuple[str, ...] = ()
    """Shown, never measured."""
    limits: Limits = Limits()
    memory_from: str = "none"
    """report (the server's own, per component), formula (computed: an estimate), unasked (the same, of what was only
    listed), or none."""
    built_from: str = "none"
    """What proves what is built: report, telemetry, estimate (from counts), or none."""
    process_bytes: int | None = None
    """Resident memory of the whole server process, where only that is known."""
    unknown: dict[str, str] | None = None
    """What could not be asked (aliases, shards, memory, …) → why."""
    warnings: tuple[str, ...] = ()
    """What the server itself warns of."""
