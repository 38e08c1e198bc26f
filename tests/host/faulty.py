"""A child that misbehaves as it is told: `export(HOW, …)` or the name of the collection to build says how.

Stands in for qtui.host.child (arguments: parent, store) and qtui.host.builder (argument: parent).
"""

import asyncio
import ctypes
import errno
import os
import signal
import sys
import time
from pathlib import Path

from qtui.errors import DataError, NotFound, StoreInUse
from qtui.events import BuildDone, CollectionFailed, Progress
from qtui.host import requests, wire
from qtui.host.serve import Service, enter


class Panic(BaseException):
    """As a native engine's panic: not an Exception."""


async def collections(_):
    mortal = Path(sys.argv[2], "mortal")
    if mortal.exists() and mortal.read_text() == "hang":
        await asyncio.sleep(3600)
    if mortal.exists():
        mortal.write_text(f"{int(mortal.read_text()) - 1}")
        if int(mortal.read_text()) >= 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return ("a", "b")


async def delete(asked):
    await collections(None)
    if asked.name == "half":
        raise NotFound("there is no 'half'")


async def export(asked):
    match asked.id:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash":
            os.write(2, b"thread '<unnamed>' panicked at lib/x.rs:1:2:\nindex out of bounds\nnote: run with `X=1`\n")
            os.abort()
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            time.sleep(3600)
        case "native":
            hold_the_interpreter()
        case "wait":
            await asyncio.sleep(3600)
        case "panic":
            raise Panic("poisoned")
        case "bug":
            return 1 // 0
        case "refuse":
            raise NotFound("no run 'x'; see qtui runs list")
        case "print":
            print("stray")
            os.write(1, b"more stray bytes")
            sys.stdin.read()
        case "garbage":
            os.write(asked_fd(), b"\x00\x00\x00\x03abc")
        case "large":
            return "x" * (wire.MAX_FRAME + 1)
        case "wrong":
            return 5
        case "flood":
            os.write(2, b"y" * 6_000_000)
    return f"{asked.id} {os.getpid()}"


def hold_the_interpreter():
    """As a native index build: no other thread of the process runs."""
    ctypes.PyDLL(None).sleep(3600)


async def build(asked):
    job = asked.job
    yield Progress("load", job.collection, os.getpid(), None, 0.0, None)
    await asyncio.sleep(0)
    match job.collection:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash":
            os.write(2, b"thread '<unnamed>' panicked at lib/x.rs:1:2:\nindex out of bounds\nnote: run with `X=1`\n")
            os.abort()
        case "bus":
            os.kill(os.getpid(), signal.SIGBUS)
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device", job.store)
        case "bad":
            raise DataError("row 3 is not finite; remove it")
        case "panic":
            raise Panic("poisoned")
        case "native":
            hold_the_interpreter()
        case "exit":
            os._exit(0)
    yield BuildDone(job.collection, 10, 0.1, 0.2)


async def reconfigure(asked):
    return 1.5


def asked_fd():
    return service._pipes._outgoing


async def bench(asked):
    match asked.request.seed:
        case 0:
            for number in range(500):
                yield Progress("measure", "a", number, 500, 0.0, None)
            yield CollectionFailed("a", "none", "because")
            for number in range(3):
                yield CollectionFailed("a", "none", str(number))
        case 1:
            try:
                yield Progress("measure", "a", 0, None, 0.0, None)
                await asyncio.sleep(3600)
            finally:
                Path(sys.argv[2], "cancelled").touch()
        case 2:
            yield Progress("measure", "a", 0, None, 0.0, None)
            os.kill(os.getpid(), signal.SIGKILL)


async def main(service, store):
    if store is None:
        await service.run({requests.Reconfigure: reconfigure}, {requests.Build: build})
        return
    if store.name == "refused":
        service.refuse(StoreInUse("the store is open elsewhere; close that"))
        return
    if store.name == "stillborn":
        sys.exit("no engine here")
    if store.name == "slow":
        (store / str(os.getpid())).touch()
        time.sleep(3600)
    answers = {requests.Collections: collections, requests.Delete: delete, requests.Export: export}
    await service.run(answers, {requests.Bench: bench})
    if store.name == "stubborn":
        time.sleep(3600)
    (store / "closed").touch()


if __name__ == "__main__":
    service = Service(enter(int(sys.argv[1])))
    asyncio.run(main(service, Path(sys.argv[2]) if sys.argv[2:] else None))
