"""Money that runs share, held before a call and settled after it. The truth is the ledger in PostgreSQL.

Redis may forget everything at any moment, and is rebuilt from the ledger by whoever misses an account first.
That is right if every call does this in this order: reserve, write the ledger's row with the reserved amount,
reserve again under the same id (a rebuild in between did not know the row), make the call, write the row with
what it cost, settle.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import uuid4

from redis import Redis, RedisError

from agents.stores.connection import Script, direct, shared_client

SCRIPT: Final = Script(Path(__file__).with_name("budget.lua").read_text())

# A scope may be wiped again between its rebuild and the next try; so often in a row, Redis is not to be used.
TRIES: Final = 5
LEASE_S: Final = 360.0


class BudgetUnavailable(RuntimeError):
    """Redis does not answer, so that nobody knows what is left: make no model call."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One purse: a run, an agent's day, everything's day; a limit in micro-USD, or None: only counted.

    The limit is given with every reservation, so that raising it needs no other step.
    """

    key: str
    limit_micro_usd: int | None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money held in every one of `scopes` for one model call, until it is settled or its lease ends."""

    id: str
    granted_micro_usd: int
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Nothing was held: `scope` has only `left_micro_usd` left, the holdback included."""

    scope: Scope
    left_micro_usd: int


@dataclass(frozen=True, slots=True)
class Account:
    """What a scope has spent and what is held in it for calls under way, in micro-USD."""

    spent_micro_usd: int
    held_micro_usd: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a call asks for: `wanted` micro-USD, at `least` what is of use, `holdback` left in every scope.

    A call that is not settled within `lease_s` is taken for made and charged in full.
    """

    wanted_micro_usd: int
    least_micro_usd: int = 1
    holdback_micro_usd: int = 0
    lease_s: float = LEASE_S


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger says of a scope at one moment: what settled calls cost, what open ones hold, by id."""

    spent_micro_usd: int
    open: Mapping[str, int] = field(default_factory=dict)


# A scope's key -> what the ledger says of it.
Rebuild: TypeAlias = Callable[[str], Books]


class BudgetStore:
    """Reserve, settle and read; every method raises BudgetUnavailable when Redis does not answer."""

    def __init__(self, client: Redis, rebuild: Rebuild) -> None:
        self._client = client
        self._rebuild = rebuild
        self._ask = direct(client)

    def reserve(self, reservation_id: str, scopes: Sequence[Scope], order: Order) -> Reservation | Exhausted:
        """Hold as much of what is wanted as every scope has left beside the holdback, in all scopes or none.

        Reserving again under the same id until it is settled returns the first grant, and holds it only where
        a rebuild has forgotten it; Exhausted when others took it meanwhile: settle it at 0 then.
        """
        limits = [-1 if s.limit_micro_usd is None else s.limit_micro_usd for s in scopes]
        amounts = (order.wanted_micro_usd, order.least_micro_usd, order.holdback_micro_usd)
        terms = struct.pack(f">{4 + len(limits)}d", *amounts, order.lease_s * 1000, *limits)
        keys = [_key(scope.key) for scope in scopes]
        for _ in range(TRIES):
            reply = self._run(keys, "reserve", reservation_id, terms)
            if isinstance(reply, int):
                return Reservation(reservation_id, reply, tuple(scopes))
            kind, *values = reply
            if kind == "refused":
                return Exhausted(scopes[values[0] - 1], values[1])
            for number in values:
                self._seed(scopes[number - 1].key)
        raise BudgetUnavailable(f"Redis forgets its accounts as fast as they are rebuilt ({TRIES} times)")

    def settle(self, reservation: Reservation, actual_micro_usd: int) -> None:
        """Give back what was held and charge what was used; settling again changes nothing."""
        keys = [*(_key(scope.key) for scope in reservation.scopes), _mark(reservation.id)]
        self._run(keys, "settle", reservation.id, actual_micro_usd)

    def account(self, key: str) -> Account:
        """What a scope has spent and holds, rebuilt from the ledger if Redis does not know it."""
        for _ in range(TRIES):
            amounts = self._run([_key(key)], "read")
            if amounts:
                return Account(*amounts)
            self._seed(key)
        raise BudgetUnavailable(f"Redis forgets its accounts as fast as they are rebuilt ({TRIES} times)")

    def left(self, scopes: Sequence[Scope]) -> int | None:
        """The least that is left in any of the scopes; None if none has a limit."""
        limits = {s.key: s.limit_micro_usd for s in scopes if s.limit_micro_usd is not None}
        return min((limit - self._taken(key) for key, limit in limits.items()), default=None)

    def _taken(self, key: str) -> int:
        """What is spent or held; one plain read where the account is open."""
        try:
            taken = self._ask("HGET", _key(key), "taken")
        except RedisError as error:
            raise BudgetUnavailable(f"Redis does not answer: {error}") from error
        if taken is not None:
            return int(taken)
        account = self.account(key)
        return account.spent_micro_usd + account.held_micro_usd

    def _seed(self, key: str) -> None:
        keys = [_key(key), f"{_key(key)}:opening"]
        token = self._run(keys, "open", uuid4().hex)
        if token is None:
            return
        books = self._rebuild(key)
        holds = [part for hold in books.open.items() for part in hold]
        marks = [_mark(reservation) for reservation in books.open]
        self._run([*keys, *marks], "seed", token, books.spent_micro_usd, int(LEASE_S * 1000), *holds)

    def _run(self, keys: Sequence[str], *args: str | bytes | int) -> Any:
        try:
            return SCRIPT.run(self._ask, keys, *args)
        except RedisError as error:
            raise BudgetUnavailable(f"Redis does not answer: {error}") from error


def shared_budget(rebuild: Rebuild) -> BudgetStore:
    """The budgets on the server that Django's settings name; raises BudgetUnavailable without settings."""
    client = shared_client()
    if client is None:
        raise BudgetUnavailable(
            "no Redis is named: set DJANGO_SETTINGS_MODULE, and REDIS_URL in the environment"
        )
    return BudgetStore(client, rebuild)


def _key(scope: str) -> str:
    # One hash tag for all: a script on a Redis Cluster needs its keys on one node.
    return f"{{budget}}:scope:{scope}"


def _mark(reservation_id: str) -> str:
    return f"{{budget}}:settled:{reservation_id}"
