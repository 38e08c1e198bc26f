"""Finding documents: files, folders and patterns made into a list that has the same order every time.

Standard library only; of a file nothing is read.
"""

from __future__ import annotations

import glob
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from qtui.embedders import DOCUMENTS, IMAGES, PAGES, Modality
from qtui.errors import AccessError, NotFound, UsageError, shown
from qtui.loads import DocumentsSpec, SourceSpec
from qtui.searching.asked import SUFFIXES as VECTORS

METADATA = ("metadata.jsonl", "metadata.json", "metadata.csv")
"""Tell of the other files of their folder, and are no documents."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file that holds a document or several."""

    path: Path
    """Absolute."""
    name: str
    """As messages and payloads call it: inside what was given."""
    size: int
    modified_ns: int

    @property
    def suffix(self) -> str:
        """In lower case."""
        return self.path.suffix.lower()

    def embedded_as(self, modalities: tuple[Modality, ...]) -> Modality | None:
        """What a model that takes `modalities` makes of it: the pages of a PDF are images, or else their texts."""
        if self.suffix in (*IMAGES, *PAGES) and Modality.IMAGE in modalities:
            return Modality.IMAGE
        return Modality.TEXT if self.suffix not in IMAGES and Modality.TEXT in modalities else None


def find(paths: tuple[str, ...], patience_s: float = math.inf) -> tuple[Found, ...]:
    """All files that hold documents, each once: folders in the order of their names, the rest as it was given.

    Raises NotFound, AccessError, and UsageError for what is no document, where there is none, or when looking takes
    longer than `patience_s`.
    """
    files: dict[Path, str] = {}
    until = time.monotonic() + patience_s
    for path in paths:
        for file, name in _expanded(path, until):
            files.setdefault(file, name)
    found = tuple(each for each in (_looked_at(path, name) for path, name in files.items()) if each is not None)
    if not found:
        raise UsageError(f"no documents in {_named(paths)}; documents are {', '.join(DOCUMENTS)}")
    return found


def anywhere(source: SourceSpec) -> SourceSpec:
    """The same source with paths that mean the same in every working folder."""
    documents = None if source.documents is None else _documents_anywhere(source.documents)
    return replace(source, path=from_root(source.path), payload=from_root(source.payload), documents=documents)


def from_root(path: str | None) -> str | None:
    """The path from the root on; None for none."""
    return None if path is None else str(Path(path).absolute())


def _documents_anywhere(documents: DocumentsSpec) -> DocumentsSpec:
    folder = documents.embedder.path
    chosen = replace(documents.embedder, path=None if folder is None else str(Path(folder).expanduser().absolute()))
    paths = tuple(str(Path(path).expanduser().absolute()) for path in documents.paths)
    return replace(documents, paths=paths, embedder=chosen)


def are_documents(path: str) -> bool:
    """Whether these are documents that a model embeds, rather than a file of vectors."""
    place = Path(path).expanduser()
    if place.suffix.lower() in VECTORS:  # [ and * are letters of a file's name as well as of a pattern
        return place.is_dir()
    return place.suffix.lower() in DOCUMENTS or place.is_dir() or (glob.has_magic(path) and not place.is_file())


def summary(found: tuple[Found, ...]) -> str:
    """How many files of which kind: '3 .jpg, 1 .png'."""
    return ", ".join(f"{count} {suffix}" for suffix, count in Counter(each.suffix for each in found).most_common())


def _expanded(given: str, until: float) -> Iterator[tuple[Path, str]]:
    path = Path(given).expanduser()
    if "\0" in given:
        raise UsageError(f"{shown(given)} is no path; give files, folders or patterns")
    if path.is_dir():
        yield from _inside(path, until)
    elif path.exists():
        if path.suffix.lower() not in DOCUMENTS:
            raise UsageError(f"{shown(given)} is no document that can be embedded; those are {', '.join(DOCUMENTS)}")
        yield path.absolute(), path.name
    elif glob.has_magic(given):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not matches:
            raise NotFound(f"nothing matches {shown(given)}; check the pattern")
        for match in matches:
            if Path(match).is_dir():
                yield from _inside(Path(match), until)
            elif _is_document(Path(match)):
                yield Path(match).absolute(), Path(match).name
    else:
        raise NotFound(f"no file or folder {shown(given)}; check its name")


def _inside(folder: Path, until: float) -> Iterator[tuple[Path, str]]:
    def refuse(error: OSError) -> None:
        raise AccessError(f"not allowed to read the folder {shown(error.filename)}; change its permissions") from error

    for here, folders, names in os.walk(folder, onerror=refuse):
        if time.monotonic() > until:
            raise UsageError(f"looking through {shown(folder)} takes long: choose a folder further down")
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if _is_document(path):
                yield path.absolute(), str(path.relative_to(folder))


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in DOCUMENTS and not path.name.startswith(".") and path.name.lower() not in METADATA


def _looked_at(path: Path, name: str) -> Found | None:
    try:
        status = path.stat()
    except OSError:  # a link that leads nowhere, or a file that has just gone
        return None
    return Found(path, name, status.st_size, status.st_mtime_ns) if path.is_file() else None


def _named(paths: tuple[str, ...]) -> str:
    return ", ".join(shown(path) for path in paths[:3]) + (" …" if len(paths) > 3 else "")
