"""A small run, stopped and resumed, for a check of notebook 05."""

from collections.abc import Container

import torch
from torch import Tensor

from gan_utils.datasets import ImageSet
from gan_utils.models import mlp_discriminator, mlp_generator
from gan_utils.training import GAN, Settings, fit


def resumes_exactly(kept: Container[str]) -> bool:
    """Does a run of 8 steps that goes on after 4 with nothing but this end with the same weights?

    Args:
        kept: words of the exercise's table: "generator", "g_adam", "order" and so on.
    """
    stopped, fresh = _train(_gan(), 4), _gan()
    for name, network in fresh.networks().items():
        if name in kept:
            network.load_state_dict(stopped.networks()[name].state_dict())
    state, old = fresh.state_dict(), stopped.state_dict()
    keys = {"g_optimizer": "g_adam", "d_optimizer": "d_adam", "position": "order"}
    state |= {key: value for key, value in old.items() if keys.get(key, key) in kept}
    fresh.load_state_dict(state | {"step": 4})
    return torch.equal(_weights(_train(_gan(), 8)), _weights(_train(fresh, 8)))


def _gan() -> GAN:
    settings = Settings(latent_dim=4, batch_size=4, lr=1e-2, bfloat16=False)
    torch.default_generator.manual_seed(0)  # the same weights for each
    networks = mlp_generator(4, (1, 8, 8), (8, 8)), mlp_discriminator((1, 8, 8), (8,))
    return GAN(*networks, settings, torch.device("cpu"))


def _train(gan: GAN, steps: int) -> GAN:
    source = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (26, 1, 8, 8), generator=source)
    return fit(gan, ImageSet(pixels.to(torch.uint8)), steps=steps, watchers=[])


def _weights(gan: GAN) -> Tensor:
    networks = gan.networks().values()
    return torch.cat([p.detach().flatten() for network in networks for p in network.parameters()])
