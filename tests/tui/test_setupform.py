"""The setup form read: what is asked for, what it will take, what is refused and what is said before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtui.errors import UsageError
from qtui.loads import BuildSpec, LoadRequest, SourceFacts, SourceSpec
from qtui.methods import METHODS
from qtui.model import Distance, Hnsw, Placement, Quantization
from qtui.tui.setupform import SetupText, forecasts, preset_text, read, read_source
from tests.tui.fake_making import SAMPLE_FACTS
from tests.tui.scripted import view

PAGES = SourceFacts("pages.npz", 4, 128, multivector=True, vectors=4 * 1030)
FORM = SetupText(methods=("none", "scalar", "binary"))


def test_the_form_as_it_opens_is_what_the_command_line_does() -> None:
    setup = read(FORM, SAMPLE_FACTS, ())
    assert setup.request == LoadRequest("docs", SourceSpec("sample"), ("none", "scalar", "binary"), BuildSpec())
    assert [each.spec.name for each in setup.planned] == ["docs", "docs__scalar", "docs__binary"]
    assert setup.notes == ()
    assert setup.lower_kb is None


@pytest.mark.parametrize("method", ["scalar", "binary"])
def test_a_preset_is_the_notebooks_collection(method: str, tmp_path: Path) -> None:
    (tmp_path / "pages.npz").touch()
    name = f"colpali-{method}"
    text = preset_text(name, SetupText(kind="file", path=str(tmp_path / "pages.npz")))
    [planned] = read(text, PAGES, ()).planned
    spec = planned.spec
    vector = spec.vectors[0]
    assert (spec.name, vector.name, vector.size, vector.distance) == (name, "colpali", 128, Distance.DOT)
    assert vector.multivector
    assert vector.hnsw == Hnsw(m=0)
    assert vector.quantization == Quantization(method, quantile=0.99 if method == "scalar" else None, always_ram=True)
    assert (vector.on_disk, vector.placement, spec.indexing_threshold_kb, spec.segments) == (None, None, None, None)


def test_a_preset_says_that_four_documents_are_too_few_and_offers_a_lower_threshold(tmp_path: Path) -> None:
    (tmp_path / "pages.npz").touch()
    text = preset_text("colpali-scalar", SetupText(kind="file", path=str(tmp_path / "pages.npz")))
    setup = read(text, PAGES, ())
    assert any("4 points, 2,060 KB, stay below the indexing threshold of 10,000 KB" in note for note in setup.notes)
    assert any("nothing is quantized" in note for note in setup.notes)
    assert setup.lower_kb == 1
    lowered = read(replace(text, threshold="1"), PAGES, ())
    assert lowered.lower_kb is None
    assert lowered.planned[0].spec.indexing_threshold_kb == 1


def test_a_preset_refuses_other_vectors() -> None:
    with pytest.raises(UsageError, match="wants multivectors of 128 dimensions, these are single vectors of 384"):
        read(replace(preset_text("colpali-binary", FORM), kind="sample"), SAMPLE_FACTS, ())


def test_leaving_a_preset_brings_the_defaults_back() -> None:
    text = preset_text("", preset_text("colpali-scalar", SetupText(kind="file", path="/x.npz")))
    assert text == SetupText(kind="file", path="/x.npz")


def test_multivectors_have_no_graph_unless_asked() -> None:
    setup = read(replace(FORM, threshold="1"), PAGES, ())
    assert {each.spec.vectors[0].hnsw for each in setup.planned} == {Hnsw(m=0)}
    assert any("HNSW m is 0" in note for note in setup.notes)
    assert any("takes minutes" in note for note in read(replace(FORM, hnsw_m="16"), PAGES, ()).notes)


def test_settings_reach_the_request() -> None:
    text = replace(
        FORM,
        vector_name="v",
        distance="euclid",
        originals="pinned",
        quantized="cold",
        hnsw_m="8",
        ef_construct="50",
        quantile="0.9",
        encoding="scalar4bits",
        threshold="",
    )
    none, scalar, binary = (each.spec.vectors[0] for each in read(text, SAMPLE_FACTS, ()).planned)
    assert (none.name, none.distance, none.on_disk, none.placement) == ("v", Distance.EUCLID, None, Placement.PINNED)
    assert none.quantization is None
    assert none.hnsw == Hnsw(m=8, ef_construct=50)
    assert scalar.quantization == Quantization("scalar", quantile=0.9, placement=Placement.COLD)
    assert binary.quantization == Quantization("binary", placement=Placement.COLD, query_encoding="scalar4bits")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "name: what shall it be called"),
        ({"name": "a/b"}, "name: 'a/b' can't name a collection"),
        ({"name": "x" * 195}, "too long"),
        ({"name": "taken"}, "name: there is a collection 'taken' already"),
        ({"vector_name": "a/b"}, "vector name: 'a/b' can't name a vector"),
        ({"hnsw_m": "many"}, "HNSW m: a whole number, please"),
        ({"hnsw_m": "-1"}, "HNSW m: takes 0 to 512"),
        ({"ef_construct": ""}, "ef_construct: a whole number, please"),
        ({"ef_construct": "1"}, "ef_construct: takes 4 to 10000"),
        ({"quantile": "nan"}, "quantile: that is out of range"),
        ({"quantile": "0.2"}, "quantile: it must lie between 0.5 and 1"),
        ({"threshold": "-1"}, "index from: must be 0 or more"),
        ({"threshold": "9" * 30}, "index from: that is out of range"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(changed: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(replace(FORM, **changed), SAMPLE_FACTS, (view("taken"),))  # type: ignore[arg-type]  # fields of the form


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SetupText(kind="file"), "file: type the path"),
        (SetupText(kind="file", path="/no/such/file.npy"), "file: there is no such file"),
        (SetupText(kind="file", path="\0"), "file: there is no such file"),
        (SetupText(kind="file", path=__file__, payload="/none.jsonl"), "payload: there is no such file"),
        (SetupText(kind="synthetic", shape="1000"), "rows x dim: two numbers"),
        (SetupText(kind="synthetic", shape="0x8"), "rows x dim: 1 to"),
        (SetupText(kind="synthetic", shape="9x99999"), "rows x dim: 1 to"),
    ],
)
def test_a_source_that_can_not_be_is_refused_before_it_is_read(text: SetupText, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_source(text)


def test_shapes_are_read_as_people_write_them() -> None:
    for shape in ("1000x8", " 1,000 × 8 ", "1_000X8", "1000*8"):
        assert read_source(SetupText(kind="synthetic", shape=shape)) == SourceSpec("synthetic", rows=1000, dimension=8)


def test_an_unfinished_collection_of_the_name_goes_on() -> None:
    setup = read(replace(FORM, name="half", methods=("none",)), SAMPLE_FACTS, (view("half", status="partial"),))
    assert any("half is unfinished" in note for note in setup.notes)


def test_few_vectors_are_told_apart_by_what_their_methods_do() -> None:
    few = SourceFacts("few", 10, 8, vectors=10)
    said = {
        methods: read(replace(FORM, methods=methods, threshold=""), few, ()).notes[0]
        for methods in (("none",), ("scalar",), ("binary",), ("none", "scalar", "turbo-4bit"))
    }
    assert said[("none",)].endswith("no index is built")
    assert said[("scalar",)].endswith("nothing is quantized and no index built")
    assert "this engine quantizes" in said[("binary",)]
    assert "nor scalar or product" in said[("none", "scalar", "turbo-4bit")]
    assert "means never" in read(replace(FORM, threshold="0"), few, ()).notes[0]


def test_every_method_has_its_figures_while_the_settings_are_right() -> None:
    found = forecasts(FORM, SAMPLE_FACTS)
    assert set(found) == set(METHODS)
    assert (found["binary"].quantized_bytes, found["binary"].compression) == (48, 32.0)
    assert found["none"].ram_bytes == round((5_000 * 16 * 2 * 4 * 1.2 + 5_000 * 52) * 1.2)
    in_ram = forecasts(replace(FORM, originals="cached"), SAMPLE_FACTS)
    assert in_ram["none"].ram_bytes - found["none"].ram_bytes == round(5_000 * 384 * 4 * 1.2)
    assert forecasts(replace(FORM, hnsw_m="?"), SAMPLE_FACTS) == {}


def test_shards_and_replicas_are_said_to_a_server_and_checked() -> None:
    setup = read(replace(FORM, shards="3", replicas="2"), SAMPLE_FACTS, ())
    assert {(each.spec.shards, each.spec.replicas) for each in setup.planned} == {(3, 2)}
    assert {(each.spec.shards, each.spec.replicas) for each in read(FORM, SAMPLE_FACTS, ()).planned} == {(None, None)}
    for wrong in ("0", "many"):
        with pytest.raises(UsageError, match="shards"):
            read(replace(FORM, shards=wrong), SAMPLE_FACTS, ())
