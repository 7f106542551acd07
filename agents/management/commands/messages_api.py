"""manage.py messages_api: the local Messages API, in the foreground."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.llm.local.server import LocalMessagesAPI


class Command(BaseCommand):
    """Run the Messages API on this machine, for agents without a key."""

    help = "Run a local Messages API until SIGTERM or Ctrl-C. Point ANTHROPIC_BASE_URL at it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address, and how often and how reproducibly to fail."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--port", type=int, default=8765, help="0 takes a free one (default: %(default)s)"
        )
        parser.add_argument(
            "--fault-rate", type=float, default=0.0, help="share of requests that fail, 0 to 1"
        )
        parser.add_argument("--seed", type=int, help="makes the random failures the same every time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen, say where, and serve until told to stop."""
        if not 0 <= options["fault_rate"] <= 1:
            raise CommandError("--fault-rate takes a number from 0 to 1.")
        try:
            server = LocalMessagesAPI(
                options["host"], options["port"], fault_rate=options["fault_rate"], seed=options["seed"]
            )
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {options['host']}:{options['port']}: {error.strerror}."
            ) from error
        told_to_stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: told_to_stop.set())
        with server:
            self.stdout.write(f"Messages API (local model) on {server.url}")
            self.stdout.flush()
            told_to_stop.wait()
