"""The verdict of a check, which never raises and leaves all as it was."""

import copy
import functools
import random
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

Mistakes = Mapping[str, Callable[..., Any]]  # what the verdict says → an answer that is wrong so


class Verdict(str):
    """One sentence, shown without quotes; `passed` says which way it went."""

    passed: bool

    def __new__(cls, passed: bool, sentence: str) -> "Verdict":
        verdict = super().__new__(cls, f"{'✓' if passed else '✗'} {sentence}")
        verdict.passed = passed
        return verdict

    def __repr__(self) -> str:
        return str(self)


class Wrong(Exception):
    """Raised inside a check: the answer is wrong, and this is the likely misconception."""


class Check:
    """Tells what a function finds that raises `Wrong` for a wrong answer.

    It raises nothing but the interrupt of its reader, and leaves all as it was.

    Attributes:
        mistakes: the usual wrong answers, by what to say about them.
    """

    def __init__(self, examine: Callable[[Any], None], right: str, mistakes: Mistakes) -> None:
        functools.update_wrapper(self, examine)
        self.examine, self.right, self.mistakes = examine, right, mistakes

    def __call__(self, answer: object) -> Verdict:
        try:
            with _left_as_found():
                self.examine(copy.deepcopy(answer) if isinstance(answer, nn.Module) else answer)
        except NotImplementedError:
            return Verdict(False, "Not written yet: replace the placeholder by your answer.")
        except Wrong as wrong:
            return Verdict(False, str(wrong))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a learner's code may raise, sys.exit() too
            told = "".join(traceback.format_exception_only(error)).strip()
            return Verdict(False, f"Your code stopped with {told}")
        return Verdict(True, self.right)


def gives_verdict(
    right: str, mistakes: Mistakes | None = None
) -> Callable[[Callable[[Any], None]], Check]:
    """Make a `Check` of a function, with the sentence for a right answer."""
    return lambda examine: Check(examine, right, mistakes or {})


@contextmanager
def _left_as_found() -> Iterator[None]:
    """PyTorch's usual settings, one thread and the same random numbers each time; then as before.

    What a learner has switched (float64, no gradients, a GPU) must not make a right answer wrong.
    """
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    threads, figures = torch.get_num_threads(), plt.get_fignums()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    usual = torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False)
    try:
        with torch.random.fork_rng(gpus), usual[0], usual[1], usual[2]:
            for seed in (random.seed, np.random.seed, torch.default_generator.manual_seed):
                seed(0)
            _set_torch(torch.float32, torch.device("cpu"), 1)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        _set_torch(dtype, device, threads)
        for number in set(plt.get_fignums()).difference(figures):
            plt.close(number)


def _set_torch(dtype: torch.dtype, device: torch.device, threads: int) -> None:
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    if torch.get_default_device() != device:  # to set it slows every later call a little
        torch.set_default_device(device)
