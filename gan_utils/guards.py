"""Context managers that keep a training step honest: what must not change stays as it is."""

import contextlib
import signal
import threading
from collections.abc import Iterator

import torch
from torch import nn

from gan_utils.game import Game


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
def untouched(game: Game) -> Iterator[None]:
    """Look without touching: batch norm's running averages and dropout's draws stay as they are."""
    networks = (game.generator, game.discriminator)
    norms = [m for n in networks for m in n.modules() if hasattr(m, "track_running_stats")]
    for norm in norms:
        norm.track_running_stats = False
    try:
        with torch.random.fork_rng(_gpus(game)):
            yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


@contextlib.contextmanager
def own_dropout(game: Game) -> Iterator[None]:
    """Dropout draws from PyTorch's global source: lend it the game's own state meanwhile (CPU)."""
    with torch.random.fork_rng(_gpus(game)):
        torch.set_rng_state(game.dropout_state)
        yield
        game.dropout_state = torch.get_rng_state()


def _gpus(game: Game) -> list[torch.device]:
    return [game.device] if game.device.type == "cuda" else []


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or interrupt button) into a flag, so that no step is cut in half."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return

    def interrupt(signum: int, frame: object) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
