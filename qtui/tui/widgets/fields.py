"""The completion of payload fields where a filter is typed."""

from __future__ import annotations

from textual.suggester import Suggester

from qtui.searching.fields import completed


class FieldSuggester(Suggester):
    """Completes names of payload fields in a filter."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.fields: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """The filter with the field's name whole."""
        return completed(value, self.fields)
