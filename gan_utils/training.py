"""Train a GAN: one step, and `fit`, which repeats it (first written out in notebook 02).

`fit` moves a `Game` forward. Stopping it and calling it again goes on exactly where it stopped.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_utils import losses, runtime
from gan_utils.datasets.image_set import ImageSet
from gan_utils.game import Game, Settings, generate
from gan_utils.guards import deferred_interrupt, frozen, own_dropout, untouched
from gan_utils.models import parameters_finite
from gan_utils.team import Team

__all__ = [
    "Game",
    "Settings",
    "Total",
    "TrainingDiverged",
    "check",
    "fit",
    "generate",
    "train_step",
]

R1_EVERY = 8  # steps between two gradient penalties, each of 8 times the weight
RECORD_EVERY = 10  # steps between two points of the history
SNAPSHOTS_GROW = 1.2  # each snapshot of the fixed noise comes 20% more steps after the one before
KEEP_EVERY = 5.0  # seconds between two copies in memory of a state that is known to be good
ON_DEVICE = 2**30  # bytes of pictures that move to the GPU whole; of more, each batch moves alone
# layers that look at each picture by itself
EACH_ALONE = (nn.Sequential, nn.Linear, nn.Conv2d, nn.Flatten, nn.LeakyReLU, nn.ReLU, nn.Dropout)
COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")

Watcher = Callable[[Game, bool], None]


class TrainingDiverged(RuntimeError):
    """A loss became NaN or infinite; the game was put back to its last good state."""


def train_step(
    game: Game,
    next_real: Callable[[], Tensor],
    record: bool = False,
    share: Callable[[nn.Module], None] = lambda network: None,
) -> Tensor:
    """One round of Algorithm 1 (Goodfellow et al. 2014): `d_steps` updates of D, then one of G.

    Args:
        game: changed in place, except its step count.
        next_real: gives the next real images, float (N, C, H, W) in [−1, 1].
        record: also measure D(x) and D(G(z)).
        share: averages a network's gradients over processes, where there are several.

    Returns:
        float (5,): the two losses, then the means of D(x), D(G(z)) before G's step and after it;
        without `record` float (2,): the two losses.
    """
    generator, discriminator = game.generator, game.discriminator
    generator_loss = losses.generator_loss(game.settings.loss)

    for _ in range(game.settings.d_steps):
        real = next_real()
        z = game.noise(len(real))
        with game.autocast():
            fake = generator(z)
            real_logits, fake_logits = judge(discriminator, real, fake.detach())
        d_loss = losses.discriminator_loss(real_logits, fake_logits)
        game.d_optimizer.zero_grad()
        d_loss.backward()
        if game.settings.r1 and game.step % R1_EVERY == 0:  # "lazy": Karras et al. 2020
            with game.autocast():
                penalty = losses.r1_penalty(discriminator, real)
            (R1_EVERY * game.settings.r1 * penalty).backward()
        share(discriminator)
        game.d_optimizer.step()

    # G is still the one that made `fake`, so its graph serves again. D only passes gradients on.
    with frozen(discriminator):
        with game.autocast():
            before = discriminator(fake).float()
        g_loss = generator_loss(before)
        game.g_optimizer.zero_grad()
        g_loss.backward()
    share(generator)
    game.g_optimizer.step()
    if game.averaged:
        game.averaged.update_parameters(generator)

    if not record:
        return torch.stack([d_loss.detach(), g_loss.detach()])
    with torch.no_grad(), game.autocast(), untouched(game):
        after = discriminator(generator(z)).float()
    means = [logits.detach().sigmoid().mean() for logits in (real_logits, before, after)]
    return torch.stack([d_loss.detach(), g_loss.detach(), *means])


def judge(discriminator: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, 1), float32, of real and of fake pictures (N, C, H, W).

    A network that looks at each picture by itself gets both in one pass: the same numbers from
    fewer and larger products. One that might mix them, as batch norm does, gets each batch alone.
    """
    if all(isinstance(module, EACH_ALONE) for module in discriminator.modules()):
        both = discriminator(torch.cat([real, fake.to(real.dtype)])).float()
        return both[: len(real)], both[len(real) :]
    return discriminator(real).float(), discriminator(fake).float()


@dataclass(frozen=True)
class Total:
    """How long a game trains in all: a number of `steps`, or of `seconds`."""

    steps: int | None = None
    seconds: float | None = None

    @classmethod
    def of(
        cls,
        *,
        steps: int | None = None,
        epochs: float | None = None,
        seconds: float | None = None,
        steps_per_epoch: int,
    ) -> "Total":
        """From exactly one of the three.

        Raises:
            ValueError: none or several are given, or one that is negative or not a number.
        """
        given = {"steps": steps, "epochs": epochs, "seconds": seconds}
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'nothing'} given; say how long to train with exactly one "
                "of steps, epochs, seconds"
            )
        for name, value in given.items():
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} is {value}; it must be 0 or more")
        if epochs is not None:
            steps = round(epochs * steps_per_epoch)
        return cls(steps, seconds)

    def reached(self, game: Game, since: float | None = None) -> bool:
        """Whether the game has trained this long; `since`: the clock of a stretch not yet added."""
        if self.seconds is None:
            return game.step >= self.steps
        running = 0.0 if since is None else time.perf_counter() - since
        return game.seconds + running >= self.seconds


