"""The verdict of a check, and the decorator that turns any answer into one."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


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


def check(right: str) -> Callable[[Callable[[object], None]], Callable[[object], Verdict]]:
    """Make a check of a function that raises `Wrong` for a wrong answer.

    Args:
        right: the sentence for a right answer.
    """

    def decorate(examine: Callable[[object], None]) -> Callable[[object], Verdict]:
        @functools.wraps(examine)
        def checked(answer: object) -> Verdict:
            try:
                examine(answer)
            except NotImplementedError:
                return Verdict(False, "Not written yet: replace the placeholder by your answer.")
            except Wrong as wrong:
                return Verdict(False, str(wrong))
            except Exception as error:  # whatever a learner's code may raise
                return Verdict(False, f"Your code stopped with {type(error).__name__}: {error}")
            return Verdict(True, right)

        return checked

    return decorate


def must_answer(value: object) -> None:
    """Refuse a stub's result: None or an ellipsis.

    Raises:
        Wrong: nothing was returned.
    """
    if value is None or value is ...:
        raise Wrong("Your function returned nothing; did you forget the return?")


def must_be(
    got: float, right: float, likely: Mapping[str, float], said: str, rel_tol: float = 1e-3
) -> None:
    """Refuse a number that is not the right one.

    Args:
        got, right: the learner's number, and the right one.
        likely: misconception → the number that it leads to.
        said: the sentence for any other number.
        rel_tol: how far two equal numbers may be apart, as a share.

    Raises:
        Wrong: with the misconception, or with `said`.
    """
    for misconception, value in likely.items():
        if math.isclose(got, value, rel_tol=rel_tol):
            raise Wrong(misconception)
    if not math.isclose(got, right, rel_tol=rel_tol):
        raise Wrong(said)


def answer_unchanged(
    answer: Callable[..., Any], *given: Tensor, also: tuple[Any, ...] = (), instead: str
) -> Any:
    """What the answer returns for some tensors, which it must leave as they are.

    Args:
        answer: called as ``answer(*given, *also)``.
        given: what it must not change.
        also: further arguments.
        instead: what to do, in words, where it changed one.

    Raises:
        Wrong: it returned nothing, or changed a tensor.
    """
    before = [tensor.clone() for tensor in given]
    got = answer(*given, *also)
    must_answer(got)
    if not all(map(torch.equal, given, before)):
        raise Wrong(f"Your function changed its input: {instead}.")
    return got
