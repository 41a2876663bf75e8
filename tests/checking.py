"""The cases that every check of an exercise must stand, and what it must say about each."""

from collections.abc import Callable, Mapping
from types import ModuleType

import itertools
import sys

import pytest
import torch
from torch import nn

from gan_utils.checks.verdict import Verdict

Answer = Callable[..., object]
Check = Callable[[object], Verdict]
Solutions = dict[Check, list[Answer]]  # right answers, the notebook's first
Mistakes = dict[Check, dict[str, tuple[Answer, str]]]  # by name, with words of the verdict

RIGHT = "✓ Right"


def unwritten(*args: object) -> None:
    """The stub as the learner finds it."""
    raise NotImplementedError


CRASHES: list[object] = [
    *(None, ..., 3, "answer", nn.Linear(1, 1), torch.zeros(3)),
    lambda: 1,
    lambda a, b, c, d, e: 1,
    lambda *args: 1 / 0,
    lambda *args: "a word",
    lambda *args: [],
    lambda *args: object(),
    lambda *args: (torch.zeros(1), torch.zeros(1)),
    lambda *args: torch.zeros(0),
    lambda *args: torch.zeros(2, 3, 4),
    lambda *args: torch.full((), float("nan")),
    lambda *args: float("nan"),
    lambda *args: float("inf"),
    lambda *args: -1,
    lambda *args: True,
    lambda *args: args[0],
    lambda *args: torch.zeros(2, 2) @ torch.zeros(3, 3),
    lambda *args: nn.Identity(),
    lambda *args: {}["missing"],
    lambda *args: unwritten,
    torch.rand,
    int,
]
"""Wrong for every check, and mostly not even of the kind that was asked for."""


def cases(
    solutions: Solutions, mistakes: Mistakes, returns_nothing: Mapping[Check, str] | None = None
) -> pytest.MarkDecorator:
    """Parametrize a test by `check`, `answer` and `said`, the words its verdict must hold.

    The cases are each solution, each mistake, the stub, an answer that returns None or `...`, and
    each of `CRASHES`.

    Args:
        solutions: the checks, and their right answers.
        mistakes: the usual wrong answers.
        returns_nothing: the words for an answer without a return, where they are other ones.
    """
    found = []
    for check, answers in solutions.items():
        nothing = (returns_nothing or {}).get(check, "did you forget the return?")
        named = {f"solution {i}": (answer, RIGHT) for i, answer in enumerate(answers)}
        named |= {sentence[:40]: (wrong, sentence) for sentence, wrong in check.mistakes.items()}
        named |= {f"mistake {name}": wrong for name, wrong in mistakes[check].items()}
        named |= {
            "stub": (unwritten, "Not written yet"),
            "returns None": (lambda *args: None, nothing),
            "returns ...": (lambda *args: ..., nothing),
        }
        named |= {f"crash {i}": (answer, "") for i, answer in enumerate(CRASHES)}
        found += [
            pytest.param(check, *case, id=f"{check.__name__}: {name}")
            for name, case in named.items()
        ]
    return pytest.mark.parametrize(("check", "answer", "said"), found)


def assert_says(check: Check, answer: object, said: str) -> None:
    """The check gives its verdict in one line with these words, and passes only what is right."""
    verdict = check(answer)
    assert isinstance(verdict, Verdict)
    assert verdict.passed == (said == RIGHT), verdict
    assert verdict.startswith(RIGHT if said == RIGHT else "✗ "), verdict
    assert said in verdict, verdict
    assert "\n" not in verdict or not said  # a crash is told in its error's words
    assert len(verdict) > 10
    assert repr(verdict) == str(verdict)


def assert_all_tested(module: ModuleType, solutions: Solutions, mistakes: Mistakes) -> None:
    """Every check of the module has a solution and at least three mistakes."""
    checks = {made for made in vars(module).values() if hasattr(made, "__wrapped__")}
    assert checks <= solutions.keys()
    assert solutions.keys() == mistakes.keys()
    assert [check.__name__ for check in solutions if not solutions[check]] == []
    assert [check.__name__ for check in solutions if len(mistakes[check]) < 3] == []
