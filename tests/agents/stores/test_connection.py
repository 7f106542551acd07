"""The guards' direct way to Redis: one connection a thread, and never an answer to another question."""

import signal
import subprocess
import sys
import threading
from types import FrameType

import pytest
import redis
from django.conf import settings

from agents.stores.connection import Direct, Script, connect


@pytest.fixture
def ask(shared_redis: redis.Redis) -> Direct:
    return Direct(shared_redis)


class Struck(Exception):
    """A time limit, as a signal raises it anywhere."""


def test_what_was_interrupted_does_not_answer_the_next_question(
    ask: Direct, shared_redis: redis.Redis
) -> None:
    def strike(number: int, frame: FrameType | None) -> None:
        raise Struck

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(Struck):
        ask("BLPOP", "late", 0.5)
    signal.signal(signal.SIGALRM, before)
    shared_redis.rpush("late", "an answer that nobody waits for")

    assert ask("ECHO", "the next") == "the next"


def test_an_error_of_the_server_costs_no_connection(ask: Direct) -> None:
    own = ask("CLIENT", "ID")

    with pytest.raises(redis.ResponseError):
        ask("NO SUCH COMMAND")

    assert ask("CLIENT", "ID") == own


def test_a_connection_that_died_is_taken_up_again(ask: Direct, shared_redis: redis.Redis) -> None:
    shared_redis.client_kill_filter(_id=str(ask("CLIENT", "ID")))

    assert ask("ECHO", "again") == "again"


def test_two_threads_talk_on_two_connections(ask: Direct) -> None:
    ids = {ask("CLIENT", "ID")}

    thread = threading.Thread(target=lambda: ids.add(ask("CLIENT", "ID")))
    thread.start()
    thread.join()

    assert len(ids) == 2


def test_a_thread_that_ends_gives_its_connection_back(ask: Direct) -> None:
    ids = set()

    for _ in range(20):
        thread = threading.Thread(target=lambda: ids.add(ask("CLIENT", "ID")))
        thread.start()
        thread.join()

    assert len(ids) < 4


def test_a_script_is_sent_in_full_only_once(ask: Direct, shared_redis: redis.Redis) -> None:
    script = Script("return redis.call('INCR', KEYS[1])")
    shared_redis.script_flush()

    assert [script.run(ask, ("n",)), script.run(ask, ("n",))] == [1, 2]
    assert shared_redis.script_exists("0" * 40, script._sha) == [False, True]


FORKED = """
import os, sys
from agents.stores.connection import connect, direct

ask = direct(connect(sys.argv[1]))
print(ask("CLIENT", "ID"), flush=True)
if os.fork() == 0:
    print(ask("CLIENT", "ID"), flush=True)
    os._exit(0)
os.wait()
print(ask("CLIENT", "ID"), flush=True)
"""


def test_a_forked_worker_does_not_talk_on_its_parents_connection() -> None:
    command = [sys.executable, "-c", FORKED, settings.REDIS_URL]

    parent, child, parent_again = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.split()

    assert parent == parent_again != child


def test_one_address_is_one_client() -> None:
    assert connect(settings.REDIS_URL) is connect(settings.REDIS_URL)
