"""The change form read: only what differs is changed, and it is said from what to what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtui.errors import UsageError
from qtui.model import Change, CollectionView, Hnsw, Placement, Quantization
from qtui.served import Served
from qtui.tui.changeform import quantization_words, read_change, text_of
from qtui.tui.dialogs.change import told
from tests.tui.scripted import view


def of(method: str = "scalar", **quantization: object) -> CollectionView:
    """A collection with one vector, quantized so."""
    made = view("c", method, points=20_000)
    if method == "none":
        return made
    settings = Quantization(method, **quantization)  # type: ignore[arg-type]  # fields of a quantization
    spec = replace(made.vectors[0].spec, quantization=settings)
    return replace(made, vectors=(replace(made.vectors[0], spec=spec),), spec=replace(made.spec, vectors=(spec,)))


@pytest.mark.parametrize(
    "found",
    [
        of("none"),
        of("scalar"),
        of("scalar", quantile=0.97, always_ram=True),
        of("binary", query_encoding="scalar8bits", placement=Placement.CACHED),
        of("turbo-4bit", always_ram=False),
    ],
    ids=lambda found: quantization_words(found.vectors[0].spec.quantization),
)
def test_an_untouched_form_changes_nothing(found: CollectionView) -> None:
    with pytest.raises(UsageError, match="nothing is changed"):
        read_change(text_of(found), found)


def test_another_method_keeps_where_the_old_one_lived() -> None:
    found = of("scalar", quantile=0.97, always_ram=True)
    asked = read_change(replace(text_of(found), method="turbo-4bit"), found)
    assert asked.change == Change(quantization=Quantization("turbo-4bit", always_ram=True))
    assert ("quantization", "scalar, quantile 0.97, pinned", "turbo-4bit, pinned") in asked.lines
    assert ("bytes/vector", "388 (4.0x smaller)", "200 (7.7x smaller)") in asked.lines
    assert "made anew" in asked.effect
    assert asked.seconds > 0


def test_dropping_quantization() -> None:
    found = of("binary")
    asked = read_change(replace(text_of(found), method="none"), found)
    assert asked.change == Change(drop_quantization=True)
    assert ("bytes/vector", "48 (32.0x smaller)", "1,536") in asked.lines


def test_parameters_of_the_same_method() -> None:
    found = of("scalar", quantile=0.97, always_ram=True)
    asked = read_change(replace(text_of(found), quantile="0.99", quantized="cached"), found)
    assert asked.change.quantization == Quantization("scalar", quantile=0.99, placement=Placement.CACHED)
    found = of("binary")
    asked = read_change(replace(text_of(found), encoding="scalar4bits"), found)
    assert asked.change.quantization == Quantization("binary", query_encoding="scalar4bits")


def test_graph_placement_and_threshold() -> None:
    found = of("none")
    text = replace(text_of(found), hnsw_m="32", originals="cached", threshold="20000")
    asked = read_change(text, found)
    assert asked.change == Change(hnsw=Hnsw(m=32), placement=Placement.CACHED, indexing_threshold_kb=20_000)
    assert {line[:3] for line in asked.lines} >= {
        ("HNSW m", "16", "32"), ("originals", "cold", "cached"), ("index from", "1 KB", "20,000 KB")
    }  # fmt: skip
    assert asked.effect == "the graph is built anew"
    assert read_change(replace(text_of(found), threshold="2"), found).effect.startswith("what passes")
    assert read_change(replace(text_of(found), originals="cached"), found).effect.startswith("the files stay")


def test_what_it_will_not_do_is_said() -> None:
    found = of("none")
    assert any(
        "no memory is saved" in note
        for note in read_change(replace(text_of(found), method="scalar", originals="pinned"), found).notes
    )
    low = read_change(replace(text_of(found), method="scalar", threshold="999999"), found)
    assert any("nothing is quantized" in note for note in low.notes)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hnsw_m": "x"}, "HNSW m: a whole number"),
        ({"hnsw_m": "9999"}, "HNSW m: takes 0 to 512"),
        ({"quantile": "?"}, "quantile: a number"),
        ({"quantile": "2"}, "quantile: it must lie"),
        ({"threshold": ""}, "can't be unset"),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, str], said: str) -> None:
    found = of("scalar")
    with pytest.raises(UsageError, match=said):
        read_change(replace(text_of(found), **changed), found)


def test_of_a_server_the_time_is_said_to_be_this_machines() -> None:
    found = view("docs", "scalar")
    text = replace(text_of(found), method="binary")
    here, there = read_change(text, found), read_change(text, replace(found, served=Served()))
    assert here.expected_s == here.seconds
    assert there.expected_s is None, "nobody knows how fast it is"
    assert "the server may take longer" in told(there).plain
    assert "server" not in told(here).plain
