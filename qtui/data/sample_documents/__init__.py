"""The four sample documents as token vectors; see README.md."""
