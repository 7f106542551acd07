"""How gunicorn serves the web door: `gunicorn -c python:escalation.stack.gunicorn_settings`."""

import gc
import os
from importlib import import_module
from typing import Any

from escalation.stack.parentage import die_with_parent

wsgi_app = "escalation.wsgi"
worker_class = "escalation.stack.web_worker.ParkingWorker"
# Loaded once, before the web processes are made.
preload_app = True
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
control_socket_disable = True
timeout = 30
graceful_timeout = 8
keepalive = 5
# For each web process: clients that wait for a human hold a connection and no thread.
worker_connections = 2000


def when_ready(server: Any) -> None:
    """Load, once for all web processes, what the first page with a curve would wait half a second for."""
    for name in ("scipy.special", "scipy.optimize"):
        import_module(name)


def pre_fork(server: Any, worker: Any) -> None:
    """Keep what was loaded out of every later collection, and its memory shared with the master."""
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """End this web process with its master, so that a new master finds the port free."""
    die_with_parent(worker.ppid)
    # A request leaves thousands of objects and hardly a cycle: with Python's own threshold, the search
    # for cycles takes every twelfth millisecond.
    gc.set_threshold(10_000, 20, 50)
