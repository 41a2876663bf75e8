"""How to train, and how long."""

import math
from dataclasses import dataclass

from gan_utils import losses


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        latent_dim: the length of the noise vector z ~ N(0, 1).
        batch_size: real pictures in each step (of each process, where there are several).
        lr, beta1, beta2: Adam's learning rate, the decay of its momentum and of its mean square,
            for both players.
        d_lr: D's own learning rate, where it has one (Heusel et al. 2017: two time scales).
        d_steps: discriminator updates for each generator update: k in Algorithm 1.
        loss: the name of an objective, a key of `losses.OBJECTIVES`.
        classes: how many labels the networks take beside noise and pictures; 0 for none.
        average: the decay per step of the generator's moving average; 0 for none. At the start it
            is (1 + step)/(10 + step) where that is less.
        seed: of the noise, the data order and dropout.
        bfloat16: run the networks in bfloat16? None: where the hardware multiplies it.

    Raises:
        ValueError: a setting out of its range; the message says which.
    """

    latent_dim: int = 100
    batch_size: int = 128
    lr: float = 2e-4
    d_lr: float | None = None
    beta1: float = 0.5
    beta2: float = 0.999
    d_steps: int = 1
    loss: str = "non_saturating"
    classes: int = 0
    average: float = 0.0
    seed: int = 0
    bfloat16: bool | None = None

    def __post_init__(self) -> None:
        lowest = {"latent_dim": 1, "batch_size": 2, "d_steps": 1, "classes": 0, "seed": 0}
        for name, least in lowest.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
                raise ValueError(f"{name} is {value!r}; it must be a whole number, {least} or more")
        rates, shares = ("lr", "d_lr"), ("beta1", "beta2", "average")
        for name in (*rates, *shares):
            value = getattr(self, name)
            if (name, value) == ("d_lr", None):
                continue
            if not isinstance(value, int | float):
                raise ValueError(f"{name} is {value!r}; it must be a number")
            if name in rates and not 0 < value < math.inf:
                raise ValueError(f"{name} is {value}; it must be positive; 0.0002 is usual")
            if name in shares and not 0 <= value < 1:
                raise ValueError(f"{name} is {value}; it must be 0 or more, below 1")
        if self.bfloat16 not in (None, False, True):
            raise ValueError(f"bfloat16 is {self.bfloat16!r}; it must be True, False or None")
        if self.loss not in losses.OBJECTIVES:
            known = ", ".join(losses.OBJECTIVES)
            raise ValueError(f"loss is {self.loss!r}; it must be one of {known}")

    @property
    def objective(self) -> losses.Objective:
        """What the players minimize."""
        return losses.OBJECTIVES[self.loss]


@dataclass(frozen=True)
class Total:
    """How long a GAN trains in all: a number of `steps`, or of `seconds` of training."""

    steps: float = math.inf
    seconds: float = math.inf

    @classmethod
    def of(cls, steps_per_epoch: int, **named: float | None) -> "Total":
        """From exactly one of `steps`, `epochs` and `seconds`; the others are None or left out.

        Raises:
            ValueError: none or several are given, or one that is negative or not a number.
        """
        given = {name: value for name, value in named.items() if value is not None}
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'nothing'} given; say how long to train with exactly one "
                "of steps, epochs, seconds"
            )
        for name, value in given.items():
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; it must be 0 or more")
        if "epochs" in given:
            return cls(steps=round(given["epochs"] * steps_per_epoch))
        return cls(**given)

    def reached(self, step: int, seconds: float) -> bool:
        """Whether so many steps and seconds are that long."""
        return step >= self.steps or seconds >= self.seconds
