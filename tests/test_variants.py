"""The variants of notebook 04 depart from the DCGAN of `models` where they say, and only there."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gan_utils import models, runtime, variants
from gan_utils.training import train_step

ROOT = Path(__file__).parents[1]


def kinds(network: nn.Module) -> list[type]:
    return [type(module) for module in network.modules()]


def test_without_arguments_they_are_the_models() -> None:
    torch.manual_seed(0)
    expected = models.dcgan_generator(100, 28, 1, 16), models.dcgan_discriminator(28, 1, 16)
    torch.manual_seed(0)
    for ours, theirs in zip(variants.build("guidelines"), expected, strict=True):
        assert repr(ours) == repr(theirs)
        for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_every_variant_trains(name: str) -> None:
    gan = variants.gan(name, seed=1, base_channels=4)
    before = [p.clone() for p in (*gan.generator.parameters(), *gan.discriminator.parameters())]
    done = train_step(gan, lambda: torch.rand(8, 1, 28, 28) * 2 - 1)
    assert done.d_loss.isfinite()
    assert done.g_loss.isfinite()
    after = [*gan.generator.parameters(), *gan.discriminator.parameters()]
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert gan.sample(3).shape == (3, 1, 28, 28)
    assert gan.discriminator(torch.zeros(2, 1, 28, 28)).shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "kind", "more_in_g", "more_in_d"),
    [
        ("no batch norm", nn.BatchNorm2d, -3, -2),
        ("batch norm on D's output", nn.BatchNorm2d, 0, 1),
        ("batch norm on D's input", nn.BatchNorm2d, 0, 1),
        ("ReLU in D", nn.LeakyReLU, 0, -3),
        ("max-pooling", nn.MaxPool2d, 0, 3),
        ("resize-convolution", nn.ConvTranspose2d, -3, 0),  # the first square's stays
        ("average pooling as head", nn.AdaptiveAvgPool2d, 0, 1),
        ("projection as start", nn.Linear, 1, 0),
        ("data in [0, 1], sigmoid", nn.Sigmoid, 1, 0),
    ],
)
def test_what_each_changes(name: str, kind: type, more_in_g: int, more_in_d: int) -> None:
    usual = [kinds(network).count(kind) for network in variants.build("guidelines")]
    found = [kinds(network).count(kind) for network in variants.build(name)]
    assert found == [usual[0] + more_in_g, usual[1] + more_in_d]


def test_where_what_changed_stands() -> None:
    assert isinstance(variants.build("batch norm on D's output")[1][-2], nn.BatchNorm2d)
    assert isinstance(variants.build("batch norm on D's input")[1][1], nn.BatchNorm2d)
    pooled = [m.stride for m in variants.build("max-pooling")[1] if isinstance(m, nn.Conv2d)]
    assert {*pooled} == {(1, 1)}
    bare = [*variants.build("no batch norm")[0], *variants.build("no batch norm")[1]]
    assert all(m.bias is not None for m in bare if isinstance(m, nn.Conv2d | nn.ConvTranspose2d))


@pytest.mark.parametrize("output", ["tanh", "sigmoid"])
def test_data_in_zero_to_one(output: str) -> None:
    generator, discriminator = variants.build(f"data in [0, 1], {output}")
    inside, z = generator[:-1], torch.randn(20, 100)
    assert type(inside[-1]).__name__.lower() == output
    with torch.no_grad():
        made = inside(z)  # the same batch: batch norm takes its own statistics
        assert torch.allclose(discriminator[0](generator(z)), made, atol=1e-6)
    black_to_white = torch.tensor([-1.0, 0.0, 1.0])
    assert discriminator[0](black_to_white).tolist() == [0.0, 0.5, 1.0]


def test_default_init_is_torchs() -> None:
    generator, _ = variants.build("torch's default init")
    norm = next(m for m in generator.modules() if isinstance(m, nn.BatchNorm2d))
    assert (norm.weight == 1).all()
    spread = next(m for m in generator if isinstance(m, nn.ConvTranspose2d)).weight.std()
    assert abs(spread.item() - 0.02) > 0.001


def test_settings_and_optimizers() -> None:
    assert isinstance(variants.gan("guidelines").g_optimizer, torch.optim.Adam)
    assert variants.gan("β1 0.9").settings.beta1 == 0.9
    assert variants.gan("batch 512").settings.batch_size == 512
    assert variants.gan("k = 5").settings.d_steps == 5
    assert variants.gan("the paper's rate, 2e-4").settings.lr == 2e-4
    for name, kind, expected in [
        ("SGD", torch.optim.SGD, (0.1, 0.5)),
        ("RMSprop", torch.optim.RMSprop, (variants.RATE, 0)),
    ]:
        gan = variants.gan(name)
        for optimizer, player in [
            (gan.g_optimizer, gan.generator),
            (gan.d_optimizer, gan.discriminator),
        ]:
            assert isinstance(optimizer, kind)
            (group,) = optimizer.param_groups
            assert group["params"] == [*player.parameters()]
            assert (group["lr"], group["momentum"]) == expected


def test_a_gan_repeats_itself() -> None:
    first, second, other = (variants.gan("guidelines", seed, 4) for seed in (3, 3, 4))
    assert torch.equal(first.generator[1].weight, second.generator[1].weight)
    assert not torch.equal(first.generator[1].weight, other.generator[1].weight)


def test_unknown_variant() -> None:
    with pytest.raises(ValueError, match="variant is 'dropout'; it must be one of guidelines"):
        variants.build("dropout")


def test_interval() -> None:
    mean, half = variants.interval([1.0, 2.0, 6.0])
    assert mean == 3.0
    assert half == pytest.approx(4.3027 * 7**0.5 / 3**0.5, rel=1e-4)
    assert variants.interval([5.0, 5.0, 5.0]) == (5.0, 0.0)


# --- what the command stored


def test_stored_table() -> None:
    rows = runtime.stored_runs("ablation.csv")
    ours = [row for row in rows if row["variant"] in variants.VARIANTS]
    assert {row["variant"] for row in ours} == {*variants.VARIANTS}
    assert len({(row["variant"], row["seed"]) for row in rows}) == len(rows)
    for row in rows:
        assert int(row["images"]) == (
            int(row["steps"]) * int(row["batch_size"]) * int(row["d_steps"])
        )
        assert 0 <= int(row["covered"]) <= 10
        assert float(row["fid"]) > float(row["fid_floor"]) > 0
        assert row["made_with"].startswith("torch")
    assert {row["images"] for row in ours} == {"76800"}
