"""What errors and warnings of the core say, in the words of the app: its controls, where the command line has options.

Imports what errors are only.
"""

from __future__ import annotations

import re

from qtui.errors import QtuiError

CONTROLS = {
    "allow-writes": "allow writes",
    "api-key-env": "key variable",
    "ca": "CA file",
    "cold": "cold",
    "collection": "collection",
    "concurrency": "in flight",
    "copies": "copies",
    "distance": "distance",
    "ef-construct": "ef_construct",
    "filter": "filter",
    "grpc": "search over gRPC",
    "grpc-port": "gRPC port",
    "hnsw-ef": "hnsw_ef",
    "hnsw-m": "hnsw_m",
    "indexing-threshold": "index from",
    "limit": "k",
    "locally": "a part of one",
    "memory": "Memory",
    "methods": "methods",
    "model": "model",
    "model-path": "model",
    "pace": "at most",
    "payload": "payload",
    "placements": "placements",
    "processes": "clients",
    "queries": "queries",
    "ram-price": "RAM a GiB",
    "rate": "rate",
    "repeat": "repeat",
    "rescore": "rescore",
    "sample": "points",
    "text-field": "text field",
    "timeout": "time-out",
    "truth": "truth",
    "vector-name": "vector",
    "vectors": "source",
}
"""Option of the command line → the label of the control that sets it."""
_PHRASES = (
    (r"'qtui models --download [^']+' gets it", "the list of models gets it"),
    (r" \('qtui models' lists them\)", ""),
    (r"'qtui models' lists them", "the list of models shows them"),
    (r"'qtui load [^']+' does that first", "loading them does that first"),
    (r"'qtui inspect' lists what is there", "the list shows what is there"),
    (r"`qtui runs list` shows the runs", "the tab Runs shows them"),
    (r"`qtui load` makes them", "loading makes them"),
    (r"`bench --collection [^`]+ --locally` tries them on a sample", 'a run on "a part of one" tries them on a sample'),
    (r"name its variable with --api-key-env", 'type it at "key", or name its variable'),
    (r"start with --allow-writes", 'connect again with "allow writes to it"'),
    (r"qtui bench --memory does so \(Memory on the tab Benchmark\)", "Memory on the tab Benchmark does so"),
)
_PHRASE = [(re.compile(pattern), words) for pattern, words in _PHRASES]
_METAVARS = "FILE|NAME|VAR|F|N|P"
_OPTION = re.compile(rf"(?<![\w'-])--({'|'.join(CONTROLS)})(?: (?:{_METAVARS}))?(?![\w-])")


def in_app_words(text: str) -> str:
    """A line of the core with each option as the label of its control, and each command as the place for it."""
    for pattern, words in _PHRASE:
        text = pattern.sub(words, text)
    return _OPTION.sub(lambda found: f'"{CONTROLS[found[1]]}"', text)


def worded(error: QtuiError) -> str:
    """What an error says, so; not cleaned yet."""
    return in_app_words(error.text)
