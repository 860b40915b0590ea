"""Run gpiobridge as macOS or Windows would: no gunicorn, and no call that only Linux has.

The interpreter is robbed before gpiobridge is imported, so a use of anything missing fails here
as it would there. Usage: ``python tests/harness/portable.py run --port 0``.
"""

import os
import select
import selectors
import socket
import sys


def rob() -> None:
    """Take away what Windows doesn't have."""
    for module in ("fcntl", "gunicorn", "resource", "pwd", "grp", "termios"):
        sys.modules[module] = None  # type: ignore[assignment]
    for module, names in {
        os: ("fork", "sendfile", "setsid", "getppid"),
        select: ("epoll", "poll"),
        selectors: ("EpollSelector", "PollSelector"),
        socket: ("AF_UNIX", "TCP_DEFER_ACCEPT", "TCP_USER_TIMEOUT"),
    }.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)

    def no_dup2(*_: object) -> None:
        raise OSError("a socket's descriptor is no file descriptor on Windows")

    os.dup2 = no_dup2  # type: ignore[assignment]
    selectors.DefaultSelector = selectors.SelectSelector  # type: ignore[misc]
    socket.socketpair = tcp_pair


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Make a pair of connected TCP sockets, as Python's socketpair does on Windows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        return one, listener.accept()[0]


if __name__ == "__main__":
    rob()
    from gpiobridge.cli import main

    main()
