"""The verdict of a check, and what the checks have in common."""

import copy
import functools
import operator
import random
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

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


def ask(answer: Callable[..., Any], *given: Any, instead: str | None = None) -> Any:
    """What the answer returns for a copy of these arguments; of an iterator, its first items.

    Args:
        instead: what to do, in words, where it changed an argument; None lets it.

    Raises:
        Wrong: it returned nothing, or changed an argument.
    """
    copies = copy.deepcopy(given)
    got = answer(*copies)
    if got is None or got is ...:
        raise Wrong("Your function returned nothing; did you forget the return?")
    equal = (torch.equal if isinstance(value, Tensor) else operator.eq for value in given)
    if instead and not all(eq(*pair) for eq, *pair in zip(equal, given, copies, strict=True)):
        raise Wrong(f"Your function changed its input: {instead}.")
    return list(islice(got, 10_000)) if isinstance(got, Iterator) else got  # it may never end


def must_return(
    answer: Callable[..., Any],
    rows: Iterable[tuple[Any, ...]],
    mistakes: Mistakes,
    instead: str | None = None,
    what: str | None = None,
    read: Callable[[Any], Any] = lambda got: got,
) -> None:
    """Refuse an answer that is not right in each row.

    Args:
        rows: arguments, and last what they must give, a number or several of any shape.
        mistakes: the first that makes what the learner got, in the rows so far, is to blame.
        instead: as for `ask`.
        what: the arguments in words: "For one batch".
        read: what of the learner's to compare; it may raise `Wrong`.

    Raises:
        Wrong: with the mistake's sentence, or with one that tells both values.
    """
    for *given, right in rows:
        got = read(ask(answer, *given, instead=instead))
        begin = what or f"For {', '.join(map(str, given))}"
        said = f"{begin} it must be {told(right)}; you have {told(got)}."
        must_be(got, right, said, mistakes, given)
        mistakes = {s: wrong for s, wrong in mistakes.items() if same(wrong(*given), right)}


def must_be(
    got: Any, right: Any, said: str, mistakes: Mistakes, given: Iterable[Any], **tolerances: float
) -> None:
    """Refuse a value that is not the right one, as `must_return` for one row.

    Args:
        said: the sentence where the shape is right and no mistake is recognized.
        tolerances: as for `same`.
    """
    if same(got, right, **tolerances):
        return
    for sentence, mistake in mistakes.items():
        if same(got, mistake(*given), **tolerances):
            raise Wrong(sentence)
    shape, wanted = _numbers(got).shape, _numbers(right).shape
    raise Wrong(said if shape == wanted else f"The shape is {shape}; it must be {wanted}.")


def same(one: Any, other: Any, rel_tol: float = 1e-3, abs_tol: float = 1e-6) -> bool:
    """Equal numbers, apart from rounding, in equal shapes? NaN equals NaN."""
    one, other = _numbers(one), _numbers(other)
    return one.shape == other.shape and np.allclose(one, other, rel_tol, abs_tol, equal_nan=True)


def told(value: Any) -> str:
    """A number or several, in a sentence."""
    digits = {"float": "{:.5g}".format}
    return np.array2string(_numbers(value), formatter=digits, separator=", ")


def whole(value: Any) -> Any:
    """The value itself, a whole number or several; else `Wrong`."""
    if (np.floor(_numbers(value)) != _numbers(value)).any():
        raise Wrong(f"{told(value)} is not whole: divide with //, which rounds down.")
    return value


def four_edges(value: Any) -> Any:
    """The value itself, the edges of a box; else `Wrong`."""
    if np.shape(value) != (4,):
        raise Wrong(f"The shape is {np.shape(value)}; return four: (left, top, right, bottom).")
    return value


def _numbers(value: Any) -> np.ndarray:
    return np.asarray(value.detach().double() if isinstance(value, Tensor) else value, np.float64)
