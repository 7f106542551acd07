"""What runs leave behind: Run, Step, ToolCall, LedgerEntry, BreakerEvent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from agents.statements import fetched, update
from agents.storable import Verbatim
from escalation.database.rows import names, read
from escalation.gating.models import Drill, Outcome
from escalation.queue.models import Decision, Escalation
from escalation.queue.models.moments import DatabaseMoment

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


# When a run can be taken: free and going, or woken.
FREE = """(
    agents_run.state IN ('queued', 'running')
        AND (agents_run.lease_until IS NULL OR agents_run.lease_until <= statement_timestamp())
    OR agents_run.state IN ('waiting_human', 'waiting_upstream')
        AND agents_run.wake_at <= statement_timestamp()
)"""
# Still running, yet free: whoever held it vanished.
TAKE = f"""
    UPDATE agents_run SET state = 'running', epoch = epoch + 1, lost = lost + (state = 'running')::int,
        lease_until = statement_timestamp() + %(lease)s, wake_at = NULL
    WHERE id = %(id)s AND step = %(step)s AND agent <> %(but_of)s AND {FREE}
    RETURNING {{columns}}, EXISTS (
        SELECT FROM gating_agent a LEFT JOIN gating_gate g ON g.agent_id = a.id AND g.slug = agents_run.gate
        WHERE a.slug = agents_run.agent AND (a.state = 'paused' OR g.paused)
    ) AS was_paused
