"""`GpioBridge`: an application's views become pages that a pin moves on.

`gpio_bridge` is the class that an application makes; `settings` are read from wherever it keeps
them, and `views` knows which of its views are pages. Its `lifetime` makes the one `start` and the
stop; `hooks` does with each request what a bridge has to. `pin_decorators` has ``@bridge.on_low``
and its like, `python_tables` makes what Python can say into what a file could hold, `fallback_log`
shows the log where the application has none, and `one_process` tells servers apart that can't share
the pins. The application's own threads.
"""
