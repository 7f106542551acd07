"""The local model: look up what the text lets it look up, then fill in what is asked for.

Plain heuristics on the text in front of it, the same for every agent: no answer is stored here. It is right
about as often as its confidence says, which is not often; that is what the queue behind it is for.
"""

import json
from collections.abc import Mapping
from typing import Any

from agents.llm.local.doubting import material_of, opinion
from agents.llm.local.drafting import draft
from agents.llm.local.filling import Form
from agents.llm.local.lookups import Call, next_calls
from agents.llm.local.replies import Reply, tool_use
from agents.llm.local.situation import Situation, read_situation


def think(body: Mapping[str, Any]) -> Reply:
    """Take one turn in a conversation that was checked: call tools, answer, or doubt an answer."""
    if material := material_of(body):
        doubt, thought = opinion(material, body["output_config"]["format"]["schema"])
        return Reply.answers(**doubt).thinks(thought)
    situation = read_situation(body)
    calls = next_calls(situation)
    if calls:
        blocks = tuple(tool_use(name, arguments) for name, arguments in calls)
        return Reply(blocks).thinks(_plan(calls, situation))
    if situation.schema is None:
        return Reply.says(draft(situation)).thinks(_stock(situation))
    form = Form(situation.schema, situation)
    answer = json.dumps(form.fill(), ensure_ascii=False)
    return Reply.says(answer).thinks(f"{_stock(situation)} {_weighing(form)}".strip())


def _plan(calls: list[Call], situation: Situation) -> str:
    named = "; ".join(f"{name} with {json.dumps(arguments, ensure_ascii=False)}" for name, arguments in calls)
    return f"The text has what these need: {named}." if not situation.findings else f"Next: {named}."


def _stock(situation: Situation) -> str:
    if not situation.findings:
        return "Nothing was looked up."
    failed = f", {len(situation.failed)} of them without an answer" if situation.failed else ""
    return f"{len(situation.findings)} calls were made{failed}; nothing more can be looked up."


def _weighing(form: Form) -> str:
    choice = form.best_choice
    sought = form.fields.sought
    found = f"{len(form.fields.found())} of {len(sought)} values were found." if sought else ""
    if choice is None:
        return found
    second = f", then {choice.runner_up}" if choice.runner_up else ""
    return f"{choice.value} fits best ({choice.confidence:.2f}){second}. {found}".strip()
