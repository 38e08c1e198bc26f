"""qtui: which quantization is fast, small and accurate enough for your vectors, and how do we know."""

__version__ = "0.1.0"
