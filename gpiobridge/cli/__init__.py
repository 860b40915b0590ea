"""The command line: the only room that knows them all.

`main` is the group; a command is one function, and lies by its purpose in `talk` (to a running
bridge), `serve` (an exhibit) or `machine` (this one's care). `options` are those that several have,
`log` is where those write that go on for long, and `group` turns errors into sentences. Each
imports what it needs when it runs, so that a press doesn't wait for a web server's code. One
thread, the caller's.

Exit codes: 0 fine, 1 it failed at run time, 2 the configuration or the usage is wrong.
"""

from gpiobridge.cli import machine, serve, talk
from gpiobridge.cli.group import main

__all__ = ["machine", "main", "serve", "talk"]
