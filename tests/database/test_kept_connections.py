"""A connection is kept from request to request, as long as the server keeps it too."""

from __future__ import annotations

import psycopg
import pytest
from django.db import ProgrammingError, connection

pytestmark = pytest.mark.django_db(transaction=True)
ASK = "SELECT pg_backend_pid()"


def test_a_connection_that_the_server_has_ended_is_replaced() -> None:
    first = server_process()
    another_session("SELECT pg_terminate_backend(%s, 5000)", first)

    connection.close_if_unusable_or_obsolete()  # as Django does when a request begins

    assert server_process() != first


def test_a_connection_that_stands_is_kept_without_a_question() -> None:
    first = server_process()
    connection.close_if_unusable_or_obsolete()

    connection.close_if_health_check_failed()

    assert another_session("SELECT query FROM pg_stat_activity WHERE pid = %s", first) == ASK
    assert server_process() == first


def test_after_an_error_the_server_is_asked() -> None:
    first = server_process()
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")

    connection.close_if_unusable_or_obsolete()

    assert another_session("SELECT query FROM pg_stat_activity WHERE pid = %s", first) == "SELECT 1"
    assert server_process() == first


def server_process() -> int:
    with connection.cursor() as cursor:
        cursor.execute(ASK)
        (pid,) = cursor.fetchone()
    return int(pid)


def another_session(statement: str, number: int) -> object:
    """What another session is told by a statement of one row and one column."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        row = other.execute(statement, [number]).fetchone()
    assert row
    return row[0]
