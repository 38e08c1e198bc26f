"""Names, values and help, as the parser takes them: without a process."""

from __future__ import annotations

import re
from argparse import Namespace

import pytest

from qtui.commands import SUMMARIES, parse
from qtui.commands.bench import make_request
from qtui.commands.console import HelpAsked
from qtui.errors import UsageError
from qtui.loads import BuildSpec, SourceSpec
from qtui.methods import METHODS
from qtui.model import Distance
from qtui.plan import BenchRequest


def parsed(line: str) -> Namespace:
    return parse(line.split())[1]


def complaint(line: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    return caught.value.text


def help_of(line: str) -> str:
    with pytest.raises(HelpAsked) as caught:
        parse(line.split())
    return caught.value.text


@pytest.mark.parametrize("command", ["", *SUMMARIES])
def test_help_fits_80_columns_and_has_an_example(command: str) -> None:
    text = help_of(f"{command} --help")
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^examples:\n  .*qtui", text, re.MULTILINE)
    assert "--path DIR" in text


@pytest.mark.parametrize("command", ["bench --vectors", "load x --vectors", "runs show", "delete"])
def test_help_wins_over_what_is_missing(command: str) -> None:
    assert help_of(f"{command.split(maxsplit=1)[0]} -h").startswith("usage: qtui")


@pytest.mark.parametrize("command", SUMMARIES)
def test_examples_in_help_parse(command: str) -> None:
    text = help_of(f"{command} --help")
    for line in text.partition("examples:\n")[2].splitlines():
        words = line.partition(" #")[0].partition(" | ")[0].split()
        parse([word.strip("'") for word in words[words.index("qtui") + 1 :]])


def test_defaults_are_those_of_the_contract() -> None:
    request = make_request(parsed("bench --vectors v.npy"))
    assert request == BenchRequest(source=SourceSpec("file", path="v.npy"))
    assert request.methods == ("none", "scalar", "binary", "binary-2bit", "turbo-4bit")
    assert request.oversampling == (1.0, 2.0, 3.0, 5.0)
    assert (request.rescore, request.hnsw_ef, request.limit) == ((True, False), (128,), 10)
    assert (request.concurrency, request.repeat, request.seed, request.queries) == ((1,), 3, 0, 200)
    assert request.build == BuildSpec(Distance.COSINE, hnsw_m=None, ef_construct=100)


def test_every_option_of_bench_reaches_the_request() -> None:
    line = (
        "bench --vectors v.npy --payload p.jsonl --queries q.npy --truth t.npy --methods scalar,binary --rescore on"
        " --oversampling 1.5,4 --hnsw-ef 64,128 --hnsw-m 8 --ef-construct 50 --ignore --exact --limit 5"
        " --distance dot --vector-name text --filter a=b --concurrency 1,4 --rate 100 --repeat 2 --cold --seed 7"
        " --keep --yes --json - --in-ram"
    )
    request = make_request(parsed(line))
    assert request.source == SourceSpec("file", path="v.npy", payload="p.jsonl")
    assert (request.queries_file, request.queries, request.truth_file) == ("q.npy", 0, "t.npy")
    assert request.methods == ("none", "scalar", "binary")
    assert (request.rescore, request.oversampling, request.hnsw_ef) == ((True,), (1.5, 4.0), (64, 128))
    assert (request.ignore, request.exact, request.limit, request.filter) == (True, True, 5, "a=b")
    assert (request.concurrency, request.rate, request.repeat) == ((1, 4), 100.0, 2)
    assert make_request(parsed("bench --vectors v.npy --ignore")).exact
    assert (request.cold, request.seed, request.keep) == (True, 7, True)
    build = request.build
    assert (build.hnsw_m, build.ef_construct, build.distance, build.vector_name) == (8, 50, Distance.DOT, "text")
    assert not build.on_disk


def test_all_methods_are_all_of_the_catalogue() -> None:
    assert make_request(parsed("bench --vectors v.npy --methods all")).methods == tuple(METHODS)


def test_load_makes_only_the_methods_that_were_asked_for() -> None:
    assert parsed("load docs --vectors v.npy --methods scalar").methods == ("scalar",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sample", SourceSpec("sample")),
        ("./sample", SourceSpec("file", path="./sample")),
        ("synthetic:1000x16", SourceSpec("synthetic", rows=1000, dimension=16)),
        ("synthetic:1000x16:9", SourceSpec("synthetic", rows=1000, dimension=16, seed=9)),
        ("synthetic.npy", SourceSpec("file", path="synthetic.npy")),
    ],
)
def test_sources(text: str, expected: SourceSpec) -> None:
    assert make_request(parsed(f"bench --vectors {text}")).source == expected


