"""Runs a command's asynchronous part so that Ctrl-C, SIGTERM and SIGHUP all cancel it and let it clean up."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from qtui.commands.console import ENDING, Ended

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result. After a signal, once it has cleaned up: raises Ended (on Windows KeyboardInterrupt)."""
    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        return asyncio.run(_guarded(main))
    finally:
        for number, handler in before.items():  # the loop leaves the system's defaults behind
            signal.signal(number, handler)


async def _guarded(main: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if not loop.get_debug():  # what asyncio has to say of a child that died first is no line for the user
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    received: list[str] = []

    def stop(name: str) -> None:
        received.append(name)
        if task is not None and len(received) == 1:
            task.cancel()

    for name in ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(NotImplementedError):  # Windows: the process-wide handler stays
                loop.add_signal_handler(number, stop, name)
    try:
        return await main
    except asyncio.CancelledError:
        if received:
            raise Ended(received[0]) from None
        raise
