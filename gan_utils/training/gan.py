"""The state of a GAN in training: settings, both players, optimizers, random sources, history."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_utils import runtime
from gan_utils.datasets import to_uint8, to_unit
from gan_utils.training.players import dtype, given, inner, lay_out
from gan_utils.training.settings import Settings, Total
from gan_utils.training.team import Team

Watcher = Callable[["GAN", bool], None]  # called as watcher(gan, done) while `fit` trains
SHOWN = 64  # pictures in a snapshot


@dataclass(repr=False, eq=False)
class GAN:
    """The two players and all else that training changes.

    Attributes:
        generator, discriminator: the networks, noise (N, latent_dim) → pictures (N, C, H, W) in
            (−1, 1) and pictures → logits (N, 1); with `Settings.classes`, both also take int64
            labels (N,). They are moved to the device.
        settings: how they are trained.
        averaged: a moving average of the generator, or None.
        step, seconds: generator updates and training time so far.
        history: one dictionary for every tenth step: step, seconds, d_loss, g_loss, and the means
            d_real of D(x), d_fake of D(G(z)) before G's update and d_fake_after of D(G(z)), the
            same z, after it.
        snapshots: (step, uint8 images (64, C, H, W)) of the same fixed noise through time.
        goal, began: how long the last `fit` aimed to train, and the step it began at.
        team: the processes that train together, set by `fit`.

    Raises:
        ValueError: the networks fit neither each other nor the settings, or D ends in a sigmoid.
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
    goal: Total = field(default_factory=lambda: Total(steps=0))
    began: int = 0
    team: Team = field(default_factory=Team)

    def __post_init__(self) -> None:
        settings = self.settings
        self.dtype = dtype(self.generator)
        self.fixed_noise = _noise_of(SHOWN, settings.latent_dim, settings.seed + 1)
        self.fixed_labels = self.labels_for(SHOWN)
        players = self.generator.to(self.device), self.discriminator.to(self.device)
        few = given(self.fixed_noise[:2].to(self.dtype), self.labels_for(2))
        self.layout = lay_out(*players, [column.to(self.device) for column in few])
        if settings.average:
            self.averaged = AveragedModel(
                inner(self.generator), multi_avg_fn=self._follow, use_buffers=True
            )
        adam = partial(torch.optim.Adam, betas=(settings.beta1, settings.beta2), fused=True)
        self.g_optimizer: torch.optim.Optimizer = adam(self.generator.parameters(), settings.lr)
        self.d_optimizer: torch.optim.Optimizer = adam(
            self.discriminator.parameters(), settings.d_lr or settings.lr
        )
        pays = self.dtype == torch.float32 and runtime.bfloat16_pays(self.device)
        self.bfloat16 = pays if settings.bfloat16 is None else settings.bfloat16
        # Own random sources: what other cells draw changes nothing here.
        self.noise_source = torch.Generator(self.device).manual_seed(settings.seed)
        self.order_source = torch.Generator().manual_seed(settings.seed)
        self.dropout_state = torch.Generator(self.device).manual_seed(settings.seed).get_state()
        self.order: Tensor | None = None
        self.order_state = self.order_source.get_state()
        self.position = 0

    def __repr__(self) -> str:
        return f"GAN(step {self.step:,}, {self.seconds:.1f} s)"

    @property
    def best_generator(self) -> nn.Module:
        """The averaged generator if there is one, else the generator."""
        return self.averaged.module if self.averaged else inner(self.generator)

    def noise(self, n: int) -> Tensor:
        """Draw z ~ N(0, 1), float (n, latent_dim)."""
        size = (n, self.settings.latent_dim)
        return torch.randn(size, generator=self.noise_source, device=self.device, dtype=self.dtype)

    def labels_for(self, n: int) -> Tensor | None:
        """Each class in turn, int64 (n,), for a pair that takes labels; else None."""
        return torch.arange(n) % self.settings.classes if self.settings.classes else None

    def next_batch(
        self, pictures: Tensor, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The next batch of uint8 pictures (N, C, H, W), as floats in [−1, 1] on the GAN's device,

        and its labels, where there are any. The pictures may lie elsewhere: in memory, or in a
        mapped file that is larger than it. Each epoch has its own random order, shared among the
        processes; a last batch that would be too small is left out.
        """
        size, share = self.settings.batch_size, len(pictures) // self.team.processes
        if self.order is None:  # at the start, and in mid-epoch after `load_state_dict`
            self.order = self._shuffled(len(pictures), share)
        if self.position + size > share:
            self.order_state = self.order_source.get_state()
            self.order, self.position = self._shuffled(len(pictures), share), 0
        index = self.order[self.position : self.position + size]
        self.position += size
        batch = pictures[index.to(pictures.device)]
        if self.device.type == "cuda" and not batch.is_cuda:
            batch = batch.pin_memory()  # so that the copy need not be waited for
        real = to_unit(batch.to(self.device, non_blocking=True)).to(self.dtype)
        real = real.contiguous(memory_format=self.layout)
        return real, None if labels is None else labels[index].to(self.device)

    def _shuffled(self, pictures: int, share: int) -> Tensor:
        """This process' share of an epoch's order."""
        everyone = torch.randperm(pictures, generator=self.order_source)
        return everyone[self.team.rank :: self.team.processes][:share]

    def autocast(self) -> torch.autocast:
        """bfloat16 inside the networks where it pays; losses and weights stay in float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def sample(self, n: int, seed: int = 0, labels: Tensor | None = None) -> Tensor:
        """n new pictures of the best generator, uint8 (n, C, H, W), on the CPU.

        Args:
            n: how many.
            seed: of the noise.
            labels: int64 (n,) for a pair that takes them; default each class in turn.
        """
        noise = _noise_of(n, self.settings.latent_dim, seed)
        chosen = self.labels_for(n) if labels is None else labels
        return generate(self.best_generator, noise, chosen)

    def snapshot(self) -> None:
        """Keep what the fixed noise looks like now."""
        images = generate(self.best_generator, self.fixed_noise, self.fixed_labels)
        self.snapshots.append((self.step, images))

    def state_dict(self) -> dict[str, Any]:
        """All that training changes except the networks' weights, as tensors and plain values."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "g_optimizer": self.g_optimizer.state_dict(),
            "d_optimizer": self.d_optimizer.state_dict(),
            "n_averaged": self.averaged.n_averaged if self.averaged else None,
            "device": self.device.type,
            "noise": self.noise_source.get_state(),
            "order": self.order_state,
            "position": self.position,
            "dropout": self.dropout_state,
            "snapshots": list(self.snapshots),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave, on this kind of device or another.

        Another kind of device has another kind of random source: the GAN then goes on, but with
        other noise than it would have drawn there, and a line says so.
        """
        self.step, self.seconds = state["step"], state["seconds"]
        self.g_optimizer.load_state_dict(state["g_optimizer"])
        self.d_optimizer.load_state_dict(state["d_optimizer"])
        if self.averaged:
            self.averaged.n_averaged.copy_(state["n_averaged"])
        if state["device"] == self.device.type:
            self.noise_source.set_state(state["noise"])
            self.dropout_state = state["dropout"]
        else:
            self.noise_source.manual_seed(self.settings.seed + self.step)
            self.dropout_state = self.noise_source.get_state()
            print(
                f"Trained on {state['device']} until now, on {self.device.type} from step "
                f"{self.step:,} on: the noise differs from here."
            )
        self.order_source.set_state(state["order"])
        self.order_state, self.order, self.position = state["order"], None, state["position"]
        self.snapshots = list(state["snapshots"])
        self.history = [row for row in self.history if row["step"] <= self.step]

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name: generator, discriminator and, where there is one, the average."""
        players = {"generator": self.generator, "discriminator": self.discriminator}
        average = {"averaged_generator": self.averaged.module} if self.averaged else {}
        return {name: inner(network) for name, network in players.items()} | average

    def copy_state(self) -> dict[str, Any]:
        """All that training changes, for `restore`; what only grows is shared, the rest copied."""
        state = self.state_dict()
        snapshots = state.pop("snapshots")
        networks = {name: network.state_dict() for name, network in self.networks().items()}
        kept = copy.deepcopy({"networks": networks, "state": state})
        kept["state"]["snapshots"] = snapshots
        return kept | {"history": self.history}

    def restore(self, kept: dict[str, Any]) -> None:
        """Go back to what `copy_state` gave."""
        for name, network in self.networks().items():
            network.load_state_dict(kept["networks"][name])
        self.history = list(kept["history"])
        self.load_state_dict(copy.deepcopy(kept["state"]))

    def _follow(self, averages: Any, weights: Any, count: Tensor | int) -> None:
        """Move the averages towards the weights; in the first steps faster, or they would show

        for hundreds of steps the random weights they began with.
        """
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        get_ema_multi_avg_fn(decay)(averages, weights, count)


@torch.no_grad()
def generate(generator: nn.Module, noise: Tensor, labels: Tensor | None = None) -> Tensor:
    """Pictures from noise (N, latent_dim), uint8 (N, C, H, W) on the CPU, in eval mode.

    `labels`, int64 (N,), are for a generator that takes them.
    """
    like = next(generator.parameters())
    columns = given(noise.to(like.dtype), labels)
    was_training = generator.training
    generator.eval()
    try:
        parts = zip(*(column.split(500) for column in columns), strict=True)
        pictures = [to_uint8(generator(*[c.to(like.device) for c in part])).cpu() for part in parts]
    finally:
        generator.train(was_training)
    return torch.cat(pictures)


def _noise_of(n: int, latent_dim: int, seed: int) -> Tensor:
    """The same z ~ N(0, 1) on every device, float32 (n, latent_dim), on the CPU."""
    source = torch.Generator().manual_seed(seed)
    return torch.randn((n, latent_dim), generator=source, dtype=torch.float32)
