"""Each check passes what is right, knows the usual mistakes, never raises and changes nothing."""

import random
from collections.abc import Iterator

import answers_dcgan
import answers_faces
import answers_minimax_game
import answers_mlp_gan
import answers_own_pictures
import answers_shapes
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from checking import Check, assert_says, cases, state, surroundings
from torch import nn

from gan_utils import losses
from gan_utils.checks import dcgan, faces, minimax_game, mlp_gan, own_pictures, shapes, start_here
from gan_utils.datasets.packing.pack import held_out

MODULES = [start_here, minimax_game, mlp_gan, shapes, dcgan, faces, own_pictures]
ANSWERS = [
    answers_mlp_gan,
    answers_minimax_game,
    answers_shapes,
    answers_dcgan,
    answers_faces,
    answers_own_pictures,
]
SOLUTIONS = {check: right for answers in ANSWERS for check, right in answers.SOLUTIONS.items()}
MISTAKES = {check: wrong for answers in ANSWERS for check, wrong in answers.MISTAKES.items()}


@cases(SOLUTIONS, MISTAKES, {dcgan.init: "Conv2d was left out"})
def test_verdict(check: Check, answer: object, said: str) -> None:
    assert_says(check, answer, said)


def test_every_check_has_a_solution_and_three_mistakes() -> None:
    checks = {made for m in MODULES for made in vars(m).values() if hasattr(made, "mistakes")}
    assert SOLUTIONS.keys() == MISTAKES.keys() == checks
    assert [check for check in checks if not SOLUTIONS[check]] == []
    assert [check for check in checks if len(MISTAKES[check]) + len(check.mistakes) < 3] == []


@pytest.fixture
def unusual(no_screen: None) -> Iterator[None]:
    """Whatever can be switched is switched, and two figures are open, the first one current."""
    plt.figure(plt.figure().number + 1)
    plt.figure(plt.get_fignums()[0])
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(7)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_num_threads(2)
    with torch.inference_mode(), torch.autocast("cpu"):
        yield
    torch.set_num_threads(1)
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


def careless(*args: object) -> None:
    """An answer that switches what it should not, leaves a figure, and returns nothing."""
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float16)
    torch.set_default_device("meta")
    torch.set_num_threads(3)
    plt.figure()


@pytest.mark.parametrize("check", SOLUTIONS, ids=lambda check: check.__name__)
def test_all_stays_as_it_was_found(check: Check, unusual: None) -> None:
    before = surroundings()
    assert check(SOLUTIONS[check][0]).passed
    assert surroundings() == before
    assert not check(careless).passed
    assert surroundings() == before


def test_gradients_may_be_off() -> None:
    with torch.no_grad():
        assert mlp_gan.discriminator_step(answers_mlp_gan.d_turn).passed
        assert not torch.is_grad_enabled()


def test_random_numbers_are_the_same_each_time() -> None:
    drawn = []
    for _ in range(2):
        start_here.noise(lambda *size: drawn.append(torch.rand(1).item() + random.random()))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("training", [True, False])
def test_a_network_is_examined_as_a_copy(training: bool) -> None:
    layers = answers_shapes.generator(
        activation=lambda: nn.Sequential(nn.BatchNorm2d(16), nn.ReLU())
    )
    layers(torch.randn(4, 100)).sum().backward()
    normal = nn.BatchNorm2d(5, affine=False).train(training)
    before = state(layers.train(training)), state(normal)
    assert shapes.generator_48(lambda: layers).passed
    assert dcgan.batch_norm(normal).passed == training
    assert (state(layers), state(normal)) == before
    assert not any(module._forward_hooks for module in layers.modules())


def test_a_step_leaves_no_gradients_in_the_notebooks_networks() -> None:
    mine = nn.Linear(2, 1)
    verdict = mlp_gan.discriminator_step(
        lambda g, d, real, z: losses.discriminator_loss(d(real), d(g(z))) + 0 * mine(real).sum()
    )
    assert "Detach the fakes" in verdict
    assert mine.weight.grad is None


@pytest.mark.parametrize("error", [SystemExit, GeneratorExit, ZeroDivisionError])
def test_whatever_stops_an_answer_is_told(error: type[BaseException]) -> None:
    def answer(*args: object) -> None:
        raise error("bye")

    assert start_here.noise(answer) == f"✗ Your code stopped with {error.__name__}: bye"


def test_the_interrupt_button_interrupts(unusual: None) -> None:
    def answer(*args: object) -> None:
        careless()
        raise KeyboardInterrupt

    before = surroundings()
    with pytest.raises(KeyboardInterrupt):
        start_here.noise(answer)
    assert surroundings() == before


def test_the_course_holds_out_as_the_exercise_asks() -> None:
    digests = ["b", "a", "c", "a", "d", "e", "f", "g", "h", "i", "j"]
    encoded = [digest.encode() for digest in digests]
    assert held_out(encoded).tolist() == answers_own_pictures.split(digests, 0.1)
