"""Everything that writes to a server: refused unless the target allows it, and what qtui remembers of a collection.

That stands in the collection's metadata (servers from 1.16 on; in this process alone on older ones).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qdrant_client.http import models as rest

from qtui.engine import guard
from qtui.engine.base import Origin
from qtui.engine.pace import Pace
from qtui.engine.server import reading, wire
from qtui.engine.server.link import PATIENT_S, Link
from qtui.engine.server.looking import Looker
from qtui.engine.waits import Waits
from qtui.errors import AccessError, NotFound, UsageError, shown
from qtui.model import Change, CollectionSpec, EngineInfo, Placement, PointId, VectorSpec
from qtui.names import check_name
from qtui.served import BURST_S

_LARGEST_REQUEST = 500_000
"""Components of one upsert: as JSON some 10 MB, of the 32 MB that a server takes unless it is told otherwise."""
_FIRST_LOOK_S, _LAST_LOOK_S = 0.1, 2.0
"""Pauses between looks at a rebuild: short at first, then longer."""
_GREEN_IN_A_ROW = 2
"""A server may be green for a moment between a write and the rebuild that it causes."""


class Changing:
    """Writes to one server."""

    def __init__(self, link: Link, looker: Looker, info: EngineInfo) -> None:
        self._link = link
        self._looker = looker
        self._refused = info.refused
        self._kept: dict[str, dict[str, Any]] = {}
        self._paces: dict[str, tuple[int | None, Pace]] = {}
        """By collection, points of one request and how fast they may follow each other."""
        self._many = False
        """Whether a batch goes in several requests."""

    def require_writable(self) -> None:
        """Raises AccessError, which says why, where nothing may be written."""
        if "write" in self._refused:
            raise AccessError(f"{self._link.target.where} may not be changed: {self._refused['write']}")

    def _require(self, capability: str, wanted: bool) -> None:  # noqa: FBT001  # reads as "require this if wanted"
        if wanted and capability in self._refused:
            raise UsageError(f"this server can't do {capability.replace('_', ' ')}: {self._refused[capability]}")

    # --- collections ------------------------------------------------------------------------------------------

    async def create(self, spec: CollectionSpec, origin: Origin) -> None:
        """Makes an empty collection, with its payload indexes."""
        self.require_writable()
        guard.check_spec(spec)
        check_name(spec.name)
        for vector in spec.vectors:
            self._require_settings(vector)
        kept = wire.remembered(origin, "loading")
        body = wire.creation(spec, tiers=self._has_tiers, metadata=kept if self._has_metadata else None)
        api = self._link.http.collections_api
        doing = f"create {shown(spec.name)}"
        # Not repeated: a second try would find what the first one made.
        await self._link.once(lambda: api.create_collection(spec.name, create_collection=body), doing)
        self._kept[spec.name] = kept[wire.OURS]
        for field, kind in spec.payload_indexes.items():
            await self._index(spec.name, field, rest.PayloadSchemaType(kind))

    async def _index(self, name: str, field: str, kind: rest.PayloadSchemaType) -> None:
        api, body = self._link.http.indexes_api, rest.CreateFieldIndex(field_name=field, field_schema=kind)
        doing = f"index the field {shown(field)}"
        await self._link.safely(lambda: api.create_field_index(name, wait=True, create_field_index=body), doing)

    def _require_settings(self, vector: VectorSpec) -> None:
        if vector.quantization is not None:
            self._require(vector.quantization.method, wanted=True)
            self._require("query_encoding", vector.quantization.query_encoding is not None)
        self._require("inline_storage", vector.hnsw is not None and vector.hnsw.inline_storage is not None)
        if vector.placement is Placement.PINNED and self._has_tiers:
            raise UsageError("a server does not pin originals: choose cold or cached for them")

    @property
    def _has_tiers(self) -> bool:
        return "placement" not in self._refused

    @property
    def _has_metadata(self) -> bool:
        return "metadata" not in self._refused

    async def delete(self, name: str) -> None:
        """Removes a collection."""
        self.require_writable()
        self._kept.pop(name, None)
        self._paces.pop(name, None)
        doing = f"delete {shown(name)}"
        api = self._link.http.collections_api
        if not (await self._link.once(lambda: api.delete_collection(name), doing)).result:
            raise NotFound(f"can't {doing}: there is no such collection")

    async def change(self, spec: CollectionSpec, vector: VectorSpec, change: Change) -> None:
        """New settings for one vector; the server then rebuilds what they touch."""
        self.require_writable()
        if change == Change():
            raise UsageError(f"nothing to change in {shown(spec.name)}: give a setting")
        if change.drop_quantization and change.quantization is not None:
            raise UsageError("either drop the quantization or set another one")
        after = replace(
            vector,
            quantization=change.quantization or vector.quantization,
            hnsw=change.hnsw or vector.hnsw,
            placement=change.placement or vector.placement,
        )
        guard.check_spec(replace(spec, vectors=(after,), indexing_threshold_kb=change.indexing_threshold_kb))
        self._require_settings(after)
        body = wire.update(change, vector.name, tiers=self._has_tiers)
        if change.drop_quantization:
            self._drop_common(await self._looker.info(spec.name), body, vector.name)
        api, doing = self._link.http.collections_api, f"change {shown(spec.name)}"
        # Setting the same twice changes nothing.
        await self._link.safely(lambda: api.update_collection(spec.name, update_collection=body), doing)

    def _drop_common(self, info: rest.CollectionInfo, body: rest.UpdateCollection, name: str) -> None:
        """Drops a quantization of the whole collection, too: else this vector would fall back to it. Others keep it."""
        common = info.config.quantization_config
        if common is None:
            return
        body.quantization_config = rest.Disabled.DISABLED
        assert body.vectors is not None
        for other, params in reading.dense(info).items():
            if other != name and params.quantization_config is None:
                body.vectors[other] = rest.VectorParamsDiff(quantization_config=common)

    async def settled(self, name: str) -> None:
        """Waits until the server has nothing to rebuild. Raises AccessError when it failed at it."""
        green, pause = 0, _FIRST_LOOK_S
        while True:
            info = await self._looker.info(name, PATIENT_S)
            status = info.optimizer_status
            if info.status is rest.CollectionStatus.RED or isinstance(status, rest.OptimizersStatusOneOf1):
                why = status.error if isinstance(status, rest.OptimizersStatusOneOf1) else "no reason given"
                raise AccessError(f"the server failed to rebuild {shown(name)}: {shown(why, 200)}; read its log")
            green = green + 1 if info.status is rest.CollectionStatus.GREEN else 0
            if green >= _GREEN_IN_A_ROW:
                return
            if info.status is rest.CollectionStatus.GREY:
                await self._nudge(name)
            await self._link.pause(pause)
            pause = min(_LAST_LOOK_S, pause * 1.5)

    async def _nudge(self, name: str) -> None:
        """An update without a change: after a restart a server waits for one before it optimizes."""
        body = rest.UpdateCollection(optimizers_config=rest.OptimizersConfigDiff())
        api = self._link.http.collections_api
        await self._link.safely(lambda: api.update_collection(name, update_collection=body), f"wake {shown(name)}")

    # --- points -----------------------------------------------------------------------------------------------

    async def upsert(self, name: str, ids: Sequence[PointId], rows: dict[str, Any], payloads: Sequence[Any]) -> None:
        """Writes checked points, in as many requests as their size and strict mode ask for, and as slowly.

        Each is repeated where it may pass.
        """
        most, pace = await self._limited(name)
        pieces = _pieces(rows, len(ids), most)
        self._many = len(pieces) > 1
        for start, end in pieces:
            part = {vector: value[start:end] for vector, value in rows.items()}
            body = wire.batch(ids[start:end], part, payloads[start:end])
            async with pace.turn(end - start):
                await self._send(name, body)

    async def _limited(self, name: str) -> tuple[int | None, Pace]:
        """What strict mode leaves us, asked for once."""
        if name not in self._paces:
            limits = reading.limits((await self._looker.info(name, PATIENT_S)).config.strict_mode_config)
            rate = limits.writes_a_second
            sizes = (limits.max_upsert if limits.enabled else None, None if rate is None else int(rate * BURST_S))
            most = min((max(1, each) for each in sizes if each is not None), default=None)
            self._paces[name] = most, Pace(rate, sleep=self._slowly)
        return self._paces[name]

    async def _slowly(self, seconds: float) -> None:
        """Told only where a batch takes several requests: else progress is seen to go on."""
        with Waits(self._link.pause) as waits:
            await (waits.rest("its strict mode wants it slow", seconds) if self._many else self._link.pause(seconds))

    async def _send(self, name: str, body: rest.Batch) -> None:
        await self._link.safely(
            lambda: self._link.client.upsert(name, body, wait=True), f"write points to {shown(name)}", PATIENT_S
        )

    # --- what is remembered -----------------------------------------------------------------------------------

    async def kept(self, name: str) -> dict[str, Any]:
        """What qtui remembers of a collection. Raises NotFound."""
        info = await self._looker.info(name)
        found = reading.ours(info) if self._has_metadata else self._kept.get(name, {})
        self._kept[name] = found
        return found

    async def loaded_rows(self, name: str) -> int:
        """Rows of the source that were last marked."""
        rows = (await self.kept(name)).get("loaded_rows")
        return rows if type(rows) is int else 0

    async def mark(self, name: str, rows: int) -> None:
        """Remembers how far a load has come."""
        await self._remember(name, loaded_rows=rows, state="loading")

    async def finish(self, name: str) -> None:
        """Remembers that a load is whole; nothing for a collection that qtui did not make."""
        if await self.kept(name):
            await self._remember(name, state="ready")

    async def _remember(self, name: str, **news: Any) -> None:
        self.require_writable()
        known = self._kept.get(name) or await self.kept(name)
        self._kept[name] = {**known, **news}
        if self._has_metadata:
            body = rest.UpdateCollection(metadata={wire.OURS: self._kept[name]})
            api, doing = self._link.http.collections_api, f"keep how far {shown(name)} is"
            await self._link.safely(lambda: api.update_collection(name, update_collection=body), doing, PATIENT_S)

    def forget(self, name: str) -> None:
        """Asks the server again next time."""
        self._paces.pop(name, None)
        if self._has_metadata:
            self._kept.pop(name, None)


def _pieces(rows: dict[str, Any], count: int, most: int | None = None) -> list[tuple[int, int]]:
    """Slices of a batch that fit one request, of `most` points each."""
    sizes = [sum(value[row].size for value in rows.values()) for row in range(count)]
    pieces, start, held = [], 0, 0
    for row, size in enumerate(sizes):
        if held and (held + size > _LARGEST_REQUEST or row - start == most):
            pieces.append((start, row))
            start, held = row, 0
        held += size
    return [*pieces, (start, count)] if count else []
