"""What an engine does with the settings that a search asks for: the one rule, for searching and for measuring.

Standard library only.
"""

from __future__ import annotations

from math import ceil

from qtui.methods import method
from qtui.model import SearchSettings
from qtui.records import Effective


def effective(search: SearchSettings, *, name: str, built: bool, segments: int, points: int) -> Effective:
    """By the default of the method `name`, by what is `built`, and by how many points and segments there are.

    Rescoring looks at limit x oversampling candidates a segment, and at no more than there are points.
    """
    if name == "none" or search.exact or search.ignore or not built:
        return Effective(None, None, min(search.limit, points))
    rescore = method(name).default_rescore if search.rescore is None else search.rescore
    if not rescore:
        return Effective(rescore=False, oversampling=None, candidates=min(search.limit, points))
    factor = search.oversampling or 1.0
    candidates = ceil(search.limit * factor) * max(1, segments)
    return Effective(rescore=True, oversampling=factor, candidates=min(candidates, points))
