"""The tabs: each owns its workers and what they bring."""