"""


# The run is held by whoever holds this epoch of it.
OURS = "agents_run.epoch = %s AND agents_run.state = 'running'"
# It was rung for, and had as much time again as it had waited by then.
UNHEARD = """(
    agents_run.rung_at IS NULL OR statement_timestamp() >= agents_run.rung_at + greatest(%s, least(
        agents_run.rung_at - coalesce(agents_run.wake_at, agents_run.lease_until, agents_run.created_at), %s
    ))
)"""
LONGEST_UNHEARD = timedelta(minutes=5)
# Characters in the name and the id of a tool call: more than the API gives.
LONGEST_NAME = 200


class RunQuerySet(models.QuerySet["Run"]):
    def in_earnest(self) -> RunQuerySet:
        """All but the drills."""
        return self.filter(drill=None)

    def advanceable(self) -> RunQuerySet:
        """Runs that a worker may take a step of now: nobody holds them, and what they waited for is there."""
        return self.filter(RawSQL(FREE, [], output_field=models.BooleanField()))

    def take(self, run_id: int, step: int, *, but_of: str = "") -> Run | None:
        """Hold one run for one step; None: it is held, over, past that step, or of the agent `but_of`."""
        terms = {"id": run_id, "step": step, "but_of": but_of, "lease": settings.RUN_LEASE}
        # By their names: a worker goes on with its prepared statement when a migration adds a column.
        for *stored, was_paused in fetched(TAKE.format(columns=names(Run, of="agents_run")), terms):
            run = read(Run, stored)
            run.was_paused = was_paused
            return run
        return None

    def to_ring(self, *, every: timedelta) -> RunQuerySet:
        """Runs that a worker should advance, and that nobody rang for since they are free, or in a while.

        A while is `every`, and for a run that has waited longer as long as it had waited when it was rung for
        last, up to LONGEST_UNHEARD: asked for over and over, a backlog is buried under its own echoes.
        """
        # A run that agent.run() takes the steps of is its caller's, until it waited for a human.
        for_workers = Q(gated=True) | Q(escalation__isnull=False)
        lapsed_since = Q(lease_until__gt=F("rung_at"))
        unheard = RawSQL(UNHEARD, [every, LONGEST_UNHEARD], output_field=models.BooleanField())
        return self.advanceable().filter(for_workers, lapsed_since | Q(unheard))

    def abandoned(self, *, nameless: str) -> RunQuerySet:
        """Runs of agent.run() whose program has ended, and that no worker can go on with."""
        lapsed = Now() - settings.RUN_LEASE
        # Between two turns a run is free for a moment; its program takes the next one at once.
        untaken = Q(state__in=Run.GOING) & (
            Q(lease_until__lte=lapsed) | Q(lease_until__isnull=True, created_at__lte=lapsed)
        )
        unwoken = Q(state=Run.State.WAITING_UPSTREAM, wake_at__lte=lapsed)
        its_program_s = Q(escalation__isnull=True) | Q(agent=nameless)
        return self.filter(untaken | unwoken, its_program_s, gated=False)

    def stop(self, detail: str) -> int:
        """End these runs without a result, whoever holds them; returns how many were not over."""
        return self.exclude(state__in=Run.OVER).update(
            state=Run.State.STOPPED,
            epoch=F("epoch") + 1,
            detail=detail,
            lease_until=None,
            wake_at=None,
            ended_at=Now(),
        )


class Run(models.Model):
    """One execution of an agent on our workers. Whoever holds the newest epoch writes; nobody else can."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING_HUMAN = "waiting_human", "Waiting for a human"
        WAITING_UPSTREAM = "waiting_upstream", "Waiting to go on"
        FINISHED = "finished"
        PARTIAL = "partial"  # over, with a part of the result
        STOPPED = "stopped"  # over, without a result

    GOING = (State.QUEUED, State.RUNNING)
    WAITING = (State.WAITING_HUMAN, State.WAITING_UPSTREAM)
    OVER = (State.FINISHED, State.PARTIAL, State.STOPPED)

    agent = models.SlugField(max_length=100, db_index=False)
    gate = models.SlugField(max_length=100, default="default", db_index=False)
    gated = models.BooleanField(default=True)  # False: the caller of agent.run() is the gate
    task = models.JSONField()
    title = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(default=dict)
    priority = models.SmallIntegerField(default=Escalation.Priority.NORMAL)
    key = models.CharField(max_length=255, null=True)  # one run for each, whoever asks twice
    request_hash = models.CharField(max_length=64, blank=True)
    # Pinned when the run starts, so that it goes on as it began whatever is deployed meanwhile.
    model = models.CharField(max_length=100)
    prompt = Verbatim(default=dict)  # {system, tools, output_schema}
    prompt_version = models.CharField(max_length=64)
    budget = models.JSONField(default=dict)

    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    step = models.PositiveIntegerField(default=0)  # the number of the next step
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)  # when a worker was last asked to advance it
    lost = models.PositiveSmallIntegerField(default=0)  # how often a worker vanished in the present step
    upstream_failures = models.PositiveSmallIntegerField(default=0)  # in a row
    rounds = models.PositiveSmallIntegerField(default=0)  # how often a reviewer sent it back
    nudges = models.PositiveSmallIntegerField(default=0)  # how often it was told that it repeats itself
    say = models.JSONField(default=list)  # what a human wants said in the next message to the model
    awaits_answer = models.BooleanField(default=False)  # from the human who decides `escalation`
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="runs")
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, null=True, related_name="runs")
    result = models.JSONField(null=True)  # what the agent's caller gets in the end
    drill = models.ForeignKey(  # of which it is the rehearsal: it touches nothing real and leaves no outcome
        Drill, on_delete=models.PROTECT, null=True, related_name="runs"
    )
    detail = models.TextField(blank=True)  # why it is where it is, in a sentence
    created_at = DatabaseMoment(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    was_paused = False  # its agent, when the run was taken

    objects = RunQuerySet.as_manager()
    steps: RelatedManager[Step]
    tool_calls: RelatedManager[ToolCall]
    ledger: RelatedManager[LedgerEntry]

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["lease_until"], condition=Q(state__in=["queued", "running"]), name="runs_to_advance"
            ),
            models.Index(
                fields=["wake_at"],
                condition=Q(state__in=["waiting_human", "waiting_upstream"], wake_at__isnull=False),
                name="runs_to_wake",
            ),
            models.Index(fields=["agent", "-id"], name="newest_runs_of_an_agent"),
        ]
        constraints = [models.UniqueConstraint(fields=["agent", "key"], name="one_run_per_agent_and_key")]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.agent} ({self.state})"

    @property
    def is_over(self) -> bool:
        return self.state in self.OVER

    def write(self, **changes: Any) -> bool:
        """Change this run while its epoch is still ours; False when another worker has taken it over."""
        return update(self, changes, OURS, [self.epoch])

    def keep(self) -> bool:
        """Hold this run for another lease while its epoch is still ours; False when it is not, or not going.

        A row that somebody is writing at this moment is left alone: it counts as kept.
        """
        ours = Run.objects.filter(pk=self.pk, epoch=self.epoch, state=self.State.RUNNING)
        with transaction.atomic():
            free = ours.select_for_update(skip_locked=True).values("pk")
            if Run.objects.filter(pk__in=free).update(lease_until=Now() + settings.RUN_LEASE):
                return True
        return ours.exists()

    def wake_for(self, decision: Decision) -> None:
        """Let the run go on with `decision` once its undo window is over."""
        Run.objects.filter(pk=self.pk, state=self.State.WAITING_HUMAN).update(wake_at=decision.effective_at)

    def stop(self, detail: str) -> bool:
        """End the run without a result, whoever holds it; False when it was over."""
        return bool(Run.objects.filter(pk=self.pk).stop(detail))