def fit(
    game: Game,
    images: ImageSet,
    *,
    steps: int | None = None,
    epochs: float | None = None,
    seconds: float | None = None,
    watchers: Sequence[Watcher] | None = None,
) -> Game:
    """Train until the game has had so many steps, epochs or seconds of training, all told.

    The total counts earlier calls: after an interruption the same call goes on where it stopped,
    and ends where it would have ended. Only pictures that are not held out are used.

    Args:
        game: changed in place, and returned.
        images: uint8 pictures of the shape that the discriminator takes.
        steps, epochs, seconds: exactly one of them. An epoch is len(images.train) // batch_size
            steps; seconds count training alone, not pictures or checkpoints.
        watchers: each is called as ``watcher(game, done)`` every tenth step and at the end; the
            default is a progress bar and one picture that is updated in place (`watching.live`).

    Raises:
        ValueError: not exactly one total, or a negative one; fewer pictures than one batch;
            pictures of another shape than the networks'.
        TrainingDiverged: a loss became NaN or infinite; the game is back at its last good state.
    """
    team = Team.here()
    check(game, images, team.processes)
    pictures = images.train.images
    per_epoch = len(pictures) // team.processes // game.settings.batch_size
    total = Total.of(steps=steps, epochs=epochs, seconds=seconds, steps_per_epoch=per_epoch)
    if watchers is None:
        from gan_utils.watching import live

        watchers = live()
    if team.rank > 0:
        watchers = []
        game.noise_source.manual_seed(game.settings.seed + 1_000_003 * team.rank + game.step)
    if pictures.nbytes <= ON_DEVICE:
        pictures = pictures.to(game.device)
    if not game.snapshots:
        game.snapshot()
    game.goal = total
    kept, kept_at = game.copy_state(), time.monotonic()

    with deferred_interrupt() as stop, own_dropout(game), runtime.undisturbed():
        while not team.any(stop.is_set() or total.reached(game)):
            first, clock = game.step + 1, time.perf_counter()
            rows = []  # of numbers, left on the device until the stretch ends
            while not rows or (game.step % RECORD_EVERY and game.step not in (1, total.steps)):
                record = (game.step + 1) % RECORD_EVERY == 0 or game.step + 1 in (1, total.steps)
                rows.append(
                    train_step(
                        game,
                        lambda: game.next_real(pictures, team.rank, team.processes),
                        record,
                        team.share,
                    )
                )
                game.step += 1
                if team.alone and (stop.is_set() or total.reached(game, since=clock)):
                    break
            numbers = [row.tolist() for row in rows]
            game.seconds += time.perf_counter() - clock
            game.dropout_state = torch.get_rng_state()

            bad = [first + i for i, row in enumerate(numbers) if not all(map(math.isfinite, row))]
            if bad:
                game.restore(kept)
                for watcher in watchers:
                    watcher(game, True)
                raise TrainingDiverged(
                    f"a loss became NaN or infinite at step {bad[0]:,}; the networks are back as "
                    f"they were after step {game.step:,}. Try a lower lr (it was "
                    f"{game.settings.lr:g}), or bfloat16=False if it happens late."
                )
            if record:
                point = dict(zip(COLUMNS, numbers[-1], strict=True))
                game.history.append({"step": game.step, "seconds": game.seconds, **point})
                if game.step >= game.snapshots[-1][0] * SNAPSHOTS_GROW:
                    game.snapshot()
            if time.monotonic() - kept_at > KEEP_EVERY and parameters_finite(
                *game.networks().values()
            ):
                kept, kept_at = game.copy_state(), time.monotonic()
            for watcher in watchers:
                watcher(game, False)
        game.interrupted = stop.is_set()
        if game.snapshots[-1][0] < game.step:
            game.snapshot()
        for watcher in watchers:
            watcher(game, True)
    if game.interrupted:
        print(
            f"Stopped after step {game.step:,}. Nothing is lost: the same call goes on from here."
        )
    return game


def check(game: Game, images: ImageSet, processes: int = 1) -> None:
    """Whether the game can train on these images.

    Raises:
        ValueError: fewer pictures than one batch, or pictures of another shape than the networks'.
    """
    share = len(images.train) // processes
    if share < game.settings.batch_size:
        raise ValueError(
            f"batch_size is {game.settings.batch_size}, but there are only {share:,} pictures to "
            "train on; take a smaller batch or more pictures"
        )
    made = tuple(generate(game.generator, game.fixed_noise[:1]).shape[1:])
    if made != images.shape:
        raise ValueError(
            f"the generator makes pictures of shape {made}, but the data has {images.shape} "
            "(C, H, W); resize the data or build the networks for it"
        )
