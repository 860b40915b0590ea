"""Run gpiobridge with one more route: ``/of-kiosk`` tells which displays are proven kiosk pages.

Nothing of the bridge's own tells that. Usage: ``python tests/harness/telling.py run --port 0``.
"""

from typing import Any

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from gpiobridge.cli import main
from gpiobridge.serve import gunicorn_service, standalone, werkzeug_server


def create_app(*args: Any, **options: Any) -> Flask:
    """Build the application of an exhibit, which tells it."""
    app = standalone.create_app(*args, **options)

    def tell() -> ResponseReturnValue:
        connections = app.extensions["gpiobridge"].running.watcher._hub.connections
        return jsonify(
            [
                [c.display.name, c.display.page, c.of_kiosk]
                for c in tuple(connections)
                if not c.closing
            ]
        )

    app.add_url_rule("/of-kiosk", "of_kiosk", tell)
    return app


if __name__ == "__main__":
    gunicorn_service.create_app = werkzeug_server.create_app = create_app  # type: ignore[attr-defined]
    main()
