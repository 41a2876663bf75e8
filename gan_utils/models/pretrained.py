"""Trained pairs that the course ships, for the notebooks that look inside a network.

``make weights`` trains them; each file says in its header what made it.
Kernels are stored in float16, half the size: what rounds away, 1 part in 2,000 of a weight, is less
than one step of training moves it. Batch norm's numbers, which may be tiny, and biases stay whole.
"""

import json
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from gan_utils.models import models
from gan_utils.runtime import embedded

NAMES = ("cartoon_64", "digits_28")
ROLES = ("generator", "discriminator")


def players(name: str) -> tuple[nn.Sequential, nn.Sequential]:
    """The generator and discriminator of a trained pair, in eval mode on the CPU.

    The generator is the moving average of the one that was trained. Noise (N, latent_dim) goes in
    (`about` says how long); ``training.generate`` makes uint8 pictures with it.

    Args:
        name: "cartoon_64" for drawn faces (3, 64, 64), "digits_28" for digits (1, 28, 28).

    Raises:
        ValueError: another name.
        FileNotFoundError: the weights are missing from the installation.
    """
    made = about(name)
    shape = tuple(made["image_shape"])
    pair = models.build(made["model"], shape, made["latent_dim"], made["base_channels"])
    for network, role in zip(pair, ROLES, strict=True):
        network.load_state_dict(load_file(embedded(f"{name}_{role}.safetensors")))
    return pair[0].eval(), pair[1].eval()


def about(name: str) -> dict[str, Any]:
    """What made a pair: model, data, settings, seed, steps, torch version.

    Raises:
        ValueError: another name.
        FileNotFoundError: the weights are missing from the installation.
    """
    if name not in NAMES:
        raise ValueError(f"name is {name!r}; the trained pairs are {' and '.join(NAMES)}")
    with safe_open(embedded(f"{name}_generator.safetensors"), "pt") as file:
        return json.loads(file.metadata()["about"])
