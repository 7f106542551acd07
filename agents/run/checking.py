"""A step in which an answer is doubted: its question is asked once more, or a critic is asked about it."""

from __future__ import annotations

import json
from dataclasses import replace

from django.db import transaction

from agents import critic
from agents.guards.budget import usd
from agents.guards.turn_plan import Needs, StopNow, plan_report
from agents.llm.pricing import Price, price_of
from agents.llm.turn import TurnRequest
from agents.models import Step
from agents.run import ending, upstream
from agents.run.calling import position, waited_for
from agents.run.metered import Answered
from agents.run.opinions import Aside, next_aside
from agents.run.work import Work
from agents.stores.budget import BudgetUnavailable, Exhausted
from agents.transcript import Message, asked_in, messages

LONGEST_ASIDE = 4096  # tokens, thinking included
LEAST_OPINION = 1024


def check(work: Work, answer: Step) -> None:
    """Ask the next thing about the answer, if it can be paid; then go on, wait, or end.

    What cannot be asked takes the confidence with it: an unchecked number is not passed on as a checked one.
    """
    aside = next_aside(work)
    if aside is None:
        ending.with_answer(work, answer.text)
        return
    sent = [] if aside is Aside.SAMPLE else _to_the_critic(work, answer)
    request = _once_more(work, answer) if aside is Aside.SAMPLE else _critic_s(work, sent)
    price = price_of(request.model)
    if price is None:
        ending.unchecked(work, answer.text, f"no price is known for {request.model}")
        return
    given = _ask(work, request, price, least=_least_tokens(aside, answer))
    if isinstance(given, Answered):
        with transaction.atomic():
            work.record(sent, given, aside=aside)
            ending.with_answer(work, answer.text)
    elif not waited_for(work, given):
        ending.unchecked(work, answer.text, given.told)


def _once_more(work: Work, answer: Step) -> TurnRequest:
    """The very request that was answered; without tools, since a sample must not act."""
    earlier = [step for step in work.said if step.number < answer.number]
    return replace(
        work.request(answer.sent, max_tokens=LONGEST_ASIDE, allow_tools=False),
        messages=[*messages(earlier), *answer.sent],
    )


def _critic_s(work: Work, sent: list[Message]) -> TurnRequest:
    pinned = work.run.prompt["critic"]
    return TurnRequest(
        model=pinned["model"] or work.run.model,
        system=pinned["system"],
        messages=sent,
        max_tokens=LONGEST_ASIDE,
        output_schema=critic.OPINION,
        user_id=f"run-{work.run.pk}",
    )


def _to_the_critic(work: Work, answer: Step) -> list[Message]:
    return critic.question(
        instructions=work.run.prompt["system"],
        asked=asked_in(work.said),
        calls=work.calls,
        answer=json.loads(answer.text)["answer"],
    )


def _least_tokens(aside: Aside, answer: Step) -> int:
    """What an aside must be able to say: a sample as much as the answer, thinking included."""
    return min(LONGEST_ASIDE, int(answer.usage["output_tokens"])) if aside is Aside.SAMPLE else LEAST_OPINION


def _ask(work: Work, request: TurnRequest, price: Price, *, least: int) -> Answered | upstream.NotAsked:
    try:
        at = position(work, request, price)
    except BudgetUnavailable as error:
        return upstream.NotAsked(f"the budget cannot be checked: {error}", passing=True)
    plan = plan_report(at, Needs(report_tokens=LONGEST_ASIDE, least_report_tokens=least))
    if isinstance(plan, StopNow):
        return upstream.NotAsked(f"the budget does not hold it, {plan.detail}", passing=False)
    terms = upstream.Terms(plan.reserve_micro_usd, 0, at.transcript_tokens, plan.within_s)
    request = replace(request, max_tokens=plan.max_tokens)
    given = upstream.ask(upstream.Question(work.run, work.budget, request, price, terms))
    if isinstance(given, Exhausted):
        return upstream.NotAsked(f"only {usd(max(0, given.left_micro_usd))} were left", passing=False)
    return given
