"""Where a run waits while it is paused. Standard library only."""

from __future__ import annotations

import asyncio


class Gate:
    """Open at first; a run that comes to it closed waits until it is opened."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def closed(self) -> bool:
        """Whether a run that comes now has to wait."""
        return not self._open.is_set()

    def close(self) -> None:
        """Has the run wait at its next block."""
        self._open.clear()

    def open(self) -> None:
        """Lets it go on."""
        self._open.set()

    async def passed(self) -> None:
        """Returns once it is open."""
        await self._open.wait()
