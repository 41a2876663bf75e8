"""What transposed convolutions do inside a learner's network, for the checks of 03 and 04."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_utils.checks.verdict import Wrong
from gan_utils.shapes import overlap

Passed = list[tuple[nn.ConvTranspose2d, Tensor, Tensor]]


def must_be_network(made: Any) -> nn.Module:
    """The answer itself, a network; else `Wrong`."""
    if not isinstance(made, nn.Module):
        raise Wrong(f"That is a {type(made).__name__}; return a network, an nn.Sequential.")
    return made


def watch(network: nn.Module, noise: Tensor, loud: bool = False) -> tuple[Tensor, Passed]:
    """What the network makes, and each transposed convolution with what went in and came out.

    Args:
        loud: bring each layer's output to mean 0 and standard deviation 10, whatever its weights:
            far from zero all activations bend, and the last one shows its range.
    """
    network, passed = copy.deepcopy(network), []  # batch norm would count the noise

    def keep(layer: nn.ConvTranspose2d, given: tuple[Tensor], made: Tensor) -> Tensor:
        if loud:
            made = 10 * (made - made.mean()) / made.std().clamp(min=1e-12)
        passed.append((layer, given[0].clone(), made.clone()))  # a ReLU may work in place
        return made

    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d):
            module.register_forward_hook(keep)
    with torch.no_grad():
        return network(noise), passed


def straight(before: Tensor, after: Tensor) -> bool:
    """Is each channel (N, C, H, W) only multiplied and shifted, as by nothing or a batch norm?"""
    if before.shape != after.shape:
        return False
    x, y = (values.double().transpose(0, 1).flatten(1) for values in (before, after))
    x, y = (values - values.mean(1, keepdim=True) for values in (x, y))
    together, apart = (x * y).sum(1) ** 2, (x * x).sum(1) * (y * y).sum(1)
    return bool((together >= (1 - 1e-6) * apart).all())


def uneven(layer: nn.ConvTranspose2d) -> bool:
    """Do the pixels inside get different numbers of coats?"""
    sides = zip(layer.kernel_size, layer.stride, layer.dilation, strict=True)
    return any(
        len(np.unique(overlap(2 * (k - 1) * d + 2, k, s, dilation=d, inside=True))) > 1
        for k, s, d in sides
    )
