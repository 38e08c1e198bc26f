"""One query at a time, the columns that it is asked of, and what they found. Standard library only; knows no screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from qtui.embedders import EmbedderChoice, Modality, SearchedVector
from qtui.errors import DataError, QtuiError, UsageError, shown
from qtui.filters import Filter
from qtui.model import CollectionView, Page, PointId, QueryVector
from qtui.searching import asked, columns
from qtui.searching.ask import Asker, Searching, Target, misfit, point_target, searched
from qtui.searching.columns import Column, Place
from qtui.searching.compare import Outcome
from qtui.searching.fields import fields

FIELDS_FROM = 50
"""Points whose payloads are looked at for names of fields."""
FIRST_ASK_POINTS = 1_000_000
"""Collections up to this size are asked something before the user asks."""
GONE = "there is no such collection or vector any more; choose another"


def no_model(collection: str) -> str:
    """What is said where a text or an image is asked of a collection that remembers no model."""
    return (
        f"{shown(collection)} doesn't know which model made its vectors, so it can't be searched by text or image; "
        "ask by a point's id, a vector or a file of vectors"
    )


def _absolute(path: str) -> str:
    """A path that means the same to the process of the models."""
    return str(Path(path).expanduser().absolute())


class Source(Searching, Protocol):
    """What a session needs of the engine room."""

    async def scroll(self, name: str, *, limit: int = 100, offset: PointId | None = None) -> Page:
        """A page of points with their payloads."""
        ...

    async def titled_queries(self, name: str) -> tuple[QueryVector, ...]:
        """The sample's queries that have titles."""
        ...

    async def vector_from(self, path: str, row: int = 0) -> QueryVector:
        """One row of a file of vectors."""
        ...

    async def embed_query(
        self, choice: EmbedderChoice, searched: SearchedVector | None = None, *, text: str = "", image: str = ""
    ) -> QueryVector:
        """A text, or the image of a path, as a query."""
        ...


@dataclass(frozen=True, slots=True)
class Learned:
    """What can be asked of a collection."""

    titles: tuple[str, ...]
    fields: tuple[str, ...]
    """Names of payload fields."""
    first: str
    """A query to begin with; '' for a collection that is empty or too large."""


