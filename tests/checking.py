"""The cases that every check of an exercise must stand, and what it must say about each."""

import inspect
import itertools
import random
import sys
from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_utils.checks.verdict import Check, Verdict

Answer = Callable[..., object]
Solutions = dict[Check, list[Answer]]  # right answers, the notebook's first
Mistakes = dict[Check, dict[str, tuple[Answer, str]]]  # by name, with words of the verdict

RIGHT = "✓ Right"


class Wordless(Exception):
    """An error that cannot be told."""

    def __str__(self) -> str:
        raise ValueError("no words")


def unwritten(*args: object) -> None:
    """The stub as the learner finds it."""
    raise NotImplementedError


def wordless(*args: object) -> None:
    raise Wordless


def endless(*args: object) -> object:
    return endless(*args)


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
    lambda *args: 10**400,
    lambda *args: True,
    lambda *args: args[0],
    lambda *args: torch.zeros(2, 2) @ torch.zeros(3, 3),
    lambda *args: nn.Identity(),
    lambda *args: {}["missing"],
    lambda *args: unwritten,
    lambda *args: sys.exit(),
    lambda *args: exec("raise GeneratorExit"),
    lambda *args: itertools.count(),
    lambda *args: (itertools.repeat("lr"), itertools.repeat("lr")),
    wordless,
    endless,
    torch.rand,
    int,
]
"""Wrong for every check, and mostly not even of the kind that was asked for."""


def cases(
    solutions: Solutions, mistakes: Mistakes, returns_nothing: Mapping[Check, str] | None = None
) -> pytest.MarkDecorator:
    """Parametrize a test by `check`, `answer` and `said`, the words its verdict must hold.

    The cases are each solution, each mistake that the check knows and must call by its sentence,
    each further mistake, the stub, an answer that returns None or `...`, and each of `CRASHES`.

    Args:
        solutions: the checks, and their right answers.
        mistakes: wrong answers besides the check's own.
        returns_nothing: the words for an answer without a return, where they are other ones.
    """
    found = []
    for check, answers in solutions.items():
        nothing = (returns_nothing or {}).get(check, "did you forget the return?")
        known = ((wrong, sentence) for sentence, wrong in check.mistakes.items())
        named = {f"solution {i}": (answer, RIGHT) for i, answer in enumerate(answers)}
        named |= {f"known mistake {i}": wrong for i, wrong in enumerate(known)}
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
    """The check gives its verdict in one line with these words, and passes only what is right.

    What is global is afterwards as it was, and so is what the learner's code made and gave away.
    """
    returned = [(answer, state(answer))]

    def watched(*args: object) -> object:
        value = answer(*args)
        returned.append((value, state(value)))
        return value

    before = surroundings()
    verdict = check(watched if inspect.isfunction(answer) else answer)
    assert surroundings() == before
    assert [state(value) for value, _ in returned] == [then for _, then in returned]
    assert isinstance(verdict, Verdict)
    assert verdict.passed == (said == RIGHT), verdict
    assert verdict.startswith(RIGHT if said == RIGHT else "✗ "), verdict
    assert said in verdict, verdict
    assert "\n" not in verdict or not said  # a crash is told in its error's words
    assert len(verdict) > 10
    assert repr(verdict) == str(verdict)


def surroundings() -> dict[str, object]:
    """What every cell of a notebook shares with the next."""
    kind, words, *place = np.random.get_state()  # noqa: NPY002
    return {
        "Python's random numbers": random.getstate(),
        "NumPy's": (kind, words.tobytes(), place),
        "PyTorch's": torch.get_rng_state().numpy().tobytes(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "precision": (torch.get_default_dtype(), torch.is_autocast_enabled("cpu")),
        "machine": (torch.get_default_device(), torch.get_num_threads()),
        "figures": (plt.get_fignums(), plt.get_fignums() and plt.gcf().number),
    }


def state(value: object) -> object:
    """All that a network or a tensor holds."""
    if isinstance(value, Tensor):
        return value.detach().numpy().tobytes(), state(value.grad if value.is_leaf else None)
    if isinstance(value, nn.Module):
        tensors = [*value.state_dict().values(), *(p.grad for p in value.parameters())]
        return [state(t) for t in tensors], [module.training for module in value.modules()]
    return None
