"""Work spread over processes: results in order, few jobs under way, and nobody left behind."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

AHEAD = 4  # jobs under way for each process

Job = TypeVar("Job")
Done = TypeVar("Done")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered(
    work: Callable[[Job], Done], jobs: Iterable[Job], workers: int | None = None
) -> Generator[Done, None, None]:
    """What `work` makes of each job, in the order of the jobs, computed in several processes.

    Jobs and results wait for their turn only up to a bound, so neither fills the memory. Ctrl-C is
    told once, by this process; the others end with it, even if it is killed. Close the iterator
    (``contextlib.closing``) where it may be left before its end.

    Args:
        work: a module's function, or a ``functools.partial`` of one; it is sent to the processes.
        jobs: what it is called with.
        workers: processes; default one for each core. One works in this process.

    Raises:
        BrokenProcessPool: a process died; what came until then is right.
        Exception: whatever `work` raises.
    """
    workers = workers or cores()
    if workers == 1:
        yield from map(work, jobs)
        return
    # A forked process starts at once and shares what is loaded (a fresh one imports torch, for
    # seconds). It is safe for work that leaves torch alone. Elsewhere systems fork badly or not.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    under_way: deque[Future[Done]] = deque()
    with ProcessPoolExecutor(workers, context, _begin) as pool:
        try:
            for job in jobs:
                under_way.append(pool.submit(work, job))
                if len(under_way) >= AHEAD * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            raise BrokenProcessPool(
                "a process that works for this one died: most likely the memory is short, so close "
                "other programs; a script that starts such work needs its "
                '`if __name__ == "__main__":`'
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """The first thing that a process of the pool does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()  # what it was born with need not be searched for garbage, again and again


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
