"""The report of a run: built once from its record (`document`), then written as Markdown or as self-contained HTML."""
