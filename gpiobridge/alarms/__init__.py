"""Calls for help: what the owner wants done when a named display is dead, and when that is over.

`calls` hears of alarms, and hands each `call` to a `caller` for each thing that `[alarms]`
names: `command` runs a program, `web_hook` posts to an address. A caller has a queue and a thread
of its own, so neither the watcher nor the other caller waits for it. `handover` keeps alarms and
calls through a reload. `gpiobridge.loop.dead_screens` decides whether a display is dead.
"""
