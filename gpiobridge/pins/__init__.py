"""The pins: opened once, edges turned into `RawEdge`, levels read.

A kind of pins is one file: `gpio` for pins with a wire, `http` for pins that the API sets. It
defines the keys of `[pins.<name>]`, how messages name such a pin, and makes the source of its
edges. `source` defines what a source and a kind are, `pulled` has what kinds with a pull share, and
`config.kinds` is the list.

The way of an edge: `sources` makes what the configuration asks for. The watcher opens it, and knows
only the interface in `source`. `gpio` has two sorts of back ends. In one the edges are stamped in a
callback (`gpiozero_pins`); in the other the kernel stamps them, and they wait at a descriptor
(`gpiod_pins`). `boards` knows what "auto" means on this machine. Without a wire a program makes the
edge; `driving` has the rules for that, also for simulated pins. Every back end reports both edges,
without its own debounce (they differ, see `core.debounce`). `remedies` says what to do about an
error; `chips` asks the kernel itself, without a back end.

Threads: one thread at a time opens, reads and closes a source: first the one that starts the
watcher, then the watcher's own. Callbacks come on the back end's thread, or on the one that drives
a pin. Everything else is for any thread.
"""
