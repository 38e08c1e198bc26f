"""Searching one query in several ways and comparing the answers: what the Search tab and `qtui search` share.

`asked.py` reads what was typed as a query, `columns.py` says where and how it is searched, `compare.py` sets answers
side by side, `ask.py` asks an engine or the engine room. Standard library only; knows no screen and no numpy.
"""