class Step(models.Model):
    """One model call of a run, as it was sent and answered. Append-only: together they are the transcript.

    What is asked about an answer, an aside, is a step too, since it is paid for; it is not in the transcript.
    """

    class Aside(models.TextChoices):
        SAMPLE = "sample"  # the question of the answer, asked once more
        CRITIC = "critic"  # what somebody who doubts it makes of the answer

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    sent = Verbatim()  # the messages this step added before the call
    content = Verbatim(default=list)  # the model's blocks, verbatim
    kept = models.BooleanField(
        default=True
    )  # whether the answer belongs to the transcript (a cut one does not)
    final_report = models.BooleanField(default=False)
    aside = models.CharField(
        max_length=10, choices=Aside, blank=True
    )  # asked beside the transcript, not in it
    stop_reason = models.CharField(max_length=50, blank=True)
    cut = models.CharField(max_length=200, blank=True)
    usage = models.JSONField(default=dict)
    micro_usd = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    chain = models.CharField(max_length=64)  # hash of everything up to here
    at = DatabaseMoment(db_default=Now())

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_step_per_run_and_number")]

    def __str__(self) -> str:
        return f"step {self.number} of run {self.run_id}"

    @property
    def text(self) -> str:
        """What the model said in words."""
        return "".join(block["text"] for block in self.content if block["type"] == "text")


class ToolCall(models.Model):
    """One tool use. The row is committed before the tool runs, so that a crash leaves a trace."""

    class State(models.TextChoices):
        INTENT = "intent"
        HELD = "held"  # waits for a human's approval
        STARTED = "started"
        DONE = "done"
        FAILED = "failed"  # it answered with an error
        REFUSED = "refused"  # it never ran: breaker, budget, arguments or a human
        UNKNOWN = "unknown"  # it may have run: nobody runs it again but a human

    OPEN = (State.INTENT, State.HELD, State.STARTED)
    RAN = (State.DONE, State.FAILED, State.UNKNOWN)

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="tool_calls")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="tool_calls")
    tool_use_id = models.CharField(max_length=LONGEST_NAME)
    name = models.CharField(max_length=LONGEST_NAME)
    arguments = Verbatim()
    approved_arguments = Verbatim(null=True)  # what a reviewer let run
    effect = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.INTENT)
    started_at = models.DateTimeField(null=True)
    output = Verbatim(null=True)
    error = models.TextField(blank=True)
    cached_age_s = models.FloatField(null=True)  # how old the answer is that stood in for an open circuit
    seconds = models.FloatField(default=0)
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="tool_calls")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "tool_use_id"], name="one_tool_call_per_run_and_use"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def idempotency_key(self) -> str:
        return f"{self.run_id}:{self.tool_use_id}"


# The entry that counts of a call's two.
STANDING = """(
    agents_ledgerentry.kind = 'settled' OR NOT EXISTS (
        SELECT FROM agents_ledgerentry settled
        WHERE settled.reservation = agents_ledgerentry.reservation AND settled.kind = 'settled'
    )
)"""


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    def standing(self) -> LedgerQuerySet:
        """One entry for each call: what it cost, or what it may cost at most if it was never settled."""
        return self.filter(RawSQL(STANDING, [], output_field=models.BooleanField()))

    def spent(self) -> int:
        """Micro-dollars: what was settled, and what was reserved and never settled."""
        return self.standing().aggregate(total=Sum("micro_usd"))["total"] or 0


class LedgerEntry(models.Model):
    """What a model call may cost at most, then what it did cost. The truth that Redis is rebuilt from."""

    class Kind(models.TextChoices):
        RESERVED = "reserved"
        SETTLED = "settled"

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="ledger")
    agent = models.SlugField(max_length=100, db_index=False)
    step = models.PositiveIntegerField()
    reservation = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, choices=Kind)
    micro_usd = models.BigIntegerField()
    # {input_tokens, output_tokens}, of the former cache_read_tokens and cache_write_tokens; empty: no call
    usage = models.JSONField(default=dict)
    model = models.CharField(max_length=100)
    detail = models.CharField(max_length=200, blank=True)
    at = DatabaseMoment(db_default=Now())

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(
                fields=["reservation", "kind"], name="one_entry_per_reservation_and_kind"
            ),
        ]
        indexes = [models.Index(fields=["agent", "at"], name="ledger_of_an_agents_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.micro_usd} µ$ by run {self.run_id}"


class BreakerEvent(models.Model):
    """One change of a breaker's state: by itself, or by a person with a reason."""

    breaker = models.CharField(max_length=200)
    before = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = DatabaseMoment(db_default=Now())

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["breaker", "-id"], name="newest_of_a_breaker")]

    def __str__(self) -> str:
        return f"{self.breaker}: {self.before} → {self.after}"
