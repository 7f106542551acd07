"""Olga looks at what a threshold would have meant, as far as labels reach."""

from django.contrib.auth.models import User
from django.test import Client

from escalation.gating.models import Gate, Outcome, Result


def looked_at(gate: Gate, client: Client) -> str:
    return client.get(f"/admin/tuning/label/risk/{gate.pk}/").content.decode()


def passed(confidence: float, reviewer: User | None = None, verdict: str = "accept") -> None:
    result = Result(task="Where?", output="There.", confidence=confidence)
    escalation = Outcome.objects.pass_gate("support-triage", "default", result)[0].escalation
    if reviewer and escalation:
        escalation.claim(reviewer)
        escalation.decide(reviewer, verdict)


def test_before_any_result_it_says_so(gate: Gate, as_olga: Client) -> None:
    page = looked_at(gate, as_olga)

    assert "No whole result with a confidence has passed this gate yet." in page
    assert 'class="band"' not in page


def test_without_labels_nothing_is_drawn(gate: Gate, as_olga: Client) -> None:
    passed(0.3)

    page = looked_at(gate, as_olga)

    assert "There is no label yet" in page
    assert 'class="band"' not in page


def test_without_audits_nothing_is_said_of_accepted_results(gate: Gate, alice: User, as_olga: Client) -> None:
    passed(0.3, alice)
    passed(0.9)

    page = looked_at(gate, as_olga)

    assert "There is no audit label yet: nothing can be said of accepted results." in page
    assert "policy v1: none of 1 accepted results audited" in page
    assert 'class="band"' not in page


def test_few_labels_are_drawn_with_a_warning(gate: Gate, alice: User, as_olga: Client) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    passed(0.9, alice)
    passed(0.3, alice, "reject")
    passed(0.1)

    page = looked_at(gate, as_olga)

    assert "2 labels are too few to trust: below 45" in page
    assert "1 escalated results have no label yet" in page
    assert "Nothing is drawn below a confidence of 0.3" in page
    assert 'class="band"' in page


def test_every_number_of_the_pictures_is_in_a_table(gate: Gate, alice: User, as_olga: Client) -> None:
    gate.adopt(author=None, reason="audit all", audit_rate=1.0)
    passed(0.9, alice)
    passed(0.3, alice, "reject")

    page = looked_at(gate, as_olga)

    assert page.count('role="img"') == page.count("<details>") == 3
    assert '<th scope="row" class="number">0.9</th>' in page
    assert "With the threshold in force, 50% of these results would be accepted." in page


def test_it_needs_no_script_and_no_inline_style(gate: Gate, as_olga: Client) -> None:
    passed(0.3)

    answer = as_olga.get(f"/admin/tuning/label/risk/{gate.pk}/")

    assert " style=" not in answer.content.decode()
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_reviewers_do_not_see_it(gate: Gate, as_alice: Client) -> None:
    assert as_alice.get(f"/admin/tuning/label/risk/{gate.pk}/").status_code == 302
