"""What a press means: levels and time in, events and orders out. Pure: see README.md.

A raw edge goes through `debounce`, becomes a level in `settled`, a gesture in `gestures`, and in
`navigation` a move to a page; `core` puts them together. `triggers` says what can be waited for,
`noise` which pin oscillates, `clock` what a clock is; `events` has the words, and `wire` what goes
over a socket. Only the watcher's thread calls the core; its words are for any thread.
"""
