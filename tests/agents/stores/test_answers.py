import time
from typing import Any

import pytest
import redis

from agents.stores.answers import LOCAL_ANSWERS, Answers, Cached, answer_key
from agents.stores.connection import connect
from tests.agents.stores.conftest import MortalRedis


def value_of(cached: Cached[Any] | None) -> Any:
    assert cached is not None
    return cached.value


def test_a_plain_answer_is_known_to_every_process(shared_redis: redis.Redis) -> None:
    Answers(shared_redis).remember("k", {"total": 12.5, "lines": ["a", None]}, ttl_s=60)

    assert value_of(Answers(shared_redis).recall("k", ttl_s=60)) == {"total": 12.5, "lines": ["a", None]}


@pytest.mark.parametrize("value", [(1, 2), {1: "a"}, {"when": {3}}, b"bytes", float("nan")])
def test_an_answer_that_json_would_change_stays_in_the_process(shared_redis: redis.Redis, value: Any) -> None:
    answers = Answers(shared_redis)

    answers.remember("k", value, ttl_s=60)

    assert value_of(answers.recall("k", ttl_s=60)) is value
    assert Answers(shared_redis).recall("k", ttl_s=60) is None


def test_the_newest_answer_of_any_process_is_given(shared_redis: redis.Redis) -> None:
    here, there = Answers(shared_redis), Answers(shared_redis)
    here.remember("k", "old", ttl_s=60)
    there.remember("k", "new", ttl_s=60)

    assert value_of(here.recall("k", ttl_s=60)) == "new"


def test_without_redis_the_process_remembers_for_itself(mortal_redis: MortalRedis) -> None:
    answers = Answers(connect(mortal_redis.url))
    mortal_redis.kill()

    answers.remember("k", 7, ttl_s=60)

    assert value_of(answers.recall("k", ttl_s=60)) == 7


def test_the_age_counts_from_when_the_answer_was_good() -> None:
    answers = Answers(None)
    answers.remember("k", 7, ttl_s=60)
    time.sleep(0.05)

    cached = answers.recall("k", ttl_s=60)

    assert cached is not None
    assert 0.05 <= cached.age_s < 30


def test_the_oldest_answers_make_room() -> None:
    answers = Answers(None)

    for number in range(LOCAL_ANSWERS + 1):
        answers.remember(str(number), number, ttl_s=60)

    assert answers.recall("0", ttl_s=60) is None
    assert value_of(answers.recall("1", ttl_s=60)) == 1


@pytest.mark.parametrize("args", [(object(),), ({1: 2},), (float("nan"),), ((1, 2),)])
def test_arguments_that_cannot_be_told_apart_have_no_key(args: tuple[Any, ...]) -> None:
    assert answer_key("crm", args, {}) is None


def test_the_same_arguments_have_the_same_key_in_any_order() -> None:
    first = answer_key("crm", ({"a": 1, "b": 2},), {"c": 3, "d": 4})

    assert first is not None
    assert first == answer_key("crm", ({"b": 2, "a": 1},), {"d": 4, "c": 3})
    assert first != answer_key("erp", ({"a": 1, "b": 2},), {"c": 3, "d": 4})
