"""Train a GAN: its state, one step, the loop, what watches it, and the run folder."""

from gan_utils.training.gan import GAN, Watcher, generate
from gan_utils.training.guards import Interrupted, TrainingDiverged, deferred_interrupt, frozen
from gan_utils.training.loop import fit, must_fit
from gan_utils.training.settings import Settings, Total
from gan_utils.training.step import discriminator_step, generator_step, measure, train_step
from gan_utils.training.watchers import (
    Checkpoints,
    LivePicture,
    ProgressBar,
    Quality,
    TensorBoard,
    live,
)

__all__ = [
    "GAN",
    "Checkpoints",
    "Interrupted",
    "LivePicture",
    "ProgressBar",
    "Quality",
    "Settings",
    "TensorBoard",
    "Total",
    "TrainingDiverged",
    "Watcher",
    "deferred_interrupt",
    "discriminator_step",
    "fit",
    "frozen",
    "generate",
    "generator_step",
    "live",
    "measure",
    "must_fit",
    "train_step",
]
