"""Train a GAN: `fit` repeats the step of notebook 02 until a total is reached."""

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_utils.datasets import ImageSet
from gan_utils.training.gan import GAN, Watcher, generate
from gan_utils.training.guards import (
    Interrupted,
    LastGood,
    TrainingDiverged,
    deferred_interrupt,
    keep_dropout,
    own_dropout,
)
from gan_utils.training.settings import Total
from gan_utils.training.step import COLUMNS, measure, train_step
from gan_utils.training.team import Team
from gan_utils.training.watchers import live

RECORD_EVERY = 10  # steps between two points of the history
SNAPSHOTS_GROW = 1.2  # each snapshot of the fixed noise comes 20% more steps after the one before


def fit(
    gan: GAN,
    images: ImageSet,
    *,
    steps: int | None = None,
    epochs: float | None = None,
    seconds: float | None = None,
    watchers: Sequence[Watcher] | None = None,
    extra: Watcher | Sequence[Watcher] = (),
) -> GAN:
    """Train until the GAN has had so many steps, epochs or seconds of training, all told.

    The total counts earlier calls: after an interruption the same call goes on where it stopped,
    and ends where it would have ended. Only pictures that are not held out are used.

    Args:
        gan: changed in place, and returned.
        images: uint8 pictures of the shape that the discriminator takes; their labels are used
            where `Settings.classes` says so.
        steps, epochs, seconds: exactly one of them. An epoch is len(images.train) // batch_size
            steps; seconds count training alone, not pictures or checkpoints.
        watchers: each is called as ``watcher(gan, done)`` every tenth step and at the end; the
            default is a progress bar and one picture that is updated in place (`training.live`).
        extra: one more watcher, or several, beside these.

    Raises:
        ValueError: not exactly one total, or a negative one; fewer pictures than one batch;
            pictures or labels that are not the networks'.
        TrainingDiverged: a loss became NaN or infinite; the GAN is back at its last good state.
        Interrupted: Ctrl-C or the interrupt button was pressed; the step was finished, and the GAN
            goes on from it by the same call.
    """
    gan.team = team = Team.here()
    must_fit(gan, images, team.processes)
    train = images.train
    per_epoch = len(train) // team.processes // gan.settings.batch_size
    total = Total.of(steps=steps, epochs=epochs, seconds=seconds, steps_per_epoch=per_epoch)
    watchers = live() if watchers is None else watchers
    watchers = [*watchers, *([extra] if callable(extra) else extra)]
    if team.rank:  # one process of a team shows and saves
        watchers = []
    pictures = train.images.to(gan.device) if _room(gan.device, train.images) else train.images
    labels = train.labels if gan.settings.classes else None
    team.spread(t for network in gan.networks().values() for t in network.state_dict().values())
    if team.rank:  # the same weights and order, other noise
        gan.noise_source.manual_seed(gan.settings.seed + 1_000_003 * team.rank + gan.step)
    gan.goal, gan.began = total, gan.step
    gan.generator.train()
    gan.discriminator.train()
    if not gan.snapshots:
        gan.snapshot()

    with deferred_interrupt() as stop, own_dropout(gan), torch.enable_grad():
        good, due = LastGood(gan), True
        while not _over(gan, total, stop.is_set(), due):
            clock = time.perf_counter()
            done = train_step(gan, lambda: gan.next_batch(pictures, labels))
            gan.step += 1
            good.add(done.d_loss, done.g_loss)
            due = gan.step % RECORD_EVERY == 0 or gan.step in (1, total.steps)
            numbers = measure(gan, done).tolist() if due else None
            gan.seconds += time.perf_counter() - clock
            if numbers:
                _look(gan, good, watchers)
                _record(gan, numbers)
                for watcher in watchers:
                    watcher(gan, False)
        _look(gan, good, watchers)
        if gan.snapshots[-1][0] < gan.step:
            gan.snapshot()
        for watcher in watchers:
            watcher(gan, True)
    if stop.is_set():
        raise Interrupted(
            f"Stopped after step {gan.step:,}. Nothing is lost: fit() with this GAN goes on "
            "from here."
        )
    return gan


def _over(gan: GAN, total: Total, stopped: bool, due: bool) -> bool:
    """Whether to stop; several processes vote, at the steps that are recorded."""
    over = stopped or total.reached(gan.step, gan.seconds)
    return over if gan.team.alone else due and gan.team.any(over, gan.device)


def _look(gan: GAN, good: LastGood, watchers: Sequence[Watcher]) -> None:
    """Check the losses; where one is not finite, watchers still see the end."""
    keep_dropout(gan)
    try:
        good.check()
    except TrainingDiverged:
        for watcher in watchers:
            watcher(gan, True)
        raise


def _record(gan: GAN, numbers: list[float]) -> None:
    point = dict(zip(COLUMNS, numbers, strict=True))
    gan.history.append({"step": gan.step, "seconds": gan.seconds, **point})
    if gan.step >= gan.snapshots[-1][0] * SNAPSHOTS_GROW:
        gan.snapshot()


def _room(device: torch.device, pictures: Tensor) -> bool:
    """Whether all pictures can lie on the device: half of a GPU's free memory is left to train."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return pictures.nbytes <= free // 2


def must_fit(gan: GAN, images: ImageSet, processes: int = 1) -> None:
    """Refuse images that the GAN cannot train on.

    Raises:
        ValueError: fewer pictures than one batch, pictures of another shape than the networks', or
            no labels for a pair that takes them.
    """
    share = len(images.train) // processes
    if share < gan.settings.batch_size:
        raise ValueError(
            f"batch_size is {gan.settings.batch_size}, but there are only {share:,} pictures to "
            "train on; take a smaller batch or more pictures"
        )
    made = tuple(generate(gan.generator, gan.fixed_noise[:1], gan.labels_for(1)).shape[1:])
    if made != images.shape:
        raise ValueError(
            f"the generator makes pictures of shape {made}, but the data has {images.shape} "
            "(C, H, W); resize the data or build the networks for it"
        )
    classes = gan.settings.classes
    theirs = torch.empty(0, 0) if images.labels is None else images.labels
    if classes and not (theirs.ndim == 1 and ((theirs >= 0) & (theirs < classes)).all()):
        raise ValueError(
            f"the networks take {classes} labels (Settings.classes), one for each picture, 0 … "
            f"{classes - 1}; these pictures have none, or others"
        )
