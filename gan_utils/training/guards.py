"""Context managers that keep a training step honest: what must not change stays as it is."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gan_utils.models import parameters_finite
from gan_utils.training.gan import GAN

NORMS = (nn.modules.batchnorm._NormBase,)  # batch and instance norm
KEEP_EVERY = 5.0  # seconds between two copies in memory of a state that is known to be good


class TrainingDiverged(RuntimeError):
    """A loss became NaN or infinite; the GAN was put back to its last good state."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped by hand; the GAN keeps all it has learned.

    A notebook shows the message alone, without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@contextlib.contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through the network without computing those of its parameters."""
    learning = [p for p in network.parameters() if p.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


@contextlib.contextmanager
def untouched(gan: GAN) -> Iterator[None]:
    """Look without touching: batch norm's running averages and dropout's draws stay as they are."""
    networks = (gan.generator, gan.discriminator)
    layers = [layer for network in networks for layer in network.modules()]
    norms = [(layer, layer.track_running_stats) for layer in layers if isinstance(layer, NORMS)]
    for norm, _ in norms:
        norm.track_running_stats = False
    try:
        with torch.random.fork_rng(_gpus(gan)):
            yield
    finally:
        for norm, tracked in norms:
            norm.track_running_stats = tracked


@contextlib.contextmanager
def own_dropout(gan: GAN) -> Iterator[None]:
    """Dropout draws from its device's global source: lend that the GAN's own state meanwhile."""
    with torch.random.fork_rng(_gpus(gan)):
        if gan.device.type == "cuda":
            torch.cuda.set_rng_state(gan.dropout_state, gan.device)
        elif gan.device.type == "cpu":
            torch.set_rng_state(gan.dropout_state)
        yield
        keep_dropout(gan)


def keep_dropout(gan: GAN) -> None:
    """Take down where the dropout's random source is, as part of the GAN's state."""
    if gan.device.type == "cuda":
        gan.dropout_state = torch.cuda.get_rng_state(gan.device)
    elif gan.device.type == "cpu":
        gan.dropout_state = torch.get_rng_state()


def _gpus(gan: GAN) -> list[torch.device]:
    return [gan.device] if gan.device.type == "cuda" else []


class LastGood:
    """The last state of a GAN that is known to be good, and the losses since."""

    def __init__(self, gan: GAN) -> None:
        self.gan = gan
        self.losses: list[Tensor] = []
        self.kept, self.kept_at = gan.copy_state(), time.monotonic()

    def add(self, *losses: Tensor) -> None:
        """Take down a step's losses; they stay on the device until `check`."""
        self.losses.append(torch.stack(losses))

    def check(self) -> None:
        """Look at the losses since the last time.

        Raises:
            TrainingDiverged: one is not finite; the GAN is put back.
        """
        gan, first = self.gan, self.gan.step - len(self.losses) + 1
        losses, self.losses = [row.tolist() for row in self.losses], []
        bad = [first + i for i, row in enumerate(losses) if not all(map(math.isfinite, row))]
        if bad:
            gan.restore(self.kept)
            raise TrainingDiverged(
                f"a loss became NaN or infinite at step {bad[0]:,}; the networks are back as they "
                f"were after step {gan.step:,}. Start anew with a lower lr (it was "
                f"{gan.settings.lr:g})"
                + (", or with bfloat16=False if it happens late" if gan.bfloat16 else "")
            )
        late = time.monotonic() - self.kept_at > KEEP_EVERY
        if late and parameters_finite(*gan.networks().values()):
            self.kept, self.kept_at = gan.copy_state(), time.monotonic()


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or interrupt button) into a flag, so that no step is cut in half."""
    flag, mine = threading.Event(), threading.current_thread() is threading.main_thread()

    def interrupt(signum: int, frame: object) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()

    before = signal.signal(signal.SIGINT, interrupt) if mine else None
    try:
        yield flag
    finally:
        if mine:
            signal.signal(signal.SIGINT, before)
