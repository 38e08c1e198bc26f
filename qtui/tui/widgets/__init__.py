"""Widgets that know nothing of the engine room: they show what they are given and say what the user did."""
