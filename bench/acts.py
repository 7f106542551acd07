"""What `bench.inside` can be asked to do with the product's own code. Times are in seconds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from time import perf_counter, sleep
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
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
from escalation.delivery.models import Delivery, Endpoint
from escalation.delivery.transport import post
from escalation.gating.models import Agent, Drill, FailureMode, Gate
from escalation.gating.models.policy import all_to_a_human
from escalation.queue.models import Escalation, Membership, ReviewQueue
from escalation.stack import gunicorn_settings
from escalation.stack.plan import DELIVERIES_AT_ONCE
from escalation.tuning.models import Tally

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
        "session": session_of("alice").cookies[settings.SESSION_COOKIE_NAME].OutputString(attrs=[]),
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
    gate = agent.gates.get(slug="default")
    policy = gate.adopt(author=None, reason="To be measured.", **terms)
    for mode in FailureMode.objects.suggest(agent, gate):
        # As drilled as a live agent is: a bench has no workers yet to drill it on.
        terms = {
            "injection": mode.injection,
            "expected_reason": mode.reason,
            "code_version": agent.code_version,
        }
        passed = {"passed": True, "ended_at": now()}
        Drill.objects.create(agent=agent, failure_mode=mode, policy=policy, **terms, **passed)
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


def session_of(name: str) -> Client:
    """A browser in which somebody has signed in."""
    client = Client()
    client.force_login(User.objects.get(username=name))
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
    """How long Olga waits for the workbench: the first time in a process, then again and with replays.

    And how long the tick takes that has to count everything, which it does once.
    """
    olga = User.objects.create(username="olga", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(olga)
    path = f"/admin/tuning/label/risk/{Gate.objects.earliest('pk').pk}/"
    asked = {"again": path, "replay": f"{path}?threshold=0.7", "near": f"{path}?threshold=0.74999"}
    began = perf_counter()
    while Tally.objects.count_on(now()):
        pass
    tallied = perf_counter() - began
    gunicorn_settings.when_ready(None)  # as the web door does before it makes its processes
    client.get("/admin/")  # what every first page of a process pays is not this page's
    return {"tallied": [tallied], "first": [_waited(client, path)]} | {
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


def raise_some(number: int) -> list[int]:
    """Put `number` results of the agent that is measured before a human; returns their ids."""
    facts: dict[str, Any] = {"agent": "support-triage", "reason": "low_confidence", "title": "Where is it?"}
    queue = ReviewQueue.objects.get(slug=QUEUES[0])
    rows = [
        Escalation.objects.raise_once(**facts, output={"reply": "Here."}, queue=queue) for _ in range(number)
    ]
    return [row.pk for row, _ in rows]


def claim_all() -> int:
    """Let Alice hold everything that waits; returns the id of the first, from which on there is no gap."""
    alice = User.objects.get(username="alice")
    waiting = Escalation.objects.filter(status=Escalation.Status.WAITING)
    first = waiting.order_by("pk").values_list("pk", flat=True)[0]
    until = now() + settings.CLAIM_LEASE
    hers = ReviewQueue.objects.get(slug=QUEUES[0])
    waiting.update(status=Escalation.Status.CLAIMED, claimed_by=alice, claimed_until=until, queue=hers)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE queue_escalation")
    return first


def newest_of_the_agent() -> int:
    """The id of an escalation that the agent which is measured may read."""
    return Escalation.objects.filter(agent="support-triage").latest("pk").pk


def decide_some(ids: list[int]) -> dict[int, float]:
    """Let Alice accept each; returns when each decision takes effect, in seconds since 1970."""
    alice = User.objects.get(username="alice")
    in_effect = {}
    for row in Escalation.objects.filter(pk__in=ids):
        row.claim(alice)
        decision = row.decide(alice, "accept")
        decision.refresh_from_db(fields=["effective_at"])
        in_effect[row.pk] = decision.effective_at.timestamp()
    return in_effect


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


def work_off_no_ops(number: int) -> float:
    """How long the worker takes for `number` Celery tasks that do nothing."""
    return _worked_off(RUNS, lambda: _enqueue_no_ops(number), _nothing_is_queued)


def _enqueue_no_ops(number: int) -> None:
    for _ in range(number):
        do_nothing.apply_async(queue=RUNS)


def work_off_runs(number: int) -> dict[str, float]:
    """How long the worker takes for `number` runs, and how many turns that is."""
    steps = Step.objects.count()
    seconds = _worked_off(RUNS, lambda: _start_runs(number), _no_run_is_going)
    return {"seconds": seconds, "turns": Step.objects.count() - steps}


def _start_runs(number: int) -> None:
    for message in islice(cycle(MESSAGES), number):
        ring(start_run(support_triage, {"message": message}))


def subscribe(urls: list[str]) -> None:
    """Let the agent that is measured be told of everything at each of `urls`."""
    agent = Agent.objects.get(slug="support-triage")
    for url in urls:
        Endpoint.objects.create(agent=agent, url=url)


def work_off_webhooks(each: int) -> float:
    """How long the worker takes for `each` messages to every endpoint."""
    before = Delivery.objects.filter(status=Delivery.Status.DELIVERED).count()
    seconds = _worked_off("delivery", lambda: _tell(each), _nothing_is_undelivered)
    sent = Delivery.objects.filter(status=Delivery.Status.DELIVERED).count() - before
    assert sent == each * Endpoint.objects.count(), f"{sent} were delivered"
    return seconds


def _tell(number: int) -> None:
    for _ in range(number):
        with transaction.atomic():
            Delivery.objects.tell("escalation.withdrawn", {"id": 7}, agent="support-triage")


def _nothing_is_undelivered() -> bool:
    return not Delivery.objects.filter(status=Delivery.Status.PENDING).exists()


def post_bare(url: str, number: int) -> float:
    """How long as many posts take with nothing around them, by as many threads as the worker has."""
    began = perf_counter()
    with ThreadPoolExecutor(DELIVERIES_AT_ONCE) as threads:
        list(threads.map(lambda _: post(url, b"{}", {"content-type": "application/json"}), range(number)))
    return perf_counter() - began


def _worked_off(queue: str, enqueue: Callable[[], object], is_done: Callable[[], bool]) -> float:
    # Everything is in line before the worker sees any of it: filling the line is not its work.
    app.control.cancel_consumer(queue, reply=True)
    enqueue()
    began = perf_counter()
    app.control.add_consumer(queue, reply=True)
    while not is_done():
        sleep(0.02)
    return perf_counter() - began


def _nothing_is_queued() -> bool:
    broker = Redis.from_url(settings.REDIS_URL)
    return not broker.llen(RUNS) and not broker.hlen("unacked")


def _no_run_is_going() -> bool:
    return not Run.objects.filter(state__in=Run.GOING).exists()
