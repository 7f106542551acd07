"""What is before the model: the task, what tools said, what may be done, and what is asked for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

STALE = re.compile(r"\A[^\n{\[]*\b(cached|stale)\b", re.IGNORECASE)
UNMADE = re.compile(r"\ANot run: [^\n]*\bbudget\b")
TAG = re.compile(r"</?[a-zA-Z_][\w-]*>")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one tool call gave. `data` is the result if it is JSON; `stale` says it came from a cache."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    text: str
    data: Any
    failed: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """A request, read. `notes` is what was said after the task, by reviewers and by the runner.

    Calls that the budget did not allow are left out: with more of it they can be made.
    """

    system: str
    task: str
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    tools: tuple[Mapping[str, Any], ...]
    may_call: bool
    schema: Mapping[str, Any] | None

    @property
    def found(self) -> list[Finding]:
        """The results that can be relied on."""
        return [finding for finding in self.findings if not finding.failed]

    @property
    def failed(self) -> list[Finding]:
        """The calls that brought nothing."""
        return [finding for finding in self.findings if finding.failed]


def read_situation(body: Mapping[str, Any]) -> Situation:
    """Read a request that was checked."""
    texts = [
        text for message in body["messages"] if message["role"] != "assistant" for text in _texts(message)
    ]
    return Situation(
        system="\n".join(_texts({"content": body["system"]})) if "system" in body else "",
        task=_plain(texts[0]) if texts else "",
        notes=tuple(texts[1:]),
        findings=tuple(_findings(body["messages"])),
        tools=tuple(body.get("tools", ())),
        may_call=body.get("tool_choice", {}).get("type") != "none",
        schema=body.get("output_config", {}).get("format", {}).get("schema"),
    )


def _findings(messages: list[dict[str, Any]]) -> Iterator[Finding]:
    calls = {block["id"]: block for message in messages for block in _blocks(message, "tool_use")}
    for message in messages:
        for result in _blocks(message, "tool_result"):
            call = calls[result["tool_use_id"]]
            text = "\n".join(_texts(result))
            if UNMADE.match(text):
                continue
            data = _json(text) or _json(text.partition("\n")[2])
            failed = bool(result.get("is_error")) or (isinstance(data, dict) and bool(data.get("error")))
            stale = bool(STALE.search(text[:200]))
            yield Finding(call["id"], call["name"], call["input"], text, data, failed, stale)


def _blocks(message: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    content = message.get("content")
    return [block for block in content if block["type"] == kind] if isinstance(content, list) else []


def _texts(holder: Mapping[str, Any]) -> list[str]:
    content = holder.get("content")
    return [content] if isinstance(content, str) else [block["text"] for block in _blocks(holder, "text")]


def _plain(task: str) -> str:
    """The task without markup; of a task that is JSON, its values."""
    data = _json(task)
    return "\n".join(_values(data)) if isinstance(data, dict | list) else TAG.sub(" ", task)


def _values(data: Any) -> Iterator[str]:
    if isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _values(value)
    elif data is not None:
        yield str(data)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
