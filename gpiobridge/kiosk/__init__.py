"""This machine's own screen: a browser full screen on the exhibit, and kept alive.

`browsers` says which browsers there are. `launcher` starts one of them (`chromium`, `cog`, by
`start` and `browser_process`) with a profile of its own (`profiles`), sleeps until something wakes
it (`alarm`) and asks the bridge (`inquiry`) whether its page lives (`liveness`). `guard` keeps the
exhibit alone on the screen, over `devtools_pipe`, by what `tabs` decides; `chromium_policy` forbids
the rest, and `home` says which pages are the exhibit's. `screen` knows whether there is a screen at
all, and `renewal` starts the browser anew at night. A process of its own: `gpiobridge kiosk`.
"""
