"""Questions to a program of the stack that only a working one answers."""

import socket
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import redis
from celery import Celery
from celery.utils.nodenames import gethostname
from kombu.exceptions import OperationalError


def answers(url: str) -> bool:
    """Whether an HTTP server at `url` answers, with anything but a failure of its own."""
    try:
        # No proxy: these addresses are on this machine.
        with build_opener(ProxyHandler({})).open(url, timeout=5):
            return True
    except HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def worker_answers(broker: str, name: str) -> bool:
    """Whether this machine's Celery worker `name` answers a ping that comes by `broker`."""
    with Celery(set_as_current=False) as app:
        # These two, since a CELERY_BROKER_URL in our own environment would overrule a plain broker_url.
        app.conf.update(broker_read_url=broker, broker_write_url=broker)
        try:
            return bool(app.control.ping([f"{name}@{gethostname()}"], timeout=0.5))
        except (OSError, OperationalError, redis.RedisError):
            return False


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether we could listen on `host`:`port`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True
