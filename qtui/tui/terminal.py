"""A terminal that may be closed at any moment: the app then leaves, whatever it was about to draw.

Textual's writing thread ends with the first write that fails, after which the app would wait for it for ever, with the
store still locked; its reading thread would report a crash to a screen that is no more. Not imported on Windows.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from io import TextIOWrapper
from typing import IO, Any, cast

from textual.drivers.linux_driver import LinuxDriver

from qtui.errors import Exit

LOOK_EVERY_S = 2.0


class Unbreakable:
    """A file that swallows what can't be written any more."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Writes, as far as there is still somebody to read it."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """As above."""
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class TerminalDriver(LinuxDriver):
    """Textual's driver; a closed terminal makes the app leave, also where no signal tells of it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._file = cast("TextIOWrapper", Unbreakable(cast("IO[str]", self._file)))
        self._next_look: asyncio.TimerHandle | None = None
        self._taking = False
        """Whether the terminal is about to be taken anew: one taking answers all signals that came before it."""

    def start_application_mode(self) -> None:
        """Takes the terminal, and looks after it from then on."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # textual leaves it without types
        if self._next_look is not None:  # taken anew: looked after once is enough
            self._next_look.cancel()
        self._next_look = self._loop.call_later(LOOK_EVERY_S, self._look)

    def _sigcont_application(self, *_: object) -> None:
        """Has the terminal taken anew, by the loop: the signal may come between any two steps of its own work."""
        if not self._taking:
            self._taking = True
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        """Takes the terminal anew after a stop, however it was stopped.

        The system sends the signal with every hang-up, too. Textual then starts a second reader beside the first,
        which reads the end of a closed terminal for ever and keeps the process alive.
        """
        self._taking = False
        leaving = self._app._exit  # noqa: SLF001 - textual says it nowhere else
        if leaving or not self._app.is_running or self._hung_up:
            return
        if not self._must_signal_resume:  # nobody gave it back before
            self.suspend_application_mode()
            self._must_signal_resume = True  # all is drawn again
        super()._sigcont_application()

    @property
    def _hung_up(self) -> bool:
        """Whether the terminal is closed."""
        terminal = select.poll()
        terminal.register(self.fileno, select.POLLHUP)
        return any(event & select.POLLHUP for _, event in terminal.poll(0))

    def _look(self) -> None:
        if self._hung_up:
            self._app.exit(return_code=Exit.TERMINATED)
        elif self._app.is_running:
            self._next_look = self._loop.call_later(LOOK_EVERY_S, self._look)

    def run_input_thread(self) -> None:
        """Reads keys until there is nothing to read from any more."""
        with contextlib.suppress(OSError):
            super().run_input_thread()
