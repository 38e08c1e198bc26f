"""The columns of the list of collections: what they hold, what gives way in a narrow window, their order."""

from __future__ import annotations

from dataclasses import replace

from qtui.model import Built, CollectionView, Finding, Hnsw
from qtui.served import Limits, Served
from qtui.tui import figures
from qtui.tui.dialogs.copy import left_out
from qtui.tui.inspection import inspect
from qtui.tui.theme import DIM
from qtui.tui.widgets.tables import CollectionTable
from tests.tui.driving import make, screen_text, until_seen
from tests.tui.scripted import view

NARROW = (80, 24)


def sized(name: str, size: int, *, tokens: str = "") -> CollectionView:
    """A collection of vectors of this size; `tokens` names those of multivectors."""
    known = view(name, "turbo-4bit")
    spec = replace(known.vectors[0].spec, size=size, name=tokens, multivector=bool(tokens))
    return replace(known, vectors=(replace(known.vectors[0], spec=spec),))


async def test_a_vectors_name_gives_way_to_the_collections() -> None:
    views = (sized("glosses__turbo-4bit", 1536), sized("scans", 128, tokens="colpali"))
    app, _ = make(views)
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "2 collections")
        rows = screen_text(app)
        assert " glosses__turbo-4… " not in rows
        assert "1536 cosine" in rows
        assert " 128×M cosine" in rows
        assert "colpali" not in rows
        await pilot.resize_terminal(200, 40)
        await until_seen(pilot, "colpali 128×M cosine")


async def test_sizes_are_sorted_as_numbers() -> None:
    app, _ = make([sized(f"s{size}", size) for size in (32, 256, 1024, 64)])
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "4 collections")
        table = app.query_one(CollectionTable)
        table.sort_by_column("vectors")
        assert table.keys == ("s32", "s64", "s256", "s1024")


async def test_a_long_name_leaves_what_is_said_below_on_one_line() -> None:
    app, _ = make((view("long-" * 30),))
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "1 collection  ▸ long-")
        below = screen_text(app).splitlines()[-2]
        assert below.startswith(" 1 collection  ▸ long-")
        assert below.endswith("…  green, cold")


def test_values_stand_out_from_their_labels() -> None:
    text = inspect(view("a", "scalar"), 60)
    at = text.plain.index("quantization  ") + len("quantization  ")
    assert text.plain[at:].startswith("scalar")
    assert not [span for span in text.spans if span.start <= at < span.end and DIM in str(span.style)]


def test_an_empty_collection_lacks_nothing() -> None:
    known = view("a", "scalar", points=0)
    none = replace(known.vectors[0], built=Built(0, 0), indexed=Built(0, 0), quantized_bytes=None)
    assert "⚠" not in inspect(replace(known, vectors=(none,), findings=()), 60).plain


async def test_what_a_column_does_not_need_another_one_gets() -> None:
    app, _ = make((sized("scans", 128, tokens="colpali"),))
    async with app.run_test(size=NARROW) as pilot:
        await until_seen(pilot, "1 collection")
        assert "128×M cosine" in screen_text(app)
        assert "● green" in screen_text(app)
        await pilot.resize_terminal(90, 24)
        await until_seen(pilot, "colpali 128×M cosine")


async def test_at_120_columns_the_list_says_where_the_originals_are_and_cuts_no_usual_name() -> None:
    app, room = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "5 collections")
        rows = screen_text(app).splitlines()[3:9]
        assert rows[0].split("│")[0].rstrip().endswith("RAM est originals")
        assert [row.split("│")[0].split()[0] for row in rows[1:]] == sorted(room.views)
        assert all(row.split("│")[0].rstrip().endswith("cold") for row in rows[1:])


async def test_long_cells_are_cut_before_the_column_of_the_originals_is() -> None:
    one, other = (view("documents-of-all-kinds", method).vectors[0] for method in ("product-x16", "scalar"))
    vectors = tuple(
        replace(vector, spec=replace(vector.spec, name=name, multivector=True))
        for name, vector in (("colpali-pooled", one), ("sentences", other))
    )
    several = replace(view("documents-of-all-kinds"), vectors=vectors, points=1_234_567)
    app, _ = make((several,))
    async with app.run_test(size=(120, 40)) as pilot:
        await until_seen(pilot, "1 collection")
        assert [line.split("│")[0].rstrip() for line in screen_text(app).splitlines()[3:5]] == [
            " name▴        points vectors    quantization built   RAM est originals",
            " documents-o…  1.23M 384×M, 38… product-x16… 2/2 ✓ 507.5 MiB cold",
        ]


def test_the_graph_is_what_searches_go_along() -> None:
    def row(m: int, indexed: Built, scanned: int = 0) -> list[str]:
        known = view("a")
        spec = replace(known.vectors[0].spec, hnsw=Hnsw(m=m))
        vector = replace(known.vectors[0], spec=spec, indexed=indexed, scanned=scanned)
        text = inspect(replace(known, vectors=(vector,)), 60).plain
        return next(line for line in text.splitlines() if line.startswith("HNSW m")).split()[2:]

    assert row(16, Built(2, 2)) == ["16", "2/2", "✓", "graph"]
    assert row(16, Built(0, 2)) == ["16", "0/2", "⚠", "full", "scan"]
    assert row(16, Built(2, 2), scanned=2) == ["16", "2/2", "✓", "full", "scan"]
    assert row(0, Built(0, 2)) == ["0", "–", "full", "scan"]


def test_what_a_copy_of_the_configuration_leaves_out_is_said() -> None:
    assert left_out(view("a")) == ()
    served = Served(sparse_vectors=("words", "\x1b[31mtags"), limits=Limits(enabled=True))
    assert left_out(view("a", served=served)) == ("its sparse vectors (words, tags)", "strict mode")


def test_of_what_can_not_be_read_only_that_is_said() -> None:
    finding = Finding("broken", "its manifest is damaged", "delete it and load it again", "error")
    broken = replace(view("a"), status="broken", points=0, vectors=(), error=finding.text, findings=(finding,))
    text = inspect(broken, 60).plain
    assert text.count(finding.text) == 1
    assert "points" not in text
    assert "Memory" not in text
    assert (figures.points(broken), figures.ram(broken)) == ("–", "–")
