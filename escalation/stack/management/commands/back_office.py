import signal
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from escalation.stack.back_office.server import Outages, back_office


class Command(BaseCommand):
    help = "Serve the demo's help centre and shop, which the shipped agents' tools call, on a loopback port."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8902)
        parser.add_argument("--outage-every", type=float, default=120, help="seconds; 0: never down")
        parser.add_argument("--outage-for", type=float, default=15, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        server = back_office(options["port"], Outages(options["outage_every"], options["outage_for"]))
        signal.signal(signal.SIGTERM, _leave)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()


def _leave(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
