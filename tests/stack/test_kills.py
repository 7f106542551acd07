"""The product under load while each of its parts is killed: nothing answered is lost, nothing doubled."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import psycopg
import pytest
import redis

from escalation.stack.data_folder import DataFolder
from escalation.stack.readiness import answers
from tests.stack.conftest import RunningStack, running_stack
from tests.stack.under_load import Callers, eventually

pytestmark = pytest.mark.soak

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "2"))
PARTS = ("bin/postgres", "redis-server", "worker@%h", "deliverer@%h", "beat", "gunicorn")
FORGET = "what Redis remembers"
TOKENS = """
from django.contrib.auth.models import User
from escalation.api.models import Token
from escalation.gating.models import Agent
agent, alice = Agent.objects.get(slug="support-triage"), User.objects.get(username="alice")
print(Token.objects.issue(agent=agent, scopes=["escalations"])[1])
print(Token.objects.issue(reviewer=alice, scopes=["review"])[1])
"""


def test_whatever_is_killed_nothing_is_lost_and_nothing_is_doubled(
    new_folder: DataFolder, tmp_path: Path
) -> None:
    chance = random.Random(20261122)
    with running_stack(new_folder) as stack:
        callers = Callers(stack.address, *tokens(stack))
        with callers.at_work(agents=3, reviewers=2):
            for victim in [*PARTS, FORGET] * ROUNDS:
                time.sleep(chance.uniform(0.5, 3))
                end(stack, victim)
                eventually(lambda: answers(f"{stack.address}/readyz"))
        eventually(lambda: stored(stack, "SELECT count(*) FROM agents_run WHERE state = 'running'") == 0)
        told = tmp_path / "told"
        told.write_text("\n".join(callers.raised.values()))

        found = stack.manage("check_invariants", "--answered", str(told))

        assert found.returncode == 0, found.stdout
        assert callers.faults == []
        assert len(callers.raised) > 50
        assert len(callers.decided) > 20
        # A key that was sent again and again is one row, and a decision that was answered stands.
        keys = "SELECT count(*) FROM queue_escalation WHERE key LIKE 'caller-%'"
        assert stored(stack, keys) - len(callers.raised) in range(4)
        standing = ",".join(map(str, callers.decided.values()))
        of_them = f"SELECT count(*) FROM queue_escalation WHERE decision_id IN ({standing})"
        assert stored(stack, of_them) == len(callers.decided)


def tokens(stack: RunningStack) -> list[str]:
    """An agent's and a reviewer's."""
    made = stack.manage("shell", "--verbosity", "0", "-c", TOKENS)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-2:]


def end(stack: RunningStack, victim: str) -> None:
    """Kill a part without a farewell, or let Redis forget everything."""
    if victim == FORGET:
        with redis.Redis(unix_socket_path=str(stack.folder.redis_socket)) as client:
            client.flushall()
    else:
        stack.leader(victim).kill()


def stored(stack: RunningStack, query: str) -> int:
    with psycopg.connect(host=str(stack.folder.sockets), user="otherwise", dbname="otherwise") as session:
        row = session.execute(query.encode()).fetchone()
    assert row
    return int(row[0])
