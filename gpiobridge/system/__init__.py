"""Use the operating system: time, commands, systemd units, open files, the disk and the log.

Each module knows one thing about the operating system. None knows a pin, a page or a display.
`clock` tells the time, and `clock_set` whether it is right. `commands` runs programs, and
`invocation` writes how gpiobridge is called here. `units` and `sd_notify` talk to systemd. `ports`
and `open_files` deal with ports and file limits. `whole_files` writes a file completely or not at
all. `overlay` detects a read-only disk. `parts` describes the running copy. `run_key` holds the key
of this run, for commands on this machine. `quick_send` sends on a socket and keeps the
interpreter's lock, and `allocator` keeps memory in one place. `log_rate` and `log_lines` are for
the log. Any thread.
"""
