"""What watches a run: a progress bar, a live picture, TensorBoard, checkpoints, quality.

`training.fit` calls each at every tenth step and at the end. None draws global random numbers.
"""

import math
import time
from bisect import bisect_right
from pathlib import Path

from IPython import get_ipython
from IPython.display import Image, display
from tqdm.auto import tqdm

from gan_utils import figures, metrics, runtime
from gan_utils.training.checkpoint import save
from gan_utils.training.gan import GAN, Watcher, generate
from gan_utils.training.step import COLUMNS


class Pace:
    """True when `every` seconds have passed since the last time it was true."""

    def __init__(self, every: float) -> None:
        self.every, self.last = every, float("-inf")

    def __call__(self) -> bool:
        if time.monotonic() - self.last < self.every:
            return False
        self.last = time.monotonic()
        return True


class ProgressBar:
    """One bar over the whole run, in steps or in seconds of training."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None

    def __call__(self, gan: GAN, done: bool) -> None:
        timed = gan.goal.seconds < math.inf
        if self.bar is None:
            goal = gan.goal.seconds if timed else gan.goal.steps
            style = "{l_bar}{bar}| {n:.0f}/{total:.0f} {unit} {postfix}"
            self.bar = tqdm(total=goal, unit="s" if timed else "steps", bar_format=style)
        now = gan.seconds if timed else gan.step
        self.bar.n = min(now, self.bar.total)
        rate = gan.step * gan.settings.batch_size / max(gan.seconds, 1e-9)
        self.bar.set_postfix_str(f"step {gan.step:,}, {rate:,.0f} images/s")
        if done:
            self.bar.close()
            self.bar = None


class LivePicture:
    """In a notebook, one picture that is redrawn in place; the last one stays in the notebook."""

    def __init__(self, every: float = 2.0) -> None:
        self.pace, self.handle = Pace(every), None

    def __call__(self, gan: GAN, done: bool) -> None:
        if not (done or self.pace()):
            return
        settings = gan.settings
        title = f"step {gan.step:,}, {gan.seconds:.0f} s"
        made_with = runtime.provenance(
            seed=settings.seed, batch=settings.batch_size, steps=gan.step, seconds=gan.seconds
        )
        images = generate(gan.best_generator, gan.fixed_noise, gan.fixed_labels)
        png = figures.training_picture(images, gan.history, title, made_with)
        words = f"{title}: samples of the fixed noise, both losses, what D believes"
        picture = Image(png, metadata={"alt": words})
        if self.handle is None:
            self.handle = display(picture, display_id=True)
        else:
            self.handle.update(picture)


class TensorBoard:
    """Scalars for every point of the history and a grid for every snapshot, in `folder`."""

    def __init__(self, folder: str | Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # A resumed run's first points are there already.
        self.resumed = any(Path(folder).glob("events.out.tfevents.*"))
        self.writer = SummaryWriter(str(folder))
        self.point, self.snapshot = -1.0, -1  # the last steps that are written

    def __call__(self, gan: GAN, done: bool) -> None:
        if self.resumed and self.point < 0:
            self.point = self.snapshot = gan.began
        new = bisect_right(gan.history, self.point, key=lambda row: row["step"])
        for row in gan.history[new:]:
            self.point = row["step"]
            for name in COLUMNS:
                kind = "loss" if name.endswith("loss") else "verdict"
                self.writer.add_scalar(f"{kind}/{name}", row[name], row["step"])
        for step, images in gan.snapshots:
            if step > self.snapshot:
                self.snapshot, sheet = step, figures.grid(images)
                layout = "HW" if sheet.ndim == 2 else "HWC"
                self.writer.add_image("fixed noise", sheet, step, dataformats=layout)
        if done:
            self.writer.flush()


class Checkpoints:
    """A checkpoint in `folder` every `every` seconds and at the end."""

    def __init__(self, folder: str | Path, about: dict[str, object], every: float = 30.0) -> None:
        self.folder, self.about, self.pace = Path(folder), about, Pace(every)
        self.pace()

    def __call__(self, gan: GAN, done: bool) -> None:
        if done or self.pace():
            save(gan, self.folder, self.about)


class Quality:
    """FID and classes covered through time, of n samples of the same noise, for digits.

    Measured first at step 10, then each time that steps have grown by `GROWTH`.

    Attributes:
        rows: one dictionary for each measurement: step, fid, floor, covered, smallest (share).
    """

    GROWTH = 1.5

    def __init__(self, n: int = 1000) -> None:
        self.n = n
        self.rows: list[dict[str, float]] = []

    def __call__(self, gan: GAN, done: bool) -> None:
        last = self.rows[-1]["step"] if self.rows else 0
        if gan.step == last or not (done or gan.step >= max(10, last * self.GROWTH)):
            return
        images = gan.sample(self.n)
        score, covered = metrics.fid(images), metrics.coverage(images)
        row = {"step": gan.step, "fid": score.value, "floor": score.floor}
        row |= {"covered": covered.covered, "smallest": min(covered.shares)}
        self.rows.append(row)


def live() -> list[Watcher]:
    """A progress bar and, in a notebook, a live picture."""
    return [ProgressBar(), *([LivePicture()] if in_notebook() else [])]


def in_notebook() -> bool:
    """Whether this runs in a Jupyter or Colab kernel, where pictures can be shown."""
    return getattr(get_ipython(), "kernel", None) is not None
