"""manage.py reset_second_factor: for somebody who lost both the device and the recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from escalation.access.models import Session
from escalation.access.second_factor import reset


class Command(BaseCommand):
    help = "Take away a person's second factor and recovery codes, and sign them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the name with which the person signs in")

    def handle(self, *args: Any, user: str, **_: Any) -> None:
        person = User.objects.filter(username=user).first()
        if person is None:
            raise CommandError(f"Nobody is named {user!r}.")
        removed, ended = reset(person), Session.objects.of(person).end()
        had = "The second factor is gone" if removed else "There was no second factor"
        self.stdout.write(
            f"{had}. {user} was signed out of {ended} sessions, and signs in with the password alone."
        )
