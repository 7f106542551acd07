"""Those who review see that their queue is full."""

from django.test import Client

from escalation.queue.models import ReviewQueue
from escalation.queue.models.load import note_loads
from tests.cast import RaiseEscalation


def test_the_queue_page_says_it_with_numbers(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    an_escalation()
    an_escalation()
    ReviewQueue.objects.update(capacity=1)
    note_loads()

    page = as_alice.get("/queue/").content.decode()

    assert "has more than it can do" in page
    assert "2 wait of 1; in the last hour 2 came and 0 were decided: it does not drain." in page


def test_a_queue_within_its_capacity_says_nothing(as_alice: Client, an_escalation: RaiseEscalation) -> None:
    an_escalation()
    ReviewQueue.objects.update(capacity=100)
    note_loads()

    assert "pressure-" not in as_alice.get("/queue/").content.decode()
