"""Train the digit classifier and write data/digit_classifier.safetensors.

    python tools/train_classifier.py [--test-root FOLDER-WITH-MNIST/raw]

It learns from the 9,000 embedded digits that are not held out, shifted, turned, scaled and
sheared, so the command needs no network and takes five minutes on two cores. Noise is taught as
"any class alike": a classifier that has seen digits alone calls uniform noise an 8 with full
confidence. (Outlier exposure, Hendrycks et al. 2019.) With `--test-root` it prints the accuracy on
MNIST's test set.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate
from torchvision.datasets import MNIST
from tqdm import trange

from gan_utils.datasets import mnist, to_uint8, to_unit
from gan_utils.metrics import DigitClassifier
from gan_utils.runtime import seed_everything


def jitter(images: torch.Tensor) -> torch.Tensor:
    """Shift, turn, scale and shear each image (N, 1, H, W) a little, at random."""
    n = len(images)
    shape = torch.eye(2) + 0.12 * torch.randn(n, 2, 2)
    shift = 0.1 * torch.randn(n, 2, 1)
    grid = affine_grid(torch.cat([shape, shift], dim=2), images.shape, align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1  # pads with black


def noise(
    n: int, channels: int = 1, size: int = 28, sizes: tuple[int, ...] = (1, 2, 4)
) -> torch.Tensor:
    """Uniform noise (n, channels, size, size) in [−1, 1], with grains of these sizes in turn."""
    grains = [2 * torch.rand(n, channels, size // grain, size // grain) - 1 for grain in sizes]
    return torch.cat([interpolate(g[i :: len(sizes)], size) for i, g in enumerate(grains)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test-root", type=Path)
    parser.add_argument("--out", type=Path, default=Path("data/digit_classifier.safetensors"))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    seed_everything(args.seed)
    digits = mnist()
    images, labels = to_unit(digits.train.images), digits.train.labels
    classifier = DigitClassifier()
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=args.steps)
    for _ in trange(args.steps):
        batch = torch.randint(len(images), (128,))
        logits = classifier(torch.cat([jitter(images[batch]), noise(12)]))
        loss = cross_entropy(logits[:128], labels[batch])
        loss = loss + 0.1 * cross_entropy(logits[128:], torch.full((12, 10), 0.1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

    classifier.eval()
    held_out = digits.held_out
    print(
        f"sure (0.9) of uniform noise: {sure(classifier, to_uint8(noise(3000)[:1000])):.1%}, ",
        end="",
    )
    print(f"of held-out digits: {sure(classifier, held_out.images):.1%}")
    print(f"held-out digits: {accuracy(classifier, held_out.images, held_out.labels):.2%}")
    if args.test_root:
        test = MNIST(args.test_root, train=False, download=True)
        print(f"MNIST's test set: {accuracy(classifier, test.data.unsqueeze(1), test.targets):.2%}")
    save_file(classifier.state_dict(), args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")


@torch.no_grad()
def accuracy(classifier: DigitClassifier, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of uint8 images (N, 1, 28, 28) that get their label."""
    guesses = [classifier(to_unit(part)).argmax(dim=1) for part in images.split(500)]
    return float((torch.cat(guesses) == labels).float().mean())


@torch.no_grad()
def sure(classifier: DigitClassifier, images: torch.Tensor) -> float:
    """The share of uint8 images (N, 1, 28, 28) that get some class at 0.9 or more."""
    return float((classifier(to_unit(images)).softmax(1).amax(1) >= 0.9).float().mean())


if __name__ == "__main__":
    main()
