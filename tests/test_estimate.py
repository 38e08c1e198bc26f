"""Forecasts, against the formulas worked out by hand."""

from __future__ import annotations

import pytest

from qtui.estimate import build_seconds, forecast, quantized_at
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


@pytest.mark.parametrize(
    ("on_disk", "said", "lives"),
    [
        (True, Quantization("scalar"), Placement.COLD),
        (True, Quantization("scalar", always_ram=False), Placement.COLD),
        (True, Quantization("scalar", always_ram=True), Placement.PINNED),
        (None, Quantization("scalar"), Placement.PINNED),
        (None, Quantization("scalar", placement=Placement.CACHED), Placement.CACHED),
        (None, None, None),
    ],
)
def test_quantized_vectors_follow_the_originals_where_nothing_is_said(
    on_disk: bool | None,
    said: Quantization | None,
    lives: Placement | None,
) -> None:
    vector = VectorSpec(384, on_disk=on_disk, quantization=said)
    assert quantized_at(vector) is lives
    held = forecast(CollectionSpec("c", (vector,)), 1_000, 1_000).ram_bytes
    bare = forecast(CollectionSpec("c", (VectorSpec(384, on_disk=on_disk),)), 1_000, 1_000).ram_bytes
    assert held - bare == pytest.approx(0 if lives in (None, Placement.COLD) else 388 * 1_000 * 1.2, abs=1)


def test_tokens_of_a_multivector_count_and_points_make_the_graph() -> None:
    vector = VectorSpec(128, multivector=True, hnsw=Hnsw(m=0), quantization=Quantization("binary", always_ram=True))
    found = forecast(CollectionSpec("c", (vector,)), 4, 4 * 1030)
    assert (found.original_bytes, found.quantized_bytes, found.vectors_kb) == (512, 16, 2060)
    assert found.ram_bytes == round((4120 * 512 + 4120 * 16 + 4 * 52) * 1.2)


def test_a_graph_takes_time_and_tokens_are_written_faster_than_vectors() -> None:
    assert build_seconds("none", 12_000, 384, graph=False) == pytest.approx(1.0)
    assert build_seconds("none", 12_000, 384, graph=True) == pytest.approx(4.0)
    assert build_seconds("none", 10, 384, graph=False, tokens=50_000) == pytest.approx(1.0)
