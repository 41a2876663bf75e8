"""The verdict of a check, and what the checks have in common."""

import copy
import functools
import itertools
import operator
import random
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

Mistakes = Mapping[str, Callable[..., Any]]  # what the verdict says → an answer that is wrong so
MOST = 10_000  # items of an answer; more of them never end


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


def gives_verdict(
    right: str, mistakes: Mistakes | None = None
) -> Callable[[Callable[[Any], None]], Callable[[object], Verdict]]:
    """Make a check of a function that raises `Wrong` for a wrong answer.

    The check raises nothing but the interrupt of its reader, and leaves all as it was.

    Args:
        right: the sentence for a right answer.
        mistakes: the usual wrong answers, by what to say about them: the check's `mistakes`.
    """

    def decorate(examine: Callable[[Any], None]) -> Callable[[object], Verdict]:
        @functools.wraps(examine)
        def checked(answer: object) -> Verdict:
            try:
                with _left_as_found():
                    examine(copy.deepcopy(answer) if isinstance(answer, nn.Module) else answer)
            except NotImplementedError:
                return Verdict(False, "Not written yet: replace the placeholder by your answer.")
            except Wrong as wrong:
                return Verdict(False, str(wrong))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # whatever a learner's code may raise, sys.exit() too
                told = "".join(traceback.format_exception_only(error)).strip()
                return Verdict(False, f"Your code stopped with {told}")
            return Verdict(True, right)

        checked.mistakes = mistakes or {}
        return checked

    return decorate


@contextmanager
def _left_as_found() -> Iterator[None]:
    """PyTorch's usual settings, one thread and the same random numbers each time; then as before.

    What a learner has switched (float64, no gradients, a GPU) must not make a right answer wrong.
    """
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    threads, figures = torch.get_num_threads(), plt.get_fignums()
    current = plt.gcf().number if figures else None
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    usual = torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False)
    try:
        with torch.random.fork_rng(gpus), usual[0], usual[1], usual[2]:
            random.seed(0)
            np.random.seed(0)  # noqa: NPY002
            torch.default_generator.manual_seed(0)
            _set_torch(torch.float32, torch.device("cpu"), 1)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        _set_torch(dtype, device, threads)
        for number in set(plt.get_fignums()).difference(figures):
            plt.close(number)
        if current in plt.get_fignums():
            plt.figure(current)


def _set_torch(dtype: torch.dtype, device: torch.device, threads: int) -> None:
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    if torch.get_default_device() != device:  # to set it slows every later call a little
        torch.set_default_device(device)


def must_answer(value: object) -> None:
    """Refuse a stub's result, None or an ellipsis, as `Wrong`."""
    if value is None or value is ...:
        raise Wrong("Your function returned nothing; did you forget the return?")


def ask(answer: Callable[..., Any], *given: Any, instead: str | None = None) -> Any:
    """What the answer returns for a copy of these arguments.

    Args:
        instead: what to do, in words, where it changed an argument; None lets it.

    Raises:
        Wrong: it returned nothing, or changed an argument.
    """
    copies = copy.deepcopy(given)
    got = answer(*copies)
    must_answer(got)
    equal = (torch.equal if isinstance(value, Tensor) else operator.eq for value in given)
    if instead and not all(same(*pair) for same, *pair in zip(equal, given, copies, strict=True)):
        raise Wrong(f"Your function changed its input: {instead}.")
    return got


def items(value: Iterable[Any]) -> list[Any]:
    """The items of an answer; `Wrong` if they never end, and a TypeError if it has none."""
    found = list(itertools.islice(value, MOST + 1))
    if len(found) > MOST:
        raise Wrong("That never ends: return all values at once, in a list or a tuple.")
    return found


def four_edges(value: Any) -> list[Any]:
    """The edges of a box, left, top, right and bottom; `Wrong` if the answer is no four values."""
    try:
        edges = items(value)
    except TypeError:
        raise Wrong(f"That is {value!r}; return (left, top, right, bottom).") from None
    if len(edges) != 4:
        raise Wrong(f"That has {len(edges)} numbers; return four: (left, top, right, bottom).")
    return edges


def must_be(
    got: Any,
    right: Any,
    said: str,
    mistakes: Mistakes,
    given: tuple[Any, ...],
    part: Callable[[Any], Any] = lambda made: made,
    **tolerances: float,
) -> None:
    """Refuse a value that is not the right one.

    Args:
        got, right: the learner's and the right one, a number or several of any shape.
        said: the sentence where no mistake is recognized.
        mistakes: called with `given`; the first to make what the learner got is to blame.
        part: what of a mistake's answer to compare.
        tolerances: as for `same`.

    Raises:
        Wrong: with the mistake's sentence, or with `said`.
    """
    if same(got, right, **tolerances):
        return
    for sentence, mistake in mistakes.items():
        with np.errstate(all="ignore"):
            made = part(mistake(*copy.deepcopy(given)))
        if same(got, made, **tolerances):
            raise Wrong(sentence)
    raise Wrong(said)


def same(one: Any, other: Any, rel_tol: float = 1e-3, abs_tol: float = 1e-6) -> bool:
    """Equal numbers, apart from rounding, in equal shapes?"""
    one, other = (
        np.asarray(value.detach().double() if isinstance(value, Tensor) else value, np.float64)
        for value in (one, other)
    )
    return one.shape == other.shape and np.allclose(one, other, rel_tol, abs_tol)
