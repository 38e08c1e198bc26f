"""Embedding with fastembed's own code, on stand-ins with the inputs, outputs and shapes of real models."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qtui.data.embed import catalogue, models, open_embedder
from qtui.data.embed.places import repositories
from qtui.data.embed.queries import embed
from qtui.embedders import EmbedderChoice, EmbedderSpec, Kind, Modality, SearchedVector, check_fits
from qtui.errors import DataError, NotFound, UsageError
from tests import realmodel, standins

COLPALI, COLBERT, MINILM, CLIP = (
    "Qdrant/colpali-v1.3-fp16",
    "colbert-ir/colbertv2.0",
    "sentence-transformers/all-MiniLM-L6-v2",
    "Qdrant/clip-ViT-B-32",
)
TEXTS = ["a short one", "a text that is quite a bit longer than the other one is"]


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for at, size in enumerate(((640, 480), (300, 900))):
        image = Image.effect_noise(size, 60 + at).convert("RGB")
        paths.append(tmp_path / f"{at}.png")
        image.save(paths[-1])
    return paths


def choose(model: str | None = None, path: Path | None = None) -> EmbedderChoice:
    return EmbedderChoice(model, None if path is None else str(path))


# --- what comes out -------------------------------------------------------------------------------------------------


def test_colpali_makes_1030_vectors_of_an_image_and_the_same_as_fastembed(standin_models, pictures) -> None:
    from fastembed import LateInteractionMultimodalEmbedding

    bare = LateInteractionMultimodalEmbedding(COLPALI, cache_dir=str(standin_models), local_files_only=True)
    embedder = open_embedder(choose(COLPALI))
    ours = embedder.embed_images(pictures)
    assert [vectors.shape for vectors in ours] == [(1030, 128)] * 2
    assert ours[0].dtype == np.float32
    for mine, theirs in zip(ours, bare.embed_image(pictures), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(embedder.embed_query_image(pictures[1]), ours[1])
    np.testing.assert_array_equal(
        embedder.embed_query("financial quarterly results revenue"),
        next(iter(bare.embed_text(["financial quarterly results revenue"]))),
    )
    assert embedder.spec.kind is Kind.LATE_MULTIMODAL
    assert embedder.spec.multivector


@pytest.mark.parametrize("model", [COLPALI, COLBERT])
def test_a_batch_of_texts_leaves_no_padding(model, standin_models) -> None:
    embedder = open_embedder(choose(model))
    together = embedder.embed_texts(TEXTS)
    assert len({len(vectors) for vectors in together}) == 2
    for alone, among in zip((embedder.embed_texts([text])[0] for text in TEXTS), together, strict=True):
        np.testing.assert_allclose(alone, among, atol=1e-6)
    assert (np.linalg.norm(together[0], axis=1) > 0.5).all()


def test_colbert_queries_are_filled_up_to_32_vectors(standin_models) -> None:
    embedder = open_embedder(choose(COLBERT))
    assert embedder.embed_query("short").shape == (32, 128)
    with pytest.raises(UsageError, match="takes texts and no images"):
        embedder.embed_images([Path("x.png")])


def test_dense_text_is_pooled_and_of_length_one(standin_models) -> None:
    embedder = open_embedder(choose(MINILM.upper()))
    vectors = embedder.embed_texts(TEXTS)
    assert [vector.shape for vector in vectors] == [(384,)] * 2
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(embedder.embed_query(TEXTS[0]), vectors[0], atol=1e-6)


def test_a_pair_embeds_images_and_texts_into_one_space(standin_models, pictures) -> None:
    embedder = open_embedder(choose(CLIP))
    assert embedder.spec.modalities == (Modality.IMAGE, Modality.TEXT)
    assert embedder.embed_images(pictures)[0].shape == embedder.embed_query("a cat").shape == (512,)


def test_a_real_model_ranks_by_meaning(tmp_path_factory) -> None:
    embedder = open_embedder(choose(realmodel.MODEL, realmodel.minilm(tmp_path_factory.mktemp("minilm"))))
    documents = ["The quarterly revenue grew by 12 percent.", "Astronauts walked on the Moon.", "A recipe for soup."]
    vectors = np.stack(embedder.embed_texts(documents))
    scores = vectors @ embedder.embed_query("financial results of the company")
    assert scores.argmax() == 0
    assert scores[0] > 0.3 > scores[2]


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_every_model_is_listed_once_with_what_matters(standin_models) -> None:
    listed = models()
    names = [facts.model for facts in listed]
    assert len(names) == len(set(names)) > 40
    assert listed[0].model == COLPALI
    facts = {each.model: each for each in listed}
    assert (facts[COLPALI].dimension, facts[COLPALI].licence, facts[COLPALI].download_bytes) == (
        128,
        "gemma",
        65 * 10**8,
    )
    assert facts[CLIP].modalities == (Modality.IMAGE, Modality.TEXT)
    here = {name for name in names if facts[name].cached}
    assert here == {COLPALI, COLBERT, MINILM, CLIP, f"{CLIP}-vision", f"{CLIP}-text"}
    from fastembed import (
        ImageEmbedding,
        LateInteractionMultimodalEmbedding,
        LateInteractionTextEmbedding,
        TextEmbedding,
    )

    offered = {
        description.model
        for front in (LateInteractionMultimodalEmbedding, LateInteractionTextEmbedding, ImageEmbedding, TextEmbedding)
        for loader in front.EMBEDDINGS_REGISTRY
        for description in loader._list_supported_models()
    }
    assert offered <= set(names)
    for name in ("Qdrant/constella-nano", "Qdrant/constella-zero"):  # embed queries alone
        model = catalogue.named(name)
        assert model.text is not None
        assert model.query is not None
        assert model.text.description.model == "Qdrant/stella-en-400M-v5-doc-onnx"
        assert model.query.description.model == name


def test_models_that_need_a_prefix_have_one(standin_models) -> None:
    wanting = [
        model for model in catalogue.every() if "documents: necessary" in model.towers[-1].description.description
    ]
    assert len(wanting) >= 10
    for model in wanting:
        assert model.query_prefix or model.query, model.name
    assert catalogue.named("BAAI/bge-small-zh-v1.5").query_prefix.endswith("：")


def test_a_model_whose_weights_are_missing_is_not_here(standin_models, tmp_path, monkeypatch) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(standin_models, copy)
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(copy))
    assert open_embedder(choose(COLPALI)).spec.model == COLPALI
    next(copy.rglob("model.onnx_data")).unlink()
    with pytest.raises(UsageError, match=r"not on this machine \(6\.1 GiB to download, licence gemma\)") as caught:
        open_embedder(choose(COLPALI))
    assert "use one that is here: Qdrant/clip-ViT-B-32" in caught.value.text
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="give the folder of one that takes images and texts by --model-path"):
        open_embedder(choose(COLPALI))


@pytest.mark.parametrize(
    ("name", "said"),
    [("colpali", f"did you mean {COLPALI}"), ("nonsense", "'qtui models' lists them"), ("", "lists them")],
)
def test_an_unknown_model(name, said, standin_models) -> None:
    with pytest.raises(UsageError, match=said):
        open_embedder(choose(name))
    with pytest.raises(UsageError, match="name a model by --model"):
        open_embedder(choose())


def test_a_missing_extra_is_named_with_the_command_that_brings_it(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="-m pip install 'fastembed"):
        open_embedder(choose(COLPALI))


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "dimension"),
    [
        (standins.colpali, Kind.LATE_MULTIMODAL, 128),
        (standins.dense_text, Kind.DENSE_TEXT, 384),
        (standins.dense_image, Kind.DENSE_IMAGE, 512),
    ],
)
def test_what_a_network_is_told_from_its_inputs_and_outputs(make, kind, dimension, tmp_path, pictures) -> None:
    embedder = open_embedder(choose(path=make(tmp_path / "mine")))
    assert (embedder.spec.model, embedder.spec.kind, embedder.spec.dimension) == ("mine", kind, dimension)
    assert embedder.spec.path == str(tmp_path / "mine")
    if Modality.IMAGE in kind.modalities:
        assert embedder.embed_images(pictures)[0].shape[-1] == dimension
    else:
        assert embedder.embed_query("x").shape == (dimension,)


def describe(folder: Path, **said: Any) -> Path:
    (folder / "qtui-model.json").write_text(json.dumps(said))
    return folder


def test_a_described_model_runs_as_it_says(tmp_path) -> None:
    folder = standins.dense_text(tmp_path / "text", 64)
    mean = open_embedder(choose(path=describe(folder, like="text", dimension=64, name="mine", licence="mit")))
    cls = open_embedder(choose(path=describe(folder, like="text", dimension=64, name="mine", pooling="cls")))
    raw = open_embedder(choose(path=describe(folder, like="text", dimension=64, name="mine", normalize=False)))
    assert len({each.spec.identity for each in (mean, cls, raw)}) == 3
    assert not np.allclose(mean.embed_query("a query"), cls.embed_query("a query"))
    assert np.linalg.norm(raw.embed_query("a query")) > 1.5
    tokens = open_embedder(choose("mine", describe(folder, like="tokens", dimension=64, name="mine")))
    assert tokens.spec.kind is Kind.LATE_TEXT
    assert tokens.embed_texts(["four"])[0].shape == (4, 64)  # the stand-in's tokens are bytes
    with pytest.raises(UsageError, match="holds 'mine', not 'other'; leave out --model"):
        open_embedder(choose("other", folder))


def test_prefixes_are_put_before_documents_and_queries(tmp_path) -> None:
    folder = standins.dense_text(tmp_path / "text", 64)
    bare = open_embedder(choose(path=describe(folder, like="text", dimension=64)))
    prefixed = open_embedder(
        choose(path=describe(folder, like="text", dimension=64, document_prefix="passage: ", query_prefix="query: "))
    )
    np.testing.assert_allclose(prefixed.embed_texts(["x"])[0], bare.embed_texts(["passage: x"])[0], atol=1e-6)
    np.testing.assert_allclose(prefixed.embed_query("x"), bare.embed_query("query: x"), atol=1e-6)
    assert prefixed.spec.identity != bare.spec.identity


def test_colbert_in_a_folder_of_its_own(tmp_path) -> None:
    folder = describe(standins.colbert(tmp_path / "late", 96), like="colbert", dimension=96)
    assert open_embedder(choose(path=folder)).embed_query("x").shape == (32, 96)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), "lacks tokenizer.json, which 'mine' needs"),
        (lambda f: (f / "preprocessor_config.json").unlink(), "lacks preprocessor_config.json"),
        (lambda f: (f / "model.onnx").unlink(), "holds neither model.onnx nor qtui-model.json"),
        (lambda f: (f / "model.onnx").write_bytes(b"\x08\x08\x12"), "can't load the model in"),
        (lambda f: os.truncate(f / "model.onnx_data", 100), "can't load the model in"),
        (lambda f: (f / "qtui-model.json").write_text("{"), "can't use"),
        (lambda f: describe(f, like="video", dimension=3), "can't use .*like"),
        (lambda f: describe(f, like="colpali", dimension=0), "says a dimension of 0"),
        (lambda f: describe(f, like="colpali", dimension=128, dimensions=1), "can't use .*dimensions"),
        (lambda f: describe(f, like="colpali", dimension=128, model_file="gone.onnx"), "lacks gone.onnx"),
    ],
)
def test_a_folder_with_something_missing_or_damaged(spoil, said, tmp_path) -> None:
    folder = standins.colpali(tmp_path / "mine")
    spoil(folder)
    with pytest.raises(DataError, match=said) as caught:
        open_embedder(choose(path=folder)).load(Modality.TEXT)
    assert "\n" not in caught.value.text


def test_an_output_that_is_not_what_was_described(tmp_path) -> None:
    wrong = describe(standins.dense_text(tmp_path / "a", 64), like="text", dimension=32)
    with pytest.raises(DataError, match=r"an output of shape \(64,\), not \(32\)"):
        open_embedder(choose(path=wrong)).embed_query("x")
    with pytest.raises(NotFound, match="no folder"):
        open_embedder(choose(path=tmp_path / "none"))


def test_the_same_files_elsewhere_are_the_same_model(tmp_path, monkeypatch) -> None:
    one = standins.dense_text(tmp_path / "one", 64)
    two = tmp_path / "two"
    shutil.copytree(one, two)
    first = open_embedder(choose(MINILM, one)).spec
    monkeypatch.chdir(tmp_path)
    there = open_embedder(choose(MINILM, Path("two"))).spec
    assert (there.identity, there.path) == (first.identity, str(two))
    standins.dense_text(two, 65)
    assert open_embedder(choose(MINILM, two)).spec.identity != first.identity


# --- queries ----------------------------------------------------------------------------------------------------------


def test_a_query_is_a_text_or_an_image(standin_models, pictures) -> None:
    embedder = open_embedder(choose(CLIP))
    assert embed(embedder, "  two \n words ", "").title == "two words"
    assert embed(embedder, "", str(pictures[0])).title == "0.png"
    for text, image in (("", ""), ("  ", ""), ("a", "b.png")):
        with pytest.raises(UsageError, match="give one of them"):
            embed(embedder, text, image)
    with pytest.raises(NotFound, match=r"no image 'none\.png'"):
        embed(embedder, "", "none.png")


@pytest.mark.parametrize(
    ("size", "multivector", "made_by", "said"),
    [
        (128, True, None, ""),
        (128, True, EmbedderSpec("m", Kind.LATE_TEXT, 128, "aa"), ""),
        (128, True, EmbedderSpec("m", Kind.LATE_TEXT, 128, ""), ""),
        (96, True, None, "makes vectors of 128 dimensions and 'c' holds 96; choose another model"),
        (128, False, None, "makes several vectors a document and 'c' holds one"),
        (128, True, EmbedderSpec("n", Kind.LATE_TEXT, 128), "can't be searched with 'm'; it was embedded with 'n'"),
        (128, True, EmbedderSpec("m", Kind.LATE_TEXT, 128, "bb"), "embedded with other files of 'm'"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_with_the_reason(size, multivector, made_by, said) -> None:
    searched = SearchedVector("c", size, multivector, made_by)
    offered = EmbedderSpec("m", Kind.LATE_TEXT, 128, "aa")
    if not said:
        check_fits(offered, searched)
        return
    with pytest.raises(UsageError, match=said):
        check_fits(offered, searched)


def test_a_cache_that_can_not_be_read_holds_no_models(monkeypatch):
    monkeypatch.setenv(
        "FASTEMBED_CACHE_PATH", f"/{'long' * 100}"
    )  # fails for every user, as a forbidden folder may not
    repositories()
