"""HumanLayer's own shapes, field by field, as version 0.7.9 of its package sends them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from escalation.api.shapes.escalations import Strict
from escalation.api.shapes.fields import JsonObject, Label, Line, Moment

CALL_ID_PATTERN = "^[A-Za-z0-9._:~@=+-]+$"
CallId = Annotated[str, Meta(min_length=1, max_length=200, pattern=CALL_ID_PATTERN)]


class HumanLayerSlack(Strict):
    channel_or_user_id: str
    context_about_channel_or_user: str | None = None
    bot_token: str | None = None
    allowed_responder_ids: list[str] | None = None
    experimental_slack_blocks: bool | None = None
    thread_ts: str | None = None


class HumanLayerPhone(Strict):
    phone_number: str
    context_about_user: str | None = None


class HumanLayerAddressee(Strict):
    address: str
    context_about_user: str | None = None
    field: str | None = None


class HumanLayerEmail(Strict):
    address: str
    context_about_user: str | None = None
    additional_recipients: list[HumanLayerAddressee] | None = None
    subject: str | None = None
    references_message_id: str | None = None
    in_reply_to_message_id: str | None = None
    experimental_subject_line: str | None = None  # the package sends the three above under both names
    experimental_references_message_id: str | None = None
    experimental_in_reply_to_message_id: str | None = None
    template: str | None = None


class HumanLayerChannel(Strict):
    """Where HumanLayer would have asked. Here the review queue of the gate's policy is where."""

    slack: HumanLayerSlack | None = None
    sms: HumanLayerPhone | None = None
    whatsapp: HumanLayerPhone | None = None
    email: HumanLayerEmail | None = None


class HumanLayerOption(Strict):
    name: Label
    title: Line | None = None
    description: str | None = None
    prompt_fill: str | None = None
    interactive: bool | None = None


class HumanLayerCallSpec(Strict):
    fn: Label
    kwargs: JsonObject
    channel: HumanLayerChannel | None = None
    reject_options: list[HumanLayerOption] | None = None
    state: JsonObject | None = None


class HumanLayerCallStatus(Strict):
    requested_at: Moment | None = None
    responded_at: Moment | None = None
    approved: bool | None = None
    comment: str | None = None
    reject_option_name: str | None = None
    slack_message_ts: str | None = None


class HumanLayerFunctionCall(Strict):
    """What a human is to approve. A status that comes with it is passed over: only a human gives one."""

    run_id: str
    call_id: CallId
    spec: HumanLayerCallSpec
    status: HumanLayerCallStatus | None = None


class HumanLayerContactSpec(Strict):
    msg: Annotated[str, Meta(min_length=1)]
    subject: str | None = None
    channel: HumanLayerChannel | None = None
    response_options: list[HumanLayerOption] | None = None
    state: JsonObject | None = None


class HumanLayerContactStatus(Strict):
    requested_at: Moment | None = None
    responded_at: Moment | None = None
    response: str | None = None
    response_option_name: str | None = None
    slack_message_ts: str | None = None


class HumanLayerContact(Strict):
    """What a human is asked. A status that comes with it is passed over: only a human gives one."""

    run_id: str
    call_id: CallId
    spec: HumanLayerContactSpec
    status: HumanLayerContactStatus | None = None
