"""Screens over the screen: they ask one thing, and return the answer."""
