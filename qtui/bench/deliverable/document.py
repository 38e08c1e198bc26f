"""A run's report as a document, in the order in which it is read. Pure: the same record makes the same document."""

from __future__ import annotations

from qtui.bench.deliverable import charts, choice, figures, words
from qtui.bench.deliverable.memory import memory
from qtui.bench.deliverable.parts import Bullets, Document, Paragraph, Part, Section
from qtui.bench.deliverable.reading import Reading, read
from qtui.bench.report import facts
from qtui.plain import plain
from qtui.records import RunRecord, RunWarning


def document(record: RunRecord) -> Document:
    """The report of a run, whole or partial."""
    reading = read(record)
    ended = "" if record.status == "complete" else ": it ended before it was done"
    about = f"Run {record.id}, {record.status}{ended}, {record.started}."
    sections = [
        ("Optimal configuration", choice.optimal(reading)),
        ("Domain and data set", words.domain(reading)),
        ("Method comparison", figures.comparison(reading)),
        ("Charts", charts.charts(reading)),
        ("Key insights", words.insights(reading)),
        ("Theoretical maxima", figures.theory(reading) if reading.methods else ()),
        ("Cost", figures.cost(reading)),
        ("Memory", (*figures.components(reading), *memory(reading))),
        ("Adaptive oversampling", choice.adaptive(reading)),
        ("To share", words.share(reading)),
        ("To paste", choice.paste(reading)),
        (f"All figures, recall@{record.dataset.k}", figures.all_figures(reading)),
        ("Collections", figures.collections(reading)),
        ("How it was measured", (Bullets(tuple((plain(fact),) for fact in facts(record))), figures.settings(reading))),
        ("Warnings", _warnings(reading)),
    ]
    title = record.name or f"Quantization of {record.dataset.source}"
    found = tuple(Section(name, parts) for name, parts in sections if parts)
    return Document(plain(title), plain(about), found)


def _head(warning: RunWarning) -> str:
    return plain(f"{warning.code}{f' ({warning.about})' if warning.about else ''}: ")


def _warnings(reading: Reading) -> tuple[Part, ...]:
    if not reading.record.warnings:
        return (Paragraph(("None.",)),)
    return (
        Bullets(
            tuple(
                (
                    "" if each.text.startswith(f"{each.code}: ") else _head(each),
                    reading.facts.quote(f"warnings[{number}].text"),
                )
                for number, each in enumerate(reading.record.warnings)
            )
        ),
    )
