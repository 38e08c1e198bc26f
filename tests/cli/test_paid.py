"""Prices on the command line, on a kept run that needs no engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtui.bench.record import encode
from tests.cli.running import called, refused
from tests.test_cost import record


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    path.write_bytes(encode(record()))
    return path


def test_show_and_export_say_what_it_costs(kept: Path, home: Path, tmp_path: Path) -> None:
    assert "cost" not in called("runs", "show", kept).out
    done = called("runs", "show", kept, "--ram-price", 4, "--grow-to", "1.5M")
    assert "1.50M" in done.out.replace("1.5M", "1.50M")
    assert "4 a GiB of RAM" in done.out
    (home / "config.toml").write_text('[cost]\nram_gib_month = 7\ncurrency = "EUR"\n')
    assert "7 a GiB of RAM" in called("runs", "show", kept).out
    assert called("runs", "show", kept, "--json").json["cost"] is None, "as it was kept"
    page = tmp_path / "report.html"
    assert called("runs", "export", kept, "--format", "html", "--replicas", 2, "-o", page).code == 0
    assert "a month (EUR)" in page.read_text()
    assert called("runs", "show", kept, "--json", "--disk-price", 1).json["cost"]["disk_gib_month"] == 1


def test_prices_out_of_range_are_refused(kept: Path, home: Path) -> None:
    for option, value in (("--ram-price", "-1"), ("--replicas", "0"), ("--grow-to", "many"), ("--grow-to", "0")):
        refused(2, "runs", "show", kept, f"{option}={value}", saying=option)
    refused(2, "runs", "show", kept, "--currency", "much too long", saying="currency")
    (home / "config.toml").write_text("[cost]\nram = 7\n")
    refused(2, "runs", "show", kept, saying="[cost] in config.toml takes")
