"""How a fresh project is served: by gunicorn's own worker, with as many processes and threads as the product.

What the product does to its server for the sake of speed belongs to what is measured.
"""

from escalation.stack.gunicorn_settings import (
    control_socket_disable,
    keepalive,
    preload_app,
    threads,
    workers,
    wsgi_app,
)

worker_class = "gthread"

__all__ = [
    "control_socket_disable",
    "keepalive",
    "preload_app",
    "threads",
    "worker_class",
    "workers",
    "wsgi_app",
]
