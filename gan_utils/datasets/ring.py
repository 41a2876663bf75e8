"""A toy with countable modes: Gaussians on a ring (Metz et al. 2017, section 3.1)."""

import math

import torch
from torch import Tensor

MODES, RADIUS, RING_SIGMA = 8, 2.0, 0.1


def ring_centers(modes: int = MODES, radius: float = RADIUS) -> Tensor:
    """The centers, float (modes, 2), evenly on a circle; the first at (radius, 0)."""
    angle = torch.arange(modes) * (2 * math.pi / modes)
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


def ring(
    n: int, source: torch.Generator | None = None, modes: int = MODES, sigma: float = RING_SIGMA
) -> Tensor:
    """n points, float (n, 2), each from one of the Gaussians at random, of width `sigma`.

    Args:
        n: how many points.
        source: the random source; default PyTorch's global one.
        modes: how many Gaussians.
        sigma: their standard deviation.
    """
    which = torch.randint(modes, (n,), generator=source)
    return ring_centers(modes)[which] + sigma * torch.randn(n, 2, generator=source)
