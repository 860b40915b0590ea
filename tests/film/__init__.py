"""The film of the README: `python -m film` in tests/ makes it."""
