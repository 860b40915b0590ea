"""`GpioBridge`: an application's views become pages that a pin moves on.

`gpio_bridge` is the class that an application makes. `settings` are read from wherever the
application keeps them, and `views` knows which of its views are pages. `lifetime` makes the one
`start`, and the stop. `hooks` does the bridge's part of each request. `pin_decorators` makes
`@bridge.on_low` and the like, and `python_tables` turns Python's values into what a file could
hold. `fallback_log` shows the log if the application has set up none, and `one_process` recognises
servers that can't share the pins. The application's own threads run this room.
"""
