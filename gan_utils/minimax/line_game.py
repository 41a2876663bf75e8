"""A GAN on the line: two tiny networks, the course's training step, snapshots (notebook 01)."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gan_utils import losses
from gan_utils.minimax import theory
from gan_utils.minimax.densities import Density
from gan_utils.training import (
    GAN,
    Interrupted,
    Settings,
    deferred_interrupt,
    discriminator_step,
    train_step,
)

JS_SAMPLES = 50_000
D_ALONE = 0.03  # the learning rate of a D that trains alone, at the start
HOLD = 0.2  # of the run at the full learning rate; from there it falls in a line to 0
D_FASTER = 3.0  # D's learning rate over G's: D should be near D* before G follows it
SETTINGS = Settings(latent_dim=1, batch_size=256, lr=1e-3, beta1=0.0, bfloat16=False)
ARROWS = torch.linspace(-2, 2, 21).unsqueeze(1)  # the z whose way to x a figure shows


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    Attributes:
        step, seconds: rounds played, and seconds of computing so far (CPU time, one thread).
        js: between 50,000 samples of G and as many of the data, in 120 bins, nats.
        shares: the share of G's samples in each bin, (120,).
        d: D at the centers of the bins, (120,).
        x: G(z) for the 21 z of `ARROWS`, (21,).
        gradient: the norm of the gradient in G's last update (NaN before the first).
    """

    step: int
    seconds: float
    js: float
    shares: np.ndarray
    d: np.ndarray
    x: np.ndarray
    gradient: float


def line_pair() -> tuple[nn.Sequential, nn.Sequential]:
    """Generator (N, 1) → (N, 1) and discriminator (N, 1) → logits (N, 1): 1-32-32-1 with tanh."""

    def dense() -> nn.Sequential:
        hidden = [nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh()]
        return nn.Sequential(*hidden, nn.Linear(32, 1))

    return dense(), dense()


def play(
    data: Density,
    settings: Settings = SETTINGS,
    steps: int = 3000,
    d_faster: float = D_FASTER,
    hold: float = HOLD,
    head_start: int = 0,
    g_sgd: float | None = None,
    into: list[Snapshot] | None = None,
) -> list[Snapshot]:
    """Train a `line_pair` on fresh samples of the data, on the CPU, and keep snapshots.

    They lie close at the start, where much happens, then evenly, and close in the last tenth. Best
    on one thread: the tensors are too small for two.

    Args:
        settings: `lr` is G's at the start; D's is `d_faster` times as large.
        hold: the share of the run with full learning rates; 1 keeps them to the end.
        head_start: turns that D has alone before the run, so that it wins at first.
        g_sgd: let G descend by plain SGD at this constant rate instead of by Adam.
        into: a list to fill with the snapshots, which keeps them when the run is interrupted.

    Raises:
        ValueError: fewer than 100 steps; a `hold` outside 0 … 1; samples that leave the bins or
            are not numbers, where a run has diverged.
        Interrupted: Ctrl-C or the interrupt button was pressed; the last step was finished.
    """
    if steps < 100 or not 0 <= hold <= 1:
        raise ValueError(f"steps is {steps} and hold {hold}; at least 100, and 0 … 1")
    gan = GAN(*_seeded_pair(settings.seed), settings, torch.device("cpu"))
    if g_sgd:
        gan.g_optimizer = torch.optim.SGD(gan.generator.parameters(), g_sgd)
    reference = theory.histogram(data.sample(JS_SAMPLES, seed=settings.seed + 1_000_000))
    turns = steps * settings.d_steps + head_start
    batches = iter(_batches(data, turns, settings.batch_size, settings.seed))
    dense_first = np.geomspace(1, steps, 30)
    even, dense_last = np.linspace(0, steps, 21), np.linspace(0.9 * steps, steps, 11)
    moments = {*np.concatenate([dense_first, even, dense_last]).round().astype(int).tolist()}
    run = [] if into is None else into
    with deferred_interrupt() as stop:
        for _ in range(head_start):
            with torch.no_grad():
                fake = gan.generator(gan.noise(settings.batch_size))
            discriminator_step(gan, next(batches), fake)
        run[:] = [_look(gan, reference)]
        begin = time.process_time()
        while gan.step < steps and not stop.is_set():
            left = 1 - gan.step / steps
            rate = settings.lr * min(1.0, left / max(1 - hold, 1e-9))
            gan.g_optimizer.param_groups[0]["lr"] = g_sgd or rate
            gan.d_optimizer.param_groups[0]["lr"] = rate * d_faster
            train_step(gan, lambda: next(batches))
            gan.step += 1
            if gan.step in moments or stop.is_set():
                gan.seconds += time.process_time() - begin
                run.append(_look(gan, reference))
                begin = time.process_time()
    if stop.is_set():
        kept = "lost: give a list as into=" if into is None else "in the list you gave"
        raise Interrupted(f"Stopped after step {gan.step:,} of {steps:,}. The run is {kept}.")
    return run


