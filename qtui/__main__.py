"""`python -m qtui`, where the console script is not on the path."""

from qtui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
