"""An agent needs no answer any more."""

from django.contrib.auth.models import User

from escalation.queue.models import Escalation
from tests.api.caller import Caller, a_body
from tests.cast import RaiseEscalation


def test_a_waiting_one_is_withdrawn(support_triage: Caller) -> None:
    posted = support_triage.post("/escalations/", a_body()).json()

    answer = support_triage.delete(f"/escalations/{posted['id']}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert Escalation.objects.get().status == "withdrawn"


def test_a_decided_one_is_not(support_triage: Caller, decided: Escalation) -> None:
    answer = support_triage.delete(f"/escalations/{decided.pk}/")

    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert answer.json()["current"] == support_triage.get(f"/escalations/{decided.pk}/").json()


def test_one_in_its_undo_window_is_not_and_shows_nothing(
    support_triage: Caller, alice: User, an_escalation: RaiseEscalation
) -> None:
    escalation = an_escalation()
    escalation.claim(alice)
    escalation.decide(alice, "reject")

    answer = support_triage.delete(f"/escalations/{escalation.pk}/")

    assert answer.status_code == 409
    assert (answer.json()["current"]["status"], answer.json()["current"]["decision"]) == ("claimed", None)
    assert "reject" not in answer.text


def test_another_agents_does_not_exist(invoices: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    answer = invoices.delete(f"/escalations/{escalation.pk}/")

    escalation.refresh_from_db()
    assert (answer.status_code, escalation.status) == (404, "waiting")


def test_a_reviewer_withdraws_nothing(as_alice: Caller, an_escalation: RaiseEscalation) -> None:
    escalation = an_escalation()

    answer = as_alice.delete(f"/escalations/{escalation.pk}/")

    escalation.refresh_from_db()
    assert (answer.status_code, escalation.status) == (403, "waiting")
