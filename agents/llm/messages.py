"""One model call, streamed, under a deadline. The only place that imports the SDK.

The SDK's own retries are off: it obeys a `Retry-After` of hours with a sleep in the worker, and it retries
what was billed. Our scheduler retries, and every attempt is metered.
"""

import atexit
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anthropic
import httpx2

from agents.llm.endpoint import Endpoint, endpoint
from agents.llm.stream import MISFITS, Heard, events
from agents.llm.turn import Turn, TurnRequest, UpstreamError, UpstreamKind

CONNECT_TIMEOUT_S = 5
SILENCE_TIMEOUT_S = 60

SPEND_LIMITS = {
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
    "linked_organization_spend_limit_reached",
}
KIND_BY_TYPE: dict[str, UpstreamKind] = {
    "overloaded_error": "overloaded",
    "rate_limit_error": "rate_limited",
    "billing_error": "spend_limit",
    "authentication_error": "auth",
    "permission_error": "auth",
    "api_error": "unavailable",
    "timeout_error": "unavailable",
    "conflict_error": "unavailable",
}
KIND_BY_STATUS: dict[int, UpstreamKind] = {
    401: "auth",
    402: "spend_limit",
    403: "auth",
    408: "unavailable",
    409: "unavailable",
    429: "rate_limited",
    529: "overloaded",
}


def one_turn(request: TurnRequest, *, deadline_s: float, where: Endpoint | None = None) -> Turn:
    """Ask the model once and return within about `deadline_s` seconds with whatever came. Never retries.

    `where` is another API than the one that the settings name.

    Trouble upstream is in the turn's `error` and `cut`, not an exception. Raises only for what the SDK
    refuses to send (a value that is not JSON).
    """
    where, is_ours = where or endpoint(), where is None
    if where is None:
        return Turn(
            error=UpstreamError("auth", None, "Neither ANTHROPIC_API_KEY nor ANTHROPIC_BASE_URL is set.")
        )
    begun = time.monotonic()
    timeout = httpx2.Timeout(min(SILENCE_TIMEOUT_S, deadline_s), connect=min(CONNECT_TIMEOUT_S, deadline_s))
    try:
        with _used(where, kept=is_ours) as client:
            create = client.messages.with_streaming_response.create
            with create(**request.body(), stream=True, timeout=timeout) as answer:
                return _read(answer.http_response, deadline_s - (time.monotonic() - begun))
    except anthropic.APIError as error:
        return _turn_without_stream(error)


_held: tuple[tuple[int, Endpoint], anthropic.Anthropic] | None = None
_holding = threading.Lock()


@contextmanager
def _used(where: Endpoint, *, kept: bool) -> Iterator[anthropic.Anthropic]:
    if kept:
        yield _client(where)
        return
    with _new_client(where) as passing:
        yield passing


def _client(where: Endpoint) -> anthropic.Anthropic:
    # One client per process keeps its connections open between turns; a forked child must not share its
    # parent's.
    global _held
    key = (os.getpid(), where)
    with _holding:
        if _held is None or _held[0] != key:
            if _held is not None and _held[0][0] == key[0]:
                _held[1].close()
            _held = key, _new_client(where)
        return _held[1]


@atexit.register
def _close_client() -> None:
    if _held is not None and _held[0][0] == os.getpid():
        _held[1].close()


def _new_client(where: Endpoint) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key=where.api_key,
        base_url=where.base_url,
        max_retries=0,
        http_client=anthropic.DefaultHttpxClient(trust_env=not where.on_this_machine),
    )


def _read(response: httpx2.Response, left_s: float) -> Turn:
    heard = Heard()
    with _hanging_up_after(left_s, response) as late:
        cut = _drain(response, heard)
    if not heard.finish() and heard.stop_reason == "tool_use":
        cut = cut or "malformed"
    if heard.stop_reason is None and late.is_set():
        cut = "deadline"
    return Turn(
        content=heard.content,
        stop_reason=heard.stop_reason,
        usage=heard.billed(),
        cut=cut or (None if heard.stop_reason else "eof"),
        error=_error_event(heard.error) if heard.error and cut == "error_event" else None,
        request_id=response.headers.get("request-id"),
        stop_details=heard.stop_details,
    )


@contextmanager
def _hanging_up_after(left_s: float, response: httpx2.Response) -> Iterator[threading.Event]:
    # The SDK swallows pings, so a loop over events never sees time pass on a stream of pings. Shutting the
    # socket down, unlike closing it, also wakes a read that is waiting in silence.
    late = threading.Event()

    def hang_up() -> None:
        late.set()
        if not response.is_closed:
            with suppress(OSError):
                response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, left_s), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _drain(response: httpx2.Response, heard: Heard) -> str | None:
    """Hear the stream to its end; returns what ended it early, if something did."""
    try:
        for event in events(response.iter_bytes()):
            heard.take(event)
            if heard.error is not None:
                return "error_event"
    except (httpx2.HTTPError, httpx2.StreamError):
        return "connection"
    except MISFITS:
        return "malformed"
    return None


def _error_event(error: Mapping[str, Any]) -> UpstreamError:
    # It comes with HTTP status 200: the type in the body is what tells.
    kind = KIND_BY_TYPE.get(str(error.get("type")), "unavailable")
    return UpstreamError(kind=kind, status=200, message=str(error.get("message", "")))


def _turn_without_stream(error: anthropic.APIError) -> Turn:
    if isinstance(error, anthropic.APIStatusError):
        return Turn(error=_upstream_error(error), request_id=error.request_id)
    # Without a connection nothing was sent; after one, the request may have been served and billed.
    unsent = isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
    return Turn(
        cut=None if unsent else "no_answer",
        error=UpstreamError("unavailable", None, f"{error.message} ({type(error.__cause__).__name__})"),
    )


def _upstream_error(error: anthropic.APIStatusError) -> UpstreamError:
    return UpstreamError(
        kind=_kind(error),
        status=error.status_code,
        message=error.api_message or error.message,
        retry_after_s=_retry_after_s(error.response.headers),
    )


def _kind(error: anthropic.APIStatusError) -> UpstreamKind:
    if error.error_code in SPEND_LIMITS:
        return "spend_limit"
    if error.type in KIND_BY_TYPE:
        return KIND_BY_TYPE[error.type]
    if error.status_code >= 500 and error.status_code != 529:
        return "unavailable"
    return KIND_BY_STATUS.get(error.status_code, "bad_request")


def _retry_after_s(headers: httpx2.Headers) -> float | None:
    asked = headers.get("retry-after")
    if asked is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(asked))
    with suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    return None
