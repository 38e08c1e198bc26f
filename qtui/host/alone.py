"""Who may use the engine room's engine: all who call, or a run alone. Knows no engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from qtui.events import Progress

PAUSED = "paused"


class Alone:
    """Keeps calls out while a run measures, and lets them in while its collections are built and while it is paused."""

    def __init__(self, turn: asyncio.Lock, announce: Callable[[str, str], None], open_stages: tuple[str, ...]) -> None:
        self._turn, self._announce, self._open_stages = turn, announce, open_stages
        self._status = ""

    async def during(self, progress: Progress) -> None:
        """Takes or gives back the engine as this stage needs it. Call it before the run goes on."""
        status = "building" if progress.stage in self._open_stages else "measuring"
        if progress.stage == PAUSED:
            status = PAUSED
        if status == self._status:
            return
        if status == "measuring":
            await self._turn.acquire()
        elif self._status == "measuring":
            self._turn.release()
        self._status = status
        self._announce(status, progress.about)

    def end(self) -> None:
        """Lets calls in again."""
        if self._status == "measuring":
            self._turn.release()
        self._status = ""
