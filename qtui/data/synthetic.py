"""A seeded generator of clustered unit vectors, of any size: for scale, never for quality. Imports numpy only.

Rows are made in chunks of a fixed size, each from its own seed, so that what a row holds doesn't depend on how it
is read, and no more than a chunk is in memory.
"""

from __future__ import annotations

import hashlib

import numpy as np

from qtui.data.rows import Block
from qtui.errors import UsageError

_CHUNK = 4096
_CLUSTERS = 256
_SPREAD = 0.7
"""Length of the noise beside a centre of length 1."""


class Synthetic:
    """Flat rows made on demand."""

    def __init__(self, rows: int, dimension: int, seed: int) -> None:
        if not 1 <= rows <= 1 << 40:
            raise UsageError("a synthetic source needs at least 1 row")
        if not 1 <= dimension <= 65_536:
            raise UsageError("a synthetic source takes 1 to 65536 dimensions")
        if seed < 0:
            raise UsageError("the seed must be 0 or more")
        self.rows, self.dimension, self.seed = rows, dimension, seed
        self._centres = _units(np.random.default_rng([seed, 0]).standard_normal((_CLUSTERS, dimension), np.float32))
        self._held: tuple[int, Block] | None = None

    @property
    def name(self) -> str:
        """What it is called wherever figures made with it are shown."""
        return f"synthetic {self.rows} x {self.dimension}, seed {self.seed}"

    def fingerprint(self) -> str:
        """A hash of all that decides the rows."""
        said = f"{self.name}, {_CLUSTERS} clusters, spread {_SPREAD}, chunks of {_CHUNK}"
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()

    def read(self, start: int, stop: int) -> Block:
        """See Flat."""
        out = np.empty((stop - start, self.dimension), dtype=np.float32)
        at = start
        while at < stop:
            chunk, skip = divmod(at, _CHUNK)
            part = self._chunk(chunk)[skip : skip + stop - at]
            out[at - start : at - start + len(part)] = part
            at += len(part)
        return out

    def close(self) -> None:
        """See Flat."""
        self._held = None

    def _chunk(self, number: int) -> Block:
        if self._held is None or self._held[0] != number:
            random = np.random.default_rng([self.seed, 1, number])
            centres = self._centres[random.integers(_CLUSTERS, size=_CHUNK)]
            noise = random.standard_normal((_CHUNK, self.dimension), np.float32)
            self._held = (number, _units(centres + noise * np.float32(_SPREAD / np.sqrt(self.dimension))))
        return self._held[1]


def _units(vectors: Block) -> Block:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def open_synthetic(rows: int | None, dimension: int | None, seed: int) -> Synthetic:
    """The generator. Raises UsageError when a size is missing or out of range."""
    if rows is None or dimension is None:
        raise UsageError("a synthetic source needs a number of rows and of dimensions")
    return Synthetic(rows, dimension, seed)
