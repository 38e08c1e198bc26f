"""What the user has configured, and what the app remembers from one start to the next. Standard library only.

`config.toml` is the user's: it is read, never written; its profiles are the matter of qtui.profiles, its prices of
qtui.prices. `state.json` is
ours: whatever is damaged in it counts as not remembered, and it is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from qtui.errors import shown

T = TypeVar("T")
LARGEST = 1_000_000
"""Bytes of a file that are read; no real one comes near."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What `config.toml` says."""

    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command id → key names, comma-separated."""
    problems: tuple[str, ...] = ()
    """What of it is ignored, and why, a line each."""


def read_preferences(path: Path) -> Preferences:
    """The user's preferences; the defaults where there is none; what is wrong in it is left out, and told."""
    try:
        text = text_of(path)
        if text is None:
            return Preferences()
        import tomllib  # where it isn't needed, the first frame needn't wait for it

        return _preferences(tomllib.loads(text), path.name)
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        return Preferences(problems=(f"{path.name} is ignored: {why or type(error).__name__}",))


def text_of(path: Path) -> str | None:
    """The text of a file; None where there is none. Raises OSError, and ValueError for what can't be a text of ours."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(raw) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    return raw.decode()


def _preferences(found: dict[str, Any], name: str) -> Preferences:
    problems = [
        f"{name}: {shown(key)} is ignored: it takes theme, [keys], [profiles.NAME] and [cost]"
        for key in found
        if key not in {"theme", "keys", "profiles", "cost"}
    ]
    theme, keys = found.get("theme"), found.get("keys", {})
    if not isinstance(theme, str | None):
        problems.append(f"{name}: theme is ignored: it must be a name in quotes")
        theme = None
    if not isinstance(keys, dict):
        problems.append(f'{name}: keys is ignored: it must be a table of command id = "key"')
        keys = {}
    right = {command: key.replace(" ", "") for command, key in keys.items() if _is_key(key)}
    problems += [
        f'{name}: {shown(command)} is ignored: it must be a key in quotes, such as "ctrl+f"'
        for command in keys
        if command not in right
    ]
    return Preferences(theme, right, tuple(problems))


def _is_key(value: object) -> bool:
    return isinstance(value, str) and all(part.strip() for part in value.split(","))


class Memory:
    """Small values by name, as JSON in one file; without a file they last as long as the app."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values = {} if path is None else _remembered(path)
        self.changed = False
        """Whether something has not been saved yet."""

    def get(self, name: str, kind: type[T]) -> T | None:
        """What is remembered under a name; None where there is nothing, or something of another kind."""
        value = self._values.get(name)
        return value if isinstance(value, kind) else None

    def keep(self, name: str, value: object) -> None:
        """Remembers a value that JSON can hold."""
        if name not in self._values or self._values[name] != value:
            self._values[name] = value
            self.changed = True

    def save(self) -> None:
        """Writes the file anew, for this user alone; a disk that is full or read-only costs the memory, no more."""
        if self._path is None or not self.changed:
            return
        self.changed = False
        import json
        import tempfile

        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(self._values, file, indent=1)
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise


def _remembered(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        text = text_of(path)
        if text is None:
            return {}
        import json  # where nothing is remembered, the first frame needn't wait for it

        found = json.loads(text or "{}")
        if isinstance(found, dict):
            return found
    return {}
