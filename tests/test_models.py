"""The networks: sizes, counts, what has no batch norm and no bias, and how weights start."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_utils import models

SIZES = sorted({b * 2**k for b in range(3, 8) for k in range(2, 9) if b * 2**k <= 1024})
SMALL = [size for size in SIZES if size <= 128]
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def linear_widths(network: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in network if isinstance(m, nn.Linear)]


# --- MLP


def test_mlp_widths_and_parameter_counts() -> None:
    generator, discriminator = models.build("mlp", (1, 28, 28))
    widths = [100, 128, 256, 512, 1024, 784]
    assert linear_widths(generator) == list(pairwise(widths))
    assert linear_widths(discriminator) == [(784, 512), (512, 256), (256, 1)]
    assert models.count_parameters(generator) == 1_510_032
    assert models.count_parameters(discriminator) == 533_505
    norms = [m.num_features for m in generator if isinstance(m, nn.BatchNorm1d)]
    assert norms == [256, 512, 1024]
    assert not any(isinstance(m, nn.BatchNorm1d) for m in discriminator)


def test_frozen_parameters_are_not_counted() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    network[0].requires_grad_(False)
    assert models.count_parameters(network) == 3


@settings(max_examples=20)
@given(
    latent_dim=st.integers(1, 12),
    channels=st.integers(1, 4),
    size=st.integers(1, 9),
    hidden=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
)
def test_mlp_of_any_size(
    latent_dim: int, channels: int, size: int, hidden: tuple[int, ...]
) -> None:
    shape = (channels, size, size)
    fake = models.mlp_generator(latent_dim, shape, hidden)(torch.randn(3, latent_dim))
    assert fake.shape == (3, *shape)
    assert fake.abs().max() <= 1
    assert models.mlp_discriminator(shape, hidden)(fake).shape == (3, 1)


def test_small_dropout_network() -> None:
    network = models.mlp_generator(hidden=(32, 64, 128), batch_norm=False, dropout=0.3)
    assert linear_widths(network) == [(100, 32), (32, 64), (64, 128), (128, 784)]
    assert [m.p for m in network if isinstance(m, nn.Dropout)] == [0.3] * 3
    assert not any(isinstance(m, nn.BatchNorm1d) for m in network)


def test_pair_for_points() -> None:
    generator, discriminator = models.point_pair()
    points = generator(torch.randn(5, 2))
    assert points.shape == (5, 2)
    assert discriminator(points).shape == (5, 1)


@pytest.mark.parametrize("width", [0, -3, 2.0, True, None])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda width: models.mlp_generator(latent_dim=width), "width 0"),
        (lambda width: models.mlp_generator(hidden=(8, width)), "width 2"),
        (lambda width: models.mlp_discriminator(hidden=(width,)), "width 1"),
        (lambda width: models.dcgan_generator(latent_dim=width), "latent_dim"),
        (lambda width: models.dcgan_generator(channels=width), "channels"),
        (lambda width: models.dcgan_discriminator(base_channels=width), "base_channels"),
    ],
)
def test_bad_widths_are_refused(make: Callable[..., object], name: str, width: object) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {width!r}; it must be"):
        make(width)


# --- DCGAN


def sides(start: int, kernels: list[int]) -> list[int]:
    """How large pictures are after each layer: H_out = (H_in − 1)·stride − 2·padding + kernel."""
    chain = [start]
    for kernel in kernels:
        chain.append((chain[-1] - 1) * 2 - 2 + kernel)
    return chain


def test_a_chain_takes_these_sizes_and_no_others() -> None:
    for size in range(-2, 1200):
        if size in SIZES:
            start, kernels = models.start_and_kernels(size)
            assert 2 <= start <= 7
            assert len(kernels) >= 3
            assert sides(start, kernels)[-1] == size
            continue
        with pytest.raises(ValueError, match=f"^image_size is {size}; ") as refused:
            models.start_and_kernels(size)
        named = int(re.search(r"nearest is (\d+)$", str(refused.value))[1])
        assert named in SIZES
        assert abs(named - size) == min(abs(s - size) for s in SIZES)


@pytest.mark.parametrize(
    "chain",
    [
        [2, 3, 6, 12],
        [2, 4, 8, 16],
        [3, 6, 12, 24],
        [4, 7, 14, 28],
        [4, 8, 16, 32],
        [6, 12, 24, 48],
        [4, 8, 16, 32, 64],
        [6, 12, 24, 48, 96],
        [4, 8, 16, 32, 64, 128],
    ],
    ids=lambda chain: "-".join(map(str, chain)),
)
def test_generator_climbs_a_chain_and_discriminator_descends_it(chain: list[int]) -> None:
    size = chain[-1]
    assert sides(*models.start_and_kernels(size)) == chain
    for network, batch, expected in [
        (models.dcgan_generator(3, size, 1, 2), torch.randn(2, 3), chain),
        (
            models.dcgan_discriminator(size, 1, 2),
            torch.randn(2, 1, size, size),
            [*chain[-2::-1], 1],
        ),
    ]:
        seen = []
        for layer in network:
            batch = layer(batch)
            if isinstance(layer, CONVOLUTIONS):
                seen.append(batch.shape[-1])
        assert seen == expected


def test_paper_network() -> None:
    generator = models.dcgan_generator(100, 64, 3, 128)
    widths = [(m.in_channels, m.out_channels) for m in generator if isinstance(m, CONVOLUTIONS)]
    assert widths == [(100, 1024), (1024, 512), (512, 256), (256, 128), (128, 3)]
    discriminator = models.dcgan_discriminator(64, 3, 128)
    widths = [(m.in_channels, m.out_channels) for m in discriminator if isinstance(m, CONVOLUTIONS)]
    assert widths == [(3, 128), (128, 256), (256, 512), (512, 1024), (1024, 1)]


@pytest.mark.parametrize("size", SMALL)
@settings(max_examples=3)
@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 9))
def test_dcgan_of_any_size(size: int, channels: int, base_channels: int, latent_dim: int) -> None:
    networks = models.build("dcgan", (channels, size, size), latent_dim, base_channels)
    fake = networks[0](torch.randn(2, latent_dim))
    assert fake.shape == (2, channels, size, size)
    assert fake.abs().max() < 1
    assert networks[1](fake).shape == (2, 1)


@pytest.mark.parametrize("size", SMALL)
def test_batch_norm_and_bias_are_where_the_guidelines_want_them(size: int) -> None:
    generator, discriminator = models.build("dcgan", (1, size, size), 5, base_channels=2)
    for network, bare in [(generator, [-1]), (discriminator, [0, -1])]:
        layers = list(network)
        places = [i for i, layer in enumerate(layers) if isinstance(layer, CONVOLUTIONS)]
        normed = [isinstance(layers[i + 1], nn.BatchNorm2d) for i in places]
        expected = [True] * len(places)
        for i in bare:
            expected[i] = False
        assert normed == expected
        assert [layers[i].bias is None for i in places] == normed
    assert {type(m) for m in generator if "LU" in type(m).__name__} == {nn.ReLU}
    assert {m.negative_slope for m in discriminator if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_initial_weights() -> None:
    torch.manual_seed(0)
    for network in models.build("dcgan", (3, 64, 64), base_channels=16):
        for layer in (m for m in network if isinstance(m, CONVOLUTIONS)):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1), layer
            assert abs(layer.weight.mean().item()) < 0.002, layer
            assert layer.bias is None or not layer.bias.any(), layer
        norms = [m for m in network if isinstance(m, nn.BatchNorm2d)]
        scales = torch.cat([m.weight.detach() for m in norms])
        assert scales.mean().item() == pytest.approx(1, abs=0.01)
        assert scales.std().item() == pytest.approx(0.02, rel=0.3)
        assert not any(m.bias.any() for m in norms)


def test_another_layer_that_doubles() -> None:
    def grow(channels_in: int, channels_out: int, kernel: int, bias: bool) -> nn.Module:
        asked.append((channels_in, channels_out, kernel, bias))
        return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(channels_in, channels_out, 1))

    asked: list[tuple[int, int, int, bool]] = []
    generator = models.dcgan_generator(5, 32, 3, 2, grow)
    assert asked == [(8, 4, 4, False), (4, 2, 4, False), (2, 3, 4, True)]
    assert generator(torch.randn(2, 5)).shape == (2, 3, 32, 32)


def test_init_leaves_other_layers_alone() -> None:
    linear = nn.Linear(4, 4)
    before = linear.weight.clone(), linear.bias.clone()
    linear.apply(models.dcgan_init)
    assert torch.equal(linear.weight, before[0])
    assert torch.equal(linear.bias, before[1])


@pytest.mark.parametrize(
    ("model", "size", "words"),
    [
        ("vae", (28, 28), "'vae'; it must be mlp or dcgan"),
        ("mlp", (28, 32), "28×32; it must be square"),
        ("mlp", (0, 0), "0×0; it must be square and positive"),
        ("dcgan", (30, 30), "image_size is 30; .* nearest is 32"),
    ],
)
def test_what_build_refuses(model: str, size: tuple[int, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        models.build(model, (1, *size))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_parameters_finite(value: float) -> None:
    network, other = nn.BatchNorm1d(3), nn.Linear(2, 2)
    assert models.parameters_finite(network, other)
    network.running_mean[1] = value
    assert not models.parameters_finite(other, network)
