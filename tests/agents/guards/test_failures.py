import json
from datetime import UTC, datetime
from email.message import Message
from types import SimpleNamespace
from urllib.error import HTTPError, URLError

import anthropic
import httpx2
import pytest
from celery.exceptions import SoftTimeLimitExceeded

from agents.guards.breaker import Outcome
from agents.guards.failures import classify_failure, http_status, retry_after_s

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class StatusError(Exception):
    """An error as the HTTP clients raise it, with the response it was made from."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"HTTP {status}")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = SimpleNamespace(status_code=status, headers=named)


def urllib_error(status: int) -> HTTPError:
    return HTTPError("http://127.0.0.1/", status, "", Message(), None)


def sdk_error(status: int) -> anthropic.APIStatusError:
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://127.0.0.1/"))
    return anthropic.APIStatusError("no", response=response, body=None)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionError(),
        ConnectionResetError(),
        URLError("no route"),
        httpx2.ReadTimeout("slow"),
        httpx2.ConnectError("refused"),
        StatusError(429),
        StatusError(408),
        StatusError(500),
        StatusError(503),
        urllib_error(502),
        sdk_error(529),
        json.JSONDecodeError("garbage", "<html>", 0),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "garbage"),
        RuntimeError("anything unknown"),
    ],
)
def test_it_counts_against_the_dependency(error: Exception) -> None:
    assert classify_failure(error) is Outcome.FAILURE


@pytest.mark.parametrize(
    "error", [StatusError(404), StatusError(409), StatusError(422), urllib_error(404), sdk_error(400)]
)
def test_a_considered_no_shows_the_dependency_alive(error: Exception) -> None:
    assert classify_failure(error) is Outcome.SUCCESS


@pytest.mark.parametrize(
    "error",
    [
        TypeError("missing argument"),
        ValueError("not a number"),
        KeyError("order_id"),
        FileNotFoundError(),
        SoftTimeLimitExceeded(),
        KeyboardInterrupt(),
        SystemExit(),
    ],
)
def test_bad_arguments_and_our_own_deadline_say_nothing(error: BaseException) -> None:
    assert classify_failure(error) is Outcome.IGNORED


def test_an_error_without_a_response_has_no_status() -> None:
    assert http_status(SimpleNamespaceError()) is None


class SimpleNamespaceError(Exception):
    """An error whose `code` is not an HTTP status, as many libraries have one."""

    code = 7
    response = None


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (StatusError(429, Retry_After="30"), 30.0),
        (StatusError(429, retry_after="1.5"), 1.5),
        (StatusError(503, Retry_After="Sun, 22 Nov 2026 12:01:00 GMT"), 60.0),
        (StatusError(503, Retry_After="Sun, 22 Nov 2026 11:00:00 GMT"), 0.0),
        (StatusError(503, Retry_After="soon"), 0.0),
        (StatusError(503, Retry_After="-5"), 0.0),
        (StatusError(503, Retry_After="inf"), 0.0),
        (StatusError(503), 0.0),
        (urllib_error(503), 0.0),
        (SimpleNamespaceError(), 0.0),
        (TimeoutError(), 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(error: Exception, seconds: float) -> None:
    assert retry_after_s(error, NOON) == seconds
