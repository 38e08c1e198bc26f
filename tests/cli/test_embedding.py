"""`qtui load` with documents and `qtui models`: what is made, what is said, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.running import called as qtui
from tests.cli.running import refused

COLPALI, MINILM = "Qdrant/colpali-v1.3-fp16", "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(autouse=True)
def here(standin_models: Path) -> Path:
    return standin_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scans"
    made.mkdir()
    Image.effect_noise((80, 60), 50).convert("RGB").save(made / "first-page.png")
    (made / "first-page.json").write_text('{"topic": "finance"}')
    (made / "broken.jpg").write_bytes(b"\xff\xd8 no more")
    return made


def test_a_folder_is_loaded_and_what_is_broken_is_named(folder: Path) -> None:
    done = qtui("load", "scans", folder, "--model", COLPALI, "--methods", "binary")
    assert done.code == 0, done
    assert done.out == "scans__binary  1 points\n"
    assert "skipped 'broken.jpg': 'broken.jpg' is not an image that can be read" in done.err
    (found,) = qtui("inspect", "scans__binary", "--json").json
    assert found["vectors"][0]["distance"] == "dot"
    assert found["origin"].startswith(f"scans, by {COLPALI}")
    assert found["embedder"] == COLPALI


def test_models_are_listed_with_what_matters() -> None:
    done = qtui("models", "--here")
    assert done.code == 0
    first, second = done.out.splitlines()[:2]
    assert first.split() == [*["late", "interaction,", "images", "and", "text"], "dim", "size", "here", "licence"]
    assert second.split() == [COLPALI, "128", "6.1", "GiB", "✓", "gemma"]
    assert max(map(len, done.out.splitlines())) <= 80
    listed = qtui("models", "--json", "--takes", "image").json
    assert {each["kind"] for each in listed} == {
        "late interaction, images and text",
        "dense, images and text",
        "dense, images",
    }
    assert listed[0]["cached"]
    assert listed[0]["licence"] == "gemma"


def test_a_model_that_is_here_is_not_downloaded_again() -> None:
    done = qtui("models", "--download", COLPALI)
    assert (done.code, done.out) == (0, f"{COLPALI}\n")


def test_what_would_be_downloaded_is_asked_for_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtui.data.embed.fetch.missing_bytes", lambda _: 10**9)
    line = refused(2, "load", "scans", folder, "--model", "Qdrant/colmodernvbert")
    assert "has to be downloaded: 953.7 MiB, licence mit; say --yes to do that" in line


def test_offline_is_said_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    line = refused(3, "load", "scans", folder, "--model", "Qdrant/colmodernvbert", "--yes")
    assert f"the hub can't be reached; use one that is here: {COLPALI}" in line


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("load",), 2, "`qtui load docs --vectors docs.npy`, or `qtui load scans scans/ --model M`"),
        (("load", "x"), 2, "give --vectors F, or documents and --model M"),
        (("load", "x", "FOLDER"), 2, "documents need --model M"),
        (("load", "x", "FOLDER", "--model", COLPALI, "--vectors", "y.npy"), 2, "give --vectors F, or documents"),
        (("load", "x", "--vectors", "y.npy", "--model", COLPALI), 2, "are for documents, not for --vectors"),
        (("load", "x", "FOLDER", "--model", "colpali"), 2, f"did you mean {COLPALI}?"),
        (("load", "x", "FOLDER", "--model", MINILM), 2, "takes texts and there are only"),
        (("load", "x", "FOLDER", "--model-path", "nowhere"), 2, "no folder 'nowhere'"),
        (("load", "x", "gone/", "--model", COLPALI), 2, "no file or folder 'gone/'"),
        (("load", "x", "FOLDER/broken.jpg", "--model", COLPALI), 4, "could be embedded; 'broken.jpg': "),
        (("load", "x", "--model", "colpali", "FOLDER"), 2, f"did you mean {COLPALI}?"),
        (("load", "x", "--vectors", "FOLDER"), 2, "`qtui load scans scans/ --model M`"),
        (("bench", "--vectors", "FOLDER"), 2, "images and texts need --model M"),
        (("models", "--download", "nothing-like-it"), 2, "no model 'nothing-like-it'"),
    ],
)
def test_what_can_not_be_done(arguments: tuple[str, ...], code: int, said: str, folder: Path) -> None:
    line = refused(code, *(part.replace("FOLDER", str(folder)) for part in arguments))
    assert said in line


def test_doctor_tells_of_models(here: Path) -> None:
    found = qtui("doctor", "--json").json["models"]
    assert found["folder"] == str(here)
    assert COLPALI in found["here"]
