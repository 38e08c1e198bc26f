"""What crosses the wire arrives as it was, and what can't be understood is a bug, not silence."""

import errno
import subprocess
import sys
import typing

import msgspec
import pytest

from qtui import errors, events
from qtui.errors import DataError, DiskFull, NotFound, QtuiError
from qtui.filters import Filter, filter_text
from qtui.host import requests, wire
from qtui.host.client import about
from qtui.loads import BuildJob, BuildSpec, LoadRequest, SourceSpec
from qtui.model import Answer, Built, Bytes, Change, Page, Point, Quantization, SearchSettings, Timed
from qtui.plan import BenchRequest
from qtui.records import BytesPerVector, CollectionRecord, Compression, RunWarning

SOURCE = SourceSpec("file", path="a.npy")
REQUESTS = [
    requests.Collections(),
    requests.View("a"),
    requests.Scroll("a", offset="6ec3ea5b-8f61-4b2f-8e2c-000000000000", filter='{"must": []}'),
    requests.Retrieve("a", (1, 2**64 - 1, "u")),
    requests.Query("a", SearchSettings(rescore=True, oversampling=2.0), vector=[0.1, -0.0]),
    requests.Query("a", SearchSettings(), tokens=[[0.1, 2.0], [3.0, 4.0]]),
    requests.Reconfigure("s", "a", Change(quantization=Quantization("scalar", quantile=0.99))),
    requests.Build(BuildJob("s", "a", "none", SOURCE, BuildSpec(), 20, 7)),
    requests.Load((LoadRequest("a", SOURCE, ("none", "scalar")),)),
    requests.Bench(BenchRequest(source=SOURCE)),
]
RECORD = CollectionRecord(
    "a",
    "none",
    3,
    1,
    Built(1, 1),
    BytesPerVector(16, None),
    Compression(1.0, 1.0),
    {"graph": Bytes(1, None, 2)},
    0.1,
    None,
)
EVENTS = [
    events.Progress("load", "a", 1, None, 0.5, None),
    events.BuildDone("a", 1, 0.1, 0.2),
    events.CollectionReady(RECORD),
    events.CollectionFailed("a", "none", "because"),
    events.Warned(RunWarning("few", "too few")),
    events.Loaded(("a", "b"), 3, 0.1),
]


def crossed(message):
    sent = wire.frame(message)
    assert wire.length(sent[:4]) == len(sent) - 4
    return wire.message(sent[4:])


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_a_request_arrives_as_it_was(request_):
    call = crossed(wire.call(3, request_))
    assert call.id == 3
    assert wire.request(call) == request_


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)
def test_an_event_arrives_as_it_was(event):
    assert wire.event(crossed(wire.happened(3, event))) == event


def test_every_event_can_cross():
    assert {each.__name__ for each in typing.get_args(events.Event)} == set(wire._EVENTS)


@pytest.mark.parametrize(
    ("request_", "value"),
    [
        (
            requests.Query("a", SearchSettings()),
            Timed(Answer((1, "u"), (0.5, 0.25), ({"a": [1, None]}, None)), 0.1, 0.2),
        ),
        (requests.Scroll("a"), Page((Point(1, {"t": "é"}, {"": [0.5]}),), 2)),
        (requests.Collections(), ("a", "b")),
        (requests.Delete("a"), None),
    ],
)
def test_an_answer_arrives_as_it_was(request_, value):
    assert wire.value(request_, crossed(wire.result(1, value))) == value


def test_every_request_names_its_answer():
    for request, answer in requests.RESULTS.items():
        (declared,) = typing.get_args(vars(request)["__orig_bases__"][0])
        assert (None if declared is type(None) else declared) == answer


def test_a_query_says_what_it_searches_for():
    query = requests.Query("a", SearchSettings())
    assert about(query, [1.0]).vector == [1.0]
    assert about(query, [[1.0]]).tokens == [[1.0]]
    assert about(query, 7).point == 7
    assert about(query, "u").point == "u"


def test_filters_cross_as_text():
    assert filter_text(None) is None
    assert filter_text("pages > 3") == "pages > 3"
    assert (filter_text(Filter()) or "").startswith("{")


# --- what must not be understood ---------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"abc", msgspec.msgpack.encode({"type": "Unknown"}), b"\x91" * 5000])
def test_a_garbled_message_is_a_bug(body):
    with pytest.raises(wire.WireError):
        wire.message(body)


def test_wrong_fields_answers_and_names_are_bugs():
    none = msgspec.Raw(msgspec.msgpack.encode({}))
    for broken in (
        lambda: wire.request(wire.Call(1, "View", none)),
        lambda: wire.request(wire.Call(1, "Nope", none)),
        lambda: wire.value(requests.Collections(), wire.result(1, 5)),
        lambda: wire.event(wire.Happened(1, "Nope", none)),
        lambda: wire.event(wire.Happened(1, "Progress", none)),
    ):
        with pytest.raises(wire.WireError):
            broken()


def test_a_file_name_that_is_no_text_is_told():
    named = SourceSpec("file", path="/data/\udcff.npy")
    with pytest.raises(errors.UsageError, match=r"'/data/\ufffd\.npy' is not valid UTF-8: rename"):
        wire.call(1, requests.Build(BuildJob("s", "a", "none", named, BuildSpec())))


def test_frames_are_bounded_both_ways():
    with pytest.raises(DataError, match="64 MiB"):
        wire.frame(wire.result(1, "x" * wire.MAX_FRAME))
    with pytest.raises(wire.WireError, match="above the limit"):
        wire.length(b"\xff\xff\xff\xff")


# --- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "type_", [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, QtuiError)]
)
def test_every_error_of_ours_keeps_type_and_text(type_):
    error = wire.error(crossed(wire.failure(1, type_("it is so; do that"))))
    assert type(error) is type_
    assert str(error) == "it is so; do that"


def test_a_full_disk_is_told_whoever_noticed():
    failure = wire.failure(1, OSError(errno.ENOSPC, "No space left on device", "/x"))
    assert isinstance(wire.error(failure), DiskFull)
    assert isinstance(wire.error(wire.failure(1, OSError(errno.EIO, "?"))), wire.WireError)


def test_a_bug_brings_its_traceback():
    with pytest.raises(KeyError) as caught:
        dict[str, int]()["k"]
    bug = wire.error(crossed(wire.failure(1, caught.value)))
    assert "KeyError: 'k'" in str(bug)
    assert str(wire.error(crossed(wire.failure(1, bug)))) == str(bug)
    assert "test_a_bug_brings_its_traceback" in bug.__notes__[0]


def test_no_name_but_an_error_of_ours_is_raised():
    for name in ("Exit", "shown", "annotations", "nope"):
        assert isinstance(wire.error(wire.Failure(1, name, "text")), wire.WireError)
    assert isinstance(wire.error(wire.Failure(1, "NotFound", "text")), NotFound)


def test_the_app_s_end_imports_no_engine_and_no_numbers():
    heavy = [
        "numpy",
        "qdrant_edge",
        "qdrant_client",
        "pyarrow",
        "h5py",
        "textual",
        "qtui.bench",
        "qtui.data",
        "qtui.engine",
        "ctypes",
    ]
    code = f"import sys, qtui.host.client; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
