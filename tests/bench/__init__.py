"""Speed and memory, side by side with what people would otherwise use: `make bench`.

`python -m bench` runs it. `rows_*.py` measure; each has ``rows(run)``, which yields `table.Row`s.
`contenders` says who is compared, `peers/` has their programs, and `receivers` is the client.
"""
