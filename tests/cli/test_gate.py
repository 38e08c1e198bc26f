"""`qtui bench` as a gate: limits, a baseline, exit codes and summaries."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from qtui.bench.export import to_html
from qtui.bench.judge import Kept
from qtui.bench.record import RunStore
from qtui.commands import results
from qtui.commands.console import Console
from qtui.errors import Exit
from tests.cli.files import save
from tests.cli.running import called, refused

QUICK = ("--queries", 20, "--repeat", 1, "--methods", "binary", "--oversampling", "1,3")


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with vectors and the record of a run on them that passed."""
    folder = tmp_path_factory.mktemp("baseline")
    source = save(folder / "vectors.npy", rows=200, dimension=16)
    done = called("bench", "--vectors", source, *QUICK, "--json", folder / "run.json", "--fail-under", "recall=0.5",
                "--summary", folder / "gate.md", "--report", folder / "run.html", QTUI_HOME=str(folder))  # fmt: skip
    assert done.code == 0, done
    assert "gate passed: 1 limit kept" in done.out
    assert (folder / "gate.md").read_text().startswith("## qtui gate passed")
    return folder


def test_a_missed_limit_exits_1_and_keeps_the_run(baseline: Path, tmp_path: Path) -> None:
    done = called("bench", "--vectors", baseline / "vectors.npy", *QUICK, "--baseline", baseline / "run.json",
                  "--fail-under", "binary:rescore=off:recall=1", "--fail-under", "none:recall=-5%",
                  "--fail-over", "none:p95=+100000%", "--summary", tmp_path / "gate.xml", "--json", "-")  # fmt: skip
    assert done.code == 1, done
    assert json.loads(done.out)["id"] in called("runs", "list").out
    assert "qtui: gate missed: 1 of 3 limits missed" in done.err
    suite = ET.parse(tmp_path / "gate.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")


def test_a_report_is_made_again_from_the_record_alone(baseline: Path) -> None:
    record = RunStore(baseline).load(baseline / "run.json")
    assert to_html(record) == (baseline / "run.html").read_text(encoding="utf-8")


def test_a_baseline_alone_compares(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = RunStore(baseline).load(baseline / "run.json")
    found = results.finish(record, results.Wanted(None, None, (), Kept(record)), Console(), alone=False)
    assert found is Exit.DONE
    assert "engine p50, ms" in capsys.readouterr().out


def test_what_can_not_be_judged_is_refused_before_anything_is_measured(baseline: Path, tmp_path: Path) -> None:
    given = ("bench", "--vectors", baseline / "vectors.npy", *QUICK)
    refused(2, *given, "--fail-over", "p95=+20%", saying="--baseline RUN")
    refused(2, *given, "--fail-under", "scalar:recall=0.9", saying="doesn't measure")
    refused(2, *given, "--fail-under", "binary:oversampling=4:recall=0.9", saying="doesn't measure")
    refused(2, *given, "--baseline", "20990101", saying="no run and no file")
    refused(2, *given, "--baseline", baseline / "run.json", "--limit", 5, saying="give --limit 10")
    refused(2, *given, "--baseline", baseline / "run.json", "--filter", "a = 1", saying="--filter")
    other = save(tmp_path / "other.npy", rows=50, dimension=16)
    refused(2, "bench", "--vectors", other, *QUICK, "--baseline", baseline / "run.json", saying="same data")
    gone = ("bench", "--vectors", tmp_path / "gone.npy", *QUICK)
    refused(2, *gone, "--baseline", baseline / "run.json", saying="no file")
    refused(4, *given, "--baseline", baseline / "vectors.npy", saying="no readable run record")
    refused(2, *given, "--summary", tmp_path / "a.xml", saying="give --fail-under")
    refused(2, *given, "--report", tmp_path / "a.pdf", saying="F.md or F.html")
    refused(2, *given, "--report", tmp_path / "none" / "a.md", saying="there is no folder")
    assert called("runs", "list", "--json").json == []
