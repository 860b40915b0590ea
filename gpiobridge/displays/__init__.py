"""The open pages: who they are, who receives a frame, and who leaves.

A display takes a place in `slots` before its handshake is answered. Then the `hub` adopts its
`connection`. The hub carries an order to every display in its `audience`. `sockets` sends, and
knows which sockets have ended. `inbox` reads what displays send, within the `quotas`. `frames`
knows what each type of frame does. `retained_messages` keeps messages for displays that join later,
`recent_sounds` what is played meanwhile for those between two pages. A `journey` is a display's way
to the page of a press, and a `screen` what it shows from page to page. An `observer` hears of
everything. An `alarm` is about a named display that is dead. `own_kiosks` knows which pages this
machine's own kiosk shows. All of this runs on the watcher's thread; any thread may use the slots
and `own_kiosks`.
"""
