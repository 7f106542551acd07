"""The whole product with one command: PostgreSQL, Redis, web, worker, beat."""

import os
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from escalation.stack import readiness
from escalation.stack.account import servers_account
from escalation.stack.data_folder import DataFolder
from escalation.stack.demo import cast
from escalation.stack.exceptions import StackError
from escalation.stack.plan import Options, addresses, stages
from escalation.stack.supervisor import Supervisor
from escalation.stack.throwaway import throwaway_folder


class Command(BaseCommand):
    help = "Start the whole product here: PostgreSQL, Redis, web, worker, beat. Ctrl-C stops it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
        parser.add_argument("--data-dir", type=Path, default=settings.DATA_DIR, help="default: %(default)s")
        parser.add_argument(
            "--workers", type=int, default=4, help="runs worked on at once (default: %(default)s)"
        )
        parser.add_argument(
            "--no-demo", action="store_true", help="no demo agents, sample work or known sign-ins"
        )
        parser.add_argument("--ephemeral", action="store_true", help="throw the data away at the end")

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            with self._folder(given["data_dir"], ephemeral=given["ephemeral"]) as folder:
                self._run(self._options(folder, given))
        except StackError as error:
            raise CommandError(str(error)) from error
        self._say("Stopped.")

    @contextmanager
    def _folder(self, path: Path, *, ephemeral: bool) -> Iterator[DataFolder]:
        if ephemeral:
            with throwaway_folder() as folder:
                yield folder
        else:
            yield DataFolder(path.absolute(), servers_account())

    def _options(self, folder: DataFolder, given: dict[str, Any]) -> Options:
        options = Options(
            folder=folder,
            host=given["host"],
            port=given["port"],
            workers=given["workers"],
            demo=not given["no_demo"],
            ephemeral=given["ephemeral"],
        )
        if options.demo and not options.is_local:
            raise CommandError(
                f"The demo's sign-ins are known to everyone, and {options.host} is not a loopback address:"
                " add --no-demo, and make your own sign-in with `manage.py createsuperuser`."
            )
        if not options.is_local and not os.environ.get("ALLOWED_HOSTS"):
            raise CommandError("Say by which host names others reach it: set ALLOWED_HOSTS, and PUBLIC_URL.")
        return options

    def _run(self, options: Options) -> None:
        options.folder.create()
        with options.folder.locked(options.address):
            if not readiness.is_free(options.host, options.port):
                raise StackError(
                    f"Port {options.port} of {options.host} is taken. Choose another with --port."
                )
            environment = outer_environment()
            known = addresses(options, environment)
            options.folder.publish(known)
            try:
                plan = stages(options, known, environment)
                Supervisor(plan, options.folder.logs, self._say).run(lambda: self._announce(options))
            finally:
                options.folder.addresses.unlink()

    def _announce(self, options: Options) -> None:
        self._say(f"Ready in {time.time() - psutil.Process().create_time():.1f} s: {options.address}")
        if options.demo:
            reviewers = " or ".join(cast.REVIEWERS)
            self._say(f"  sign in as {reviewers} (review) or {cast.OPS} (ops), password: {cast.PASSWORD}")
        self._say(f"  logs: {options.folder.logs}   stop: Ctrl-C")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def outer_environment() -> dict[str, str]:
    """Return our environment without what settings.py read of a stack on the default data folder."""
    published = settings.DATA_DIR / "stack.env"
    lines = published.read_text().splitlines() if os.access(published, os.R_OK) else []
    return {name: value for name, value in os.environ.items() if f"{name}={value}" not in lines}
