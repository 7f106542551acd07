import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError

from escalation.api.models import OVERLAP, Scope, Token
from escalation.gating.models import Agent

FOR_AGENTS, FOR_REVIEWERS = Scope.fitting(reviewer=False), Scope.fitting(reviewer=True)


class Command(BaseCommand):
    help = (
        "Make a token for an agent elsewhere, or for a reviewer's script, and print it. It is shown only now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "agent", nargs="?", metavar="AGENT", help="the slug of the agent that will use it"
        )
        parser.add_argument(
            "--reviewer", metavar="USERNAME", help="make it for this reviewer instead of an agent"
        )
        parser.add_argument(
            "--scopes",
            metavar="A,B",
            help=f"any of {', '.join(FOR_AGENTS)} (default: escalations,outcomes); "
            f"for a reviewer {', '.join(FOR_REVIEWERS)} (default: review)",
        )
        parser.add_argument("--name", default="", help="what you will know it by")
        parser.add_argument(
            "--expires-days", type=int, default=365, metavar="N", help="0: never (default: 365)"
        )
        parser.add_argument(
            "--rotate",
            metavar="TOKEN",
            help="replace this one (otw_ and 8 characters are enough) by its like",
        )
        hours = round(OVERLAP.total_seconds() / 3600)
        parser.add_argument(
            "--overlap-hours", type=float, default=hours, metavar="N",
            help=f"how long the replaced one still works (default: {hours})",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(_rotated(options) if options["rotate"] else _made(options))


def _rotated(options: dict[str, Any]) -> str:
    if options["agent"] or options["reviewer"]:
        raise CommandError("--rotate keeps owner and scopes: name neither.")
    if options["overlap_hours"] < 0:
        raise CommandError("--overlap-hours cannot be negative.")
    named = re.match(r"otw_([0-9a-z]{8})(_|\Z)", options["rotate"])
    token = Token.objects.filter(public_id=named[1]).first() if named else None
    if token is None:
        raise CommandError("There is no such token. The admin lists them, under Tokens.")
    rotated = Token.objects.rotate(token.pk, overlap=timedelta(hours=options["overlap_hours"]))
    if rotated is None:
        raise CommandError(f"This token is {token.state}: make a new one.")
    return rotated[1]


def _made(options: dict[str, Any]) -> str:
    if bool(options["agent"]) == bool(options["reviewer"]):
        raise CommandError("Name either an agent or --reviewer USERNAME.")
    if options["expires_days"] < 0:
        raise CommandError("--expires-days cannot be negative.")
    owner = _for_reviewer(options) if options["reviewer"] else _for_agent(options)
    lifetime = timedelta(days=options["expires_days"]) if options["expires_days"] else None
    return Token.objects.issue(name=options["name"], lifetime=lifetime, **owner)[1]


def _for_agent(options: dict[str, Any]) -> dict[str, Any]:
    scopes = _chosen(options["scopes"] or "escalations,outcomes", FOR_AGENTS)
    agent = Agent.objects.filter(slug=options["agent"]).first()
    if agent is None:
        known = ", ".join(Agent.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(
            f"There is no agent {options['agent']!r} (there are: {known}). Add it in the admin, under Agents."
        )
    return {"agent": agent, "scopes": scopes}


def _for_reviewer(options: dict[str, Any]) -> dict[str, Any]:
    scopes = _chosen(options["scopes"] or "review", FOR_REVIEWERS)
    reviewer = User.objects.filter(username=options["reviewer"], is_active=True).first()
    if reviewer is None:
        raise CommandError(
            f"There is no active user {options['reviewer']!r}. Add one in the admin, under Users."
        )
    return {"reviewer": reviewer, "scopes": scopes}


def _chosen(written: str, allowed: list[str]) -> list[str]:
    scopes = [scope.strip() for scope in written.split(",") if scope.strip()]
    if unknown := [scope for scope in scopes if scope not in allowed]:
        raise CommandError(f"No such scope here: {', '.join(unknown)}. Choose from {', '.join(allowed)}.")
    if not scopes:
        raise CommandError(f"Name at least one scope: {', '.join(allowed)}.")
    return scopes
