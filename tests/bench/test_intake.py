"""Run records from elsewhere: kept like ours when they are sound, refused in one line when not, and never trusted."""

import os
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest

from qtui.bench import advise
from qtui.bench.intake import take_in
from qtui.bench.record import RunStore, encode
from qtui.bench.samples import header, sample_lines, samples_name, truth_lines
from qtui.errors import DataError, NewerFormat, NotFound, QtuiError, UsageError
from qtui.records import Sample
from tests.bench.planted import Plant, always, run

PLANTS = (Plant("none", always(10), always(1.0)), Plant("scalar", always(10), always(0.5), bytes_=80))
ID = "20261122-013000-aaaa"


@pytest.fixture(scope="module")
def planted():
    record, lines = run(PLANTS)
    truth = [line for line in lines if not isinstance(line, Sample)]
    raw = header(ID) + truth_lines(truth) + sample_lines([line for line in lines if isinstance(line, Sample)])
    return SimpleNamespace(record=replace(record, id=ID, samples=samples_name(ID), name="theirs"), samples=raw)


@pytest.fixture
def runs(tmp_path):
    return RunStore(tmp_path / "runs")


def sent(tmp_path, record, samples=None):
    """The file as it came, beside its samples where they came, too."""
    folder = tmp_path / "mail"
    folder.mkdir(exist_ok=True)
    (folder / "before.json").write_bytes(record if isinstance(record, bytes) else encode(record))
    if samples is not None:
        (folder / samples_name(ID)).write_bytes(samples)
    return folder / "before.json"


def test_a_record_with_its_samples_is_as_if_made_here(tmp_path, runs, planted):
    taken = take_in(runs, sent(tmp_path, planted.record, planted.samples))
    assert (taken.id, taken.new, taken.note) == (ID, True, "")
    assert runs.load(ID) == planted.record
    assert runs.samples_path(ID).read_bytes() == planted.samples
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "runs").iterdir()} == {0o600}
    found = advise.advise(advise.of_kept(runs, ID), 0.95)
    assert found.recommendation is not None
    assert found.recommendation.method == "scalar"


def test_a_record_alone_is_kept_and_says_what_lacks(tmp_path, runs, planted):
    taken = take_in(runs, sent(tmp_path, planted.record))
    assert "samples aren't beside the file" in taken.note
    assert runs.load(ID) == replace(planted.record, samples=None)


def test_a_run_that_is_here_stays_as_it_is(tmp_path, runs, planted):
    runs.write(replace(planted.record, name="mine"))
    taken = take_in(runs, sent(tmp_path, planted.record, planted.samples))
    assert (taken.id, taken.new, taken.note) == (ID, False, "")
    other = replace(planted.record, measurements=planted.record.measurements[:1])
    taken = take_in(runs, sent(tmp_path, other))
    assert not taken.new
    assert "differs from the file" in taken.note
    assert [run.name for run in runs.list()] == ["mine"]
    assert runs.load(ID).measurements == planted.record.measurements


def changed(record, **parts):
    """The record's JSON with other values: `a__b` is b of a, a number is a place in a list."""
    raw = msgspec.json.decode(encode(record))
    for path, value in parts.items():
        *way, last = (int(part) if part.isdecimal() else part for part in path.split("__"))
        at = raw
        for part in way:
            at = at[part]
        at[last] = value
    return msgspec.json.encode(raw)


@pytest.mark.parametrize(
    ("parts", "saying"),
    [
        ({"id": "../../.bashrc"}, "is no id of a run"),
        ({"id": "a\n"}, "is no id of a run"),
        ({"id": ""}, "is no id of a run"),
        ({"id": "x" * 65}, "is no id of a run"),
        ({"status": "\x1b[2Jdone"}, "it has the status"),
        ({"dataset__query_origin": "the sky"}, "its queries are from 'the sky'"),
        ({"dataset__k": 0}, "its counts are impossible"),
        ({"dataset__points": 10**19}, "a number that is none"),
        ({"measurements__0__method": "quantum"}, "'quantum', which is no method"),
        ({"measurements__0__engine_ms__p50": -1}, "its figures are impossible"),
        ({"measurements__1__recall__high": 7}, "its figures are impossible"),
        ({"measurements__1__search__oversampling": -0.0}, "its figures are impossible"),
        ({"samples": 7}, "no readable run record"),
        ({"schema": "qtui.run/99"}, "newer qtui"),
        ({"schema": "other"}, "is no run record"),
    ],
)
def test_what_no_run_of_ours_says_is_refused(tmp_path, runs, planted, parts, saying):
    with pytest.raises(DataError, match=saying) as caught:
        take_in(runs, sent(tmp_path, changed(planted.record, **parts)))
    assert caught.value.text.isprintable()
    assert runs.ids() == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail"]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": "\xff"}', b'{"x":' + b"[" * 200_000, b"\0"]
)
def test_what_is_no_record_at_all_is_refused(tmp_path, runs, raw):
    with pytest.raises(DataError, match="no readable run record"):
        take_in(runs, sent(tmp_path, raw))
    with pytest.raises(DataError):
        take_in(runs, sent(tmp_path, b'{"schema": "qtui.run/' + b"9" * 5_000 + b'"}'))


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, runs):
    os.mkfifo(tmp_path / "pipe.json")
    for name, error, saying in (
        ("nowhere.json", NotFound, "there is no file"),
        (".", UsageError, "is a folder"),
        ("pipe.json", UsageError, "is no file"),
        ("a\0b", QtuiError, "can't read"),
        ("x" * 5_000, QtuiError, "can't read"),
    ):
        with pytest.raises(error, match=saying):
            take_in(runs, tmp_path / name)
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match="too large"):
        take_in(runs, tmp_path / "huge.json")


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (b'{"measurement":99,"repeat":0,"query":0}\n', "of another run"),
        (b'{"measurement":-9,"repeat":0,"query":0}\n', "of another run"),
        (b'{"measurement":0,"repeat":0,"query":100000}\n', "of another run"),
        (b"{\n", "can't be read"),
        (b'{"error":"\xff"}\n', "can't be read"),
    ],
)
def test_samples_that_do_not_fit_are_left_out(tmp_path, runs, planted, lines, note):
    taken = take_in(runs, sent(tmp_path, planted.record, planted.samples + lines))
    assert note in taken.note
    assert not runs.samples_path(ID).exists()
    assert runs.load(ID).samples is None


def test_no_path_in_it_is_followed(tmp_path, runs, planted):
    (tmp_path / "secret").write_text("secret")
    take_in(runs, sent(tmp_path, replace(planted.record, samples="../secret")))
    assert runs.load(ID).samples is None
    runs.delete(ID)
    assert (tmp_path / "secret").exists()


def test_a_newer_one_says_so(tmp_path, runs):
    with pytest.raises(NewerFormat, match="update qtui"):
        take_in(runs, sent(tmp_path, b'{"schema": "qtui.run/2"}'))
