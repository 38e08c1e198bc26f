"""A text that is laid out anew only when it is another one: setting it with every key costs nothing."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class Said(Static):
    """One text, of which each line may be styled."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._said = Text()

    def say(self, text: Text) -> None:
        """Shows this."""
        if text != self._said:
            # Textual lays the whole screen out for an update, though it be the same text
            self._said = text
            self.update(text)
