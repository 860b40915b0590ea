"""The open pages: who they are, who is told, and who leaves.

A display takes a place in `slots` before its handshake is answered, then the `hub` adopts its
`connection`; an order of the core goes from the hub to all whom its `audience` means. `sockets` has
what goes out and who is gone, `inbox` reads what comes, within the `quotas`, and `frames` knows
what each type of frame does. `retained_messages` wait for those who come later. An `observer` hears
of it all. The watcher's thread has it; slots are for any thread.
"""
