"""The app's hold on a child process: started, watched, started again, asked. Imports neither numpy nor an engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from qtui.errors import AccessError, EngineGone
from qtui.events import Event
from qtui.host import requests, wire
from qtui.host.life import Life, Limits
from qtui.host.process import Child
from qtui.host.state import STOPPABLE, RoomState

R = TypeVar("R")


CLOSED = EngineGone("the engine is closed; start it first")


@dataclass(frozen=True, slots=True)
class _End:
    """Why a life ended, and whether another try is pointless."""

    why: Exception
    final: bool


def _what(why: Exception) -> str:
    """How it ended; what to do about it only where the user has to do it."""
    return why.what if isinstance(why, EngineGone) else str(why)


def _too_often(why: Exception, lives: int) -> Exception:
    """Why it is not started again: it would only end again."""
    return EngineGone(f"{why.what}, {lives} times in a row", "start it again") if isinstance(why, EngineGone) else why


class Held:
    """A child process that answers calls, held by the app.

    It is started again when it dies or hangs; what was asked of it then fails with EngineGone at once, and later
    calls work. All methods run on one event loop.
    """

    def __init__(
        self,
        store: Path,
        *,
        on_state: Callable[[RoomState], None] | None = None,
        limits: Limits | None = None,
        module: str,
        log: str = "engine",
    ) -> None:
        """`module` is what the process runs on `store`, `log` the stem of its log's name."""
        self._store, self._module, self._log = store, module, log
        self._arguments: tuple[str, ...] = ()
        """What the process is told beside the store."""
        self._greeting: tuple[wire.Message, ...] = ()
        """What it hears before all else."""
        self._on_state = on_state
        self._limits = limits or Limits()
        self._child: Child | None = None
        self._life: Life | None = None
        self._changed = asyncio.Event()
        self._refusal: Exception | None = CLOSED
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.state = RoomState("closed")

    # --- its life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Starts the process and waits until it answers. Raises StoreInUse and whatever else keeps it from starting."""
        if self._keeper is None or self._keeper.done():
            self._closing.clear()
            self._refusal = None
            self._keeper = asyncio.ensure_future(self._keep())
        await self._ready()

    async def close(self) -> None:
        """Lets the process write what is pending and exit; ends it when that takes too long."""
        if self._keeper is None:
            return
        self._closing.set()
        if await self._stays():
            if self._child is not None:
                self._child.kill("it did not close in time")
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        self._keeper = None

    async def _stays(self) -> bool:
        """Asks the process to close; whether it is there after its time, which is short for one that says no word."""
        assert self._keeper is not None
        child, answer_s = self._child, min(self._limits.answer_s, self._limits.close_s)
        said = 0 if child is None else child.said
        if child is not None:
            child.post(wire.Ping())
            child.post(wire.Close())
        _, late = await asyncio.wait({self._keeper}, timeout=answer_s)
        if late and (child is None or child.said > said):
            _, late = await asyncio.wait({self._keeper}, timeout=self._limits.close_s - answer_s)
        return bool(late)

    async def _keep(self) -> None:
        """Keeps a child alive until closed, refused, or dead too often."""
        loop = asyncio.get_running_loop()
        short_lives = 0
        end = _End(CLOSED, final=True)
        try:
            self._announce("starting")
            while not self._closing.is_set():
                born = loop.time()
                end = await self._live()
                short_lives = 0 if loop.time() - born > self._limits.steady_s else short_lives + 1
                if self._closing.is_set() or end.final:
                    break
                if short_lives > self._limits.retries:
                    end = _End(_too_often(end.why, short_lives), final=True)
                    break
                self._announce("restarting", _what(end.why))
                if short_lives > 1:
                    await self._pause(self._limits.backoff_s * 2 ** (short_lives - 2))
        finally:
            wanted = self._closing.is_set()
            self._refusal = CLOSED if wanted else end.why
            self._changed.set()
            self._announce("closed", "" if wanted else _what(end.why))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _live(self) -> _End:
        """One life of the child."""
        try:
            self._child = await Child.spawn(
                self._module, str(self._store), *self._arguments, store=self._store, log=self._log, remedy="try again"
            )
        except AccessError as error:
            return _End(error, final=True)
        for message in self._greeting:
            await self._child.send(message)
        life = Life(self._child, self._limits)

        def state_changed(state: wire.State) -> None:
            if self._life is None:
                self._life = life
                self._changed.set()
            self._announce(state.status, state.detail)

        try:
            if self._closing.is_set():
                self._child.post(wire.Close())
            why = await life.run(state_changed)
        finally:
            self._life = self._child = None
        return _End(why, final=life.refused)

    def _announce(self, status: str, detail: str = "") -> None:
        self.state = RoomState(status, detail)
        if self._on_state is not None:
            # in a turn of its own, so that an error in it is the app's alone
            asyncio.get_running_loop().call_soon(self._on_state, self.state)

    async def _ready(self) -> Life:
        while self._life is None:
            if self._refusal is not None:
                raise copy(self._refusal)
            self._changed.clear()
            await self._changed.wait()
        return self._life

    # --- calls ----------------------------------------------------------------------------------------------------

    async def call(self, request: requests.Request[R]) -> R:
        """The answer. Cancelling ends it there as well."""
        life = await self._ready()
        id_, inbox = life.open()
        try:
            await life.child.send(wire.call(id_, request))
            result = await inbox.get()
        finally:
            life.forget(id_)
            if not inbox.settled:
                life.child.post(wire.Cancel(id_))
        assert isinstance(result, wire.Result)
        return wire.value(request, result)

    async def read(self, request: requests.Request[R]) -> R:
        """The answer to what changes nothing: asked once more, of the next process, where this one ended over it."""
        keeper = self._keeper
        try:
            return await self.call(request)
        except EngineGone:
            if not self._keeps_on(keeper):
                raise
            return await self.call(request)

    def _keeps_on(self, keeper: object) -> bool:
        """Whether the next process is on what the last one was on; after another start it may have another target."""
        return self._keeper is keeper and not self._closing.is_set()

    async def stream(self, request: requests.Request[None]) -> AsyncGenerator[Event, None]:
        """The events of what is asked. Closing the iterator ends it there as well."""
        life = await self._ready()
        id_, inbox = life.open()
        begun = False
        try:
            await life.child.send(wire.call(id_, request))
            while not isinstance(item := await inbox.get(), wire.Result):
                begun = True
                yield item
        finally:
            if not inbox.settled:
                if begun and self.state.status in STOPPABLE:  # the process says a word when it has ended what ran
                    self._announce("stopping")
                life.child.post(wire.Cancel(id_))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(inbox.last(), self._limits.cancel_s)
            life.forget(id_)
