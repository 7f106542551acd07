"""Say what is wrong with this installation and how to mend it."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from escalation.stack.findings import examine


class Command(BaseCommand):
    help = "Say what is wrong with this installation and how to mend it. Changes nothing."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        troubles = 0
        for finding in examine():
            troubles += bool(finding.remedy)
            mark = self.style.ERROR("✗") if finding.remedy else self.style.SUCCESS("✓")
            self.stdout.write(f"{mark} {finding.subject} {finding.state}")
            if finding.remedy:
                self.stdout.write(f"    {finding.remedy}")
        if troubles:
            sys.exit(1)
