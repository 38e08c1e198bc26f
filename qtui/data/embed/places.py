"""Where the files of models are: the caches on this machine, and whether one holds all that a model needs.

Standard library only: nothing is loaded and no network is asked.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from qtui import config


def download_dir() -> Path:
    """Where models are downloaded to: $FASTEMBED_CACHE_PATH, else a folder of ours that outlives a restart."""
    chosen = os.environ.get("FASTEMBED_CACHE_PATH")
    return Path(chosen).expanduser() if chosen else config.home() / "models"


def cache_dirs() -> tuple[Path, ...]:
    """Where models may be, best first: ours, fastembed's own default, and the cache that other tools share."""
    home = os.environ.get("HF_HOME") or str(Path.home() / ".cache" / "huggingface")
    shared = os.environ.get("HF_HUB_CACHE") or str(Path(home) / "hub")
    return (download_dir(), Path(tempfile.gettempdir()) / "fastembed_cache", Path(shared).expanduser())


def repository_dir(cache: Path, repository: str) -> Path:
    """The folder that a cache has for a repository, there or not."""
    return cache / f"models--{repository.replace('/', '--')}"


def cached(repository: str, files: Iterable[str]) -> tuple[Path, Path] | None:
    """The cache that holds every one of a repository's `files`, and the folder where they are; None when none does."""
    needed = tuple(files)
    for cache in cache_dirs():
        for snapshot in _snapshots(repository_dir(cache, repository)):
            if all(_is_whole(snapshot / name) for name in needed):
                return cache, snapshot
    return None


def repositories() -> tuple[str, ...]:
    """Names of all repositories that a cache which we may read has a revision of, whole or not."""
    found = set()
    for cache in cache_dirs():
        with suppress(OSError):
            for path in cache.glob("models--*"):
                if _snapshots(path):
                    found.add(path.name.removeprefix("models--").replace("--", "/", 1))
    return tuple(sorted(found))


def _snapshots(repository: Path) -> list[Path]:
    """Revisions in a cache, the one that `main` names first."""
    try:
        found = sorted(path for path in (repository / "snapshots").iterdir() if path.is_dir())
    except OSError:
        return []
    try:
        main = (repository / "refs" / "main").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return found
    return sorted(found, key=lambda path: path.name != main)


def _is_whole(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
