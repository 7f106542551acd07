"""One model call, streamed, under a deadline. The only place that imports the SDK.

The SDK's own retries are off: it obeys a `Retry-After` of hours with a sleep in the worker, and it retries
what was billed. Our scheduler retries, and every attempt is metered.
"""

import atexit
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anthropic
import httpx2

from agents.llm.endpoint import Endpoint, endpoint
from agents.llm.turn import Turn, TurnRequest, UpstreamError, UpstreamKind, Usage

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
        with (
            _used(where, kept=is_ours) as client,
            client.messages.stream(**request.body(), timeout=timeout) as stream,
        ):
            return _read(stream, deadline_s - (time.monotonic() - begun))
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


def _read(stream: anthropic.MessageStream[Any], left_s: float) -> Turn:
    with _hanging_up_after(left_s, stream.response) as late:
        cut, error = _drain(stream)
    message = _snapshot(stream)
    stop_reason = message.stop_reason if message else None
    if stop_reason is None and late.is_set():
        cut, error = "deadline", None
    headers = stream.response.headers
    return Turn(
        content=[block.to_dict(mode="json") for block in message.content] if message else [],
        stop_reason=stop_reason,
        usage=_usage(message.usage) if message else Usage(),
        cut=cut or (None if stop_reason else "eof"),
        error=error,
        request_id=headers.get("request-id"),
        stop_details=message.stop_details.to_dict(mode="json") if message and message.stop_details else None,
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


def _drain(stream: anthropic.MessageStream[Any]) -> tuple[str | None, UpstreamError | None]:
    try:
        for _ in stream:
            pass
    except anthropic.APIStatusError as error:
        return "error_event", _upstream_error(error)
    except (anthropic.APIError, httpx2.HTTPError, httpx2.StreamError):
        return "connection", None
    except (ValueError, RuntimeError, LookupError):
        # What the SDK raises for events out of order and for JSON it cannot read.
        return "malformed", None
    return None, None


def _snapshot(stream: anthropic.MessageStream[Any]) -> Any:
    try:
        return stream.current_message_snapshot
    except AssertionError:
        return None  # nothing came before the stream ended


def _usage(usage: anthropic.types.Usage) -> Usage:
    written = usage.cache_creation_input_tokens or 0
    written_1h = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation else 0
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens or 0,
        cache_write_5m=max(0, written - written_1h),
        cache_write_1h=written_1h,
    )


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
    # An error inside a stream comes with HTTP status 200: the type in the body is what tells.
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
