"""The API's routes: read, check, draw a fault, think, answer."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from agents.llm.local import catalogue, wire
from agents.llm.local.errors import ApiError, invalid
from agents.llm.local.faults import Fault
from agents.llm.local.mind import think
from agents.llm.local.replies import Reply, message_of
from agents.llm.local.scripts import entry_of
from agents.llm.local.signature import verified_prefix
from agents.llm.local.spoiling import SPOILERS
from agents.llm.local.tokens import prompt_tokens
from agents.llm.local.validation import check_request

if TYPE_CHECKING:
    from agents.llm.local.server import LocalMessagesAPI

logger = logging.getLogger(__name__)
MAX_BODY = 32 * 1024 * 1024
PING_EVERY_S = 0.1
MOMENT_S = 0.05
BREAKS = {"polite_eof", "reset", "error_event"}


class Handler(BaseHTTPRequestHandler):
    """One connection, any number of requests."""

    server: "LocalMessagesAPI"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Models, and the faults that are armed."""
        path = self._path()
        if path == "/v1/models":
            self._answer(lambda _: catalogue.listing())
        elif path.startswith("/v1/models/"):
            self._answer(lambda _: catalogue.described(path.removeprefix("/v1/models/")))
        elif path == "/_faults":
            self._answer(lambda _: {"armed": self.server.faults.armed()}, admin=True)
        else:
            self._answer(_not_found)

    def do_POST(self) -> None:
        """Messages, token counts, and arming of faults."""
        routes: dict[str, Callable[[Any], dict[str, Any] | None]] = {
            "/v1/messages": self._message,
            "/v1/messages/count_tokens": _token_count,
        }
        if self._path() == "/_faults":
            self._answer(self._arm, admin=True)
        else:
            self._answer(routes.get(self._path(), _not_found))

    def do_DELETE(self) -> None:
        """Forget armed faults, of one run or of all."""
        user_id = parse_qs(urlsplit(self.path).query).get("user_id", [None])[0]
        self._answer(
            lambda _: self._disarm(user_id) if self._path() == "/_faults" else _not_found(_), admin=True
        )

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the access log out of the way."""
        logger.debug(format, *args)

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _answer(self, route: Callable[[Any], dict[str, Any] | None], *, admin: bool = False) -> None:
        self._request_id = f"req_{uuid.uuid4().hex[:24]}"
        try:
            body = self._body()
            if admin:
                self._check_near()
            else:
                self._check_headers()
            answer = route(body)
        except ApiError as error:
            self._send(error.status, error.body(self._request_id), error.headers)
        else:
            if answer is not None:
                self._send(HTTPStatus.OK, answer)

    def _body(self) -> Any:
        length = int(self.headers.get("content-length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            raise ApiError("request_too_large", "Request exceeds the maximum size")
        raw = self.rfile.read(length)
        try:
            return json.loads(raw) if raw else None
        except ValueError as error:
            raise invalid(f"The request body is not valid JSON: {error}") from error

    def _check_headers(self) -> None:
        key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise ApiError("authentication_error", "x-api-key or Authorization header is required")
        if not self.headers.get("anthropic-version"):
            raise invalid("anthropic-version: header is required")

    def _check_near(self) -> None:
        if not self.client_address[0].startswith("127.") and self.client_address[0] != "::1":
            raise ApiError("not_found_error", "Not found")

    def _message(self, body: Any) -> dict[str, Any] | None:
        request = check_request(body)
        prefix = verified_prefix(request)
        self.server.requests.append(request)
        user_id = request.get("metadata", {}).get("user_id") or ""
        drawn = self.server.faults.draw(user_id)
        fault = drawn if isinstance(drawn, Fault) else None
        if fault:
            fault.raise_error()
        reply = drawn if isinstance(drawn, Reply) else self._thought(request, user_id, fault)
        message = message_of(reply, request, prefix, self.server.cache.usage(request))
        if fault and fault.kind == "slow_first_byte":
            self.server.stopping.wait(fault.seconds)
        if not request.get("stream"):
            return self._unstreamed(message, fault)
        self._stream(message, fault)
        return None

    def _thought(self, request: dict[str, Any], user_id: str, fault: Fault | None) -> Reply:
        reply = think(request)
        if fault is None or fault.kind not in SPOILERS:
            return reply
        spoiled = SPOILERS[fault.kind](reply, request)
        if spoiled is reply:
            self.server.faults.put_back(user_id, fault)
        return spoiled

    def _unstreamed(self, message: dict[str, Any], fault: Fault | None) -> dict[str, Any] | None:
        if fault and fault.kind == "error_event":
            raise ApiError("overloaded_error", "Overloaded")
        if fault and fault.kind in BREAKS | {"ping_only"}:
            self.server.stopping.wait(fault.seconds if fault.kind == "ping_only" else 0)
            self._break_off()
            return None
        return wire.plain(message)

    def _stream(self, message: dict[str, Any], fault: Fault | None) -> None:
        self._start(HTTPStatus.OK, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        kind = fault.kind if fault else None
        events = wire.events(message)
        if kind in BREAKS:
            events = wire.first_half(events)
        if fault and kind == "ping_only":
            events = events[:1]
        self._chunk(b"".join(map(wire.encoded, events)))
        if fault and kind == "ping_only":
            self._ping_for(fault.seconds)
        if kind == "error_event":
            overloaded = ApiError("overloaded_error", "Overloaded")
            self._chunk(wire.encoded(overloaded.body(self._request_id)))
        if kind == "reset":
            self.server.stopping.wait(MOMENT_S)  # what was sent before should arrive before the reset does
            self._break_off()
        else:
            self._chunk(b"")

    def _ping_for(self, seconds: float) -> None:
        for _ in range(int(seconds / PING_EVERY_S)):
            if self.server.stopping.wait(PING_EVERY_S):
                return
            self._chunk(wire.encoded({"type": "ping"}))

    def _break_off(self) -> None:
        self.close_connection = True
        self.server.reset(self.connection)

    def _arm(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict) or not isinstance(body.get("user_id"), str):
            raise invalid("user_id: Field required")
        if not isinstance(body.get("entries"), list):
            raise invalid("entries: Input should be a list")
        self.server.script(body["user_id"], [entry_of(entry) for entry in body["entries"]])
        return {"armed": self.server.faults.armed()}

    def _disarm(self, user_id: str | None) -> dict[str, Any]:
        self.server.faults.clear(user_id)
        return {"armed": self.server.faults.armed()}

    def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"request-id": self._request_id, "x-otherwise-local": "1", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _send(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        payload = json.dumps(body).encode()
        self._start(
            status,
            {"content-type": "application/json", "content-length": str(len(payload)), **(headers or {})},
        )
        self.wfile.write(payload)


def _not_found(body: Any) -> dict[str, Any]:
    raise ApiError("not_found_error", "Not found")


def _token_count(body: Any) -> dict[str, Any]:
    return {"input_tokens": prompt_tokens(check_request(body, counting=True))}
