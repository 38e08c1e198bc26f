"""What a report says to use: the recommended configuration, why, what to paste, and what adapting it came to. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qtui.bench.deliverable.parts import Bullets, Code, Line, Paragraph, Part, Table
from qtui.bench.deliverable.reading import Reading
from qtui.bench.warnings import search_name
from qtui.cost import saves_ram
from qtui.plain import plain


def optimal(reading: Reading) -> tuple[Part, ...]:
    """The recommended configuration, what it gains, why it is the one, and what came near."""
    record, best = reading.record, reading.record.recommendation
    if best is None:
        said = [number for number, each in enumerate(record.warnings) if each.code == "no-recommendation"]
        quoted = reading.facts.quote(f"warnings[{said[0]}].text") if said else "The run has no recommendation."
        return (Paragraph((quoted,)),)
    facts, k = reading.facts, record.dataset.k
    lines: list[Line] = [
        (f"Method: {plain(best.method)}",),
        (f"Search: {search_name(best.search) or 'as it is'}, hnsw_ef {best.search.hnsw_ef}",),
        facts.line(
            f"Recall@{k}: ", ("recommendation.recall.mean", "share"), " (95% ", ("recommendation.recall.low", "share"),
            " to ", ("recommendation.recall.high", "share"), ") on the half of the queries that confirmed it",
        ),
    ]  # fmt: skip
    if reading.best is not None and reading.none is not None and reading.best != reading.none:
        at, base = f"measurements[{reading.best}]", f"measurements[{reading.none}]"
        lines.append(
            facts.line(
                "Final speed-up: ", (f"{base}.engine_ms.mean / {at}.engine_ms.mean", "times"),
                " by average engine time, with ", (f"{at}.recall.mean / {base}.recall.mean", "percent"),
                " of the accuracy retained",
            )
        )  # fmt: skip
    if best.compression is not None and best.method != "none":
        head, tail = ("Vectors in RAM: ", " smaller")
        if not saves_ram(reading.record):
            head, tail = ("Quantized vectors: ", " smaller than the originals, which are in RAM too")
        lines.append(facts.line(head, ("recommendation.compression", "ratio"), tail))
    reasons = tuple((facts.quote(f"recommendation.reasons[{number}]"),) for number in range(len(best.reasons)))
    return Bullets(tuple(lines)), Paragraph(("Why:",)), Bullets(reasons), *_near(reading)


def _near(reading: Reading) -> Iterator[Part]:
    """The runner-up, and what these queries can't tell from the choice."""
    best, quote = reading.record.recommendation, reading.facts.quote
    if best is None:
        return
    if best.runner_up is not None:
        name = f"{best.runner_up.method} {search_name(best.runner_up.search)}".strip()
        yield Paragraph((f"Runner-up: {plain(name)}: ", quote("recommendation.runner_up.why")))
    for words, field, count in (
        ("Can't be told apart from it:", "alike", len(best.alike)),
        ("Cheaper, and not excluded by these queries:", "undecided", len(best.undecided)),
    ):
        if count:
            yield Paragraph((words,))
            yield Bullets(tuple((quote(f"recommendation.{field}[{number}]"),) for number in range(count)))


def paste(reading: Reading) -> tuple[Part, ...]:
    """The configuration for the Python client, over REST, and as qtui's own commands."""
    best = reading.record.recommendation
    if best is None:
        return ()
    given = (("Python", "python", best.python), ("REST", "http", best.rest), ("qtui", "sh", best.command))
    return tuple(
        part
        for title, language, code in given
        if code
        for part in (Paragraph((f"{title}:",)), Code(language, code.rstrip("\n")))
    )


def adaptive(reading: Reading) -> tuple[Part, ...]:
    """What choosing oversampling query by query came to, beside fixed factors; the rule as a function."""
    found, facts = reading.record.adaptive, reading.facts
    if found is None:
        return ()
    verdict = (f"By {plain(found.predictor)}: ", facts.quote("adaptive.verdict"))
    rows = (
        ("recall, judged on other queries than it learned on", ("recall.mean", "recall.low", "recall.high"), "share"),
        ("recall gained over fixed factors of the same cost", ("gain.mean", "gain.low", "gain.high"), "share"),
        ("originals spared against fixed factors of the same recall", ("spared.mean", "spared.low", "spared.high"),
         "percent"),
        ("mean oversampling", ("mean_factor",), "decimal"),
        ("engine ms a query (median)", ("engine_ms",), "ms"),
        ("the same, with the fixed factor", ("fixed_engine_ms",), "ms"),
        ("queries learned on", ("learned_on",), "count"),
        ("queries judged on", ("judged_on",), "count"),
    )  # fmt: skip
    lines = tuple(
        (
            (words,),
            *(facts.line((f"adaptive.{name}", style)) for name in names),
            *((("",),) * (3 - len(names))),
        )
        for words, names, style in rows
    )
    tried = tuple(((plain(name),), facts.line((f"adaptive.tried.{name}", "share"))) for name in found.tried)
    return (
        Paragraph(verdict),
        Table(("figure", "value", "95%, from", "to"), lines),
        Paragraph(("Predictors tried, with what each gained in recall at equal cost where it learned:",)),
        Table(("predictor", "gain"), tried),
        Code("python", found.python.rstrip("\n")),
    )
