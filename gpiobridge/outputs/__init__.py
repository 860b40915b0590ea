"""Where pages and programs reach out of the machine: lamps, locks, relays.

`states` decides what an output does, from what pages show and programs set. `lamps` do it for an
output that follows a button: it answers a press. `lines` says what a kind of outputs must give, and
`gpio` is the kind with a wire. `keeper` is the room's door to the loop: it listens to everything
that happens, and drives the lines.

All of it runs on the watcher's thread.
"""
