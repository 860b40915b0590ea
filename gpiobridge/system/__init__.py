"""What this computer gives us: time, commands, units, files that may be open, a disk, a log.

Each module knows one thing of the operating system, and none knows a pin, a page or a display:
`clock`, `commands` and `invocation` (how a program is run, and how ours is called here), `units`
and `sd_notify` (systemd), `ports` and `open_files`, `whole_files` (written whole or not at all),
`overlay` (a disk that is only read), `parts` (the running copy), `run_key` (the key of this run,
for the commands of this machine), `log_rate` and `log_lines`. Any thread.
"""
