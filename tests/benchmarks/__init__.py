"""What qtui costs beside the bare engine, measured: `python -m tests.benchmarks --data DIR`.

Every figure is a ratio of two things measured in turns in one run, so that it holds on a slow or a noisy machine.
"""
