"""What workers tell the widgets that own them: messages with frozen contents, handled in the app's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:  # the first frame is painted before any of these is there
    from qtui.demos import Demo
    from qtui.events import Event
    from qtui.model import CollectionView


class CollectionsRead(Message):
    """The store was read: every collection as it is found; `first` for the first time after the start."""

    def __init__(self, views: tuple[CollectionView, ...], *, first: bool = False) -> None:
        super().__init__()
        self.views = views
        self.first = first


class LookedAt(Message):
    """These collections are in view, and one of them is highlighted."""

    def __init__(self, names: tuple[str, ...], highlighted: str | None) -> None:
        super().__init__()
        self.names = names
        self.highlighted = highlighted


class CollectionsWanted(Message):
    """Something may have changed in the store: read it again."""


class DemoWanted(Message):
    """The user wants this demo built, and opened where it has something to open."""

    def __init__(self, demo: Demo) -> None:
        super().__init__()
        self.demo = demo


class Happened(Message):
    """One event of the operation that its sender runs."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class Ended(Message):
    """The operation of its sender is over: finished, cancelled, or failed with a line that says why."""

    def __init__(self, *, cancelled: bool = False, error: str | None = None, told: bool = False) -> None:
        """`told`: the app has told of the error already."""
        super().__init__()
        self.cancelled = cancelled
        self.error = error
        self.told = told


class LookInto(Message):
    """The user wants to search this collection."""

    def __init__(self, collection: str) -> None:
        super().__init__()
        self.collection = collection


class Measure(Message):
    """The user wants to measure this collection, or to try methods on a part of it elsewhere, or on copies there."""

    def __init__(self, collection: str, kind: str = "collection") -> None:
        """`kind` as the plan calls it: collection, part or copies."""
        super().__init__()
        self.collection = collection
        self.kind = kind


class AdviseOn(Message):
    """The user wants advice by this run."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class Aimed(Message):
    """A run is tuned for this recall: advice is wanted for the same."""

    def __init__(self, target: float) -> None:
        super().__init__()
        self.target = target


class GoOn(Message):
    """The user wants this run, which was interrupted, to be measured to its end."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class Copied(Message):
    """The user wants this text in the clipboard."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what


class PlanEdited(Message):
    """A control of the plan has another value."""


class Remember(Message):
    """What is to be as it is now when the app is started again; `value` is what JSON can hold."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__()
        self.name = name
        self.value = value
