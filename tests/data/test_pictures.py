"""What a plain install says of images, without the extra that reads them."""

import sys

import pytest

from qtui.commands.console import Console
from qtui.commands.documents import obtain
from qtui.embedders import installing
from qtui.errors import UsageError


def test_the_command_is_of_this_python_and_names_the_package_with_its_version() -> None:
    assert installing("fastembed").startswith(f"{sys.executable} -m pip install 'fastembed")
    assert "0.9" in installing("fastembed")
    assert installing("unheard-of") == f"{sys.executable} -m pip install unheard-of"


def test_a_load_without_the_extra_asks_for_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"-m pip install 'fastembed"):
        obtain("Qdrant/colpali-v1.3-fp16", Console(quiet=True), yes=True)
