"""The embedded Redis: a Unix socket in a closed folder. Nothing in it that PostgreSQL cannot rebuild."""

from dataclasses import dataclass

import redis

from escalation.stack.binaries import redis_program
from escalation.stack.data_folder import DataFolder
from escalation.stack.processes import Process


@dataclass(frozen=True)
class EmbeddedRedis:
    """Redis from a wheel (or from the path), with its data in `folder`."""

    folder: DataFolder
    careless: bool = False

    def process(self) -> Process:
        """Return the server as a program of a stack."""
        settings = {
            "port": "0",
            "unixsocket": str(self.folder.redis_socket),
            "unixsocketperm": "700",
            "dir": str(self.folder.own("redis")),
            "databases": "64",
            "save": "",
            "appendonly": "no" if self.careless else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return Process(
            name="redis",
            command=(str(redis_program(self.folder)), *options),
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            account=self.folder.account,
            ready=self.is_ready,
        )

    def is_ready(self) -> bool:
        """Whether the server answers PING."""
        with redis.Redis(unix_socket_path=str(self.folder.redis_socket), socket_timeout=5) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):
                return False
