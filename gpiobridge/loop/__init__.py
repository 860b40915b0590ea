"""The one thread: pins, time and sockets in a selector.

`watcher` waits for all of them, hands edges to the core, and carries out what it orders at the
displays. `edge_queue` and `order_queue` are the two ways in from other threads; `waker` wakes the
selector for them.
"""
