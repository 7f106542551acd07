"""A typed function with a docstring is a tool; what it lacks is said."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from agents import tool
from agents.guards.breaker import BreakerPolicy


def refund(
    order: Annotated[str, Field(pattern=r"^\d+$", description="The order's number.")],
    euros: int = 10,
    why: Literal["late", "broken"] = "late",
    idempotency_key: str = "",
) -> Any:
    """Pay money back.

    To the card that paid.
    """
    return order, euros, why, idempotency_key


def test_the_model_is_shown_the_function_s_words_and_types() -> None:
    assert tool(refund).schema() == {
        "name": "refund",
        "description": "Pay money back.\n\nTo the card that paid.",
        "input_schema": {
            "type": "object",
            "title": "refund",
            "additionalProperties": False,
            "required": ["order"],
            "properties": {
                "order": {
                    "type": "string",
                    "title": "Order",
                    "pattern": r"^\d+$",
                    "description": "The order's number.",
                },
                "euros": {"type": "integer", "title": "Euros", "default": 10},
                "why": {"type": "string", "title": "Why", "enum": ["late", "broken"], "default": "late"},
            },
        },
    }


def test_it_is_called_with_checked_arguments_and_the_key() -> None:
    assert tool(refund).invoke({"order": "7", "euros": "20"}, idempotency_key="1:t") == (
        "7",
        20,
        "late",
        "1:t",
    )


@pytest.mark.parametrize(
    "arguments",
    [{}, {"order": "x"}, {"order": "7", "euros": "many"}, {"order": "7", "idempotency_key": "mine"}],
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tool(refund).invoke(arguments)


def test_unless_told_it_writes_and_needs_nobody_s_leave() -> None:
    made = tool(refund)

    assert (made.effect, made.needs_approval({"euros": 10_000}), made.cache_ttl_s) == ("write", False, None)
    assert made.breaker == BreakerPolicy()


def test_always_a_human_or_by_the_arguments() -> None:
    always = tool(needs_approval=True)(refund)
    above = tool(effect="idempotent_write", needs_approval=lambda a: a["euros"] > 50)(refund)

    assert always.needs_approval({})
    assert [above.needs_approval(above.checked({"order": "7", "euros": euros})) for euros in (50, 51)] == [
        False,
        True,
    ]


def test_a_function_without_words_is_refused() -> None:
    def silent(order: str) -> str:
        return order

    with pytest.raises(TypeError, match="tool silent has no docstring: the model chooses tools by"):
        tool(silent)


def test_a_parameter_without_a_type_is_refused() -> None:
    def untyped(order):  # type: ignore[no-untyped-def]
        """Find an order."""

    with pytest.raises(TypeError, match="tool untyped: parameter 'order' has no type; annotate it"):
        tool(untyped)


@pytest.mark.parametrize("kind", ["args", "kwargs"])
def test_parameters_without_names_are_refused(kind: str) -> None:
    def many(*args: str) -> None:
        """Find orders."""

    def any_(**kwargs: str) -> None:
        """Find orders."""

    with pytest.raises(TypeError, match=f"parameter '{kind}' takes any number"):
        tool(many if kind == "args" else any_)


def test_a_coroutine_is_refused() -> None:
    async def later(order: str) -> None:
        """Find an order."""

    with pytest.raises(TypeError, match="tool later is a coroutine: the runner would not wait for it"):
        tool(later)


def test_a_tool_that_works_on_the_task_gets_it_from_the_run_and_not_from_the_model() -> None:
    @tool(effect="read")
    def read_line(line: int, task: Any) -> Any:
        """Read a line of the document."""
        return task.splitlines()[line]

    assert read_line.schema()["input_schema"]["required"] == ["line"]
    assert read_line.invoke({"line": 1}, task="one\ntwo") == "two"
    with pytest.raises(ValidationError):
        read_line.invoke({"line": 1, "task": "mine"}, task="one\ntwo")