@pytest.mark.parametrize("text", ["synthetic", "synthetic:10", "synthetic:0x4", "synthetic:4x0", "synthetic:4x99999"])
def test_synthetic_sources_that_make_no_sense(text: str) -> None:
    with pytest.raises(UsageError, match="synthetic"):
        make_request(parsed(f"bench --vectors {text}"))


@pytest.mark.parametrize(
    "line", ["--path here inspect", "inspect --path here", "inspect --path=here", "--path=here inspect"]
)
def test_global_options_work_before_and_after_the_command(line: str) -> None:
    assert str(parsed(line).path) == "here"
    assert parsed(f"--quiet {line}").quiet
    assert parsed(f"{line} --debug").debug


def test_global_options_have_their_defaults() -> None:
    about_servers = {"url": None, "profile": None, "api_key_env": None, "grpc": False, "grpc_port": None, "ca": None}
    others = {"path": None, "allow_writes": False, "timeout": None, "quiet": False, "debug": False}
    assert parse([]) == (None, Namespace(**about_servers, **others))


def test_a_servers_options_work_before_and_after_the_command() -> None:
    words = "--url U --api-key-env K --grpc --allow-writes --timeout 2.5"
    for line in (
        f"{words} inspect",
        f"inspect {words}",
        "--url=U --grpc inspect --api-key-env K --allow-writes --timeout=2.5",
    ):
        args = parsed(line)
        assert (args.url, args.api_key_env, args.grpc, args.allow_writes, args.timeout) == ("U", "K", True, True, 2.5)
    assert parsed("--profile P inspect").profile == parsed("inspect --profile P").profile == "P"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("benhc", "unknown command 'benhc'; did you mean bench?"),
        ("frobnicate", "unknown command 'frobnicate'; see qtui --help"),
        ("bench --vectors v --limt 5", "unknown option '--limt'; did you mean --limit?"),
        ("bench --xyzzy", "unknown option '--xyzzy'; see qtui bench --help"),
        ("--vectors v bench", "unknown option '--vectors'"),
        ("bench -x", "unknown option '-x'"),
        ("bench --vectors v --methods bianry", "no method 'bianry'; did you mean binary?"),
        ("bench --vectors v --methods none,xyzzy", "no method 'xyzzy'; choose from none, scalar"),
        ("bench --vectors v --methods ,", "--methods needs at least one value"),
        ("bench --vectors", "--vectors needs a value"),
        ("bench --limit ten", "--limit takes a whole number, not 'ten'"),
        ("bench --limit 0", "--limit takes 1 to 100000, not 0"),
        ("bench --oversampling 0.5", "--oversampling takes 1 to 1000, not 0.5"),
        ("bench --oversampling 1,nan", "--oversampling takes 1 to 1000, not nan"),
        ("bench --oversampling x", "--oversampling takes a number, not 'x'"),
        ("bench --rescore maybe", "--rescore takes on, off or on,off, not 'maybe'"),
        ("bench --distance cosin", "--distance takes cosine, dot, euclid, manhattan, not 'cosin'"),
        ("bench --concurrency 0", "--concurrency takes 1 to 256, not 0"),
        ("bench --rate 0", "--rate takes 0.001 to 1000000, not 0"),
        ("bench --rate 1e9", "--rate takes 0.001 to 1000000, not 1e9"),
        ("bench --seed -1", "--seed takes 0 or more, not -1"),
        ("bench --seed 99999999999999999999", "--seed takes at most 9007199254740992, not 99999999999999999999"),
        ("bench --minimise size", "--minimise takes ram, latency, disk, not 'size'"),
        ("bench --hnsw-m -1", "--hnsw-m takes 0 to 512, not -1"),
        ("bench --on-disk --in-ram --vectors v", "--in-ram not allowed with"),
        ("delete", "NAME is missing; see qtui delete --help"),
        ("delete a b", "one word too many: 'b'"),
        ("demo now", "one word too many: 'now'"),
        ("-- bench", "a command must come before"),
        ("--timeout soon inspect", "--timeout takes seconds, above 0 and at most 3600, not 'soon'"),
        ("inspect --timeout 0", "--timeout takes seconds"),
    ],
)
def test_what_is_wrong_is_said(line: str, expected: str) -> None:
    assert expected in complaint(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bench", "give either --vectors F or --collection NAME"),
        ("bench --vectors v --collection c", "give either"),
        ("bench --collection c --payload p", "--payload goes with --vectors"),
        ("bench --vectors v --queries 0", "--queries must be at least 1, not 0"),
        ("bench --vectors v --queries -3", "--queries must be at least 1, not -3"),
        ("bench --vectors sample --payload p", "the sample has its own"),
        ("bench --vectors synthetic:9x9 --payload p", "synthetic ones have none"),
    ],
)
def test_options_that_do_not_go_together(line: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_request(parsed(line))
    assert expected in caught.value.text


def test_hostile_names_are_shown_as_text() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["\x1b]0;pwned\x07"])
    assert caught.value.text.isprintable()
