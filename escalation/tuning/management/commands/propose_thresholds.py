from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from escalation.gating.models import Gate
from escalation.tuning.models import Proposal
from escalation.tuning.wording import evidence, finding


class Command(BaseCommand):
    help = "Look at the labels of every gate, or of those named, and propose a threshold or say why not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("gates", nargs="*", metavar="AGENT/GATE", help="such as support-triage/default")

    def handle(self, *args: Any, **options: Any) -> None:
        gates = {str(gate): gate for gate in Gate.objects.select_related("agent")}
        if unknown := set(options["gates"]) - set(gates):
            raise CommandError(f"There is no gate {', '.join(sorted(unknown))}.")
        for name in options["gates"] or gates:
            self.stdout.write(f"{name}: {' '.join(self._sentences(gates[name]))}")

    def _sentences(self, gate: Gate) -> list[str]:
        if gate.policy is None:
            return ["No policy is in force."]
        found = Proposal.objects.make_now(gate).certificate
        return [finding(found), *evidence(found)]
