"""The pins: opened once, edges turned into `RawEdge`, levels read.

A kind of pins is one file: `gpio` for those with a wire, `http` for those that the API sets. It
says what ``[pins.<name>]`` may have, how such a pin is told to people, and makes the source of its
edges; `source` has what both are, `pulled` what kinds with a pull share, `config.kinds` the list.

The way of an edge: `sources` makes what the configuration asks for, and the watcher opens it,
knowing no more of it than `source` says. Of the back ends of `gpio` one stamps edges in a callback
(`gpiozero_pins`), in the other the kernel does, and they wait at a descriptor (`gpiod_pins`);
`boards` knows what "auto" means on this machine. Where there is no wire, a program makes the edge
(`driving` has the rules for that, also with simulated pins). Both edges, no debounce of the back
end (they differ, see `core.debounce`). An error comes with what to do about it, from `remedies`;
`chips` asks the kernel itself, without a back end.

Threads: a source is opened, read and closed by one at a time, the one that starts the watcher,
then the watcher's own; callbacks come on the back end's, or on the one that drives a pin. All else
is for any thread.
"""
