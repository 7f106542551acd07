"""What `bench.inside` can be asked to do with the product's own code. Times are in seconds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice
from time import perf_counter, sleep
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis import Redis
from rest_framework.authtoken.models import Token as StockToken

from agents.library.support_triage import support_triage
from agents.models import Run, Step
from agents.registry import enrol
from agents.run.bell import ring
from agents.run.running import start_run
from bench import seeding
from bench.stock.tasks import do_nothing
from escalation.api.models import Token
from escalation.celery import app
from escalation.gating.models import Agent, Gate
from escalation.gating.models.policy import all_to_a_human
from escalation.queue.models import Escalation, Membership, ReviewQueue

QUEUES = ("support", "refunds", "claims")
# In line like the others, and claimed from by the yardstick alone.
RAW_QUEUE = "yardstick"
# Celery's queue of the runs.
RUNS = "runs"
MESSAGES = [
    "Where is my order 48213? It should have been here on Monday.",
    "My card payment was declined twice today, what is going on?",
    "How long does a transfer to another bank take?",
    "I have forgotten my passcode and cannot sign in any more.",
    "Can I get a second card for my daughter?",
]


def prepare() -> dict[str, Any]:
    """Bring an empty database up to date and let the cast enter; return what opens its doors."""
    call_command("migrate", verbosity=0)
    # The yardsticks' tables have no migrations, and need the product's.
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    alice = User.objects.create(username="alice")
    queues = [ReviewQueue.objects.create(slug=slug, name=slug.capitalize()) for slug in (*QUEUES, RAW_QUEUE)]
    Membership.objects.bulk_create(Membership(queue=queue, user=alice) for queue in queues[:-1])
    agent = _live_agent(queues[0])
    keys = {
        "agent": Token.objects.issue(agent=agent, scopes=["escalations", "outcomes"])[1],
        "labels": Token.objects.issue(reviewer=_sees_all(), scopes=["labels"])[1],
        "reviewer": Token.objects.issue(reviewer=alice, scopes=["review"])[1],
        "stock": StockToken.objects.create(user=alice).key,
        "session": _signed_in().cookies[settings.SESSION_COOKIE_NAME].OutputString(attrs=[]),
        "alice": alice.pk,
        "raw_queue": queues[-1].pk,
    }
    connection.close()
    return keys


def _live_agent(queue: ReviewQueue) -> Agent:
    agent = enrol(support_triage)
    agent.owner, agent.on_call = "Olga", "olga"
    agent.save()
    terms: dict[str, Any] = {"queue": queue, "audit_rate": 0.0, "exits": all_to_a_human()}
    agent.gates.get(slug="default").adopt(author=None, reason="To be measured.", **terms)
    agent.go_live(None)
    return agent


def _sees_all() -> User:
    """Bob may look at every review queue, and claims nothing."""
    bob = User.objects.create(username="bob")
    role = Membership.Role.VIEWER
    Membership.objects.bulk_create(
        Membership(queue=q, user=bob, role=role) for q in ReviewQueue.objects.all()
    )
    return bob


def _signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.get(username="alice"))
    return client


def seed(rows: int) -> None:
    """Put `rows` escalations in line."""
    seeding.put_in_line(rows)


def seed_labels() -> int:
    """Decide and label every escalation that waits; returns how many labels there are."""
    return seeding.label_all()


def seed_outcomes(rows: int, decided: int) -> int:
    """Let `rows` results pass the agent's gate, `decided` of them decided; returns how many labels."""
    return seeding.let_pass(rows, decided, Gate.objects.earliest("pk").pk)


def workbench(rounds: int) -> dict[str, list[float]]:
    """How long Olga waits for the workbench: the first time, then again and with a replay."""
    olga = User.objects.create(username="olga", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(olga)
    path = f"/admin/tuning/label/risk/{Gate.objects.earliest('pk').pk}/"
    asked = {"again": path, "replay": f"{path}?threshold=0.7"}
    first = [_waited(client, url) for url in asked.values()]
    return {"first": first} | {
        name: [_waited(client, url) for _ in range(rounds)] for name, url in asked.items()
    }


def _waited(client: Client, path: str) -> float:
    began = perf_counter()
    response = client.get(path)
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return perf_counter() - began


def claim(number: int) -> list[float]:
    """Let Alice claim the next escalation `number` times."""
    alice = User.objects.get(username="alice")
    taken = []
    for _ in range(number):
        began = perf_counter()
        claimed = Escalation.objects.claim_next(alice)
        taken.append(perf_counter() - began)
        assert claimed is not None
    return taken


def scans_of_claim() -> list[str]:
    """How PostgreSQL would find the escalation to claim: each scan of their table, with its index."""
    with CaptureQueriesContext(connection) as seen:
        Escalation.objects.claim_next(User.objects.get(username="alice"))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {seen.captured_queries[-1]['sql']}")
        (plan,) = cursor.fetchone()
    return sorted(set(_scans(plan[0]["Plan"])))


def _scans(node: dict[str, Any]) -> list[str]:
    mine = [f"{node['Node Type']} {node.get('Index Name', '')}".strip()] if _reads_the_line(node) else []
    return mine + [scan for inner in node.get("Plans", []) for scan in _scans(inner)]


def _reads_the_line(node: dict[str, Any]) -> bool:
    return "Scan" in node["Node Type"] and node.get("Relation Name") == Escalation._meta.db_table


def statements(path: str) -> int:
    """How many SQL statements Alice's browser costs when it asks for `path`."""
    client = _signed_in()
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        response = client.get(path)
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return len(seen)


def in_the_middle() -> int:
    """The id of an escalation that waits, and that nobody is about to claim."""
    waiting = Escalation.objects.filter(status=Escalation.Status.WAITING)
    return waiting.order_by("-id")[500].pk


def work_off_no_ops(number: int) -> float:
    """How long the worker takes for `number` Celery tasks that do nothing."""
    return _worked_off(lambda: _enqueue_no_ops(number), _nothing_is_queued)


def _enqueue_no_ops(number: int) -> None:
    for _ in range(number):
        do_nothing.apply_async(queue=RUNS)


def work_off_runs(number: int) -> dict[str, float]:
    """How long the worker takes for `number` runs, and how many turns that is."""
    steps = Step.objects.count()
    seconds = _worked_off(lambda: _start_runs(number), _no_run_is_going)
    return {"seconds": seconds, "turns": Step.objects.count() - steps}


def _start_runs(number: int) -> None:
    for message in islice(cycle(MESSAGES), number):
        ring(start_run(support_triage, {"message": message}))


def _worked_off(enqueue: Callable[[], object], is_done: Callable[[], bool]) -> float:
    # Everything is in line before the worker sees any of it: filling the line is not its work.
    app.control.cancel_consumer(RUNS, reply=True)
    enqueue()
    began = perf_counter()
    app.control.add_consumer(RUNS, reply=True)
    while not is_done():
        sleep(0.02)
    return perf_counter() - began


def _nothing_is_queued() -> bool:
    broker = Redis.from_url(settings.REDIS_URL)
    return not broker.llen(RUNS) and not broker.hlen("unacked")


def _no_run_is_going() -> bool:
    return not Run.objects.filter(state__in=Run.GOING).exists()
