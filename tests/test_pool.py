"""Work in several processes: in order, bounded, interrupted once, and never orphaned."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_utils.datasets import pool
from gan_utils.datasets.pool import ordered


def power(exponent: int, base: int) -> int:
    return base**exponent


def slower_at_first(job: int) -> int:
    time.sleep(0.05 if job == 0 else 0)
    return job


def dies_at_seven(job: int) -> int:
    if job == 7:
        os._exit(1)
    return job


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=30), st.integers(1, 3))
def test_results_come_in_the_order_of_the_jobs(jobs: list[int], workers: int) -> None:
    assert list(ordered(partial(power, 3), jobs, workers)) == [job**3 for job in jobs]


def test_a_slow_job_is_waited_for() -> None:
    assert list(ordered(slower_at_first, range(20), 2)) == list(range(20))


def test_one_worker_is_this_process() -> None:
    assert set(ordered(lambda job: os.getpid(), range(3), 1)) == {os.getpid()}


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_are_drawn_only_as_results_are_taken(workers: int) -> None:
    drawn = []
    jobs = (drawn.append(job) or job for job in range(1000))
    with closing(ordered(partial(power, 1), jobs, workers)) as results:
        for taken in range(1, 6):
            next(results)
            assert len(drawn) - taken < pool.AHEAD * workers


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_work_is_raised(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(ordered(partial(power, -1), [1, 0, 1], workers))


def test_a_dead_process_is_told_and_what_came_before_is_right() -> None:
    came = []
    with pytest.raises(BrokenProcessPool, match=r"the memory is short.*__main__"):
        for result in ordered(dies_at_seven, range(500), 2):
            came.append(result)
    assert came == list(range(len(came)))


# A program whose work prints its process and then takes a minute.
PROGRAM = """
import os, signal, sys, time
from gan_utils.datasets import pool

def work(job):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(0.2)

if __name__ == "__main__":
    # a job in the background of a script is started with the signal ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pool.sys.platform = sys.argv[1]
    list(pool.ordered(work, range(600), 2))
"""


def started(tmp_path: object, platform: str) -> tuple[subprocess.Popen, set[int]]:
    """The program, and the two processes that work for it."""
    (tmp_path / "program.py").write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py"), platform],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    at_work = set()
    while len(at_work) < 2:
        at_work.add(int(process.stdout.readline()))
    return process, at_work


def alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as about:
            return about.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
@pytest.mark.parametrize(
    ("with_signal", "platform"),
    [(signal.SIGTERM, "linux"), (signal.SIGKILL, "darwin")],  # forked and fresh ones
)
def test_processes_end_with_the_one_they_work_for(
    tmp_path: object, with_signal: int, platform: str
) -> None:
    process, at_work = started(tmp_path, platform)
    process.send_signal(with_signal)
    process.communicate(timeout=30)  # ends when the last of them has closed its output
    deadline = time.monotonic() + 10
    while any(alive(worker) for worker in at_work) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [worker for worker in at_work if alive(worker)] == []


@linux
def test_an_interrupt_of_all_processes_is_told_once(tmp_path: object) -> None:
    process, at_work = started(tmp_path, "linux")
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode != 0
    assert said.count("KeyboardInterrupt") == 1
    assert "ForkProcess" not in said
    assert [worker for worker in at_work if alive(worker)] == []
