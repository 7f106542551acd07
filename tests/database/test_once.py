"""A query that is built once gives what the ORM gives, with each value that it is asked for."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.database.once import Once
from escalation.queue.models import Escalation
from tests.cast import RaiseEscalation

VISIBLE = Once(
    lambda user, id: (
        Escalation.objects.visible_to(user).filter(pk=id).select_related("queue", "decision__reviewer")
    )
)


def test_each_value_finds_its_own_row(alice: User, mallory: User, an_escalation: RaiseEscalation) -> None:
    first, second = an_escalation(title="the first"), an_escalation(title="the second")

    found = [VISIBLE.first(user=alice.pk, id=row.pk) for row in (first, second)]

    assert found == [first, second]
    assert VISIBLE.first(user=mallory.pk, id=first.pk) is None


def test_a_row_comes_as_the_orm_reads_it(alice: User, an_escalation: RaiseEscalation) -> None:
    row = an_escalation(output={"text": "Yes", "numbers": [1, 2.5]})
    row.claim(alice)
    row.decide(alice, "accept")

    with CaptureQueriesContext(connection) as asked:
        found = VISIBLE.first(user=alice.pk, id=row.pk)
        assert found
        read = [found.queue.name, found.decision and found.decision.reviewer, found.claimed_by_id]

    assert read == [row.queue.name, alice, None]
    assert len(asked) == 1
    by_orm = Escalation.objects.get(pk=row.pk)
    assert {name: getattr(found, name) for name in columns()} == {
        name: getattr(by_orm, name) for name in columns()
    }


def test_what_is_annotated_or_deferred_is_so_here_too(an_escalation: RaiseEscalation) -> None:
    row = an_escalation(output="Yes")
    known = Once(lambda agent: Escalation.objects.known_to(agent).defer("output"))

    (found,) = known.all(agent=row.agent)

    assert found.get_deferred_fields() == {"output"}
    assert (vars(found)["in_effect"], found.output) == (None, "Yes")


@pytest.mark.django_db(transaction=True)
def test_threads_share_it_and_keep_their_connections(an_escalation: RaiseEscalation) -> None:
    row = an_escalation()
    by_agent = Once(lambda agent: Escalation.objects.filter(agent=agent))
    found: list[list[Escalation]] = []

    def ask() -> None:
        found.append(by_agent.all(agent=row.agent))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found == [[row]] * 4


def columns() -> list[str]:
    return [field.attname for field in Escalation._meta.concrete_fields]
