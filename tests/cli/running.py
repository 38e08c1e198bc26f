"""Runs the real command line in a process of its own, with pipes or with a pseudo-terminal."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest import mock

from qtui.cli import main

COMMAND = (sys.executable, "-m", "qtui")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def qtui(*arguments: object, stdin: str = "", **environment: str) -> Done:
    """Runs a command to its end, without a terminal."""
    process = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
        timeout=PATIENCE_S,
        check=False,
    )
    return Done(process.returncode, process.stdout, process.stderr)


def called(*arguments: object, **environment: str) -> Done:
    """Runs a command in this process: the same but for start-up, which is most of what a short command costs."""
    out, err = io.StringIO(), io.StringIO()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with redirect_stdout(out), redirect_stderr(err), mock.patch.dict(os.environ, environment):
        code = main([str(argument) for argument in arguments])
    for number, handler in before.items():
        signal.signal(number, handler)
    return Done(code, out.getvalue(), err.getvalue())


def refused(code: int, *arguments: object, saying: str = "", run: Callable[..., Done] = called) -> str:
    """Runs what must be refused: this exit code, nothing on stdout, one line on stderr. Returns the line."""
    done = run(*arguments)
    assert done.code == code, done
    assert done.out == "", done
    assert done.err.count("\n") == 1, done
    assert done.err.startswith("qtui: "), done
    assert saying in done.err, done
    return done.err


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Starts a command in a process group of its own, to be signalled."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
        start_new_session=True,
    )


class OnTerminal:
    """A command whose stdin and stderr are a pseudo-terminal of 80x24; its stdout is a pipe, as with `| less`."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            env=os.environ | {"TERM": "xterm"} | environment,
            start_new_session=True,
        )
        os.close(slave)
        self.screen = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        """Reads the terminal until the text stands there."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.screen:
            if not self._read(deadline):
                raise AssertionError(f"{text!r} never came: {self.screen!r}")

    def end(self) -> Done:
        """Reads on until the command has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline):
            pass
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        os.close(self._master)
        return Done(self.process.returncode, out.decode(), self.screen)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            read = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.screen += read.decode(errors="replace")
        return bool(read)
