"""This machine's own screen: a browser full screen on the exhibit, and kept alive.

`launcher` starts one of the two browsers (`chromium`, `cog`) with a profile of its own (`profiles`)
and asks the bridge whether its page lives (`liveness`); `guard` keeps the exhibit alone on the
screen, over `devtools_pipe`, by what `tabs` decides; `chromium_policy` forbids the rest, `screen`
knows whether there is a screen at all, and `renewal` starts the browser anew at night. A process of
its own: `gpiobridge kiosk`.
"""
