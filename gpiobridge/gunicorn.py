"""The worker that command lines name: ``gunicorn -k gpiobridge.gunicorn.Worker``."""

from gpiobridge.serve.threaded_worker import Worker

__all__ = ["Worker"]
