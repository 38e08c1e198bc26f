"""Data only: glosses with their embeddings, how they were made, and under which licence. Holds no code to import."""