def learn_d(
    p: Density, q: Density, steps: int = 2000, samples: int | None = None, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """Train a discriminator alone, p against q, and return x (N,) → D(x) (N,).

    Args:
        samples: how many of each, used again and again; None draws 1,000 fresh ones at each step.
    """
    _, discriminator = _seeded_pair(seed)
    n, rows = samples or 1000, 1 if samples else steps
    real, fake = (_batches(d, rows, n, seed + k) for k, d in enumerate((p, q)))
    optimizer = torch.optim.Adam(discriminator.parameters(), D_ALONE, fused=True)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = D_ALONE * (1 - step / steps)
        row = step % rows
        loss = losses.discriminator_loss(discriminator(real[row]), discriminator(fake[row]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def d(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            points = torch.as_tensor(np.asarray(x), dtype=torch.float32).reshape(-1, 1)
            return discriminator(points).sigmoid().flatten().numpy()

    return d


def late_js(snapshots: list[Snapshot]) -> float:
    """The mean JS over the last tenth of a run, nats."""
    last = [shot.js for shot in snapshots if shot.step >= 0.9 * snapshots[-1].step]
    return sum(last) / len(last)


def swing(snapshots: list[Snapshot]) -> float:
    """How far G's middle sample, G(0), still moves about in the second half of a run."""
    middle = len(ARROWS) // 2
    places = [s.x[middle] for s in snapshots if s.step >= snapshots[-1].step / 2]
    return float(max(places) - min(places))


def js_floor(data: Density, seed: int = 0) -> float:
    """What `Snapshot.js` would read for a perfect generator: two samples of the data itself."""
    first, second = (data.sample(JS_SAMPLES, seed=seed + k) for k in (1_000_000, 2_000_000))
    return theory.js_of_shares(theory.histogram(first), theory.histogram(second))


def _batches(density: Density, count: int, size: int, seed: int) -> Tensor:
    """Fresh samples, float32 (count, size, 1)."""
    return torch.from_numpy(density.sample(count * size, seed)).float().view(count, size, 1)


def _seeded_pair(seed: int) -> tuple[nn.Sequential, nn.Sequential]:
    with torch.random.fork_rng(devices=[]):  # what other cells draw is left as it was
        torch.manual_seed(seed)
        return line_pair()


def _look(gan: GAN, reference: np.ndarray) -> Snapshot:
    source = torch.Generator().manual_seed(gan.settings.seed + gan.step)
    centers = torch.from_numpy(theory.CENTERS).float().unsqueeze(1)
    with torch.no_grad():
        samples = gan.generator(torch.randn(JS_SAMPLES, 1, generator=source)).flatten()
        d = gan.discriminator(centers).sigmoid()
        x = gan.generator(ARROWS)
    shares = theory.histogram(samples.numpy())
    gradients = [p.grad for p in gan.generator.parameters() if p.grad is not None]
    norm = math.sqrt(sum(g.square().sum().item() for g in gradients)) if gradients else math.nan
    js = theory.js_of_shares(shares, reference)
    return Snapshot(
        gan.step, gan.seconds, js, shares, d.flatten().numpy(), x.flatten().numpy(), norm
    )
