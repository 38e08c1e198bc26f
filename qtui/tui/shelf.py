"""Which collections of a server are known, and which are read next. No widget, and asks nobody.

A list of ten thousand is not read through: a few hundred are, and beyond those what the user looks at.
"""

from __future__ import annotations

from collections.abc import Iterable

from qtui.model import UNREAD, CollectionView, unread

PAGE = 50
"""Collections that are asked for at once."""
UNASKED = 200
"""So many are read without being looked at."""
UNDER_WAY = frozenset({"yellow", "grey"})
"""Statuses that change without anybody's doing."""


class Shelf:
    """The collections of one server, as far as they have been read."""

    def __init__(self) -> None:
        self._views: dict[str, CollectionView] = {}
        self._whole: set[str] = set()
        """Names of those that were read in full, not only for the list."""
        self._wanted: dict[str, None] = {}

    def begin(self, names: Iterable[str]) -> None:
        """Everything is to be read again. What was known is shown until then, as far as it will be."""
        names = tuple(names)
        self._wanted = dict.fromkeys(name for name in names if name in self._whole)
        self._wanted |= dict.fromkeys(names[:UNASKED])
        self._whole = set()
        self._views = {name: self._views.get(name, unread(name)) for name in names}
        for name in names:
            if name not in self._wanted:
                self._views[name] = unread(name)

    def want(self, names: Iterable[str]) -> bool:
        """Has those of them read that are not known yet, before all others. Returns whether there are any."""
        new = [name for name in names if name in self._views and self._views[name].status == UNREAD]
        self._wanted = {**dict.fromkeys(new), **self._wanted}
        return bool(new)

    def next_page(self) -> tuple[str, ...]:
        """Names to read now; none when all that is wanted has been read."""
        return tuple(name for name, _ in zip(self._wanted, range(PAGE), strict=False))

    def put(self, page: Iterable[str], views: Iterable[CollectionView]) -> None:
        """What was read of a page; what is missing isn't there any more."""
        found = {view.name: view for view in views}
        for name in page:
            self._wanted.pop(name, None)
            if name not in found:
                self._views.pop(name, None)
            elif name not in self._whole:
                self._views[name] = found[name]

    def put_whole(self, view: CollectionView) -> None:
        """One that was read in full."""
        if view.name in self._views:
            self._views[view.name] = view
            self._whole.add(view.name)
            self._wanted.pop(view.name, None)

    def lacks(self, name: str | None) -> bool:
        """Whether this collection should be read in full: it wasn't yet, or is changing by itself."""
        view = self._views.get(name or "")
        return view is not None and (view.name not in self._whole or self.changes(name))

    def changes(self, name: str | None) -> bool:
        """Whether the server works on this collection."""
        view = self._views.get(name or "")
        return view is not None and _works_on(view)

    def has_begun(self, found: Iterable[CollectionView]) -> bool:
        """Whether the server works on one of these that it was not known to work on."""
        return any(_works_on(view) and not self.changes(view.name) for view in found)

    @property
    def views(self) -> tuple[CollectionView, ...]:
        """All of them, by name."""
        return tuple(self._views.values())


def _works_on(view: CollectionView) -> bool:
    return view.status in UNDER_WAY or (view.served is not None and bool(view.served.rebuilds))
