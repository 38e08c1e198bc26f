"""The input of a target recall: typed as a share or in per cent, or stepped with the arrows."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

TYPED = r"[0-9.,]{0,6}"


class TargetInput(Input):
    """A target recall; its panel steps it."""

    class Stepped(Message):
        """One step up or down."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(1)", show=False),
        Binding("down", "step(-1)", show=False),
    ]

    def __init__(self, target: float, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(written(target), id=id, compact=True, restrict=TYPED)

    def action_step(self, by: int) -> None:
        """Tells the panel."""
        self.post_message(self.Stepped(by))

    def show(self, target: float) -> None:
        """Writes a target that was not typed here."""
        with self.prevent(Input.Changed):
            self.value = written(target)


def written(target: float) -> str:
    """As it stands in the input: two digits, more where they differ from 0."""
    return f"{target:.2f}" if round(target, 2) == target else f"{target:.4g}"


def parsed(text: str) -> float | None:
    """A target recall: '0.95', '.95', '0,95' or '95'; None for anything else."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    value = value / 100 if 1 < value <= 100 else value
    return value if 0 < value <= 1 else None
