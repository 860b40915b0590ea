"""Where pages and programs reach out of the machine: lamps, locks, relays.

`keeper` is the room's door to the loop. It hears what displays show, and takes the `orders` of
programs. The `control` of each output decides what its line does; `lamps` decide it for an output
that follows a button, which answers a press. `lines` says what a kind of outputs must give, and
`gpio` is the kind with a wire.

What drives a wire: `kernel_lines`, for each back end of the pins but two, on `line_request`, the
kernel's own interface; `pigpio_lines`; and `simulated_lines`. `handover` carries open lines through
a reload, in which `reload_timer` keeps the time. Once the bridge has ended, however it ended,
`make_safe` puts the lines at their safe level. It is a program of its own, and reads what
`safe_record` has noted.

All of it runs on the watcher's thread, except that the thread that starts the watcher opens lines.
"""
