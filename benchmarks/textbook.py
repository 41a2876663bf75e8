"""Images per second: the course's engine beside a textbook loop, in one run, in turn.

    make bench          (or: python benchmarks/textbook.py [--seconds 6] [--rounds 5])

The textbook loop is what common tutorials do: a DataLoader over PIL pictures with transforms,
a sigmoid at D's end and BCELoss, plain Adam in float32, D's gradients computed in G's step and
thrown away, and ``.item()`` on both losses in every step. The networks and the batch are the same.
The two are processes of their own and take turns in short rounds, so that a noisy machine disturbs
both alike; what is reported is the median over rounds, and the ratio round by round.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from gan_utils import datasets, models, runtime
from gan_utils.datasets import ImageSet
from gan_utils.recipes import DEFAULTS
from gan_utils.training import GAN, Settings, measure, train_step

CASES = [
    # name, model, image shape, base channels, engine's batch, textbook's batch, wanted ratio
    ("MLP 28×28, batch 64", "mlp", (1, 28, 28), 0, 64, 64, 2.5),
    ("DCGAN 64×64, 64 channels, batch 64", "dcgan", (3, 64, 64), 64, 64, 64, 2.2),
    ("MLP 28×28, engine's default batch", "mlp", (1, 28, 28), 0, None, 64, None),
]


class Pictures(Dataset):
    """PIL pictures with transforms, as torchvision's MNIST gives them, labels included."""

    def __init__(self, images: ImageSet) -> None:
        self.data = images.images.permute(0, 2, 3, 1).squeeze(-1)
        self.targets = torch.zeros(len(self.data), dtype=torch.int64)
        channels, size, _ = images.shape
        self.transform = transforms.Compose(
            [
                transforms.Resize(size),
                transforms.ToTensor(),
                transforms.Normalize([0.5] * channels, [0.5] * channels),
            ]
        )

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture, target = self.data[index], int(self.targets[index])
        return self.transform(Image.fromarray(picture.numpy())), target


def textbook(
    generator: nn.Module, discriminator: nn.Module, images: ImageSet, batch: int
) -> Callable[[], int]:
    """A function that does one textbook step and returns how many real images it used."""
    discriminator = nn.Sequential(discriminator, nn.Sigmoid())
    loader = DataLoader(Pictures(images), batch, shuffle=True, drop_last=True)
    bce = nn.BCELoss()
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from loader

    source = batches()

    def step() -> int:
        real, _ = next(source)
        d_optimizer.zero_grad()
        real_loss = bce(discriminator(real), ones)
        real_loss.backward()
        fake = generator(torch.randn(batch, 100))
        fake_loss = bce(discriminator(fake.detach()), zeros)
        fake_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        g_loss = bce(discriminator(fake), ones)
        g_loss.backward()
        g_optimizer.step()
        (real_loss + fake_loss).item(), g_loss.item()
        return batch

    return step


def engine(
    generator: nn.Module, discriminator: nn.Module, images: ImageSet, batch: int
) -> Callable[[], int]:
    """The same for the engine; every tenth step is recorded, as in `training.fit`."""
    gan = GAN(generator, discriminator, Settings(batch_size=batch))
    done = 0

    def step() -> int:
        nonlocal done
        done += 1
        leaves = train_step(gan, lambda: gan.next_batch(images.images))
        if done % 10 == 0:
            measure(gan, leaves).tolist()
        return batch

    return step


def rate(step: Callable[[], int], seconds: float) -> float:
    """Images per second of a step, repeated for so long."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        count += step()
    return count / (time.perf_counter() - start)


class Turns:
    """One loop in a process of its own, which works only while it is asked for its rate."""

    def __init__(self, *case: object) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, *case), daemon=True)
        self.process.start()

    def rate(self, seconds: float) -> float:
        """Images per second over so many seconds."""
        self.pipe.send(seconds)
        return self.pipe.recv()

    def end(self) -> None:
        """Stop the process."""
        self.pipe.send(None)
        self.process.join()


def serve(
    pipe: Connection,
    which: str,
    model: str,
    shape: tuple[int, int, int],
    width: int,
    batch: int,
    threads: int,
) -> None:
    """What runs in the process: measure when told to, until told None."""
    torch.set_num_threads(threads)
    runtime.seed_everything(0)
    if model == "mlp":
        images = datasets.mnist().train
    else:
        images = ImageSet(torch.randint(0, 256, (2048, *shape), dtype=torch.uint8))
    loop = {"textbook": textbook, "engine": engine}[which]
    step = loop(*models.build(model, shape, 100, width or 64), images, batch)
    while (seconds := pipe.recv()) is not None:
        pipe.send(rate(step, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    print(runtime.provenance())
    for name, model, shape, width, batch, textbook_batch, wanted in CASES:
        batch = batch or DEFAULTS[model]["batch_size"]
        turns = {
            "textbook": Turns("textbook", model, shape, width, textbook_batch, args.threads),
            "engine": Turns("engine", model, shape, width, batch, args.threads),
        }
        for turn in turns.values():
            turn.rate(args.seconds / 3)  # warm up
        rates: dict[str, list[float]] = {"textbook": [], "engine": []}
        for _ in range(args.rounds):
            for which, turn in turns.items():
                rates[which].append(turn.rate(args.seconds))
        for turn in turns.values():
            turn.end()
        ratios = [e / t for e, t in zip(rates["engine"], rates["textbook"], strict=True)]
        print(f"\n{name}" + (f" ({batch})" if wanted is None else ""))
        for which, measured in rates.items():
            print(f"  {which:9}{statistics.median(measured):9,.0f} images/s")
        verdict = "" if wanted is None else f"; at least {wanted} wanted"
        print(
            f"  ratio    {statistics.median(ratios):9.2f} "
            f"(from {min(ratios):.2f} to {max(ratios):.2f}{verdict})"
        )


if __name__ == "__main__":
    main()
