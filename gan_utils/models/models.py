"""Generators and discriminators: the MLP pair (notebook 02) and the DCGAN pair (notebooks 03, 04).

All are plain `nn.Sequential`s. A generator maps noise (N, latent_dim) to images (N, C, H, W) in
(−1, 1); a discriminator maps images to logits (N, 1).
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn

SLOPE = 0.2  # of LeakyReLU for negative inputs, as in Radford et al. 2016, section 4


def mlp_generator(
    latent_dim: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    hidden: tuple[int, ...] = (128, 256, 512, 1024),
    batch_norm: bool = True,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Noise (N, latent_dim) → images (N, C, H, W) in (−1, 1), through dense layers.

    The default is 100-128-256-512-1024-784, with batch normalization after every hidden layer but
    the first. `hidden=(32, 64, 128), batch_norm=False, dropout=0.3` is the small dropout network.

    Raises:
        ValueError: a width is not positive.
    """
    layers = _dense((latent_dim, *hidden, math.prod(image_shape)), batch_norm, dropout)
    return nn.Sequential(*layers, nn.Tanh(), nn.Unflatten(1, image_shape))


def mlp_discriminator(
    image_shape: tuple[int, int, int] = (1, 28, 28),
    hidden: tuple[int, ...] = (512, 256),
    dropout: float = 0.0,
) -> nn.Sequential:
    """Images (N, C, H, W) → logits (N, 1), through dense layers; the default is 784-512-256-1.

    Raises:
        ValueError: a width is not positive.
    """
    layers = _dense((math.prod(image_shape), *hidden, 1), False, dropout)
    return nn.Sequential(nn.Flatten(), *layers)


def _dense(widths: tuple[int, ...], batch_norm: bool, dropout: float) -> list[nn.Module]:
    """Linear layers from width to width; all but the last are hidden."""
    _positive(**{f"width {i}": width for i, width in enumerate(widths)})
    layers: list[nn.Module] = []
    *hidden, last = pairwise(widths)
    for depth, (width_in, width_out) in enumerate(hidden):
        layers.append(nn.Linear(width_in, width_out))
        if batch_norm and depth > 0:
            layers.append(nn.BatchNorm1d(width_out))
        layers.append(nn.LeakyReLU(SLOPE))
        if dropout:
            layers.append(nn.Dropout(dropout))
    return [*layers, nn.Linear(*last)]


def point_pair() -> tuple[nn.Sequential, nn.Sequential]:
    """A pair for points in the plane: noise (N, 2) → points (N, 2), and these → logits (N, 1)."""

    def dense(size_out: int) -> nn.Sequential:
        hidden = [nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(128, size_out))

    return dense(2), dense(1)


def _transposed(channels_in: int, channels_out: int, kernel: int, bias: bool) -> nn.Module:
    return nn.ConvTranspose2d(channels_in, channels_out, kernel, stride=2, padding=1, bias=bias)


