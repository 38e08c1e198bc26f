"""What a test server does wrong, is too old for, or refuses; switched while it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.server.http import Request


@dataclass(slots=True)
class Faults:
    """Counts say how many of the next matching requests are hit; `only` is searched for in 'METHOD path'."""

    only: str = ""
    latency_s: float = 0.0
    drop: int = 0
    """Connections that end without an answer."""
    cut: int = 0
    """Answers of which half is sent."""
    limit: int = 0
    """Answers 429."""
    retry_after: str | None = "1"
    fail: int = 0
    """Answers with `status`."""
    status: int = 500
    garbage: int = 0
    """Answers that are no JSON of Qdrant's."""
    no_time: int = 0
    """Answers without the server's time."""
    version: str = "1.20.0"
    collection_status: str | None = None
    """green, yellow, grey or red, whatever the truth is."""
    strict: dict[str, Any] | None = None
    """Strict mode of every collection."""
    keys: dict[str, Any] = field(default_factory=dict)
    """Key → "m", "r", or {collection: "r" | "rw"}. Without keys everybody may do everything."""
    nudged: bool = False
    """Whether a collection in grey was woken by an update."""

    def hits(self, request: Request) -> bool:
        return re.search(self.only, f"{request.method} {request.path}") is not None

    def take(self, count: str, request: Request) -> bool:
        """Whether this request is one of the next to be hit; it is counted off then."""
        if getattr(self, count) and self.hits(request):
            setattr(self, count, getattr(self, count) - 1)
            return True
        return False

    def since(self, minor: int) -> bool:
        """Whether the version that is played is 1.`minor` or newer."""
        return int(self.version.split(".")[1]) >= minor
