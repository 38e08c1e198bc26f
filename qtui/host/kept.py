"""What is kept of one store or server beside its collections: loads that aren't whole, which settings were
changed, and what its process removed at its start.

Small files only: answered at once, whoever has the engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtui.data import before
from qtui.data.unfinished import UnfinishedLoads
from qtui.host import requests
from qtui.host.serve import Answering
from qtui.loads import LoadRequest


class Kept:
    """Answers for one place: the folder of the store, or the server's address."""

    def __init__(self, home: Path, where: str) -> None:
        self._home, self._where = home, where
        self.loads = UnfinishedLoads(home, where)
        self.tidied = ""
        """What was removed at the start; '' once that was told."""

    @property
    def answers(self) -> dict[type[requests.Request[Any]], Answering]:
        """By what is asked."""
        return {
            requests.UnfinishedLoads: self._unfinished_loads,
            requests.GiveUp: self._give_up,
            requests.Changed: self._changed,
            requests.Tidied: self._tidied,
        }

    async def _unfinished_loads(self, _: requests.UnfinishedLoads) -> tuple[LoadRequest, ...]:
        return self.loads.loads()

    async def _give_up(self, _: requests.GiveUp) -> None:
        self.loads.forget()

    async def _changed(self, _: requests.Changed) -> tuple[str, ...]:
        return before.changed(self._home, self._where)

    async def _tidied(self, _: requests.Tidied) -> str:
        told, self.tidied = self.tidied, ""
        return told
