"""The open pages: who they are, who is told, and who leaves.

A display takes a place in `slots` before its handshake is answered, then the `hub` adopts its
`connection`; an order of the core goes from the hub to all whom its audience means.
`retained_messages` wait for those who come later. The watcher's thread has it all; slots are for
any thread.
"""
