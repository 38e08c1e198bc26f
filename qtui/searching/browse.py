"""Walking through a collection page by page, in id order, without ever holding more than a page. Standard library only.

The engine scrolls forwards only; the page before one is found by its ids.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from qtui.errors import UsageError, shown
from qtui.model import Page, PointId

PAGE = 50
"""Points a page: with a megabyte of payload each they still fit into one message of the engine's process."""
LARGEST_ID = 2**64 - 1
_DOUBLINGS = 64
"""Enough for a gap as wide as ids can be."""
Scroll = Callable[[PointId | None], Awaitable[Page]]
"""The page of at most PAGE points that starts at an id, or at the first point."""


def point_id(text: str) -> PointId:
    """An id as it is typed: a whole number, or a UUID. Raises UsageError."""
    word = text.strip()
    if word.isascii() and word.isdigit() and int(word[:30]) <= LARGEST_ID:
        return int(word)
    try:
        return str(UUID(word))
    except ValueError:
        raise UsageError(f"{shown(word, 40)} is no point id: type a whole number or a UUID") from None


async def before(scroll: Scroll, first: PointId) -> tuple[PointId | None, Page]:
    """The page that ends just before the point `first`, and where it starts; the first page where that can't be told.

    Ids may have gaps: the span that is looked at is doubled until it holds a point. A span with more points than a
    page would skip some, and points with UUIDs have no numbers to count back by: both lead to the first page.
    """
    span = PAGE
    for _ in range(_DOUBLINGS if isinstance(first, int) else 0):
        assert isinstance(first, int)
        start = max(0, first - span)
        page = await scroll(start)
        kept = tuple(point for point in page.points if isinstance(point.id, int) and point.id < first)
        if kept and (len(kept) < len(page.points) or page.next_offset == first):
            return start, Page(kept, first)
        if kept or start == 0:
            break
        span *= 2
    return None, await scroll(None)
