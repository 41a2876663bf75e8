"""No check raises, and none changes what it looks at."""

import random
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
import test_checks
import test_checks_dcgan
import test_checks_faces
import test_checks_minimax
import test_checks_own_pictures
import test_checks_shapes
import torch
from checking import Check, state, surroundings
from torch import nn

from gan_utils import losses
from gan_utils.checks import dcgan, mlp_gan, shapes, start_here

MODULES = [
    test_checks,
    test_checks_minimax,
    test_checks_shapes,
    test_checks_dcgan,
    test_checks_faces,
    test_checks_own_pictures,
]
SOLUTIONS = {check: right[0] for m in MODULES for check, right in m.SOLUTIONS.items()}


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
    assert check(SOLUTIONS[check]).passed
    assert surroundings() == before
    assert not check(careless).passed
    assert surroundings() == before


def test_gradients_may_be_off() -> None:
    with torch.no_grad():
        assert mlp_gan.discriminator_step(test_checks.d_turn).passed
        assert not torch.is_grad_enabled()


def test_random_numbers_are_the_same_each_time() -> None:
    drawn = []
    for _ in range(2):
        start_here.noise(lambda *size: drawn.append(torch.rand(1).item() + random.random()))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("training", [True, False])
def test_a_network_is_examined_as_a_copy(training: bool) -> None:
    layers = test_checks_shapes.generator(
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


def test_a_crash_is_told_in_words() -> None:
    verdict = start_here.noise(lambda n, d: 1 / 0)
    assert verdict == "✗ Your code stopped with ZeroDivisionError: division by zero"


@pytest.mark.parametrize("error", [SystemExit("bye"), RecursionError("bye"), GeneratorExit("bye")])
def test_whatever_stops_an_answer_is_told(error: BaseException) -> None:
    def answer(*args: object) -> None:
        raise error

    assert start_here.noise(answer) == f"✗ Your code stopped with {type(error).__name__}: bye"


def test_the_interrupt_button_interrupts(unusual: None) -> None:
    def answer(*args: object) -> None:
        careless()
        raise KeyboardInterrupt

    before = surroundings()
    with pytest.raises(KeyboardInterrupt):
        start_here.noise(answer)
    assert surroundings() == before
