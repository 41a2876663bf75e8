"""Recipes: all that a GAN is made from, and what ``train`` takes by default."""

from dataclasses import dataclass, fields
from typing import Any

from torch import nn

from gan_utils import models
from gan_utils.training import GAN, Settings

# What a minute on two CPU cores is best spent with, by training_runs/sweep.csv (make sweep), three
# seeds each. FID of the DCGAN after 1,600 steps: 6.3 by the paper's rate and latent size (two
# seeds), 2.4 to 2.5 at 1e-3, 1.9 to 2.0 at 2e-3, 1.6 to 2.0 at 4e-3; after a minute the last two
# are level. Of the MLP after 3,500 steps: 8.3 to 11.4 at 2e-4, 3.6 to 3.7 at 5e-4 and at 1e-3.
DEFAULTS: dict[str, dict[str, Any]] = {
    "mlp": {"batch_size": 128, "lr": 5e-4, "latent_dim": 100},
    "dcgan": {"batch_size": 64, "lr": 2e-3, "latent_dim": 16},
}
DIGITS_UP_TO = 32  # pixels on a side
# Faces have more to choose than digits: CelebA at 64×64 after 1,200 steps, one seed, FID in 256
# features of a face detector: 0.69 with 16 noise numbers, 0.29 with 64. And they need a D slower
# than G, by just so much. Drawn faces, 3,228 steps (5 minutes on two slow cores), FID in 64
# features of their classifier, by D's rate: 35 at 1e-4, 15.2 at 1.5e-4, 7.4 to 7.9 at 2e-4 (three
# seeds; of all else one), 14.9 at 3e-4, 11.9 at 4e-4. In about the same time: 14.7 in batches of
# 16, 9.6 in batches of 64, 11.3 with 32 channels, 12.6 and 16.9 (two seeds) at the digits' rates
# and batch.
FACES = {"latent_dim": 64, "base_channels": 16, "batch_size": 32, "lr": 1e-3, "d_lr": 2e-4}


@dataclass(frozen=True)
class Recipe(Settings):
    """The settings of a GAN, and what its networks and pictures are.

    Attributes:
        model: the pair of networks, "mlp" or "dcgan".
        data: the pictures, as `datasets.load` names them.
        image_size: pixels on a side.
        channels: of a picture: 1 for gray, 3 for color.
        base_channels: channels next to the picture, DCGAN only.
    """

    average: float = 0.995
    model: str = "dcgan"
    data: str = "mnist"
    image_size: int = 28
    channels: int = 1
    base_channels: int = 32

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """The untrained generator and discriminator."""
        shape = (self.channels, self.image_size, self.image_size)
        return models.build(self.model, shape, self.latent_dim, self.base_channels)


def recipe(
    model: str = "dcgan", data: str = "mnist", image_size: int | None = None, **given: Any
) -> Recipe:
    """How `train` trains a model on pictures, unless told otherwise by what is `given`.

    Without an image size digits have 28 pixels on a side, all else 64.
    """
    digits = data.partition(":")[0] == "mnist"
    if image_size is None:
        image_size = 28 if digits else 64
    chosen = {"channels": 1 if digits else 3, **DEFAULTS[model]}
    if model == "dcgan" and image_size > DIGITS_UP_TO:
        chosen |= FACES
    if "lr" in given:  # a rate given alone is both players'
        chosen["d_lr"] = None
    return Recipe(**{**chosen, **given}, model=model, data=data, image_size=image_size)


def stored_recipe(run: str, settings: dict[str, Any]) -> Recipe:
    """The recipe that a run folder's checkpoint holds.

    Raises:
        ValueError: it holds settings of another kind.
    """
    if settings.keys() != {field.name for field in fields(Recipe)}:
        raise ValueError(
            f"{run} was not made by this version of `python -m gan_utils train`, so it does not "
            "say what its networks and pictures are; load it as it was saved, or start a new run"
        )
    return Recipe(**settings)


def new_gan(made_from: Recipe) -> GAN:
    """An untrained GAN."""
    return GAN(*made_from.networks(), made_from)
