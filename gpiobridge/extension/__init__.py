"""`GpioBridge`: an application's views become pages that a pin moves on.

`gpio_bridge` is the class that an application makes; `settings` are read from wherever it keeps
them, and `views` knows which of its views are pages. Its `lifetime` makes the one `start` and the
stop; `hooks` does with each request what a bridge has to. `one_process` tells servers apart that
can't share the pins. `python_tables` makes what Python can say into what a file could hold, and
`pin_decorators` come from the table of triggers. The application's own threads.
"""
