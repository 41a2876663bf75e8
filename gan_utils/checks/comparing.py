"""What the checks ask of an answer, and how they compare what it returns."""

import copy
import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_utils.checks.verdict import Mistakes, Wrong


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
    return np.array2string(_numbers(value), formatter={"float": "{:.5g}".format}, separator=", ")


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
