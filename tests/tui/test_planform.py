"""The plan editor's texts made into a request; figures placed by what they say they are of."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtui.embedders import DOCUMENTS
from qtui.errors import UsageError
from qtui.events import Measured
from qtui.loads import SourceFacts, SourceSpec
from qtui.methods import METHODS as CATALOGUE
from qtui.model import Distance
from qtui.plan import BenchRequest, variants
from qtui.served import Served
from qtui.tui.fold import RunState
from qtui.tui.planform import Known, PlanText, queries_of, read
from qtui.tui.planwhat import FORMATS, source_of, what_of
from qtui.tui.widgets.paths import PathSuggester, completed
from tests.tui.scripted import DEMO, measurement, view

METHODS = ("none", "scalar", "turbo-4bit")


def text(kind: str = "collection", collection: str = "demo", oversampling: str = "1, 2") -> PlanText:
    return PlanText(
        kind=kind,
        path="",
        collection=collection,
        methods=METHODS,
        rescore_on=True,
        rescore_off=True,
        oversampling=oversampling,
        queries="100",
        repeat="2",
        limit="5",
        hnsw_ef="64",
        exact=False,
        ignore=False,
    )


def test_baseline_is_measured_beside_a_quantized_collection() -> None:
    request = read(text(collection="demo__binary"), DEMO).request
    assert (request.collection, request.methods) == ("demo__binary", ("none", "binary"))


def test_chosen_siblings_are_measured_beside_a_baseline() -> None:
    assert read(text(), DEMO[:2]).request.methods == ("none", "scalar")


def test_copies_without_a_baseline_are_measured_together() -> None:
    views = (view("demo__binary", "binary"), view("demo__scalar", "scalar"))
    what = what_of(text(collection="demo__binary"), views)
    assert set(what.methods) == {"scalar", "binary"}
    assert what.beside == "measures demo__binary and beside it __scalar; without a baseline"
    alone = what_of(text(collection="mine"), (view("mine", "binary"),))
    assert alone.beside == "measures mine alone: nothing without quantization to compare with"


def test_collection_of_other_points_is_no_sibling() -> None:
    views = (view("demo", points=7), view("demo__scalar", "scalar"))
    assert read(text(collection="demo__scalar"), views).request.methods == ("scalar",)


def test_sample_takes_what_is_typed() -> None:
    request = read(text("sample"), ()).request
    assert (request.methods, request.oversampling, request.queries) == (METHODS, (1.0, 2.0), 100)
    assert (request.repeat, request.limit, request.hnsw_ef) == (2, 5, (64,))


@pytest.mark.parametrize("typed", ["nan", "inf", "1e99", "1;x", ","])
def test_what_is_no_factor_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="oversampling"):
        read(text("sample", oversampling=typed), ())


def test_figures_are_placed_by_what_they_are_of_not_by_their_index() -> None:
    state = RunState.of(BenchRequest(collection="c", methods=("binary",)), "c")
    foreign = RunState.of(BenchRequest(collection="c", methods=("none", "binary")), "c")
    event = Measured(tuple((at, measurement(v, at, v.method)) for at, v in enumerate(foreign.variants)))
    after = state.after(event)
    assert len(after.measured) == len(state.variants)
    assert all(after.measured[at].search == v.search for at, v in enumerate(state.variants))


def test_collections_that_will_be_measured_are_said() -> None:
    assert "measures demo and beside it __scalar; there is none for turbo-4bit" in read(text(), DEMO[:2]).summary
    assert "measures demo__binary and its baseline demo" in read(text(collection="demo__binary"), DEMO).summary
    alone = (view("other__scalar", "scalar"),)
    assert "alone: no other to compare with" in read(text(collection="other__scalar"), alone).summary


def test_time_is_estimated_by_formula_then_by_the_last_run() -> None:
    facts = SourceFacts("sample", 5_000, 384, vectors=5_000)
    plan = read(text("sample"), (), Known(facts))
    assert plan.summary.endswith("(by formula)")
    taught = Known(facts, "the sample", dict.fromkeys(CATALOGUE, 10.0))
    # 7 variants, each 100 queries twice and 100 to warm up, 10 ms each
    assert "est 26 s, build 5.0 s (as last run)" in read(text("sample"), (), taught).summary
    assert "(by formula)" in read(text("sample"), (), replace(taught, about="another")).summary


def test_slow_methods_and_full_scans_take_longer() -> None:
    def seconds(**more: Any) -> float:
        facts = SourceFacts("sample", 100_000, 384, vectors=100_000)
        plan = read(replace(text("sample"), **more), (), Known(facts))
        return plan._measuring_s(facts) or 0.0

    assert seconds(hnsw_m="0") > 10 * seconds()
    assert seconds(rate="1") > 1_000


def test_a_file_of_queries_takes_the_place_of_their_number(tmp_path: Path) -> None:
    (tmp_path / "q.npy").write_bytes(b"")
    request = read(replace(text("sample"), queries=str(tmp_path / "q.npy")), ()).request
    assert (request.queries_file, request.queries) == (str(tmp_path / "q.npy"), 0)
    known = Known(SourceFacts("f", 5_000, 384), queries=SourceFacts("q", 40, 384))
    summary = read(replace(text("sample"), queries=str(tmp_path / "q.npy")), (), known).summary
    assert "7 measurements, 560 searches" in summary
    assert "build" in summary.splitlines()[-1]
    assert queries_of(str(tmp_path / "q.npy")) == SourceSpec(kind="file", path=str(tmp_path / "q.npy"))
    (tmp_path / "set.hdf5").write_bytes(b"")
    assert queries_of(str(tmp_path / "set.hdf5")) is None, "its rows are those of the vectors"
    with pytest.raises(UsageError, match="queries: there is no such file"):
        read(replace(text("sample"), queries="./none.npy"), ())


def test_queries_that_the_vectors_cannot_be_asked_are_refused_as_they_are_typed(tmp_path: Path) -> None:
    (tmp_path / "q.npy").write_bytes(b"")
    facts, file = SourceFacts("f", 5_000, 384), replace(text("sample"), queries=str(tmp_path / "q.npy"))
    for asked, said in (
        (SourceFacts("q", 40, 256), "queries: 256 components, the vectors have 384"),
        (SourceFacts("q", 40, 384, multivector=True), "queries: the file holds multivectors, the data single vectors"),
    ):
        with pytest.raises(UsageError, match=said):
            read(file, (), Known(facts, queries=asked))
    with pytest.raises(UsageError, match="queries: the data brings 300 of its own"):
        read(replace(text("sample"), queries="301"), (), Known(SourceFacts("f", 5_000, 384, queries=300)))
    with pytest.raises(UsageError, match="queries: the data holds 5,000 in all"):
        read(replace(text("sample"), queries="5000"), (), Known(facts))


def test_count_of_measurements_is_that_of_the_grid_however_large() -> None:
    typed = replace(
        text("sample"), oversampling="1,2 3;5", hnsw_ef="64 128", concurrency="1,2,4", exact=True, ignore=True
    )
    for changed in (typed, replace(typed, rescore_on=False), replace(typed, rescore_off=False, methods=("none",))):
        plan = read(changed, ())
        assert plan.measurements == len(variants(plan.request))


def test_distance_is_what_the_file_says_unless_one_is_chosen() -> None:
    facts = SourceFacts("f", 1_000, 8, distance=Distance.EUCLID)
    assert read(text("sample"), (), Known(facts)).request.build.distance is Distance.EUCLID
    chosen = replace(text("sample"), distance="dot")
    assert read(chosen, (), Known(facts)).request.build.distance is Distance.DOT


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("concurrency", "0", "in flight: "),
        ("rate", "-1", "rate: "),
        ("rate", "fast", "rate: a number"),
        ("seed", "-1", "seed: "),
        ("target", "2", "keep recall: "),
        ("hnsw_m", "900", "hnsw_m: "),
        ("ef_construct", "1", "ef_construct: "),
        ("filter", "a = = b", ""),
        ("truth", "./none.npy", "truth: there is no such file"),
    ],
)
def test_wrong_option_is_named_as_in_the_form(field: str, typed: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read(replace(text("sample"), **{field: typed}), ())  # type: ignore[arg-type]  # names are the cases
    assert error.value.text.startswith(said)
    assert "--" not in error.value.text


def test_paths_are_completed_folder_by_folder(tmp_path: Path) -> None:
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "a.npy").touch()
    (tmp_path / "vectors" / "a.txt").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "bad\x1b[31m.npy").touch()
    base = str(tmp_path)
    assert completed(f"{base}/ve", FORMATS) == f"{base}/vectors/"
    assert completed(f"{base}/", FORMATS) == f"{base}/vectors/"
    assert completed(f"{base}/vectors/", FORMATS) == f"{base}/vectors/a.npy"
    assert completed(f"{base}/bad", FORMATS) is None
    assert completed(f"{base}/none/x", FORMATS) is None
    assert completed("~", FORMATS) == "~/"
    assert completed("~nobody-is-called-so/x", FORMATS) is None


async def test_the_last_of_several_paths_is_completed_and_a_text_never(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "page.png").touch()
    several = PathSuggester(DOCUMENTS, several=True)
    assert await several.get_suggestion(f"notes/; {tmp_path}/sc") == f"notes/; {tmp_path}/scans/"
    assert await several.get_suggestion("notes/; ") is None
    one = PathSuggester(DOCUMENTS, rooted=True)
    assert await one.get_suggestion(f"{tmp_path}/p") == f"{tmp_path}/page.png"
    with chdir(tmp_path):
        assert await one.get_suggestion("pa") is None
        assert await one.get_suggestion("./pa") == "./page.png"


def test_copies_on_a_server_are_measured_beside_their_collection() -> None:
    views = (view("demo"), view("demo__qtui__scalar", "scalar"))
    assert read(text(), views).request.methods == ("none", "scalar")
    assert read(text(collection="demo__qtui__scalar"), views).request.methods == ("none", "scalar")


def test_part_of_a_collection_is_tried_locally_with_every_chosen_method() -> None:
    plan = read(replace(text("part"), points="400"), (view("demo", points=1000),))
    request = plan.request
    assert (request.collection, request.methods, request.source) == ("demo", METHODS, None)
    assert (request.live.locally, request.live.sample) == (True, 400)
    assert "3 collections to build" in plan.summary
    assert "tries 400 of 1,000 points of demo" in plan.summary
    with pytest.raises(UsageError, match="points"):
        read(replace(text("part"), points="7"), DEMO)


def test_what_ships_with_qtui_is_asked_its_own_queries() -> None:
    known = Known(SourceFacts("documents", 4, 128, multivector=True, vectors=4_000, queries=12))
    plan = read(text("documents"), (), known)
    assert plan.request.source == SourceSpec("documents")
    assert f"{plan.measurements * 12 * plan.request.repeat:,} searches" in plan.summary
    assert "24 searches" in read(replace(text("documents"), methods=("none",)), (), known).summary
    assert "10 searches" in read(replace(text("documents"), methods=("none",), queries="5"), (), known).summary


def test_a_server_is_asked_under_a_guard_that_is_said_and_raised_only_on_purpose() -> None:
    served = (replace(view("demo", points=1000), served=Served()),)
    guarded = read(text(), served)
    assert "at most 20/s" in guarded.summary
    assert "load guard" not in read(text(), DEMO).summary
    assert "at most 5/s" in read(replace(text(), pace="5"), served).summary
    assert read(replace(text(), processes="3"), served).request.live.processes == 3
    with pytest.raises(UsageError, match="clients: takes 1 to 16"):
        read(replace(text(), processes="99"), served)
    for raised in (
        replace(text(), pace="0"),
        replace(text(), concurrency="4"),
        replace(text(), rate="100"),
    ):
        assert "no load guard" in read(raised, served).summary
    assert "load guard" not in read(text("part"), served).summary


def test_copies_of_a_collection_are_made_for_what_it_is_not():
    served = (replace(view("demo", "scalar"), served=Served()),)
    plan = read(text("copies"), served)
    assert plan.request.collection == "demo"
    assert plan.request.live.copies
    assert plan.request.methods == ("scalar", "none", "turbo-4bit")
    assert "2 collections to build first" in plan.summary
    assert "demo__qtui__none and so on, removed after" in plan.summary
    assert "load guard" in plan.summary
    assert read(replace(text("copies"), keep=True), served).request.keep
    with pytest.raises(UsageError, match="doesn't have"):
        read(replace(text("copies"), methods=("scalar",)), served)


def test_made_up_vectors_are_a_source_of_their_own() -> None:
    made = replace(text("synthetic"), shape="2_000 x 64", seed="7")
    plan = read(made, DEMO)
    assert plan.request.source == SourceSpec("synthetic", rows=2_000, dimension=64, seed=7)
    assert plan.about == "synthetic 2_000 x 64"
    assert source_of(made) == plan.request.source
    for wrong in ("2000", "0x64", "10x99999999"):
        assert source_of(replace(made, shape=wrong)) is None
        with pytest.raises(UsageError, match="rows x dim"):
            read(replace(made, shape=wrong), DEMO)


def test_payload_goes_beside_a_file(tmp_path: Path) -> None:
    vectors, payload = tmp_path / "v.npy", tmp_path / "p.jsonl"
    vectors.touch()
    payload.touch()
    known = read(replace(text("file"), path=str(vectors), payload=str(payload)), DEMO)
    assert known.request.source == SourceSpec("file", path=str(vectors), payload=str(payload))
    with pytest.raises(UsageError, match=r"payload: \.jsonl, \.parquet can be read"):
        read(replace(text("file"), path=str(vectors), payload=str(vectors)), DEMO)
    with pytest.raises(UsageError, match="payload: there is no such file"):
        read(replace(text("file"), path=str(vectors), payload="nowhere.jsonl"), DEMO)
    # what is typed there means nothing for another source
    assert read(replace(text("sample"), payload="nowhere.jsonl"), DEMO).request.source == SourceSpec("sample")
