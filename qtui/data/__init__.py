"""Vectors in, from files, samples and a seeded generator. Knows no screen; imports engine and model."""
