"""The adversarial losses against what the papers write."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_utils import losses
from gan_utils.training import Settings

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


@given(lists, lists)
def test_losses_of_scores(real: list[float], fake: list[float]) -> None:
    real_logits, fake_logits = column(real), column(fake)
    r, f = np.array(real), np.array(fake)
    expected = {
        "hinge": np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        "least_squares": ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
        "wasserstein": f.mean() - r.mean(),
    }
    for name, value in expected.items():
        loss = losses.OBJECTIVES[name].discriminator(real_logits, fake_logits)
        assert loss.item() == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert losses.score_loss(fake_logits).item() == pytest.approx(-f.mean(), abs=1e-9)
    right = ((f - 1) ** 2).mean() / 2
    assert losses.least_squares_generator_loss(fake_logits).item() == pytest.approx(right)


@given(st.lists(st.tuples(st.floats(-15, 15), st.floats(-15, 15)), min_size=1, max_size=20))
def test_pairing_is_the_log_odds_of_the_pair(pairs: list[tuple[float, float]]) -> None:
    real, fake = (column([pair[i] for pair in pairs]) for i in range(2))
    d_loss, g_loss = losses.pairing_loss(real, fake), losses.pairing_loss(fake, real)
    odds = (real - fake).sigmoid()
    torch.testing.assert_close(d_loss, -odds.log().mean())
    torch.testing.assert_close(g_loss - d_loss, (real - fake).mean())


@pytest.mark.parametrize("slope", [0.5, 1.0, 3.0])
def test_gradient_penalty_asks_for_slope_one(slope: float) -> None:
    weight = torch.full((1, 12), slope / 12**0.5, dtype=torch.float64, requires_grad=True)
    real, fake = torch.rand(2, 5, 3, 2, 2, dtype=torch.float64)
    penalty = losses.gradient_penalty(lambda x: x.flatten(1) @ weight.T, real, fake)
    assert penalty.item() == pytest.approx((slope - 1) ** 2)
    penalty.backward()
    assert weight.grad.sum().item() == pytest.approx(2 * (slope - 1) * 12**0.5, abs=1e-9)


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    seen = []
    real, fake = torch.zeros(50, 1, 2, 2), torch.ones(50, 1, 2, 2)
    losses.gradient_penalty(lambda x: seen.append(x.detach()) or x.sum(dim=(1, 2, 3)), real, fake)
    (between,) = seen
    assert (between == between[:, :, :1, :1]).all()  # one share for all pixels of a picture
    assert 0 <= between.min() < 0.2
    assert 0.8 < between.max() <= 1


def test_penalties_go_through_batch_norm() -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Flatten()]
    network = nn.Sequential(*layers, nn.Linear(16, 1)).double()
    real, fake = torch.rand(2, 8, 1, 4, 4, dtype=torch.float64)
    losses.OBJECTIVES["relativistic"].penalty(network, real, fake).backward()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)
    assert network[0].weight.grad.abs().sum() > 0


def test_objectives_by_name() -> None:
    assert Settings(loss="minimax").objective.generator is losses.minimax_loss
    assert Settings(loss="wasserstein").objective.every == 1
    with pytest.raises(ValueError, match=r"'hing'.*non_saturating, minimax, hinge"):
        Settings(loss="hing")
