"""The child's end of its pipes: reads requests, runs them as tasks, answers. Imports no numpy and no engine.

`enter()` comes first in a child's main module: it keeps the protocol's pipes away from stray prints, makes the
process deaf to Ctrl-C (its parent decides) and ties its life to its parent's. A thread reads the incoming pipe, since
that works on every platform and costs nothing while it waits; everything else happens on the event loop, so that an
unanswered Ping means that the loop hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from qtui.errors import QtuiError, concealed
from qtui.events import Event
from qtui.host import requests, wire
from qtui.host.streams import closing

EXIT_S = 2.0
"""How long a child whose parent is gone may take to write what is pending."""
PR_SET_PDEATHSIG = 1

Answering = Callable[[Any], Awaitable[Any]]
Streaming = Callable[[Any], AsyncIterator[Event]]


class Pipes:
    """The two ends of the protocol in a child. Writing blocks until the parent has room."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, message: wire.Message) -> None:
        """Sends a message. Raises ConnectionError when the parent is gone."""
        rest = memoryview(wire.frame(message))
        while rest:
            rest = rest[os.write(self._outgoing, rest) :]

    def receive(self) -> wire.Message | None:
        """The next message; None when the parent is gone."""
        header = self._exactly(wire.HEADER.size)
        body = header and self._exactly(wire.length(header))
        return wire.message(body) if body else None

    def _exactly(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            part = os.read(self._incoming, min(size - len(data), 2**20))
            if not part:
                return None
            data += part
        return bytes(data)


def enter(parent: int) -> Pipes:
    """Prepares this process to serve `parent`, the process id that spawned it. Call it once, first of all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for fd in (incoming, outgoing):
            msvcrt.setmode(fd, os.O_BINARY)
    faulthandler.enable()
    return Pipes(incoming, outgoing)


def _die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent's spawning thread ends. Elsewhere the closed pipe has to do."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel knew
        os._exit(1)


class Service:
    """Answers calls until the parent says Close or is gone. A cancelled call ends with a Failure like any other."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        self._answers: Mapping[type[requests.Request[Any]], Answering] = {}
        self._streams: Mapping[type[requests.Request[Any]], Streaming] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    def state(self, status: str, detail: str = "") -> None:
        """Tells the parent what this process does from now on."""
        self._send(wire.State(status, detail))

    def refuse(self, error: BaseException) -> None:
        """Tells the parent why this process can't start."""
        self._send(wire.failure(wire.START, error))

    async def run(
        self,
        answers: Mapping[type[requests.Request[Any]], Answering],
        streams: Mapping[type[requests.Request[Any]], Streaming],
    ) -> None:
        """Serves; when it returns no call is running any more. Raises WireError for what can't be understood.

        `answers` maps a request class to the coroutine function that answers it, `streams` to the async generator
        function whose events it sends.
        """
        self._answers, self._streams = answers, streams
        self.state("ready")
        reading = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._read, args=(asyncio.get_running_loop(), reading), daemon=True).start()
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({reading, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if reading.done():
            reading.result()

    def _read(self, loop: asyncio.AbstractEventLoop, reading: asyncio.Future[None]) -> None:
        problem: Exception | None = None
        try:
            while (message := self._pipes.receive()) is not None:
                loop.call_soon_threadsafe(self._received, message)
        except (wire.WireError, OSError) as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(_settle, reading, problem)
        time.sleep(EXIT_S)
        os._exit(1)

    def _received(self, message: wire.Message) -> None:
        match message:
            case wire.Call():
                self._tasks[message.id] = task = asyncio.ensure_future(self._answer(message))
                task.add_done_callback(lambda _: self._tasks.pop(message.id))
            case wire.Cancel():
                if task_ := self._tasks.get(message.id):
                    task_.cancel()
            case wire.Ping():
                self._send(wire.Pong())
            case _:
                self._closing.set()

    async def _answer(self, call: wire.Call) -> None:
        try:
            self._send(await self._outcome(call))
        except BaseException as error:  # noqa: BLE001 - a native panic is no Exception, and the caller must hear of it
            if not isinstance(error, (QtuiError, asyncio.CancelledError)):
                sys.stderr.write(concealed("".join(traceback.format_exception(error))))
            self._send(wire.failure(call.id, error))

    async def _outcome(self, call: wire.Call) -> wire.Message:
        request = wire.request(call)
        answer = self._answers.get(type(request))
        if answer is not None:
            return wire.result(call.id, await answer(request))
        async with closing(self._streams[type(request)](request)) as events:
            async for event in events:
                self._send(wire.happened(call.id, event))
                await asyncio.sleep(0)  # let a Cancel or a Ping in
        return wire.result(call.id, None)

    def _send(self, message: wire.Message) -> None:
        try:
            self._pipes.send(message)
        except OSError:
            self._closing.set()


def _settle(future: asyncio.Future[None], problem: Exception | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(None)
    else:
        future.set_exception(problem)
