"""The fault suite: presses under every fault we can make, and an oracle that says what is right.

``python -m faults`` in ``tests/``: see `faults.__main__`. pytest has the oracle's own unit tests,
and the shipped client in a browser behind the suite's network: ``pytest tests/faults``.

`graph` draws the exhibit, `schedule` its presses (`waveform`) and faults; `run` makes them, with
`driver` on the pins, `application` as who sends orders and messages, `proxy` as the network and
`display` as the browsers, whose pages don't always take presses (`taking`). `judge` asks the
`oracle`, and `report` prints what it says. `breakages` are what the suite must find.
"""
