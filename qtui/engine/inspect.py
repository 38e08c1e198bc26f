"""Findings about a collection: configured, built and effective compared, each with its reason and remedy."""
