"""A toy with countable modes: Gaussians on a ring (Metz et al. 2017, section 3.1)."""

import math

import torch
from torch import Tensor

MODES, RADIUS, RING_SIGMA = 8, 2.0, 0.1


def ring_centers() -> Tensor:
    """The centers, float (8, 2), evenly on a circle of radius 2; the first at (2, 0)."""
    angle = torch.arange(MODES) * (2 * math.pi / MODES)
    return RADIUS * torch.stack([angle.cos(), angle.sin()], dim=1)


def ring(n: int, generator: torch.Generator | None = None) -> Tensor:
    """n points, float (n, 2), each from one of the Gaussians at random, of width `RING_SIGMA`.

    Args:
        n: how many points.
        generator: the random numbers' source; default PyTorch's global one.
    """
    which = torch.randint(MODES, (n,), generator=generator)
    return ring_centers()[which] + RING_SIGMA * torch.randn(n, 2, generator=generator)
