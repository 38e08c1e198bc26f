"""What a report says of memory during search. Pure."""

from __future__ import annotations

from qtui.bench.deliverable.parts import Part
from qtui.bench.deliverable.reading import Reading


def memory(_: Reading) -> tuple[Part, ...]:
    """Filled in once runs measure it."""
    return ()