class Session:
    """Up to four columns, the query that was asked last, and the outcomes so far."""

    def __init__(self, room: Source, how_to_name: str = "") -> None:
        """`how_to_name`: what to say of naming a model where none is known."""
        self._room = room
        self.how_to_name = how_to_name
        self.asker = Asker(room)
        self.views: tuple[CollectionView, ...] = ()
        self.columns: tuple[Column, ...] = ()
        self.outcomes: dict[Column, Outcome] = {}
        self.target: Target | None = None
        self._titled: dict[str, Any] = {}
        self._models: dict[str, EmbedderChoice] = {}
        """By collection, the model that was named here for its texts and images."""

    # --- columns --------------------------------------------------------------------------------------------------

    def fitting(self, views: tuple[CollectionView, ...], wished: Sequence[Column], limit: int) -> tuple[Column, ...]:
        """The columns to show now that the store was read: those that are left, else `wished`, else the default set."""
        before = {column: self.place(column) for column in self.outcomes}
        self.views, names = views, [view.name for view in views]
        target = self.target
        if views and target is not None and target.point is not None and not any(map(target.is_itself_in, names)):
            # none of these holds that point: to them it is a vector like any other
            self.target = replace(target, title=f"{target.title} of {shown(target.home)}", point=None)
        # what a collection found when it was built otherwise is no answer of it any more
        self.outcomes = {each: found for each, found in self.outcomes.items() if self.place(each) == before[each]}
        kept = tuple(column for column in self.columns if self.place(column) is not None)
        if kept and kept[0] == self.columns[0]:
            return kept
        if not self.columns and wished and all(self.place(column) is not None for column in wished):
            return tuple(wished)
        return columns.defaults(views, limit=limit)

    def show(self, wanted: tuple[Column, ...]) -> None:
        """Goes on with these columns; what is known of them stays."""
        self.columns = wanted
        self.outcomes = {column: self.outcomes[column] for column in wanted if column in self.outcomes}

    def place(self, column: Column) -> Place | None:
        """What is known of a column's collection; None when it isn't there."""
        view = self._view(column)
        return None if view is None else columns.place(view, column.using)

    def _view(self, column: Column) -> CollectionView | None:
        return next((view for view in self.views if view.name == column.collection), None)

    def ranks(self, point: PointId) -> Iterator[tuple[int, Column, int]]:
        """Where the columns have a point: the column's number, the column, the rank, both from 1."""
        for at, column in enumerate(self.columns, 1):
            ids = self.outcomes.get(column, Outcome()).ids
            if point in ids:
                yield at, column, ids.index(point) + 1

    # --- asking ---------------------------------------------------------------------------------------------------

    async def learn(self, name: str) -> Learned:
        """Reads what can be asked of a collection. Raises what the engine raises."""
        titled = await self._room.titled_queries(name)
        try:
            page = await self._room.scroll(name, limit=FIELDS_FROM)
        except DataError:  # payloads too large to be handed over: nothing is completed
            page = Page((), None)
        self._titled = {each.title: each.values for each in titled}
        size = next((view.points for view in self.views if view.name == name), 0)
        first = titled[0].title if titled else str(page.points[0].id) if page.points else ""
        return Learned(
            tuple(self._titled),
            fields(point.payload for point in page.points),
            first if page.points and size <= FIRST_ASK_POINTS else "",
        )

    async def resolve(self, text: str) -> None:
        """Makes the text the query. Raises a QtuiError, and then leaves everything as it was."""
        view = self._view(self.columns[0])
        target = await self._target(asked.read(text, tuple(self._titled), self._modalities(view)))
        why = self._misfit(target, self.columns[0])
        if why is not None:
            raise UsageError(why)
        self.target, self.outcomes = target, {}

    def model_of(self, collection: str) -> EmbedderChoice | None:
        """What embeds texts and images that are asked of a collection: what was named here, else what it remembers."""
        view = next((view for view in self.views if view.name == collection), None)
        remembered = None if view is None or view.embedder is None else view.embedder.choice
        return self._models.get(collection, remembered)

    def name_model(self, collection: str, choice: EmbedderChoice | None) -> None:
        """Has texts and images be embedded so from now on; None: as the collection remembers."""
        self._models.pop(collection, None)
        if choice is not None:
            self._models[collection] = choice

    def _modalities(self, view: CollectionView | None) -> tuple[str, ...]:
        if view is None:
            return ()
        if view.name in self._models:  # which knows itself what it takes, once it is asked
            return tuple(Modality)
        return () if view.embedder is None else view.embedder.modalities

    def suits(self, column: Column) -> bool:
        """Whether what was asked last, if anything was, can be asked of this column."""
        return self.target is None or self._misfit(self.target, column) is None

    def _misfit(self, target: Target, column: Column) -> str | None:
        view = self._view(column)
        return GONE if view is None or self.place(column) is None else misfit(target, view, column.using)

    @property
    def about(self) -> str:
        """What was asked last, in words; of a point that no column holds, whose it is."""
        target = self.target
        if target is None:
            return ""
        if target.point is None or any(target.is_itself_in(column.collection) for column in self.columns):
            return target.about
        return f"{target.title} of {shown(target.home)}"

    async def _target(self, query: asked.Asked) -> Target:
        first = self.columns[0]
        match query:
            case asked.ByTitle(title):
                if title not in self._titled:
                    raise UsageError("that query came with another collection; choose from the list under the box")
                return Target(self._titled[title], title)
            case asked.ByPoint(point):
                return await point_target(self._room, first.collection, point, first.using)
            case asked.ByVector(values):
                return Target(values, "the typed vector")
            case asked.ByFile(path, row):
                found = await self._room.vector_from(path, row)
                return Target(found.values, found.title)
            case asked.ByText(text):
                return await self._embedded(first, text=text)
            case asked.ByImage(path):
                return await self._embedded(first, image=_absolute(path))

    async def _embedded(self, column: Column, *, text: str = "", image: str = "") -> Target:
        view = self._view(column)
        if view is None:
            raise UsageError(GONE)
        choice = self.model_of(view.name)
        if choice is None:
            raise UsageError(no_model(view.name) + self.how_to_name)
        found = await self._room.embed_query(choice, searched(view, column.using), text=text, image=image)
        return Target(found.values, found.title, embedder=view.embedder)

    async def ask(self, filter_: Filter | None, tell: Callable[[], None]) -> bool:
        """Asks the columns that have no outcome yet, from left to right; tells after each.

        False when the engine's process ended before all had answered.
        """
        target = self.target
        for column in self.columns if target is not None else ():
            if column in self.outcomes:
                continue
            assert target is not None
            found = self.outcomes[column] = await self._outcome(column, target, filter_)
            tell()
            if found.gone:
                return False
        return True

    async def _outcome(self, column: Column, target: Target, filter_: Filter | None) -> Outcome:
        why, place = self._misfit(target, column), self.place(column)
        if why is not None or place is None:
            return Outcome(error=why or GONE)
        return await self.asker.outcome(column, place, target, filter_)

    async def following(self) -> str | None:
        """The next titled query after the last one, or the point after the last one; None where there is none."""
        target, titles = self.target, tuple(self._titled)
        if target is not None and target.point is not None:
            try:
                page = await self._room.scroll(target.home, limit=2, offset=target.point)
            except QtuiError:
                return None
            return str(page.points[-1].id) if page.points else None
        if target is None or not titles:
            return titles[0] if titles else None
        at = titles.index(target.title) if target.title in titles else -1
        return titles[(at + 1) % len(titles)]
