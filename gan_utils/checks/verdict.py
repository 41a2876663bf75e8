"""The verdict of a check, and the decorator that turns any answer into one."""

import functools
from collections.abc import Callable


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
