"""Money that runs share, held before a call and settled after it. The truth is the ledger in PostgreSQL.

Rebuilding is right only if the ledger counts a reservation in full from before its call until it is settled:
write the ledger's row with the reserved amount first, call the model then.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from redis import Redis, RedisError

from agents.stores.connection import Script, direct, shared_client

SCRIPT: Final = Script(Path(__file__).with_name("budget.lua").read_text())

# A scope may be wiped again between its rebuild and the next try; so often in a row, Redis is not to be used.
TRIES: Final = 5


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
    lease_s: float = 360.0


# A scope's key -> what the ledger says was spent in it, open reservations counted in full, in micro-USD.
Rebuild: TypeAlias = Callable[[str], int]


class BudgetStore:
    """Reserve, settle and read; every method raises BudgetUnavailable when Redis does not answer."""

    def __init__(self, client: Redis, rebuild: Rebuild) -> None:
        self._client = client
        self._rebuild = rebuild
        self._ask = direct(client)

    def reserve(self, reservation_id: str, scopes: Sequence[Scope], order: Order) -> Reservation | Exhausted:
        """Hold as much of what is wanted as every scope has left beside the holdback, in all scopes or none.

        Reserving again under the same id until it is settled holds nothing more, and returns the first grant.
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
        keys = [*(_key(scope.key) for scope in reservation.scopes), f"{{budget}}:settled:{reservation.id}"]
        self._run(keys, "settle", reservation.id, reservation.granted_micro_usd, actual_micro_usd)

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

    def forget(self, key: str) -> None:
        """Drop a scope's account, so that its next use rebuilds it from the ledger."""
        try:
            self._client.delete(_key(key))
        except RedisError as error:
            raise BudgetUnavailable(f"Redis does not answer: {error}") from error

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
        self._run([_key(key)], "seed", self._rebuild(key))

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
