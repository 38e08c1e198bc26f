"""Embeddings that were made already, by what was embedded and by which model: one SQLite file a model.

    $QTUI_HOME/cache/embeddings/IDENTITY.sqlite

What is written is there after a kill, and two processes may write at once. Beside the embeddings lie the *sets*: which
of them, in which order and with which payloads, are the documents of a source. No model is imported.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from qtui import config
from qtui.data.embed.base import Vector
from qtui.embedders import EmbedderSpec
from qtui.errors import GOES_ON, AccessError, DataError, DiskFull, QtuiError, StoreInUse, shown
from qtui.model import Payload

_SCHEMA = """
CREATE TABLE IF NOT EXISTS embeddings(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, half INTEGER, data BLOB);
CREATE TABLE IF NOT EXISTS sets(
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, source TEXT NOT NULL, name TEXT, rows INTEGER, vectors INTEGER,
    fingerprint TEXT);
CREATE TABLE IF NOT EXISTS rows(
    "set" INTEGER, row INTEGER, embedding INTEGER, payload BLOB, PRIMARY KEY("set", row)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cut(embedding INTEGER PRIMARY KEY, window INTEGER NOT NULL);
"""
_PATIENCE_S = 30.0
_ASKED_AT_ONCE = 500
_LOOKED_AT = 64


@dataclass(frozen=True, slots=True)
class KnownSet:
    """The documents of a source, embedded."""

    id: int
    name: str
    rows: int
    vectors: int
    """Tokens of all rows, where the model makes multivectors."""
    fingerprint: str
    """A hash of the documents and their payloads, in their order."""


class EmbeddingCache:
    """The embeddings of one model. A context manager; for one thread at a time."""

    def __init__(self, spec: EmbedderSpec, *, make: bool = True) -> None:
        """Opens the file, which is made when it isn't there. Raises AccessError, DataError, DiskFull."""
        self._spec = spec
        self.path = path_of(spec)
        config.private_dir(self.path.parent)
        with self._errors():
            self._db = sqlite3.connect(self.path, timeout=_PATIENCE_S, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                if make:
                    self._db.executescript(_SCHEMA)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    # --- embeddings -----------------------------------------------------------------------------------------------

    def ids(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """Of these keys those that are embedded, with the number of each embedding."""
        found: dict[bytes, int] = {}
        with self._errors():
            for at in range(0, len(keys), _ASKED_AT_ONCE):
                some = keys[at : at + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                found.update(self._db.execute(f"SELECT key, id FROM embeddings WHERE key IN ({marks})", some))  # noqa: S608 - question marks
        return found

    def put(self, embedded: Sequence[tuple[bytes, Vector]]) -> dict[bytes, int]:
        """Keeps embeddings; when it returns they survive a kill. Returns the number of each."""
        rows = []
        for key, vector in embedded:
            half = _half(vector)
            rows.append((key, half is not None, (vector if half is None else half).tobytes()))
        with self._errors(), self._db:
            self._db.executemany("INSERT OR IGNORE INTO embeddings(key, half, data) VALUES(?, ?, ?)", rows)
        return self.ids([key for key, _ in embedded])

    def mark_cut(self, numbers: Sequence[int], window: int) -> None:
        """Remembers embeddings that are of the first `window` tokens of longer texts."""
        with self._errors(), self._db:
            self._db.executemany("INSERT OR IGNORE INTO cut VALUES(?, ?)", [(number, window) for number in numbers])

    def cut(self, set_: int, first: int) -> tuple[int, int, list[tuple[int, Payload]]]:
        """How many documents of a set were longer than the model reads, its window (tokens), and the `first` of them.

        They are (row, payload).
        """
        of_set = 'FROM rows JOIN cut ON cut.embedding = rows.embedding WHERE "set" = ?'
        with self._errors():
            count, window = self._db.execute(f"SELECT COUNT(*), MAX(window) {of_set}", (set_,)).fetchone()
            rows = self._db.execute(f"SELECT row, payload {of_set} ORDER BY row LIMIT ?", (set_, first))
            return int(count), int(window or 0), [(int(row), msgspec.json.decode(said)) for row, said in rows]

    def vectors(self, set_: KnownSet, rows: Sequence[int]) -> list[Vector]:
        """The embeddings of some rows of a set, in the order given."""
        found: dict[int, Vector] = {}
        select = (
            "SELECT row, half, data FROM rows JOIN embeddings ON embeddings.id = rows.embedding "
            'WHERE "set" = ? AND row BETWEEN ? AND ?'
        )
        with self._errors():
            for first, last in _spans(sorted(set(rows))):
                for row, half, data in self._db.execute(select, (set_.id, first, last)):
                    found[row] = self._vector(data, half=half)
        missing = next((row for row in rows if row not in found), None)
        if missing is not None:
            raise DataError(f"the cache of embeddings {shown(self.path)} has lost row {missing}; remove that file")
        return [found[row] for row in rows]

    def _vector(self, data: bytes, *, half: bool) -> Vector:
        flat = np.frombuffer(data, dtype=np.float16 if half else np.float32).astype(np.float32)
        return flat.reshape(-1, self._spec.dimension) if self._spec.multivector else flat

    # --- sets -----------------------------------------------------------------------------------------------------

    def known(self, key: str) -> KnownSet | None:
        """The set under this key, when all its documents are embedded."""
        with self._errors():
            row = self._db.execute(
                "SELECT id, name, rows, vectors, fingerprint FROM sets WHERE key = ? AND rows IS NOT NULL", (key,)
            ).fetchone()
        return None if row is None else KnownSet(*row)

    def begin(self, key: str, source: str, name: str) -> int:
        """A new set, for now without documents; of the same source, those of before are dropped."""
        with self._errors(), self._db:
            self._db.execute(
                'DELETE FROM rows WHERE "set" IN (SELECT id FROM sets WHERE source = ? OR key = ?)', (source, key)
            )
            self._db.execute("DELETE FROM sets WHERE source = ? OR key = ?", (source, key))
            added = self._db.execute("INSERT INTO sets(key, source, name) VALUES(?, ?, ?)", (key, source, name))
            return int(added.lastrowid or 0)

    def append(self, set_: int, first: int, documents: Sequence[tuple[int, Payload]]) -> None:
        """Adds documents (number of the embedding, payload) from row `first` on. Raises DataError for a payload."""
        rows = [(set_, first + at, number, encoded(payload)) for at, (number, payload) in enumerate(documents)]
        with self._errors(), self._db:
            self._db.executemany("INSERT INTO rows VALUES(?, ?, ?, ?)", rows)

    def finish(self, set_: int, rows: int, fingerprint: str) -> None:
        """Says that a set is whole."""
        width = self._spec.dimension
        count = (
            "SELECT COALESCE(SUM(LENGTH(data) / (CASE WHEN half THEN 2 ELSE 4 END)), 0) FROM rows "
            'JOIN embeddings ON embeddings.id = rows.embedding WHERE "set" = ?'
        )
        with self._errors(), self._db:
            values = self._db.execute(count, (set_,)).fetchone()[0]
            self._db.execute(
                "UPDATE sets SET rows = ?, vectors = ?, fingerprint = ? WHERE id = ?",
                (rows, values // width, fingerprint, set_),
            )

    def payloads(self, set_: KnownSet, start: int, stop: int) -> list[Payload | None]:
        """Payloads of the rows `start` up to `stop`."""
        select = 'SELECT payload FROM rows WHERE "set" = ? AND row >= ? AND row < ? ORDER BY row'
        with self._errors():
            return [msgspec.json.decode(row[0]) for row in self._db.execute(select, (set_.id, start, stop))]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _told(error, self.path) from error


def encoded(payload: Payload) -> bytes:
    """A payload as JSON. Raises DataError for one that JSON can't hold."""
    try:
        return msgspec.json.encode(payload)
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
        raise DataError(f"a payload can't be kept: {shown(error)}; mend it") from error


def path_of(spec: EmbedderSpec) -> Path:
    """The file of a model's embeddings."""
    return config.cache_dir() / "embeddings" / f"{spec.identity}-{spec.dimension}.sqlite"


def _half(vector: Vector) -> NDArray[np.float16] | None:
    """The vector in half the bytes, where nothing is lost by it: models that compute in 16 bits make such."""
    first = vector[:1] if vector.ndim == 2 else vector[:_LOOKED_AT]  # which tells of most of the others
    for part in (first, vector):
        with np.errstate(over="ignore"):
            half = part.astype(np.float16)
        if not np.array_equal(half, part):
            return None
    return half


def _spans(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of runs of neighbours."""
    start = 0
    for at in range(1, len(rows) + 1):
        if at == len(rows) or rows[at] != rows[at - 1] + 1:
            yield rows[start], rows[at - 1]
            start = at


def _told(error: sqlite3.Error, path: Path) -> QtuiError:
    what = f"the cache of embeddings {shown(path)}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"no space is left for {what}; free some, then {GOES_ON}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreInUse(f"{what} is being written by another process; wait for it")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return AccessError(f"can't write {what}: {shown(error)}; check its permissions")
    return DataError(f"{what} is damaged ({shown(error)}): remove it, and the documents are embedded again")
