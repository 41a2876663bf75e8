"""The state of a GAN in training: settings, both players, optimizers, random sources, history."""

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_utils import losses, runtime
from gan_utils.datasets.image_set import to_uint8, to_unit


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
        loss: the generator's, "non_saturating" or "minimax".
        r1: weight γ of the gradient penalty on D (`losses.r1_penalty`); 0 for none.
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
    r1: float = 0.0
    average: float = 0.0
    seed: int = 0
    bfloat16: bool | None = None

    def __post_init__(self) -> None:
        for name, lowest in [("latent_dim", 1), ("batch_size", 2), ("d_steps", 1), ("seed", 0)]:
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be {lowest} or more")
        rates = {"lr": self.lr} | ({} if self.d_lr is None else {"d_lr": self.d_lr})
        for name, rate in rates.items():
            if not (rate > 0 and math.isfinite(rate)):
                raise ValueError(
                    f"{name} is {rate}; it must be positive: 0.0002 is the usual start"
                )
        if not 0 <= self.r1 < math.inf:
            raise ValueError(f"r1 is {self.r1}; it must be 0 (no penalty) or more: 0.3, say")
        for name in ("beta1", "beta2", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more, below 1")
        losses.generator_loss(self.loss)


@dataclass(repr=False)
class Game:
    """The two players and all else that training changes.

    Attributes:
        generator, discriminator: the networks; they are moved to the device.
        settings: how they are trained.
        averaged: a moving average of the generator, or None.
        step, seconds: generator updates and training time so far.
        history: one dictionary for every tenth step: step, seconds, d_loss, g_loss, and the means
            d_real of D(x), d_fake of D(G(z)) before G's update and d_fake_after of D(G(z)), the
            same z, after it.
        snapshots: (step, uint8 images (64, C, H, W)) of the same fixed noise through time.
        interrupted: whether the last `fit` was stopped by hand.
        goal: the `training.Total` that the last `fit` aimed at, or None.
    """

    generator: nn.Module
    discriminator: nn.Module
    settings: Settings = field(default_factory=Settings)
    device: torch.device = field(default_factory=runtime.device)
    averaged: AveragedModel | None = None
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    snapshots: list[tuple[int, Tensor]] = field(default_factory=list)
    interrupted: bool = False
    goal: Any = None

    def __post_init__(self) -> None:
        settings = self.settings
        for network in (self.generator, self.discriminator):
            network.to(self.device, memory_format=torch.channels_last)
        if settings.average:
            self.averaged = AveragedModel(
                self.generator, multi_avg_fn=self._follow, use_buffers=True
            )
        self.g_optimizer = self._adam(self.generator, settings.lr)
        self.d_optimizer = self._adam(self.discriminator, settings.d_lr or settings.lr)
        self.bfloat16 = settings.bfloat16
        if self.bfloat16 is None:
            self.bfloat16 = runtime.bfloat16_pays(self.device)
        # Own random sources: what other cells draw changes nothing here.
        self.noise_source = torch.Generator(self.device).manual_seed(settings.seed)
        self.order_source = torch.Generator().manual_seed(settings.seed)
        self.dropout_state = torch.Generator().manual_seed(settings.seed).get_state()
        fixed = torch.Generator().manual_seed(settings.seed + 1)
        self.fixed_noise = torch.randn(64, settings.latent_dim, generator=fixed)
        self.order: Tensor | None = None
        self.order_state = self.order_source.get_state()
        self.position = 0

    def __repr__(self) -> str:
        return f"Game(step {self.step:,}, {self.seconds:.1f} s)"

    @property
    def best_generator(self) -> nn.Module:
        """The averaged generator if there is one, else the generator."""
        return self.averaged.module if self.averaged else self.generator

    def noise(self, n: int) -> Tensor:
        """Draw z ~ N(0, 1), float (n, latent_dim)."""
        size = (n, self.settings.latent_dim)
        return torch.randn(size, generator=self.noise_source, device=self.device)

    def next_real(self, pictures: Tensor, rank: int = 0, processes: int = 1) -> Tensor:
        """The next batch of uint8 pictures (N, C, H, W), as floats in [−1, 1] on the game's device.

        The pictures may lie elsewhere: in memory, or in a mapped file that is larger than it.
        Each epoch has its own random order, shared among the processes; a last batch that would be
        too small is left out.
        """
        size, share = self.settings.batch_size, len(pictures) // processes

        def shuffled() -> Tensor:
            everyone = torch.randperm(len(pictures), generator=self.order_source)
            return everyone[rank::processes][:share].to(pictures.device)

        if self.order is None:  # at the start, and in mid-epoch after `load_state_dict`
            self.order = shuffled()
        if self.position + size > share:
            self.order_state = self.order_source.get_state()
            self.order, self.position = shuffled(), 0
        index = self.order[self.position : self.position + size].to(pictures.device)
        self.position += size
        real = to_unit(pictures[index].to(self.device))
        return real.contiguous(memory_format=torch.channels_last)

    def autocast(self) -> torch.autocast:
        """bfloat16 inside the networks where it pays; losses and weights stay in float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n new pictures of the best generator, uint8 (n, C, H, W), on the CPU."""
        source = torch.Generator().manual_seed(seed)
        return generate(
            self.best_generator, torch.randn(n, self.settings.latent_dim, generator=source)
        )

    def snapshot(self) -> None:
        """Keep what the fixed noise looks like now."""
        self.snapshots.append((self.step, generate(self.best_generator, self.fixed_noise)))

    def state_dict(self) -> dict[str, Any]:
        """All that training changes except the networks' weights, as tensors and plain values."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "g_optimizer": self.g_optimizer.state_dict(),
            "d_optimizer": self.d_optimizer.state_dict(),
            "n_averaged": self.averaged.n_averaged if self.averaged else None,
            "noise": self.noise_source.get_state(),
            "order": self.order_state,
            "position": self.position,
            "dropout": self.dropout_state,
            "snapshots": list(self.snapshots),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.step, self.seconds = state["step"], state["seconds"]
        self.g_optimizer.load_state_dict(state["g_optimizer"])
        self.d_optimizer.load_state_dict(state["d_optimizer"])
        if self.averaged:
            self.averaged.n_averaged.copy_(state["n_averaged"])
        self.noise_source.set_state(state["noise"])
        self.order_source.set_state(state["order"])
        self.order_state, self.order, self.position = state["order"], None, state["position"]
        self.dropout_state = state["dropout"]
        self.snapshots = list(state["snapshots"])
        self.history = [row for row in self.history if row["step"] <= self.step]

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name: generator, discriminator and, where there is one, the average."""
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        return networks | ({"averaged_generator": self.averaged.module} if self.averaged else {})

    def copy_state(self) -> dict[str, Any]:
        """An independent copy of weights and state, for `restore`."""
        weights = {name: network.state_dict() for name, network in self.networks().items()}
        return copy.deepcopy({"weights": weights, "state": self.state_dict()})

    def restore(self, kept: dict[str, Any]) -> None:
        """Go back to what `copy_state` gave."""
        for name, network in self.networks().items():
            network.load_state_dict(kept["weights"][name])
        self.load_state_dict(copy.deepcopy(kept["state"]))

    def _follow(self, averages: list[Tensor], weights: list[Tensor], count: Tensor) -> None:
        """Move the averages towards the weights; in the first steps faster, or they would show

        for hundreds of steps the random weights they began with.
        """
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        get_ema_multi_avg_fn(decay)(averages, weights, count)

    def _adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        betas = (self.settings.beta1, self.settings.beta2)
        return torch.optim.Adam(network.parameters(), rate, betas, fused=True)


@torch.no_grad()
def generate(generator: nn.Module, noise: Tensor) -> Tensor:
    """Pictures from noise (N, latent_dim), uint8 (N, C, H, W) on the CPU, in eval mode."""
    device = next(generator.parameters()).device
    was_training = generator.training
    generator.eval()
    pictures = [to_uint8(generator(part.to(device))).cpu() for part in noise.split(500)]
    generator.train(was_training)
    return torch.cat(pictures)
