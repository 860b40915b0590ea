"""What a press means: levels and time in, events and orders out. Pure: see README.md.

A raw edge goes through `debounce`, becomes a level in `settled`, a gesture in `gestures`, and in
`navigation` the departure for a page; `noise` knows a pin that oscillates, and `core` puts them
together. `triggers` says what can be waited for, `events` has the words, `wire` what goes over a
socket, and `clock` says what a clock is, for others. Only the watcher's thread calls the core; its
words are for any thread.
"""
