"""Train a classifier anew and write data/digit_classifier.safetensors or data/face_….

    python -m training_runs.classifier digit [--test-root FOLDER-WITH-MNIST/raw]
    python -m training_runs.classifier face

It learns from pictures that are not held out, so the command needs no network. The digits are
shifted, turned, scaled and sheared: five minutes on two cores. Of the drawn faces it learns hair
and eye color: two minutes on one core. A generator's faces are softer and coarser than drawn ones,
and a little off in color: so are half of those it learns from, or it would be sure of hardly any
sample. What is no digit or face is taught as "any class alike": noise, and faces cut into squares
that are shuffled. A classifier that has seen digits alone calls uniform noise an 8 with full
confidence. (Outlier exposure, Hendrycks et al. 2019.) With `--test-root` it prints the accuracy on
MNIST's test set.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate, pad
from torchvision.datasets import MNIST
from tqdm import trange

from gan_utils.datasets import ImageSet, cartoon, mnist, to_uint8, to_unit
from gan_utils.files import whole
from gan_utils.metrics import CONFIDENCE, SIZES, Classifier
from gan_utils.runtime import seed_everything

SIZE = SIZES["face"]
SHIFT = 3  # pixels, at most


def jittered(digits: Tensor) -> Tensor:
    """Shift, turn, scale and shear each digit (N, 1, H, W) a little, at random."""
    n = len(digits)
    shape = torch.eye(2) + 0.12 * torch.randn(n, 2, 2)
    shift = 0.1 * torch.randn(n, 2, 1)
    grid = affine_grid(torch.cat([shape, shift], dim=2), digits.shape, align_corners=False)
    return grid_sample(digits + 1, grid, align_corners=False) - 1  # pads with black


def varied(faces: Tensor) -> Tensor:
    """A batch (N, 3, 64, 64) shifted, half of it mirrored, half softened, tinted, with grain."""
    wide = pad(faces, (SHIFT,) * 4, mode="replicate")
    top, left = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    moved = wide[:, :, top : top + SIZE, left : left + SIZE]
    moved = torch.where(torch.rand(len(faces), 1, 1, 1) < 0.5, moved.flip(3), moved)
    moved = torch.where(torch.rand(len(faces), 1, 1, 1) < 0.5, softened(moved), moved)
    contrast, brightness = 0.1 * (2 * torch.rand(2, len(faces), 3, 1, 1) - 1)
    grain = 0.3 * torch.rand(len(faces), 1, 1, 1) * torch.randn_like(faces)
    return (1 + contrast) * moved + brightness + grain


def softened(faces: Tensor) -> Tensor:
    """Faces (N, 3, 64, 64) with a half or a third of their sharpness."""
    size = SIZE // int(torch.randint(2, 4, ()))
    small = interpolate(faces, size, mode="bilinear", antialias=True, align_corners=False)
    return interpolate(small, SIZE, mode="bilinear", align_corners=False)


def noise(pictures: Tensor) -> Tensor:
    """As many of uniform noise in [−1, 1], with grains of 1, 2, 4, … pixels in turn."""
    n, channels, size, _ = pictures.shape
    sizes = [grain for grain in (1, 2, 4, 8, 16) if size % grain == 0]
    grains = [2 * torch.rand(n, channels, size // grain, size // grain) - 1 for grain in sizes]
    return torch.cat([interpolate(g[i :: len(sizes)], size) for i, g in enumerate(grains)])


def shuffled(faces: Tensor) -> Tensor:
    """Faces cut into 16 squares that change places."""
    n, side = len(faces), SIZE // 4
    squares = faces.view(n, 3, 4, side, 4, side).permute(0, 2, 4, 1, 3, 5).reshape(n, 16, -1)
    order = torch.rand(n, 16).argsort(1)
    squares = squares.gather(1, order[:, :, None].expand_as(squares))
    cut = squares.view(n, 4, 4, 3, side, side).permute(0, 3, 1, 4, 2, 5)
    return cut.reshape(n, 3, SIZE, SIZE)


@dataclass(frozen=True)
class Lesson:
    """How one kind of pictures is taught.

    Attributes:
        pictures: makes the set.
        vary: makes of a batch in [−1, 1] what is learned.
        others: each makes, of a batch, as many pictures that are none.
        steps: of training.
        batch, other: pictures in each step, and pictures that are none.
        weight: of the loss for others.
    """

    pictures: Callable[[], ImageSet]
    vary: Callable[[Tensor], Tensor]
    others: tuple[Callable[[Tensor], Tensor], ...]
    steps: int
    batch: int
    other: int
    weight: float


LESSONS = {
    "digit": Lesson(mnist, jittered, (noise,), 6000, 128, 12, 0.1),
    "face": Lesson(cartoon, varied, (noise, shuffled), 900, 64, 16, 0.2),
}


def train(kind: str, pictures: ImageSet, steps: int) -> Classifier:
    """A classifier of the training pictures, in eval mode."""
    lesson, images = LESSONS[kind], pictures.train.images
    classifier = Classifier(kind).to(memory_format=torch.channels_last)
    right = answers(classifier, pictures.train)
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    for _ in trange(steps, mininterval=5):
        chosen = torch.randint(len(images), (lesson.batch + lesson.other,))
        taught, others = to_unit(images[chosen]).split((lesson.batch, lesson.other))
        batch = torch.cat([lesson.vary(taught), none(kind, others)])
        loss = torch.zeros(())
        for head, logits in classifier(batch.contiguous(memory_format=torch.channels_last)).items():
            known, unknown = logits.split((lesson.batch, lesson.other))
            loss = loss + cross_entropy(known, right[head][chosen[: lesson.batch]])
            loss = loss - lesson.weight * unknown.log_softmax(dim=1).mean()  # any class alike
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return classifier.eval()


def none(kind: str, pictures: Tensor) -> Tensor:
    """As many pictures that are none of this kind, half noise and half shuffled for faces."""
    makers = LESSONS[kind].others
    return torch.cat(
        [make(part) for make, part in zip(makers, pictures.chunk(len(makers)), strict=True)]
    )


def answers(classifier: Classifier, pictures: ImageSet) -> dict[str, Tensor]:
    """The right label of each picture, int64 (N,), for each head."""
    if pictures.labels.ndim == 1:
        return {head: pictures.labels for head in classifier.values}
    return {head: pictures.labels[:, pictures.classes.index(head)] for head in classifier.values}


def measure(classifier: Classifier, pictures: ImageSet, name: str) -> None:
    """Print how often it is right and sure."""
    found = classifier.probabilities(pictures.images)
    for head, right in answers(classifier, pictures).items():
        top, guess = found[head].max(dim=1)
        hit, sure = guess == right, top >= CONFIDENCE
        print(
            f"{head}: {hit.float().mean():.2%} of {len(pictures):,} {name}, sure (0.9) of "
            f"{sure.float().mean():.1%}, right about {hit[sure].float().mean():.2%} of those"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=LESSONS)
    parser.add_argument("--test-root", type=Path, help="digits: measure MNIST's test set, too")
    parser.add_argument("--out", type=Path, help="default: data/KIND_classifier.safetensors")
    parser.add_argument("--steps", type=int, help="default: 6000 for digits, 900 for faces")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    lesson, out = LESSONS[args.kind], args.out or Path(f"data/{args.kind}_classifier.safetensors")
    pictures = lesson.pictures()
    seed_everything(args.seed)
    classifier = train(args.kind, pictures, args.steps or lesson.steps)
    measure(classifier, pictures.held_out, "held-out pictures")
    some = to_unit(pictures.held_out.images)
    for make in lesson.others:
        found = classifier.probabilities(to_uint8(make(some)))
        sure = [
            f"{head} {(p.amax(1) >= CONFIDENCE).float().mean():.1%}" for head, p in found.items()
        ]
        print(f"sure (0.9) of {len(some):,} pictures, {make.__name__}: {', '.join(sure)}")
    if args.test_root:
        test = MNIST(args.test_root, train=False, download=True)
        measure(
            classifier,
            ImageSet(test.data.unsqueeze(1), test.targets),
            "pictures of MNIST's test set",
        )
    weights = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    with whole(out) as unfinished:
        save_file(weights, unfinished)
    print(f"{out}: {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
