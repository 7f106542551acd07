"""Bring the database and the static files to this version's state; run before its processes start."""

from typing import Any

import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from escalation.stack import demo


class Command(BaseCommand):
    help = "Migrate the database, collect the static files and, in a demo, load its data. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5) as client:
            client.ping()
        self._migrate()
        call_command("collectstatic", interactive=False, verbosity=0, stdout=self.stdout)
        if settings.DEMO:
            demo.load(self.stdout.write)

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=1, stdout=self.stdout)
        else:
            # Groups and permissions follow the code, and `migrate` takes seconds to find nothing else to do.
            emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
