"""Labels made once more from the decisions are those that are stored; where not, that is said and mended."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from escalation.gating.models import Gate
from escalation.tuning.models import Label
from tests.tuning.seen import decided, passed


@pytest.fixture
def decided_and_undone(gate: Gate, alice: User) -> None:
    """Right, wrong, audited, undone, and one that says nothing of its confidence."""
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    decided(0.3, alice, number=3)
    decided(0.9, alice, right=False)
    for verdict in ("accept", "dismiss"):
        escalation = passed(0.4).escalation
        assert escalation is not None
        escalation.claim(alice)
        escalation.decide(alice, verdict)
        if verdict == "accept":
            escalation.undo(alice)


def rebuilt(*options: str) -> str:
    said = StringIO()
    call_command("rebuild_labels", *options, stdout=said)
    return said.getvalue()


def test_nothing_differs(decided_and_undone: None) -> None:
    assert rebuilt() == "No label differs.\n"


def test_what_differs_is_said_and_mended(decided_and_undone: None) -> None:
    first, second = Label.objects.order_by("pk")[:2]
    second.delete()
    first.delete()
    first.correct = not first.correct
    first.save(force_insert=True)

    with pytest.raises(CommandError, match="2 differ"):
        rebuilt()
    mended = rebuilt("--mend")

    assert "says something else of correct, mended" in mended
    assert "has no label, mended" in mended
    assert rebuilt() == "No label differs.\n"
