"""What a collection's settings were before they were changed in place, kept so that there is a way back.

$QTUI_HOME/before/KEY.json holds the last few settings of one vector of one collection, newest last. Imports no engine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from qtui.data.keeping import read_kept, write_kept
from qtui.errors import NotFound, UsageError, shown
from qtui.model import Change, CollectionView, Hnsw, Placement, VectorSpec

MOST = 20


@dataclass(frozen=True, slots=True)
class Before:
    """One vector's settings, and when they were changed to others."""

    collection: str
    where: str
    vector: VectorSpec
    indexing_threshold_kb: int | None
    changed: str
    """ISO 8601 UTC."""


def keep(home: Path, where: str, view: CollectionView, vector_name: str) -> None:
    """Keeps the settings as they are found, before they are changed. Raises AccessError where that can't be written."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    spec = view.vector(vector_name).spec
    found = Before(view.name, where, spec, view.spec.indexing_threshold_kb, now)
    _write(home, found, (*_read(home, where, view.name, vector_name), found)[-MOST:])


def last(home: Path, where: str, collection: str, vector_name: str) -> Before:
    """The settings before the last change. Raises NotFound when qtui made none, or forgot."""
    kept = _read(home, where, collection, vector_name)
    if not kept:
        raise NotFound(f"qtui keeps no earlier settings of {shown(collection)}: it has not changed them from here")
    return kept[-1]


def newest(home: Path, where: str, view: CollectionView) -> Before:
    """The settings before the last change of any of its vectors. Raises NotFound as `last` does."""
    found = [kept[-1] for each in view.vectors if (kept := _read(home, where, view.name, each.spec.name))]
    if not found:
        return last(home, where, view.name, "")
    return max(found, key=lambda before: before.changed)


def changed(home: Path, where: str) -> tuple[str, ...]:
    """Names of the collections there whose last change can be taken back, sorted."""
    kept = (read_kept(path, tuple[Before, ...]) or () for path in (home / "before").glob("*.json"))
    return tuple(sorted({each[-1].collection for each in kept if each and each[-1].where == where}))


def forget(home: Path, before: Before) -> None:
    """Drops the newest settings, once the way back was taken."""
    _write(home, before, _read(home, before.where, before.collection, before.vector.name)[:-1])


def way_back(before: Before, view: CollectionView) -> Change:
    """The change from the settings as they are to those. Raises UsageError when they are the same."""
    now, then = view.vector(before.vector.name).spec, before.vector
    threshold = before.indexing_threshold_kb
    same = now.quantization == then.quantization
    change = Change(
        quantization=None if same else then.quantization,
        drop_quantization=not same and then.quantization is None,
        hnsw=None if now.hnsw == then.hnsw else then.hnsw or Hnsw(),
        on_disk=None if now.on_disk == then.on_disk else bool(then.on_disk),
        placement=None if now.placement == then.placement else then.placement or _placed(then),
        indexing_threshold_kb=None if view.spec.indexing_threshold_kb == threshold else threshold,
    )
    if change == Change():
        raise UsageError(f"the settings of {shown(view.name)} are those of before {before.changed} already")
    return change


def _placed(spec: VectorSpec) -> Placement:
    return Placement.COLD if spec.on_disk else Placement.CACHED


def _path(home: Path, where: str, collection: str, vector_name: str) -> Path:
    key = hashlib.blake2b(msgspec.json.encode((where, collection, vector_name)), digest_size=12).hexdigest()
    return home / "before" / f"{key}.json"


def _read(home: Path, where: str, collection: str, vector_name: str) -> tuple[Before, ...]:
    return read_kept(_path(home, where, collection, vector_name), tuple[Before, ...]) or ()


def _write(home: Path, about: Before, kept: tuple[Before, ...]) -> None:
    write_kept(_path(home, about.where, about.collection, about.vector.name), kept or None)
