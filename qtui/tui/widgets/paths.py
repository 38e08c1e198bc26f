"""Completing the path of a file while it is typed: the first folder or readable file that begins so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from textual.suggester import Suggester
from textual.widgets import Input

MOST_ENTRIES = 5_000
"""Entries of a folder that are looked at."""


class PathSuggester(Suggester):
    """Suggests folders, with a slash behind them, and files with one of these endings; `~` stays as typed."""

    def __init__(self, endings: tuple[str, ...]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._endings = endings

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path; None where nothing begins so."""
        return await asyncio.to_thread(completed, value, self._endings) if value.strip() else None


def completed(typed: str, endings: tuple[str, ...]) -> str | None:
    """`typed` with the first name in its folder that begins as it ends; None where there is none."""
    folder, slash, begun = typed.rpartition("/")
    if not slash:
        return "~/" if typed == "~" else _first("", Path.cwd(), begun, endings)
    try:
        return _first(f"{folder}/", Path(f"{folder}/").expanduser(), begun, endings)
    except RuntimeError:  # ~ of a user that there isn't
        return None


def _first(before: str, folder: Path, begun: str, endings: tuple[str, ...]) -> str | None:
    found = sorted(name for name in _names(folder, endings) if name.startswith(begun) and name != begun)
    shown = [name for name in found if begun or not name.startswith(".")]
    return f"{before}{shown[0]}" if shown else None


def _names(folder: Path, endings: tuple[str, ...]) -> Iterator[str]:
    """What can be typed and chosen; a name that can't be shown as it is isn't suggested."""
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MOST_ENTRIES):
                if entry.name.isprintable():
                    if entry.is_dir():
                        yield f"{entry.name}/"
                    elif entry.name.lower().endswith(endings):
                        yield entry.name
    except OSError:
        return


def path_input(endings: tuple[str, ...], *, id: str, placeholder: str = "") -> Input:  # noqa: A002 - textual's name
    """An input of one row that completes paths: → takes what is suggested."""
    return Input(placeholder=placeholder, id=id, compact=True, select_on_focus=False, suggester=PathSuggester(endings))
