"""Completing the path of a file while it is typed: the first folder or readable file that begins so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from textual.suggester import Suggester
from textual.widgets import Input

from qtui.tui.text import clean

MOST_ENTRIES = 5_000
"""Entries of a folder that are looked at."""


class PathSuggester(Suggester):
    """Suggests folders, with a slash behind them, and files with one of these endings; `~` stays as typed."""

    def __init__(self, endings: tuple[str, ...], *, several: bool = False, rooted: bool = False) -> None:
        """Of `several` with ; between them the last is completed.

        Where other things than paths are typed, too, only what is `rooted` is one: it begins with /, ~ or a dot.
        """
        super().__init__(use_cache=False, case_sensitive=True)
        self._endings = endings
        self._several, self._rooted = several, rooted

    async def get_suggestion(self, value: str) -> str | None:
        """All that was typed with the path whole; None where nothing begins so."""
        typed = value[value.rfind(";") + 1 :].lstrip() if self._several else value
        if not typed.strip() or (self._rooted and not typed.startswith(("/", "~", "./", "../"))):
            return None
        found = await asyncio.to_thread(completed, typed, self._endings)
        return found and value[: len(value) - len(typed)] + found


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


def path_input(
    endings: tuple[str, ...],
    value: str = "",
    *,
    id: str,  # noqa: A002 - textual's name
    placeholder: str = "",
    several: bool = False,
) -> Input:
    """An input of one row that completes paths: → takes what is suggested, Tab goes on as everywhere."""
    suggester = PathSuggester(endings, several=several)
    return Input(clean(value), placeholder=placeholder, id=id, compact=True, select_on_focus=False, suggester=suggester)
