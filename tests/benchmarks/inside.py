"""The app, timed from within: `python -m tests.benchmarks.inside LOG ARGUMENTS`.

Writes to LOG, when it is left, one line a key: milliseconds from its arrival in the process until the next frame was
handed to the terminal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from textual import events
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from qtui.cli import main

FRAME = "\x1b["
"""How what is drawn begins; nothing else is written while the app runs."""


def _watch(answers: list[float]) -> None:
    process, write = Driver.process_message, LinuxDriver.write
    waiting: list[float] = []

    def arrived(self: Driver, message: Message) -> None:
        if isinstance(message, events.Key):
            waiting.append(time.perf_counter())
        process(self, message)

    def written(self: LinuxDriver, data: str) -> None:
        write(self, data)
        if waiting and FRAME in data:
            answers.extend((time.perf_counter() - since) * 1e3 for since in waiting)
            waiting.clear()

    Driver.process_message = arrived  # type: ignore[method-assign]  # the clock stands around it
    LinuxDriver.write = written  # type: ignore[method-assign]  # the clock stands around it


if __name__ == "__main__":
    log, *arguments = sys.argv[1:]
    answers: list[float] = []
    _watch(answers)
    code = main(arguments)
    Path(log).write_text("\n".join(f"{ms:.3f}" for ms in answers), encoding="utf-8")
    sys.exit(code)
