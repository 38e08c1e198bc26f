"""Every test starts from a home of its own, and from no settings of whoever runs it."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import itertools
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# many tests start Python anew: it should not compile all of qtui each time, whatever whoever runs them prefers
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# the collector would look at all modules again and again: a fifth of the time of tests that make many objects
YOUNG, MIDDLE, OLD = 20_000, 20, 20
# tests signal what they start, and a shell has what it runs in the background ignore these
for name, default in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    if (number := getattr(signal, name, None)) and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)
# a change is judged by the same examples each time; new ones are looked for on purpose
settings.register_profile("the same each time", derandomize=True, max_examples=50)
if not os.environ.get("QTUI_TEST_DEEP"):
    settings.load_profile("the same each time")
PATIENCE_S = 150.0
"""What any coroutine test ends in, however busy the machine is: more than any deadline within one."""
LEAKING = ("NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "TMUX", "PYTHONWARNINGS", "FORCE_COLOR")


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not walk it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A coroutine that waits for what never comes is cancelled there, and its traceback says where it waited."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = bounded(item.obj)


def bounded(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
    @functools.wraps(test)
    async def ends(*arguments: object, **options: object) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await test(*arguments, **options)

    return ends


@pytest.fixture(autouse=True, scope="session")
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is made for more than one test has no home of whoever runs them, either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QTUI_HOME", str(tmp_path_factory.mktemp("nobody")))
        yield


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the next test's home is."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """QTUI_HOME, empty and for this test alone."""
    for name in [name for name in os.environ if name in LEAKING or name.startswith(("QDRANT_", "QTUI_", "TEXTUAL_"))]:
        monkeypatch.delenv(name)
    folder = next(homes)
    folder.mkdir(0o700)
    monkeypatch.setenv("QTUI_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def standin_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of downloaded models that holds tiny ones in the place of real ones, each complete."""
    from tests import standins

    folder = tmp_path_factory.mktemp("models")
    standins.colpali(standins.cached(folder, "Qdrant/colpali-v1.3-fp16"))
    standins.colbert(standins.cached(folder, "colbert-ir/colbertv2.0"))
    standins.dense_text(standins.cached(folder, "Qdrant/all-MiniLM-L6-v2-onnx"))
    standins.dense_image(standins.cached(folder, "Qdrant/clip-ViT-B-32-vision"))
    standins.dense_text(standins.cached(folder, "Qdrant/clip-ViT-B-32-text"), 512, pooled=True)
    return folder


@pytest.fixture
def standin_models(standin_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes that cache the only one there is, and the hub a place that nobody answers at."""
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(standin_cache))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub-cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return standin_cache
