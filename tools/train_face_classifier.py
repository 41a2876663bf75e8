"""Train the classifier of drawn faces and write data/face_classifier.safetensors.

    python tools/train_face_classifier.py

It learns hair and eye color from the 9,000 faces of `datasets.cartoon` that are not held out, so
the command needs no network and takes two minutes on one core. A generator's faces are softer and
coarser than drawn ones, and a little off in color: so are half of those it learns from, or it would
be sure of hardly any sample. What is no face is taught as "any color alike", as noise is to the
digit classifier: noise, and faces cut into squares that are shuffled.
"""

import argparse
import os
import time
from pathlib import Path

import torch
import train_classifier
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate, pad
from tqdm import trange

from gan_utils.datasets import ImageSet, cartoon, to_uint8, to_unit
from gan_utils.datasets.cartoon import ATTRIBUTES
from gan_utils.face_metrics import HEADS, SIZE, FaceClassifier, probabilities
from gan_utils.metrics import CONFIDENCE
from gan_utils.runtime import seed_everything

BATCH, OTHERS = 64, 16  # faces, and pictures that are none, in each step
SHIFT = 3  # pixels, at most


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


def noise(n: int) -> Tensor:
    """Uniform noise (n, 3, 64, 64) in [−1, 1] with grains of 1, 2, 4, 8 and 16 pixels in turn."""
    return train_classifier.noise(n, 3, SIZE, (1, 2, 4, 8, 16))


def shuffled(faces: Tensor) -> Tensor:
    """Faces cut into 16 squares that change places."""
    n, side = len(faces), SIZE // 4
    squares = faces.view(n, 3, 4, side, 4, side).permute(0, 2, 4, 1, 3, 5).reshape(n, 16, -1)
    order = torch.rand(n, 16).argsort(1)
    squares = squares.gather(1, order[:, :, None].expand_as(squares))
    cut = squares.view(n, 4, 4, 3, side, side).permute(0, 3, 1, 4, 2, 5)
    return cut.reshape(n, 3, SIZE, SIZE)


def others(faces: Tensor) -> Tensor:
    """As many pictures that are no faces: half noise, half shuffled faces."""
    half = len(faces) // 2
    return torch.cat([noise(half), shuffled(faces[half:])])


def train(faces: ImageSet, steps: int, lr: float = 5e-3) -> FaceClassifier:
    """A classifier of the training faces, in eval mode."""
    images = faces.train.images
    labels = {name: faces.train.labels[:, faces.classes.index(name)] for name in HEADS}
    classifier = FaceClassifier().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    for _ in trange(steps, mininterval=5):
        chosen = torch.randint(len(images), (BATCH + OTHERS,))
        pictures = to_unit(images[chosen])
        batch = torch.cat([varied(pictures[:BATCH]), others(pictures[BATCH:])])
        loss = torch.zeros(())
        for name, logits in classifier(batch.contiguous(memory_format=torch.channels_last)).items():
            values = len(ATTRIBUTES[name])
            any_alike = torch.full((OTHERS, values), 1 / values)
            loss = loss + cross_entropy(logits[:BATCH], labels[name][chosen[:BATCH]])
            loss = loss + 0.2 * cross_entropy(logits[BATCH:], any_alike)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return classifier.eval()


def measure(classifier: FaceClassifier, faces: ImageSet) -> None:
    """Print how often it is right and sure about held-out faces, and sure about what is none."""
    held_out = faces.held_out
    pictures = to_unit(held_out.images)
    found = probabilities(held_out.images, classifier)
    for name in HEADS:
        right = found[name].argmax(1) == held_out.labels[:, faces.classes.index(name)]
        sure = found[name].amax(1) >= CONFIDENCE
        print(
            f"{name}: {right.float().mean():.2%} of {len(held_out):,} held-out faces, "
            f"sure (0.9) of {sure.float().mean():.1%}, right about "
            f"{right[sure].float().mean():.2%} of those"
        )
    kinds = {
        "uniform noise": 2 * torch.rand(1000, 3, SIZE, SIZE) - 1,
        "noise with grains": noise(1000),
        "shuffled squares of faces": shuffled(pictures),
    }
    for kind, others in kinds.items():
        sure = {name: p.amax(1) for name, p in probabilities(to_uint8(others), classifier).items()}
        shares = [f"{name} {(top >= CONFIDENCE).float().mean():.1%}" for name, top in sure.items()]
        print(f"sure (0.9) of {len(others):,} pictures, {kind}: {', '.join(shares)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/face_classifier.safetensors"))
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    faces = cartoon(10_000, SIZE)
    seed_everything(args.seed)
    began = time.process_time()
    classifier = train(faces, args.steps)
    print(f"{args.steps:,} steps in {time.process_time() - began:.0f} s of processor time")
    measure(classifier, faces)
    weights = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    unfinished = args.out.with_suffix(".unfinished")
    save_file(weights, unfinished)
    os.replace(unfinished, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
