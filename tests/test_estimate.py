"""Forecasts, against the formulas worked out by hand."""

from __future__ import annotations

import pytest

from qtui.estimate import build_seconds, forecast
from qtui.model import CollectionSpec, Hnsw, Placement, Quantization, VectorSpec


def spec(**vector: object) -> CollectionSpec:
    return CollectionSpec("c", (VectorSpec(384, **vector),))  # type: ignore[arg-type]  # fields of a vector


def test_originals_count_unless_they_are_cold() -> None:
    points, graph = 1_000, 1_000 * 16 * 2 * 4 * 1.2
    for place, held in ((Placement.COLD, 0), (Placement.CACHED, 1_536_000), (Placement.PINNED, 1_536_000)):
        found = forecast(spec(placement=place), points, points)
        assert found.ram_bytes == round((held + graph + 52 * points) * 1.2)


def test_quantized_vectors_count_unless_they_are_cold() -> None:
    points = 1_000
    base = forecast(spec(on_disk=True, hnsw=Hnsw(m=0)), points, points).ram_bytes
    quantized = Quantization("scalar", always_ram=True)
    pinned = forecast(spec(on_disk=True, hnsw=Hnsw(m=0), quantization=quantized), points, points)
    assert pinned.ram_bytes - base == pytest.approx(388 * points * 1.2, abs=1)
    cold = Quantization("scalar", placement=Placement.COLD)
    assert forecast(spec(on_disk=True, hnsw=Hnsw(m=0), quantization=cold), points, points).ram_bytes == base


def test_tokens_of_a_multivector_count_and_points_make_the_graph() -> None:
    vector = VectorSpec(128, multivector=True, hnsw=Hnsw(m=0), quantization=Quantization("binary", always_ram=True))
    found = forecast(CollectionSpec("c", (vector,)), 4, 4 * 1030)
    assert (found.original_bytes, found.quantized_bytes, found.vectors_kb) == (512, 16, 2060)
    assert found.ram_bytes == round((4120 * 512 + 4120 * 16 + 4 * 52) * 1.2)


def test_a_graph_takes_time_and_tokens_are_written_faster_than_vectors() -> None:
    assert build_seconds("none", 12_000, 384, graph=False) == pytest.approx(1.0)
    assert build_seconds("none", 12_000, 384, graph=True) == pytest.approx(4.0)
    assert build_seconds("none", 10, 384, graph=False, tokens=50_000) == pytest.approx(1.0)
