"""Documents (images, PDF pages, texts) found, read and embedded into vectors that load like those of a file."""