def dcgan_generator(
    latent_dim: int = 100,
    image_size: int = 64,
    channels: int = 3,
    base_channels: int = 64,
    grow: Callable[[int, int, int, bool], nn.Module] = _transposed,
) -> nn.Sequential:
    """Noise (N, latent_dim) → images (N, channels, image_size, image_size) in (−1, 1).

    A transposed convolution makes a small square of the 1×1 noise; transposed convolutions of
    stride 2 then double it and halve the channels, down to `base_channels` and at last to the
    image's (`start_and_kernels` gives the chain). Batch norm and ReLU after all layers but the
    last, no bias where batch norm follows. Radford et al. 2016, figure 1, is (100, 64, 3, 128).
    `grow` makes another doubling layer: of channels in and out, the kernel, and if it has a bias.

    Raises:
        ValueError: a size that `start_and_kernels` refuses, or a width that is not positive.
    """
    _positive(latent_dim=latent_dim, channels=channels, base_channels=base_channels)
    start, kernels = start_and_kernels(image_size)
    width = base_channels * 2 ** (len(kernels) - 1)
    layers = [
        nn.Unflatten(1, (latent_dim, 1, 1)),
        nn.ConvTranspose2d(latent_dim, width, start, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    for kernel in kernels[:-1]:
        layers += [grow(width, width // 2, kernel, False), nn.BatchNorm2d(width // 2), nn.ReLU()]
        width //= 2
    layers += [grow(width, channels, kernels[-1], True), nn.Tanh()]
    return nn.Sequential(*layers).apply(dcgan_init)


def dcgan_discriminator(
    image_size: int = 64, channels: int = 3, base_channels: int = 64
) -> nn.Sequential:
    """Images (N, channels, image_size, image_size) → logits (N, 1): the generator's mirror.

    LeakyReLU 0.2 throughout; batch norm after all layers but the first and the last.

    Raises:
        ValueError: as `dcgan_generator`.
    """
    _positive(channels=channels, base_channels=base_channels)
    start, kernels = start_and_kernels(image_size)
    first, *others = reversed(kernels)
    layers = [nn.Conv2d(channels, base_channels, first, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
    width = base_channels
    for kernel in others:
        layers += [nn.Conv2d(width, width * 2, kernel, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(width * 2), nn.LeakyReLU(SLOPE)]
        width *= 2
    layers += [nn.Conv2d(width, 1, start), nn.Flatten()]
    return nn.Sequential(*layers).apply(dcgan_init)


def dcgan_init(module: nn.Module) -> None:
    """For `module.apply`: draw the weights of convolutions and batch norms anew.

    N(0, 0.02) for convolutions of both kinds (Radford et al. 2016, section 4), N(1, 0.02) for
    batch-norm scales, which at 0 would shrink every signal to nothing; zero for every bias.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def start_and_kernels(image_size: int) -> tuple[int, list[int]]:
    """The side of the first square, and the kernels of the stride-2, padding-1 layers after it.

    image_size = b·2^k with 3 ≤ b ≤ 7 and k ≥ 2 starts at b×b and doubles k times by kernel 4: 64 is
    4-8-16-32-64. With k = 2 a discriminator would have two layers below its head and judge patches
    of 10×10 pixels, too few to see a digit whole; a third layer makes b×b of half its size, by
    kernel 3 where b is odd: 28 is 4-7-14-28.

    Raises:
        ValueError: there is no such chain; the message names the nearest size that works.
    """
    sizes = {b * 2**k: (b, k) for k in range(8, 1, -1) for b in range(3, 8) if b * 2**k <= 1024}
    if image_size not in sizes:
        raise ValueError(
            f"image_size is {image_size}; a DCGAN here makes b·2^k pixels (3 ≤ b ≤ 7, k ≥ 2, at "
            f"most 1024): the nearest is {min(sizes, key=lambda size: abs(size - image_size))}"
        )
    start, doublings = sizes[image_size]
    if doublings > 2:
        return start, [4] * doublings
    return (start + 1) // 2, [3 if start % 2 else 4, 4, 4]


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def build(
    model: str,
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    base_channels: int = 64,
) -> tuple[nn.Sequential, nn.Sequential]:
    """The pair (generator, discriminator) that ``--model`` names: "mlp" or "dcgan".

    `base_channels` is the DCGAN's; the MLP ignores it.

    Raises:
        ValueError: an unknown model, a picture that is not square, a size it cannot make.
    """
    channels, size, width = image_shape
    if size != width or size < 1:
        raise ValueError(f"image size is {size}×{width}; it must be square and positive")
    if model == "mlp":
        return mlp_generator(latent_dim, image_shape), mlp_discriminator(image_shape)
    if model == "dcgan":
        generator = dcgan_generator(latent_dim, size, channels, base_channels)
        return generator, dcgan_discriminator(size, channels, base_channels)
    raise ValueError(f"model is {model!r}; it must be mlp or dcgan")


def _positive(**values: int) -> None:
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, 1 or more")


def parameters_finite(*modules: nn.Module) -> bool:
    """Whether no parameter or buffer of the modules is NaN or infinite."""
    values = [t for m in modules for t in m.state_dict().values() if t.is_floating_point()]
    return bool(torch.stack([t.sum().isfinite() for t in values]).all())
