"""The parent's end of one child process: spawning, its pipes, its log, its end. Imports no numpy and no engine.

A child runs a module of ours in the same interpreter: started anew, never forked, in a session of its own (so that
Ctrl-C in a terminal reaches only the parent, which decides). It speaks on its stdin and stdout; what it or the
native engine prints to stderr goes to a log file of bounded size, whose tail explains a crash. On Linux the kernel
kills it when the thread that spawned it ends: spawn from the thread that lives as long as the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from qtui import config
from qtui.errors import AccessError, EngineGone, shown
from qtui.host import wire

LOG_BYTES = 4 * 2**20
"""What one child may leave in its log; the log starts again above it."""
LOGS_KEPT = 8
TIGHT_BYTES = 16 * 2**20
"""A child that dies with less room than this on its disk died of that: the engine grows its files in such steps."""
_NOISE = (
    "note: run with",
    "note: Some details",
    "Current thread",
    "Thread 0x",
    "File ",
    "<no Python frame>",
    "Extension",
)


class Log:
    """One child's standard error. Removed at its end when empty; only the newest few are kept."""

    def __init__(self, name: str) -> None:
        folder = config.private_dir(config.log_dir())
        self._trim(folder)
        stem = f"{name}-{os.getpid()}"
        for number in range(1000):
            self.path = folder / f"{stem}-{number}.log"
            try:
                self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            except FileExistsError:
                continue
            except OSError as error:
                why = f"can't write to {shown(folder)}: {error.strerror}"
                raise AccessError(f"{why}; make room or allow it, or set QTUI_HOME elsewhere") from error
            return
        raise AccessError(f"can't make a log file in {shown(folder)}; empty that folder")

    @staticmethod
    def _trim(folder: Path) -> None:
        def age(path: Path) -> float:
            try:
                return path.stat().st_mtime
            except FileNotFoundError:  # another process trims too
                return 0.0

        for path in sorted(folder.glob("*.log"), key=age)[: -LOGS_KEPT + 1]:
            with contextlib.suppress(OSError):
                path.unlink()

    def bound(self) -> None:
        """Starts the log again when it has grown too large."""
        with contextlib.suppress(OSError):
            if os.fstat(self.fd).st_size > LOG_BYTES:
                os.ftruncate(self.fd, 0)

    def tail(self) -> str:
        """The line of the log that says most about a crash, or ''."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, os.fstat(self.fd).st_size - 8192))
                lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
        except OSError:
            return ""
        for number, line in enumerate(lines):
            if "panicked at" in line and number + 1 < len(lines):
                return lines[number + 1]
            if line.startswith("Fatal Python error"):
                return line
        said = [line for line in lines if line and not line.startswith(_NOISE)]
        return said[-1] if said else ""

    def close(self) -> None:
        """Lets go of the file, and removes it when nothing was written."""
        empty = os.fstat(self.fd).st_size == 0
        os.close(self.fd)
        if empty:
            with contextlib.suppress(OSError):
                self.path.unlink()


class Child:
    """A running child process. Make it with `spawn`, end it with `end` (every path must)."""

    def __init__(self, process: asyncio.subprocess.Process, log: Log, store: Path, remedy: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._log, self._store, self._remedy = log, store, remedy
        self._killed_for = ""
        self.said = 0
        """How many messages have come from it."""
        self._ending: asyncio.Future[Exception] | None = None

    @classmethod
    async def spawn(cls, module: str, *arguments: str, store: Path, log: str, remedy: str) -> Child:
        """Starts `module` with this interpreter. Raises AccessError when the system won't.

        `store` is where it writes, `log` the stem of its log's name, `remedy` what to do when it dies.
        """
        log_file = Log(log)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", module, str(os.getpid()), *arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file.fd,
                env=_environment(),
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            log_file.close()
            raise AccessError(f"can't start the engine's process: {error.strerror or error}") from error
        return cls(process, log_file, store, remedy)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def send(self, message: wire.Message) -> None:
        """Sends; says nothing when the child is gone, since whoever reads its answers finds out."""
        self.post(message)
        with contextlib.suppress(ConnectionError):
            await self._in.drain()

    def post(self, message: wire.Message) -> None:
        """Sends without waiting for a child that may read nothing any more."""
        with contextlib.suppress(ConnectionError):
            self._in.write(wire.frame(message))

    async def messages(self) -> AsyncGenerator[wire.Message, None]:
        """What the child says, until it ends. Raises WireError for what can't be understood."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = wire.length(await self._out.readexactly(wire.HEADER.size))
                body = await self._out.readexactly(size)
                self.said += 1
                yield wire.message(body)

    def bound_log(self) -> None:
        """Keeps the log within its size; call it now and then."""
        self._log.bound()

    def kill(self, reason: str) -> None:
        """Ends the process at once; `reason` ('it did not answer for 60 s') explains it to whoever waits."""
        self._killed_for = self._killed_for or reason
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self, grace_s: float = 0.0) -> Exception:
        """Waits `grace_s` for the process to exit, then kills it. Returns the error that tells of its end.

        Nobody may be reading `messages` any more. Goes on in the background when the caller is cancelled.
        """
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end(grace_s))
        return await asyncio.shield(self._ending)

    async def _end(self, grace_s: float) -> Exception:
        self._in.close()
        gone = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait({gone}, timeout=grace_s)
        finally:
            if not gone.done():
                self.kill("it did not end in time" if grace_s else "it was no longer wanted")
        try:
            return self._explain(await gone)
        finally:
            self._log.close()

    async def _gone(self) -> int:
        # asyncio calls a process gone only when its pipes have been read to their ends
        with contextlib.suppress(ConnectionError):
            while await self._out.read(2**16):
                pass
        return await self._process.wait()

    def _explain(self, code: int) -> Exception:
        if self._killed_for:
            return EngineGone(f"the engine's process was ended: {self._killed_for}", self._remedy)
        bus_error = getattr(signal, "SIGBUS", None)
        if code < 0 and (-code == bus_error or -code == getattr(signal, "SIGABRT", None)) and _tight(self._store):
            return wire.disk_full(self._store)
        said = self._log.tail()
        if code and _tight(self._store) and "space" in said:
            return wire.disk_full(self._store)
        return EngineGone(f"the engine's process {_how(code)}{f': {shown(said)}' if said else ''}", self._remedy)


def _tight(store: Path) -> bool:
    """Whether the disk that holds the store, or will hold it, is as good as full."""
    for folder in (store, *store.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free < TIGHT_BYTES
    return False


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}" if code else "ended"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    by_hand = " (somebody ended it, or memory ran out)" if name == "SIGKILL" else ""
    return f"was ended by {name}{by_hand}"


def _environment() -> dict[str, str]:
    """The child finds what we find, in the same order, and nothing in the folder where qtui happens to run."""
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
