"""Deterministic answers by name: what the exit `rule:name` of a policy calls.

A rule is a function in code, registered here, or a table that ops declare in the policy itself (tables.py).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

from escalation.gating.tables import answer_of_table

logger = logging.getLogger(__name__)

Rule = Callable[[Any, Any], Any]  # (task, output) -> an output, or None when the rule has nothing to say
_rules: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a function under the name that policies use; raises ValueError when the name is taken.

    TypeError for what cannot be called with a task and an output, and awaited by nobody.
    """
    if not isinstance(name, str):
        raise TypeError('a rule needs the name that policies use: write @rule("claims-wait") above it')

    def register(function: Rule) -> Rule:
        _require_a_plain_function(name, function)
        if _rules.setdefault(name, function) is not function:
            raise ValueError(f"two rules are named {name!r}: rename one")
        return function

    return register


def _require_a_plain_function(name: str, function: Rule) -> None:
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"rule {name!r} is a coroutine: nobody would wait for it; make it a plain function")
    try:
        inspect.signature(function).bind("task", "output")
    except TypeError:
        raise TypeError(f"rule {name!r} is called with the task and the output: give it both") from None


def rule_named(name: str) -> Rule | None:
    return _rules.get(name)


def answer_of(
    name: str, task: Any, output: Any, tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> Any:
    """What a rule answers; None when it has nothing to say, does not exist (any more) or fails.

    `tables` are those that the policy declares. A rule's fault is written to the log: it must neither lose
    the result nor stop the others.
    """
    if tables and name in tables:
        return answer_of_table(tables[name], task, output)
    found = rule_named(name)
    if found is None:
        return None
    try:
        with transaction.atomic():
            return found(task, output)
    except Exception:
        logger.exception("rule %s failed; the next handler is taken", name)
        return None


def rule_names() -> list[str]:
    return sorted(_rules)
