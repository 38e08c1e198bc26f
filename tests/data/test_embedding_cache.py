"""The cache of embeddings: what is kept comes back as it was, and a damaged file is named."""

from __future__ import annotations

import numpy as np
import pytest

from qtui.data.embed.cache import EmbeddingCache, path_of
from qtui.embedders import EmbedderSpec, Kind
from qtui.errors import AccessError, DataError


def test_a_damaged_cache_is_named(home) -> None:
    spec = EmbedderSpec("m", Kind.DENSE_TEXT, 4, "abc")
    path_of(spec).parent.mkdir(parents=True)
    path_of(spec).write_bytes(b"this is no database at all, but long enough" * 40)
    with pytest.raises(DataError, match="is damaged"):
        EmbeddingCache(spec)
    path_of(spec).unlink()
    path_of(spec).mkdir()
    with pytest.raises(AccessError, match="can't write the cache of embeddings"):
        EmbeddingCache(spec)


def test_vectors_come_back_as_they_were() -> None:
    rng = np.random.default_rng(0)
    for kind, shapes in ((Kind.LATE_TEXT, [(3, 8), (1, 8)]), (Kind.DENSE_TEXT, [(8,), (8,)])):
        spec = EmbedderSpec("m", kind, 8, kind.name)
        full = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
        half = [vector.astype(np.float16).astype(np.float32) for vector in full]
        with EmbeddingCache(spec) as cache:
            numbers = cache.put([(bytes([at]), vector) for at, vector in enumerate((*full, *half))])
            set_ = cache.begin("key", "source", "name")
            cache.append(set_, 0, [(numbers[bytes([at])], {"at": at}) for at in range(4)])
            assert cache.known("key") is None
            cache.finish(set_, 4, "print")
            known = cache.known("key")
            assert known is not None
            assert known.vectors == (8 if kind.multivector else 4)
            for vector, kept in zip((*half, *full), cache.vectors(known, [2, 3, 0, 1]), strict=True):
                np.testing.assert_array_equal(vector, kept)
            assert cache.payloads(known, 1, 3) == [{"at": 1}, {"at": 2}]


def test_what_is_too_large_for_half_the_bytes_is_kept_whole() -> None:
    spec = EmbedderSpec("m", Kind.DENSE_TEXT, 128, "large")
    late = np.array([1.0] * 127 + [1 / 3], np.float32)  # the last alone loses something
    with EmbeddingCache(spec) as cache:
        numbers = cache.put([(b"a", np.full(128, 1e6, np.float32)), (b"b", late)])
        set_ = cache.begin("key", "source", "name")
        cache.append(set_, 0, [(numbers[b"a"], {}), (numbers[b"b"], {})])
        cache.finish(set_, 2, "print")
        known = cache.known("key")
        assert known is not None
        first, second = cache.vectors(known, [0, 1])
    np.testing.assert_array_equal(first, np.full(128, 1e6, np.float32))
    np.testing.assert_array_equal(second, late)
