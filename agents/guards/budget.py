"""How much a run may use, how much it has used, and what the next model call may therefore be.

Money is counted in whole micro-US-dollars, so that sums are exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Final, Self

from agents.guards.verdict import PROCEED, Reason, Stop, Verdict

MICRO: Final = 1_000_000
# The share of a limit from which on the model is told that it comes to an end.
NEARLY: Final = 0.8


class InvalidBudget(ValueError):
    """A budget that cannot be meant; the message names the field, what was found and what to give instead."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What a run has used; `tokens` counts input and output, `active_s` leaves out the time humans took."""

    micro_usd: int = 0
    tokens: int = 0
    output_tokens: int = 0
    turns: int = 0
    tool_calls: int = 0
    active_s: float = 0.0

    def __add__(self, other: Self) -> Self:
        return type(self)(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    @classmethod
    def from_mapping(cls, stored: Mapping[str, float]) -> Self:
        """The spend that `as_mapping` stored; absent counts are 0."""
        counts = {f.name: int(stored.get(f.name, 0)) for f in fields(cls) if f.name != "active_s"}
        return cls(**counts, active_s=float(stored.get("active_s", 0.0)))

    def as_mapping(self) -> dict[str, float]:
        """This spend for a JSON column."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


# The least that one more turn can use: a turn that has not even this much left is not begun.
ONE_TURN: Final = Spend(micro_usd=1, tokens=1, output_tokens=1, turns=1, active_s=0.001)


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a run may use; None means no limit of that kind.

    `turns` counts every model call, the final report among them. `tool_calls` may be 0: no tools.
    """

    cost_usd: Decimal | None = None
    tokens: int | None = None
    output_tokens: int | None = None
    turns: int | None = None
    tool_calls: int | None = None
    wall_clock_s: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost_usd", _money(self.cost_usd))
        for name in ("tokens", "output_tokens", "turns", "tool_calls"):
            _require_count(name, getattr(self, name), least=0 if name == "tool_calls" else 1)
        _require_seconds(self.wall_clock_s)

    @classmethod
    def from_mapping(cls, stored: Mapping[str, object]) -> Self:
        """The budget written in a policy or a JSON column; raises InvalidBudget with how to mend it."""
        names = [f.name for f in fields(cls)]
        unknown = sorted(set(stored) - set(names))
        if unknown:
            raise InvalidBudget(f"budget has no limit called {', '.join(unknown)}: use {', '.join(names)}")
        return cls(**stored)  # type: ignore[arg-type]  # __post_init__ checks every value

    def as_mapping(self) -> dict[str, int | float]:
        """The limits that are set, for a JSON column; money as a double, which keeps its six places."""
        limits = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: float(v) if k == "cost_usd" else v for k, v in limits.items() if v is not None}

    def extended_by(self, grant: Self) -> Self:
        """This budget after a reviewer granted more; a limit that was not set stays unset."""
        limits = {f.name: (getattr(self, f.name), getattr(grant, f.name)) for f in fields(self)}
        return type(self)(
            **{k: None if old is None else old + (more or 0) for k, (old, more) in limits.items()}
        )

    @property
    def micro_usd(self) -> int | None:
        """The cost limit in micro-US-dollars."""
        return None if self.cost_usd is None else int(self.cost_usd * MICRO)


def check_budget(spend: Spend, budget: Budget, upcoming: Spend = ONE_TURN) -> Verdict:
    """Stop when what is `upcoming` no longer fits into the budget beside what is spent."""
    limit = exceeded_limit(spend, budget, upcoming)
    return PROCEED if limit is None else Stop(Reason.BUDGET_EXHAUSTED, describe_stop(spend, budget, limit))


def exceeded_limit(spend: Spend, budget: Budget, upcoming: Spend) -> str | None:
    """The first limit, by its name in Spend, that `spend` and `upcoming` together break; None if they fit."""
    after = spend + upcoming
    return next((name for name, limit in _limits(budget).items() if getattr(after, name) > limit), None)


def nearly_spent(spend: Spend, budget: Budget) -> str | None:
    """The first limit of which four fifths are used, as in "$0.33 of $0.40"; None while there is none."""
    limits = _limits(budget).items()
    nearly = (name for name, limit in limits if 0 < limit * NEARLY <= getattr(spend, name))
    return next((_used(spend, budget, name) for name in nearly), None)


def describe_stop(spend: Spend, budget: Budget, name: str) -> str:
    """One sentence for the reviewer: which limit ended the run, and after how much work."""
    used = _used(spend, budget, name)
    if name == "turns":
        return f"stopped after {used}, {usd(spend.micro_usd)} spent"
    return f"stopped at {used} after {spend.turns} turn{'' if spend.turns == 1 else 's'}"


def _used(spend: Spend, budget: Budget, name: str) -> str:
    used, limit = getattr(spend, name), _limits(budget)[name]
    match name:
        case "micro_usd":
            return f"{usd(used)} of {usd(int(limit))}"
        case "active_s":
            return f"{used:.0f} s of {limit:.0f} s of work"
        case _:
            return f"{used:,} of {limit:,.0f} {name.replace('_', ' ')}"


def grant_tool_calls(wanted: int, spend: Spend, budget: Budget) -> int:
    """How many of `wanted` tool calls may run, in order; the others are answered "not run: budget"."""
    if budget.tool_calls is None:
        return wanted
    return max(0, min(wanted, budget.tool_calls - spend.tool_calls))


def require_return_partial(on_budget_exceeded: object) -> None:
    """Accept the one answer there is to a spent budget; raises ValueError that says why there is no other."""
    if on_budget_exceeded != "return_partial":
        raise ValueError(
            f"on_budget_exceeded={on_budget_exceeded!r} is refused: write "
            'on_budget_exceeded="return_partial". '
            "A run that raises or retries at its limit throws away work that was paid for: "
            "here it returns what it has, flagged PARTIAL, and a human sees it."
        )


def usd(micro_usd: int) -> str:
    """Micro-US-dollars as a reader writes them: cents, or as many places as a smaller sum needs."""
    amount = Decimal(micro_usd) / MICRO
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"${amount:,.{places}f}"


def _limits(budget: Budget) -> dict[str, float]:
    """The limits that are set, under the names that Spend gives to the same things."""
    limits = {
        "micro_usd": budget.micro_usd,
        "tokens": budget.tokens,
        "output_tokens": budget.output_tokens,
        "turns": budget.turns,
        "tool_calls": budget.tool_calls,
        "active_s": budget.wall_clock_s,
    }
    return {name: limit for name, limit in limits.items() if limit is not None}


def _money(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        # A float is read as it is written (0.4 is forty cents), not as its binary neighbour.
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0 or amount * MICRO % 1:
        raise InvalidBudget(
            f'budget.cost_usd is {value!r}: give US dollars above 0 with at most 6 places, as "0.40", '
            "or leave it out for no limit"
        )
    return amount


def _require_count(name: str, value: object, least: int) -> None:
    if value is not None and (type(value) is not int or value < least):
        raise InvalidBudget(
            f"budget.{name} is {value!r}: give a whole number from {least} up, or leave it out for no limit"
        )


def _require_seconds(value: object) -> None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    if value is not None and not 0 < number < float("inf"):
        raise InvalidBudget(
            f"budget.wall_clock_s is {value!r}: give seconds above 0, or leave it out for no limit"
        )
