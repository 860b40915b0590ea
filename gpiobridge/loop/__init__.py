"""The one thread: pins, time and sockets in a selector.

`watcher` waits for all of them and takes what has come: `pin_feed` hands edges and readings to the
core, and `effects` carries out at the displays what core and application order. An `observer` hears
of all that happens, such as `counts` and `event_log`. `edge_queue` and `order_queue` are the two
ways in from other threads; `waker` wakes the selector for them. It gets its clock from
outside, and hands it on.
"""
