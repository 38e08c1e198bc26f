"""The loads that were asked for on one store or server, kept until all of them are done or given up.

A collection that was begun remembers its own job; what was not begun yet is known here alone, so that neither a closed
terminal nor a crash forgets it. $QTUI_HOME/unfinished/KEY.json; imports no engine.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path

from qtui.data.documents.finding import anywhere
from qtui.data.keeping import read_kept, write_kept
from qtui.errors import AccessError
from qtui.loads import LoadRequest

Loads = tuple[LoadRequest, ...]


class UnfinishedLoads:
    """What was asked for last, and isn't whole."""

    def __init__(self, home: Path, where: str) -> None:
        """`where` is the folder of the store, or the server's address."""
        key = hashlib.blake2b(where.encode(), digest_size=12).hexdigest()
        self._path = home / "unfinished" / f"{key}.json"

    def keep(self, loads: Loads) -> None:
        """Keeps them in the place of what was kept before; where that can't be written, they load all the same."""
        lasting = tuple(replace(load, source=anywhere(load.source)) for load in loads)
        with contextlib.suppress(AccessError):
            write_kept(self._path, lasting)

    def loads(self) -> Loads:
        """What is kept; () for nothing, or nothing that can be read."""
        return read_kept(self._path, Loads) or ()

    def forget(self) -> None:
        """They are done, or nobody wants them any more."""
        with contextlib.suppress(AccessError):
            write_kept(self._path, None)
