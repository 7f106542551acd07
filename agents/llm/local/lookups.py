"""Which tools to call next: those whose arguments stand in the text, and never the same call twice."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agents.llm.local.documents import next_pages, speaks_of_pages
from agents.llm.local.reading import salient, sentences, stem, stems
from agents.llm.local.schemas import Schema, kind_of, name_words, resolved
from agents.llm.local.situation import Situation
from agents.llm.local.values import SUMS, by_pattern, number_in

LOOKING = {
    *("check", "fetch", "find", "get", "list", "load", "look", "lookup"),
    *("query", "read", "retrieve", "search", "show"),
}
FREE_TEXT = {"keywords", "q", "query", "search", "terms", "text", "topic"}
GROUNDS = {"explanation", "message", "note", "question", "reason", "summary"}
QUERY_WORDS = 12
AT_ONCE = 3

Call = tuple[str, dict[str, Any]]


def next_calls(situation: Situation) -> list[Call]:
    """The calls worth making now, at most three: first what looks something up, then what does something."""
    if not situation.may_call:
        return []
    gave_up = {finding.tool for finding in situation.failed}
    open_tools = [tool for tool in situation.tools if tool["name"] not in gave_up]
    looking = [tool for tool in open_tools if is_lookup(tool)]
    acting = [tool for tool in open_tools if not is_lookup(tool) and _is_asked_for(tool, situation)]
    for tools in (looking, acting):
        calls = [call for tool in tools for call in _new_calls(tool, situation)]
        if calls:
            return calls[:AT_ONCE]
    return []


def is_lookup(tool: Schema) -> bool:
    """Whether the tool only looks something up, going by its name."""
    return any(word in LOOKING for word in name_words(tool["name"]))


def wanting(situation: Situation) -> list[str]:
    """What the task speaks of and a lookup would need, but does not say."""
    spoken = set(stems(situation.task))
    called = {finding.tool for finding in situation.findings}
    lacks = []
    for tool in situation.tools:
        if tool["name"] in called or not is_lookup(tool):
            continue
        for name in _unfilled(tool, situation):
            if spoken & {stem(word) for word in name_words(name) if word not in {"id", "number"}}:
                lacks.append(f"the {' '.join(name_words(name))} that {tool['name']} needs is not given")
    return lacks


def _new_calls(tool: Schema, situation: Situation) -> list[Call]:
    made = {_key(finding.tool, finding.arguments) for finding in situation.findings}
    calls = ((tool["name"], arguments) for arguments in _filled(tool, situation))
    return [call for call in calls if _key(*call) not in made]


def _key(tool: str, arguments: Mapping[str, Any]) -> str:
    return f"{tool} {json.dumps(arguments, sort_keys=True)}"


def _filled(tool: Schema, situation: Situation) -> Iterator[dict[str, Any]]:
    """The arguments that the text gives: one set, or several when it names several things of one sort."""
    schema = tool["input_schema"]
    required = schema.get("required", [])
    options = {name: _values(name, schema, tool, situation) for name in schema.get("properties", {})}
    given = {name: values for name, values in options.items() if values}
    if not given or not given.keys() >= set(required):
        return
    leading = next(iter(required or given))
    others = {name: values[0] for name, values in given.items() if name != leading}
    for value in given[leading][:AT_ONCE]:
        yield {leading: value, **others}


def _unfilled(tool: Schema, situation: Situation) -> list[str]:
    schema = tool["input_schema"]
    return [name for name in schema.get("required", []) if not _values(name, schema, tool, situation)]


def _values(name: str, holder: Schema, tool: Schema, situation: Situation) -> list[Any]:
    schema = resolved(holder["properties"].get(name, {}), holder)
    kind = kind_of(schema)
    text = "\n".join([situation.task, *situation.notes])
    if "pattern" in schema:
        return by_pattern(
            schema["pattern"], "\n".join([text, *(finding.text for finding in situation.found)])
        )
    if "enum" in schema:
        spoken = text.lower()
        return [value for value in schema["enum"] if str(value).replace("_", " ").lower() in spoken]
    if kind == "integer" and speaks_of_pages(name):
        return next_pages(schema, tool, situation)
    if kind in {"integer", "number"}:
        return (
            _known(name, situation)
            or number_in(name, text, whole=kind == "integer")
            or _sums(name, situation)
        )
    if kind != "string":
        return []
    return _known(name, situation) or _words_for(name, tool, situation)


def _words_for(name: str, tool: Schema, situation: Situation) -> list[Any]:
    last = name_words(name)[-1]
    if last in FREE_TEXT:
        return _queries(tool, situation)
    if last == "email":
        return by_pattern(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", situation.task)
    if last in GROUNDS and not is_lookup(tool):
        return (sentences(situation.task) or [situation.task])[:1]
    return []


def _queries(tool: Schema, situation: Situation) -> list[Any]:
    """What to search for: the task's own words, then once more those that went unanswered."""
    words = salient(situation.task)
    answers = [finding.text for finding in situation.found if finding.tool == tool["name"]]
    if len(answers) == 1:
        told = set(stems(answers[0]))
        unanswered = [word for word in words if stem(word) not in told]
        words = unanswered if len(unanswered) * 3 >= len(words) * 2 else []
    return [" ".join(words[:QUERY_WORDS])] if words else []


def _known(name: str, situation: Situation) -> list[Any]:
    """Values that earlier results give under this very name."""
    held = [value for finding in situation.found for value in _under(name, finding.data)]
    return list(dict.fromkeys(held))


def _sums(name: str, situation: Situation) -> list[Any]:
    """Sums of money in earlier results, for a name that asks for one."""
    if not SUMS & set(name_words(name)):
        return []
    records = [finding.data for finding in situation.found if isinstance(finding.data, dict)]
    return [value for record in records for key, value in record.items() if SUMS & set(name_words(key))]


def _under(name: str, data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        if isinstance(data.get(name), str | int | float):
            yield data[name]
        for value in data.values():
            yield from _under(name, value)
    elif isinstance(data, list):
        for value in data:
            yield from _under(name, value)


def _is_asked_for(tool: Schema, situation: Situation) -> bool:
    # `refund_order` is asked for by "refund", not by "order", where a lookup speaks of orders too.
    lookups = {word for other in situation.tools if is_lookup(other) for word in name_words(other["name"])}
    verbs = {stem(word) for word in set(name_words(tool["name"])) - lookups}
    done = {finding.tool for finding in situation.findings}
    return tool["name"] not in done and bool(verbs & set(stems(situation.task)))
