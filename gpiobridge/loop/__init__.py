"""The one thread: pins, time and sockets in a selector.

`watcher` waits for all of them and takes what has come. `pin_feed` hands edges and readings to the
core. `effects` carries out, at the displays, what the core and the application order. `journeys`
follows the displays that a press has moved until they show a page, and `screens` what each display
shows. `dead_screens` raises an alarm about a named display on which nobody sees a live page;
`dark_screens` says whose screen is off on purpose. An `observer` hears of everything that happens;
`counts`, `event_log`, `attendance`, `dark_screens` and `hours_keys` are observers. Other threads
hand work in through `edge_queue` and `order_queue`, and `waker` wakes the selector for them.
The clock comes from outside, and the watcher hands it on.
"""
