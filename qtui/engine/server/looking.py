"""Gathering what a server tells of a collection, as far as its version, its limits and our key allow it.

What is refused once by the key or the version isn't asked again; what can't be told is named, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from qdrant_client.http import models as rest

from qtui.engine.server import evidence, reading, shape
from qtui.engine.server.link import PAUSES_S, Link
from qtui.engine.server.shape import Evidence
from qtui.errors import AccessError, NotFound, QtuiError, Unreachable, shown
from qtui.methods import method
from qtui.model import COMPONENTS, TOKENS, Bytes, CollectionSpec, CollectionView, Finding
from qtui.served import Rebuild

T = TypeVar("T")
MOST_IN_TELEMETRY = 200
"""Collections: telemetry lists the segments of every one of them in each answer."""
AT_ONCE = 8
"""Requests for a page of collections."""


class Looker:
    """Reads collections of one server. `refused` is the engine's table of what it can't do."""

    def __init__(self, link: Link, refused: dict[str, str]) -> None:
        self._link = link
        self._refused = refused
        self._collections = 0

    async def names(self) -> tuple[str, ...]:
        """All collections that the key may see, sorted."""
        answer = await self._link.safely(self._link.http.collections_api.get_collections, "list the collections")
        self._collections = len(answer.result.collections)
        return tuple(sorted(each.name for each in answer.result.collections))

    async def info(self, name: str, pauses: tuple[float, ...] = PAUSES_S) -> rest.CollectionInfo:
        """Configuration, counts and status. Raises NotFound."""
        api = self._link.http.collections_api
        doing = f"read the collection {shown(name)}"
        answer = await self._link.safely(lambda: api.get_collection(name), doing, pauses)
        found: rest.CollectionInfo = answer.result
        return found

    async def glances(self, names: tuple[str, ...]) -> tuple[CollectionView, ...]:
        """Each collection as one request shows it (two, where the server lists segments), a few at a time.

        For long lists. Those that are gone meanwhile are left out.
        """
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> CollectionView | None:
            async with turns:
                try:
                    return await self._readable(name, self._glance(name))
                except NotFound:
                    return None

        found = await asyncio.gather(*map(one, names))
        return tuple(view for view in found if view is not None)

    async def _glance(self, name: str) -> CollectionView:
        info = await self.info(name)
        unknown: dict[str, str] = {}
        # what the collection counts as segments are the empty ones, too, that wait for what is written next
        found = await self._maybe("optimizations", "rebuilds", lambda: self._optimizations(name), unknown)
        points, occupied = info.points_count or 0, None if found is None else reading.occupied(found)
        rebuilds = () if found is None else reading.rebuilds(found)
        uncounted = _uncounted(name, info)
        evidence = Evidence(info, points, occupied=occupied, rebuilds=rebuilds, unknown=uncounted, whole=False)
        return shape.view(name, evidence)

    async def view(self, name: str) -> CollectionView:
        """The collection by all evidence that is to be had; broken, with the reason, where the key may not read it."""
        return await self._readable(name, self._view(name))

    async def _readable(self, name: str, seen: Awaitable[CollectionView]) -> CollectionView:
        try:
            view = await seen
        except Unreachable:
            raise
        except AccessError as error:
            return _forbidden(name, error)
        if "placement" not in self._refused:
            return view
        # nobody could have said it in words that this server doesn't know
        return replace(view, findings=tuple(f for f in view.findings if not f.code.startswith("deprecated-")))

    async def _view(self, name: str) -> CollectionView:
        info = await self.info(name)
        unknown: dict[str, str] = {}
        points, report, optimizations, aliases, cluster = await asyncio.gather(
            self._points(name, info),
            self._maybe("memory_report", "memory", lambda: self._report(name), unknown),
            self._maybe("optimizations", "rebuilds", lambda: self._optimizations(name), unknown),
            self._maybe("aliases", "aliases", lambda: self._aliases(name), unknown),
            self._maybe("cluster", "shards", lambda: self._cluster(name), unknown),
        )
        gone: frozenset[int] = frozenset()
        if cluster is not None and cluster.remote_shards:
            gone = await self._maybe("nodes", "states of nodes", self._silent, unknown) or gone
        found = Evidence(
            info=info,
            points=points,
            report=report,
            occupied=None if optimizations is None else reading.occupied(optimizations),
            rebuilds=() if optimizations is None else reading.rebuilds(optimizations),
            aliases=aliases or (),
            shards=() if cluster is None else reading.shards(cluster, gone),
            unknown=unknown,
        )
        unknown.update(_uncounted(name, info))
        return shape.view(name, await self._with_segments(name, found) if _is_open(name, found) else found)

    async def _points(self, name: str, info: rest.CollectionInfo) -> int:
        if info.status is rest.CollectionStatus.GREEN and info.points_count is not None:
            return info.points_count
        # While segments are rebuilt, points that are in two of them are counted twice.
        counted = await self._link.safely(
            lambda: self._link.client.count(name, exact=True), f"count the points of {shown(name)}"
        )
        return int(counted.count)

    async def _report(self, name: str) -> evidence.Report:
        doing = f"ask for the memory of {shown(name)}"
        return evidence.report(await self._link.raw(f"/collections/{quote(name, safe='')}/memory", doing))

    async def _optimizations(self, name: str) -> rest.OptimizationsResponse:
        answer = await self._link.http.collections_api.get_optimizations(name, _with="queued,idle_segments")
        found: rest.OptimizationsResponse = answer.result
        return found

    async def _aliases(self, name: str) -> tuple[str, ...]:
        answer = await self._link.http.aliases_api.get_collection_aliases(name)
        return tuple(sorted(alias.alias_name for alias in answer.result.aliases))

    async def _cluster(self, name: str) -> rest.CollectionClusterInfo:
        answer = await self._link.http.distributed_api.collection_cluster_info(name)
        found: rest.CollectionClusterInfo = answer.result
        return found

    async def _silent(self) -> frozenset[int]:
        answer = await self._link.http.distributed_api.cluster_status()
        return reading.silent(answer.result)

    async def rebuilds(self, name: str) -> tuple[Rebuild, ...]:
        """What the server rebuilds of a collection now; empty where its version doesn't tell."""
        found = await self._maybe("optimizations", "rebuilds", lambda: self._optimizations(name), {})
        return () if found is None else reading.rebuilds(found)

    async def _with_segments(self, name: str, found: Evidence) -> Evidence:
        """With what telemetry tells of the collection's segments and of the process; else with its metrics."""
        unknown = dict(found.unknown)
        if self._collections > MOST_IN_TELEMETRY:
            unknown["segments"] = f"more than {MOST_IN_TELEMETRY} collections: telemetry would list all of them"
            return replace(found, unknown=unknown)
        told = await self._maybe("telemetry", "segments", self._telemetry, unknown)
        if told is not None:
            return replace(
                found, segments=evidence.segments(told, name), process_bytes=evidence.resident(told), unknown=unknown
            )
        text = await self._maybe("metrics", "process", lambda: self._link.text("/metrics"), unknown)
        used = None if text is None else evidence.metric(text, "memory_resident_bytes")
        return replace(found, process_bytes=None if used is None else int(used), unknown=unknown)

    async def _telemetry(self) -> evidence.Telemetry:
        return evidence.telemetry(await self._link.raw("/telemetry", "ask for segments", details_level=4))

    async def _maybe(
        self, capability: str, what: str, call: Callable[[], Awaitable[T]], unknown: dict[str, str]
    ) -> T | None:
        """The answer, or None with the reason in `unknown`; what the server refuses for good isn't asked again."""
        reason = self._refused.get(capability)
        if reason is None:
            try:
                return await self._link.safely(call, f"ask for {what}")
            except Unreachable:
                raise
            except QtuiError as error:
                reason = error.text
                if isinstance(error, AccessError) and capability in ("telemetry", "metrics"):
                    self._refused[capability] = reason
        unknown[what] = reason
        return None


def _is_open(name: str, found: Evidence) -> bool:
    """Whether it is open what is built: no report, one of a part, or one that can't tell as tokens aren't counted."""
    if found.report is None:
        return True
    for vector in reading.spec(name, found.info).vectors:
        if vector.quantization is None:
            continue
        chosen = method(vector.quantization.method)
        formula = chosen.bytes_per_vector(vector.size, vector.distance, multivector=vector.multivector) or 1
        held = found.report.quantized(vector.name)
        if held and (vector.multivector or held < 0.98 * formula * found.points * found.replicas):
            return True
    return False


def _uncounted(name: str, info: rest.CollectionInfo) -> dict[str, str]:
    """What can't be known of the vectors, with why."""
    tokens = any(vector.multivector for vector in reading.spec(name, info).vectors)
    return {TOKENS: "a server doesn't count the tokens of multivectors"} if tokens else {}


def _forbidden(name: str, error: AccessError) -> CollectionView:
    memory: dict[str, Any] = {component: Bytes() for component in COMPONENTS}
    finding = Finding("not-allowed", error.text, "use a key that may read it", "error")
    return CollectionView(name, "broken", 0, 0, (), CollectionSpec(name, ()), memory, (finding,), error=error.text)
