"""The adversarial losses against what the papers write."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_utils import losses

lists = st.lists(st.floats(-15, 15), min_size=1, max_size=20)


def column(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1).requires_grad_()


@given(lists, lists)
def test_losses_are_the_log_terms(real: list[float], fake: list[float]) -> None:
    real_logits, fake_logits = column(real), column(fake)
    d_real, d_fake = real_logits.sigmoid(), fake_logits.sigmoid()
    on_real, on_fake = -d_real.log().mean(), -(1 - d_fake).log().mean()
    d_loss = losses.discriminator_loss(real_logits, fake_logits)
    torch.testing.assert_close(d_loss, on_real + on_fake)
    torch.testing.assert_close(losses.non_saturating_loss(fake_logits), -d_fake.log().mean())
    torch.testing.assert_close(losses.minimax_loss(fake_logits), -on_fake)


@given(lists, lists)
def test_losses_are_binary_cross_entropy(real: list[float], fake: list[float]) -> None:
    real_logits, fake_logits = column(real), column(fake)
    ones, zeros = torch.ones_like(real_logits), torch.zeros_like(fake_logits)
    bce = binary_cross_entropy_with_logits
    torch.testing.assert_close(
        losses.discriminator_loss(real_logits, fake_logits),
        bce(real_logits, ones) + bce(fake_logits, zeros),
    )
    torch.testing.assert_close(
        losses.non_saturating_loss(fake_logits),
        nn.BCELoss()(fake_logits.sigmoid(), torch.ones_like(fake_logits)),
    )


@given(lists)
def test_gradients_by_the_logit(values: list[float]) -> None:
    n = len(values)
    for loss, slope in [
        (losses.non_saturating_loss, lambda d: d - 1),
        (losses.minimax_loss, lambda d: -d),
        (lambda logits: losses.discriminator_loss(logits, column([0.0])), lambda d: d - 1),
        (lambda logits: losses.discriminator_loss(column([0.0]), logits), lambda d: d),
    ]:
        logits = column(values)
        loss(logits).backward()
        torch.testing.assert_close(logits.grad, slope(logits.detach().sigmoid()) / n)


def test_resting_value_is_twice_log_two() -> None:
    zeros = torch.zeros(8, 1)
    assert losses.discriminator_loss(zeros, zeros).item() == pytest.approx(2 * math.log(2))
    assert losses.non_saturating_loss(zeros).item() == pytest.approx(math.log(2))
    assert losses.minimax_loss(zeros).item() == pytest.approx(-math.log(2))


@pytest.mark.parametrize("far", [-200.0, 200.0])
def test_extreme_logits_stay_finite(far: float) -> None:
    logits = torch.full((4, 1), far, requires_grad=True)
    total = losses.discriminator_loss(logits, logits)
    total = total + losses.non_saturating_loss(logits) + losses.minimax_loss(logits)
    total.backward()
    assert total.isfinite()
    assert logits.grad.isfinite().all()
    assert losses.discriminator_loss(-logits.abs(), logits.abs()).item() == pytest.approx(400)


def test_r1_is_half_the_squared_slope() -> None:
    linear = nn.Sequential(nn.Flatten(), nn.Linear(12, 1)).double()
    weight = linear[1].weight
    penalty = losses.r1_penalty(linear, torch.rand(5, 3, 2, 2, dtype=torch.float64))
    torch.testing.assert_close(penalty, weight.square().sum() / 2)
    penalty.backward()
    torch.testing.assert_close(weight.grad, weight.detach())


def test_r1_by_differences() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 1)).double()
    real, step = torch.rand(6, 1, 2, 2, dtype=torch.float64), 1e-5
    with torch.no_grad():
        slopes = [
            (network(real + step * e) - network(real - step * e)).flatten() / (2 * step)
            for e in torch.eye(4, dtype=torch.float64).view(4, 1, 2, 2)
        ]
    expected = torch.stack(slopes).square().sum(dim=0).mean() / 2
    torch.testing.assert_close(losses.r1_penalty(network, real).detach(), expected)
    assert real.grad is None
    assert not real.requires_grad


def test_losses_by_name() -> None:
    assert losses.generator_loss("non_saturating") is losses.non_saturating_loss
    assert losses.generator_loss("minimax") is losses.minimax_loss
    with pytest.raises(ValueError, match=r"'hinge'.*non_saturating, minimax"):
        losses.generator_loss("hinge")
