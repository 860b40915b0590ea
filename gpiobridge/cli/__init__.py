"""The command line: the only room that knows all the others.

`main` is the group. A command is one function; it lies by its purpose in `talk` (to a running
bridge), `serve` (an exhibit) or `machine` (care for this one). `options` has the options that
several commands share, `log` says where long-running commands write, `checked` gathers what `check`
shows, `table` aligns it, and `group` turns errors into sentences. `latency_report` is what
`latency` prints, and `hours_report` what `hours` does. Each command imports what it needs when it
runs, so a press doesn't wait for the code of a web server. One thread, the caller's.

Exit codes: 0 fine, 1 it failed at run time, 2 the configuration or the usage is wrong.
"""

try:
    from gpiobridge.cli import machine, serve, talk
    from gpiobridge.cli.group import main
except KeyboardInterrupt:  # on a small Pi this takes a second, and Ctrl-C needs no traceback
    raise SystemExit(130) from None

__all__ = ["machine", "main", "serve", "talk"]
