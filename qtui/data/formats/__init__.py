"""One module a file format: each turns a path into `Rows`. Imports numpy and a format's own library, no engine."""
