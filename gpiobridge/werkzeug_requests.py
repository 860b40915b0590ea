"""How Werkzeug's server reads requests for us: what can't be read is answered, and logged seldom.

Its own threads, one for each connection.
"""

import logging
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler

from gpiobridge.log_rate import LogRate


class RequestHandler(WSGIRequestHandler):
    """Werkzeug's handler, which ends a thread with a traceback for some addresses."""

    def run_wsgi(self) -> None:
        """Serve a request, if its address can be read."""
        try:
            urlsplit(self.path)
        except ValueError:  # such as //[
            self.send_error(400, "The address can't be read")
            return
        super().run_wsgi()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Log no request: nobody would see it, and Werkzeug's way fails at such an address."""


def bound_log() -> None:
    """Let Werkzeug log failures alone, and those at a bounded rate: each bad request is one."""
    log = logging.getLogger("werkzeug")
    log.setLevel(logging.WARNING)
    log.addFilter(LogRate(log, kind_of=lambda record: record.levelno))
