"""Support triage: reads a customer's message, looks things up, chooses a topic and drafts the reply."""

from functools import cache
from typing import Annotated, Any

import httpx2
from django.conf import settings
from pydantic import Field

from agents import Agent, Budget, Rehearsal, tool

OrderNumber = Annotated[str, Field(pattern=r"^\d{5}$", description="The five digits of an order.")]
APPROVAL_ABOVE_EUR = 50

TOPICS = {
    "card_delivery": "a new or replacement card: ordering, activating, arrival, expiry, virtual, contactless",
    "card_payment": "a card payment: declined, pending, not recognised, wrong rate, charged twice, reverted",
    "lost_or_stolen": "a card or phone that is lost, stolen, swallowed or compromised; fraud",
    "pin_and_sign_in": "PIN, passcode, blocked or forgotten sign-in",
    "cash": "cash withdrawals and cash machines: declined, pending, fee, wrong amount, limits",
    "top_up": "topping up: by card, transfer, cash or cheque, limits, failed, pending, reverted, fees",
    "transfer": "bank transfers: not arrived, failed, declined, cancel, fee, timing, wrong recipient",
    "exchange_and_fees": "exchange rates, currencies, extra charges and fees on a statement",
    "refund_and_dispute": "refunds, disputes, direct debits, cancelled purchases, money back",
    "identity_and_account": "verifying identity, source of funds, opening or closing it, personal details",
    "order": "an order from the shop: where it is, returns, damaged goods, cancelling",
    "other": "anything else: not a question to this support team",
}

INSTRUCTIONS = """You triage messages to a customer support team.

Look up what the message is about before you answer: search the help centre, and find the order when a number
is given. Ask for a refund only when the customer wants their money back for an order you have found.
Then choose one topic:
{topics}

Write the reply you would send: short, friendly, only from what you have looked up. Rest it on the tool calls
you used. Your confidence is how likely a colleague would choose the same topic and send the same reply. A
message that is not a question to this team has the topic "other" and deserves little confidence, since a
human should look at it."""


@tool(effect="read", cache_ttl_s=3600)
def search_help(
    query: Annotated[str, Field(description="What the customer wants to know, in a few words.")],
) -> Any:
    """Find help-centre articles that answer a question."""
    return _call("GET", "/articles", params={"q": query})["articles"]


@tool(effect="read", cache_ttl_s=60)
def find_order(order_number: OrderNumber) -> Any:
    """Find the state of an order by its number."""
    return _call("GET", f"/orders/{order_number}")


@tool(effect="idempotent_write", needs_approval=lambda asked: asked["amount_eur"] > APPROVAL_ABOVE_EUR)
def request_refund(
    order_number: OrderNumber,
    amount_eur: Annotated[float, Field(gt=0, le=10_000, description="How much to refund, in euros.")],
    idempotency_key: str = "",
) -> Any:
    """Refund an order, in part or whole, to the card that paid. Larger sums need a colleague's approval."""
    body = {"order_number": order_number, "amount_eur": amount_eur}
    return _call("POST", "/refunds", json=body, headers={"Idempotency-Key": idempotency_key})


def _call(method: str, path: str, **request: Any) -> Any:
    answer = _back_office(settings.BACK_OFFICE_URL).request(method, path, **request)
    answer.raise_for_status()
    return answer.json()


@cache
def _back_office(url: str) -> httpx2.Client:
    # One client a process: its connections stay open, and a new one would set up TLS for each call.
    return httpx2.Client(base_url=url, timeout=5, trust_env=False)


# What a drill has in place of the help centre and the shop.
REHEARSAL = Rehearsal(
    task="How long does it take until my new card arrives?",
    answers={
        "search_help": [
            {
                "title": "When will my card arrive?",
                "text": "A new card arrives within ten working days.",
            }
        ],
        "find_order": {"order_number": "10023", "state": "sent", "total_eur": 20.0},
        "request_refund": {"refund": "accepted"},
    },
    arguments={
        "search_help": {"query": "card has not arrived"},
        "find_order": {"order_number": "10023"},
        "request_refund": {"order_number": "10023", "amount_eur": 5.0},
    },
)

support_triage = Agent(
    name="support-triage",
    model="claude-haiku-5-5",
    instructions=INSTRUCTIONS.format(
        topics="\n".join(f"- {name}: {about}" for name, about in TOPICS.items())
    ),
    tools=[search_help, find_order, request_refund],
    output={
        "type": "object",
        "additionalProperties": False,
        "required": ["topic", "reply"],
        "properties": {
            "topic": {"type": "string", "enum": list(TOPICS), "description": "What the message is about."},
            "reply": {"type": "string", "description": "The reply to the customer."},
        },
    },
    budget=Budget(cost_usd="0.02", turns=8, tool_calls=10, wall_clock_s=120),  # type: ignore[arg-type]
    threshold=0.75,
    category="topic",
    rehearsal=REHEARSAL,
)
