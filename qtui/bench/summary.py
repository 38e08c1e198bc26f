"""A gate's verdict for people and for continuous integration: text of 80 columns, Markdown, JUnit. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from qtui import units
from qtui.limits import DOUBTFUL, KEPT, METRICS, MISSED, Checked, Limit, Verdict
from qtui.plain import fold, plain

_MARKS = {KEPT: "ok:", DOUBTFUL: "ok, may be chance:", MISSED: "MISSED:"}
_WORDS = {KEPT: "kept", DOUBTFUL: "kept: not significant", MISSED: "MISSED"}


def to_text(verdict: Verdict, width: int = 80) -> str:
    """A line or two a limit, then what to know."""
    lines = [headline(verdict)]
    for check in verdict.checks:
        lines += fold(f"{_MARKS[check.outcome]} {sentence(check)}", width, indent="  ")
    for remark in verdict.remarks:
        lines += fold(f"! {remark}", width)
    return "\n".join(lines)


def headline(verdict: Verdict) -> str:
    """The verdict in a line."""
    total = len(verdict.checks)
    limits = "1 limit" if total == 1 else f"{total} limits"
    against = "" if verdict.baseline is None else f", against run {plain(verdict.baseline)}"
    held = f"{limits} kept" if verdict.passed else f"{verdict.missed} of {limits} missed"
    return f"gate {'passed' if verdict.passed else 'missed'}: {held}{against}"


def to_markdown(verdict: Verdict) -> str:
    """A heading, a table with a row a limit, and remarks."""
    heads = ("limit", "variant", "figure", "95% interval", "baseline", "over baseline (95%)", "outcome")
    lines = [f"## qtui {headline(verdict)}", "", f"Run `{plain(verdict.run)}`.", ""]
    lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for check in verdict.checks:
        unit = METRICS[check.limit.metric].unit
        outcome = _WORDS[check.outcome] + (f": {check.why}" if check.why and check.outcome != DOUBTFUL else "")
        cells = (
            check.limit.text,
            check.variant or units.ABSENT,
            figure(check.value, unit),
            units.ABSENT if check.interval is None else _span(check.interval, unit),
            figure(check.baseline, unit),
            _change(check) or units.ABSENT,
            outcome,
        )
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    lines += ["", *(f"- {_cell(remark)}" for remark in verdict.remarks)] if verdict.remarks else []
    return "\n".join(lines) + "\n"


def to_junit(verdict: Verdict) -> str:
    """One test case a limit; one that was missed has a failure."""
    name = quoteattr(plain(f"qtui run {verdict.run}"))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(verdict.checks)}" failures="{verdict.missed}">',
        f'<testsuite name={name} tests="{len(verdict.checks)}" failures="{verdict.missed}" errors="0" skipped="0">',
        *(line for check in verdict.checks for line in _case(check)),
        *(f"<system-out>{escape(plain(remark))}</system-out>" for remark in verdict.remarks),
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(check: Checked) -> Iterator[str]:
    owner = quoteattr(plain(f"qtui.{check.variant or 'no variant'}"))
    yield f"<testcase classname={owner} name={quoteattr(plain(check.limit.text))}>"
    said = plain(sentence(check))
    if check.passed:
        yield f"<system-out>{escape(said)}</system-out>"
    else:
        yield f"<failure message={quoteattr(said)} type={quoteattr(check.limit.metric)}>{escape(said)}</failure>"
    yield "</testcase>"


def sentence(check: Checked) -> str:
    """What was found, what was asked, and how sure that is."""
    limit, unit = check.limit, METRICS[check.limit.metric].unit
    if check.value is None:
        return f"{check.variant or limit.text}: {check.why}" + (f"; asked: {limit.text}" if check.variant else "")
    found = f"{check.variant}: {limit.metric} {figure(check.value, unit)}"
    if check.interval is not None:
        found += f" [{_span(check.interval, unit)}]"
    change = _change(check)
    if change:
        found += f", {change} against {figure(check.baseline, unit)}"
    return f"{found}; {_asked(limit, unit)}{f'; {check.why}' if check.why else ''}"


def _asked(limit: Limit, unit: str) -> str:
    at = "at least" if limit.floor else "at most"
    if limit.relative:
        return f"{at} {limit.bound * 100:+g}%"
    return f"{at} {limit.bound:g}{' ms' if unit == 'ms' else ''}"


def _change(check: Checked) -> str:
    """By how much it differs from the baseline, with the interval of that."""
    if not check.baseline or check.value is None:
        return ""
    span = "" if check.change is None else f" [{check.change[0] - 1:+.1%}, {check.change[1] - 1:+.1%}]"
    return f"{check.value / check.baseline - 1:+.1%}{span}"


def figure(value: float | None, unit: str) -> str:
    """A limited figure as people read it."""
    if value is None:
        return units.ABSENT
    if unit == "share":
        return units.share(value)
    if unit == "ms":
        return f"{units.millis(value)} ms"
    return f"{value:.2f}x" if unit == "ratio" else f"{value:,.0f}"


def _span(interval: tuple[float, float], unit: str) -> str:
    return ", ".join(figure(end, unit).removesuffix(" ms") for end in interval)


def _cell(text: str) -> str:
    safe = plain(text)
    for character in ("\\", "|", "<", "`", "*", "_", "["):
        safe = safe.replace(character, f"\\{character}")
    return safe
