"""What a plain install says of images, without the extra that reads them."""

import importlib
import sys

import pytest

from qtui.commands.console import Console
from qtui.commands.documents import obtain
from qtui.errors import UsageError


def test_without_pillow_it_is_said_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "qtui.data.pictures", raising=False)
    with pytest.raises(UsageError, match=r"qtui\[documents\]"):
        importlib.import_module("qtui.data.pictures")


def test_a_load_without_the_extra_asks_for_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"qtui\[documents\]"):
        obtain("Qdrant/colpali-v1.3-fp16", Console(quiet=True), yes=True)
