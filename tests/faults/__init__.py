"""The fault suite: presses under every fault we can make, and an oracle that says what is right.

``python -m faults`` in ``tests/``: see `faults.__main__`. Not collected by pytest; the oracle's own
unit tests are: ``pytest tests/faults/test_oracle.py``.
"""
