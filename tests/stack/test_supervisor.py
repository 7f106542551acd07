"""The supervisor, with small programs in place of servers."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from escalation.stack.exceptions import StackError
from escalation.stack.processes import Child, Process
from escalation.stack.supervisor import Supervisor, wait_before_restart


def program(name: str, code: str, **options: object) -> Process:
    environment = {"PATH": os.environ["PATH"]}
    return Process(name=name, command=(sys.executable, "-c", code), environment=environment, **options)  # type: ignore[arg-type]


def sleeper(name: str, **options: object) -> Process:
    return program(name, "import time; time.sleep(600)", **options)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.2), (2, 0.4), (3, 0.8), (5, 3.2), (6, 5.0), (60, 5.0)]
)
def test_the_wait_before_a_restart_grows_to_five_seconds(failures: int, seconds: float) -> None:
    assert wait_before_restart(failures) == pytest.approx(seconds)


def test_a_stage_starts_when_the_one_before_it_is_ready(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    writes = f"import time; time.sleep(.3); open({str(mark)!r}, 'w').close(); time.sleep(600)"
    reads = f"import os, sys; sys.exit(not os.path.exists({str(mark)!r}))"
    stages = [[program("first", writes, ready=mark.exists)], [program("second", reads, runs_once=True)]]
    supervisor = Supervisor(stages, tmp_path, print)

    supervisor.start()

    supervisor.stop()


def test_everything_stops_in_reverse_order(tmp_path: Path) -> None:
    log = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        f"signal.signal(15, lambda *_: (open({str(log)!r}, 'a').write(sys.argv[1]), sys.exit()))\n"
        f"open({str(tmp_path)!r} + '/' + sys.argv[1], 'w').close()\n"
        "time.sleep(600)\n"
    )
    names = ["a", "b", "c"]
    programs = [
        Process(name=name, command=(sys.executable, "-c", code, name), ready=(tmp_path / name).exists)
        for name in names
    ]
    supervisor = Supervisor([programs[:1], programs[1:]], tmp_path, print)
    supervisor.start()

    supervisor.stop()

    assert log.read_text() == "cba"


def test_a_program_that_cannot_start_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    fails = program(
        "web", "import sys; [print('line', n) for n in range(99)]; sys.exit(3)", ready=lambda: False
    )
    supervisor = Supervisor([[fails]], tmp_path, lambda line: None)

    with pytest.raises(StackError) as caught:
        supervisor.start()

    supervisor.stop()
    assert str(caught.value).startswith("web does not start. Its log ends:")
    assert str(caught.value).count("line") == 20


def test_a_program_that_is_never_ready_is_told(tmp_path: Path) -> None:
    supervisor = Supervisor([[sleeper("web", ready=lambda: False, starts_within_s=0.3)]], tmp_path, print)

    with pytest.raises(StackError, match="web is not ready after"):
        supervisor.start()

    supervisor.stop()


def test_a_crash_loop_is_told_once_in_four_ends(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor([[program("worker", "print('boom')")]], tmp_path, said.append)
    supervisor.start()

    deadline = time.monotonic() + 120
    while not any("keeps ending" in line for line in said) and time.monotonic() < deadline:
        supervisor._look()

    supervisor.stop()
    assert sum("starting it again" in line for line in said) == 4
    assert "boom" in said[-1]


def test_a_dead_program_takes_its_children_along(tmp_path: Path) -> None:
    child_of_its_own = "subprocess.Popen(['sleep', '600'])"
    code = f"import subprocess, time; print({child_of_its_own}.pid, flush=True); time.sleep(600)"
    child = Child(program("parent", code), tmp_path / "log")
    child.start()
    while not (tmp_path / "log").read_text().strip():
        time.sleep(0.02)
    grandchild = psutil.Process(int((tmp_path / "log").read_text()))

    os.kill(child.pid or 0, signal.SIGKILL)
    while not child.has_ended():
        time.sleep(0.02)
    child.bury()

    assert psutil.wait_procs([grandchild], timeout=60)[1] == []


def test_one_that_ignores_the_stop_signal_is_killed_in_the_end(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(ready)!r}, 'w'); time.sleep(600)"
    )
    supervisor = Supervisor(
        [[program("stubborn", code, stops_within_s=0.3, ready=ready.exists)]], tmp_path, print
    )
    supervisor.start()
    pid = supervisor.children[0].pid

    supervisor.stop()

    assert pid is not None
    assert not psutil.pid_exists(pid)


def test_a_long_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("escalation.stack.processes.LOG_BYTES", 10)
    log = tmp_path / "web.log"
    log.write_text("x" * 11)
    child = Child(sleeper("web"), log)

    child.start()

    child.bury()
    assert log.read_text() == ""
    assert (tmp_path / "web.log.1").read_text() == "x" * 11
