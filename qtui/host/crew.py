"""The parent's side of several client processes: shares each block out among them, and puts their answers together."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from qtui import config
from qtui.bench.crew import Hire
from qtui.bench.measure import Ask, Block, Outcome
from qtui.data.rows import Batch
from qtui.filters import filter_text
from qtui.host import requests, wire
from qtui.host.asker import write_queries
from qtui.host.process import Child
from qtui.target import Target, typed_key

R = TypeVar("R")
MODULE = "qtui.host.asker"
GRACE_S = 2.0


class Hand:
    """One client process. Make it with `Hand.taken_on`."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._messages: AsyncGenerator[wire.Message, None] = child.messages()
        self._calls = 0

    @classmethod
    async def taken_on(cls, prepare: requests.Prepare) -> Hand:
        """Starts a process and has it connect. Raises what connecting raises."""
        remedy = "run it again, with fewer --processes"
        hand = cls(await Child.spawn(MODULE, store=config.home(), log="client", remedy=remedy))
        try:
            await hand.call(prepare)
        except BaseException:
            await hand.end()
            raise
        return hand

    async def call(self, request: requests.Request[R]) -> R:
        """Its answer; one call at a time. Raises what the call raises, and EngineGone when the process ended."""
        self._calls += 1
        await self._child.send(wire.call(self._calls, request))
        async for message in self._messages:
            if isinstance(message, wire.Result) and message.id == self._calls:
                return wire.value(request, message)
            if isinstance(message, wire.Failure):
                raise wire.error(message)
        raise await self._child.end(GRACE_S)

    async def end(self) -> None:
        """Lets it go."""
        await self._messages.aclose()
        await self._child.send(wire.Close())
        await self._child.end(GRACE_S)


class Company:
    """Several client processes of one server."""

    def __init__(self, hands: Sequence[Hand], queries: Path) -> None:
        self._hands, self._queries = hands, queries

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self._hands)

    async def block(self, ask: Ask, span: Sequence[int], *, concurrency: int, rate: float | None) -> Block:
        """Asks the queries of `span` together, with at most `concurrency` in flight in all."""
        used = min(self.size, concurrency, len(span))
        shares = [
            _share(ask, span[at::used], concurrency // used + (at < concurrency % used), rate, at, used)
            for at in range(used)
        ]
        found = await asyncio.gather(*(hand.call(each) for hand, each in zip(self._hands, shares, strict=False)))
        outcomes = tuple(Outcome(*each) for share in found for each in share.outcomes)
        unsent = {query for share in found for query in share.unsent}
        return Block(
            outcomes,
            wall_s=max(share.ended for share in found) - min(share.began for share in found),
            cpu_s=sum(share.cpu_s for share in found),
            processes=used,
            unsent=tuple(query for query in span if query in unsent),
            why=next((share.why for share in found if share.why), ""),
        )

    async def dismiss(self) -> None:
        """Ends the processes."""
        self._queries.unlink(missing_ok=True)
        await asyncio.gather(*(hand.end() for hand in self._hands))


def _share(
    ask: Ask, span: Sequence[int], concurrency: int, rate: float | None, at: int, used: int
) -> requests.AskBlock:
    own = None if ask.own is None else tuple(ask.own[query] for query in span)
    return requests.AskBlock(
        ask.collection,
        ask.using,
        ask.settings,
        filter_text(ask.filter_),
        tuple(span),
        own,
        concurrency,
        rate=None if rate is None else rate / used,
        wait_s=0.0 if rate is None else at / rate,
    )


def hiring(target: Target) -> Hire:
    """Starts client processes of this server."""
    return partial(_hire, target)


async def _hire(target: Target, count: int, queries: Batch) -> Company:
    folder = config.private_dir(config.cache_dir())
    with tempfile.NamedTemporaryFile(dir=folder, prefix="queries-", suffix=".npz", delete=False) as file:
        path = Path(file.name)
    write_queries(str(path), queries)
    prepare = requests.Prepare(target, str(path), typed_key(target))
    taken: list[Any] = await asyncio.gather(*(Hand.taken_on(prepare) for _ in range(count)), return_exceptions=True)
    hands = [hand for hand in taken if isinstance(hand, Hand)]
    company = Company(hands, path)
    if len(hands) < count:
        await company.dismiss()
        raise next(error for error in taken if not isinstance(error, Hand))
    return company
