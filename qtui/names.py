"""What may name a collection or a vector, and the folder of a collection. Standard library only.

A collection is a folder, and a store may move between systems: so the rules are the strictest of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from qtui.errors import UsageError, shown

LONGEST_FOLDER = 200
VARIANT = "__qtui__"
"""Between a collection's name and a method: a copy that qtui made on a server."""
_FORBIDDEN = frozenset('<>:"/\\|?*')
_LONGEST_VECTOR_NAME = 100
"""In bytes of UTF-8."""


def check_name(name: str) -> None:
    """Raises UsageError for a collection name that can't be a folder on every system, or can't be shown."""
    bad = next((c for c in name if c in _FORBIDDEN or not c.isprintable()), None)
    if not name or name != name.strip() or bad is not None or name in (".", ".."):
        raise UsageError(f"{shown(name)} can't name a collection: use letters, digits, spaces, '-', '_' and '.'")
    if len(folder_name(name)) > LONGEST_FOLDER:
        raise UsageError(f"the name {shown(name, 40)} is too long: use at most {LONGEST_FOLDER} letters")


def check_vector_name(name: str) -> None:
    """Raises UsageError for a name that a vector can't have; '' is the unnamed vector's."""
    plain = name.isprintable() and not set(name) & set("/\\\0") and name not in (".", "..")
    if not plain or len(name.encode(errors="replace")) > _LONGEST_VECTOR_NAME:
        raise UsageError(
            f"{shown(name)} can't name a vector: use at most {_LONGEST_VECTOR_NAME} letters, without / and \\"
        )


def listed(vectors: Iterable[str]) -> str:
    """Names of a collection's vectors, to choose from."""
    return ", ".join(shown(name) if name else "one without a name" for name in vectors)


def folder_name(name: str) -> str:
    """The folder of a collection: its name, percent-encoded where a file system might object."""
    plain = quote(name, safe=" -_", errors="surrogatepass")
    # A leading dot hides a folder, a trailing one is dropped by Windows.
    return f"%2E{plain[1:]}" if plain.startswith(".") else f"{plain[:-1]}%2E" if plain.endswith(".") else plain


def file_stem(name: str) -> str:
    """A short name for a file or a temporary collection, made of what every system allows."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "vectors"


def variant_name(name: str, method: str) -> str:
    """What a copy of a server's collection is called that qtui makes to try a method on."""
    return f"{name}{VARIANT}{method}"


def variant_of(name: str) -> tuple[str, str] | None:
    """The collection and the method that such a name says; None for any other name."""
    base, found, method = name.rpartition(VARIANT)
    return (base, method) if found and base else None
