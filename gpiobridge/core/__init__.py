"""What a press means: levels and time in, events and orders out. Pure: see README.md.

`debounce` takes a raw edge, and `settled` queues the level that it proves; `first_edge` does the
same for a pin whose first edge counts. `hands` asks of a press that it lasts, and joins presses
that a trembling hand breaks up. `gestures` tells taps from holds, and `navigation` finds the page
that an event leads to. `noise` recognises a pin that oscillates. `core` puts all of them together.
`triggers` lists what can be waited for, `events` defines the words, `wire` says what goes over a
socket, and `clock` says what a clock is, for the other rooms. Only the watcher's thread calls the
core. Any thread may use its words.
"""
