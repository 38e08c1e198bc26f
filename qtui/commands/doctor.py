"""`qtui doctor`: versions, a self-test of the engine, folders, models, the terminal and the machine."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from qtui.commands import options, tables
from qtui.commands.console import Console
from qtui.commands.parser import Parser
from qtui.errors import AccessError, Exit, QtuiError

if TYPE_CHECKING:
    from qtui.checks import Section


def declare(parser: Parser) -> None:
    """Declares what doctor takes."""
    parser.describe(
        "Checks what qtui stands on: versions, the engine (a tiny collection is built,\n"
        "quantized and searched in a temporary folder), folders, models, terminal and\nmachine.",
        usage="qtui doctor [--json]",
        examples=("qtui doctor", "qtui doctor --json"),
    )
    group = parser.add_argument_group("what is shown")
    group.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(args: Namespace, console: Console) -> Exit:
    """Checks, prints, and raises AccessError when something stands in the way of working."""
    from qtui import checks
    from qtui.commands import waiting
    from qtui.host import doctor

    console.progress("checking the engine", force=True)
    found: dict[str, Section] = {
        "versions": checks.versions(),
        "engine": waiting.run(doctor.engine()),
        "folders": checks.folders(options.store(args)),
        "models": doctor.models(),
        "terminal": checks.terminal(),
        "machine": checks.machine(),
    }
    if not options.target(args).embedded:
        found["server"] = waiting.run(_server(args))
    problems = checks.problems(found)
    if args.json:
        console.result(tables.as_json({**found, "problems": problems}))
    else:
        parts = [f"{name}\n{tables.fields(checks.lines(section), indent='  ')}" for name, section in found.items()]
        parts.extend(f"✗ {problem}" for problem in problems)
        console.result("\n".join(parts if problems else [*parts, "✓ nothing is in the way"]))
    if problems:
        raise AccessError(f"{len(problems)} found in the way: {problems[0]}")
    return Exit.DONE


async def _server(args: Namespace) -> Section:
    """The server that was named: whether it answers, what it is, and what it can't do."""
    from qtui import checks

    where = options.target(args).where
    try:
        async with options.engine(args) as engine:
            return checks.server(where, engine.info, len(await engine.collections()))
    except QtuiError as error:
        return {"address": where, "answers": False, "error": error.text}
