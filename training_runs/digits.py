"""Make data/digits.npz, the embedded sample of MNIST's training set.

    python -m training_runs.digits --root FOLDER-WITH-MNIST/raw

It takes the first 1,000 digits of each class in the order of MNIST's training files. The last 100
of each 1,000 are held out of all training. The original positions are kept, so that the same
digits stay held out when all 60,000 are used.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torchvision.datasets import MNIST

from gan_utils.runtime import data_root

PER_CLASS, HELD_OUT = 1000, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=data_root())
    parser.add_argument("--out", type=Path, default=Path("data/digits.npz"))
    args = parser.parse_args()
    full = MNIST(args.root, train=True, download=True)
    position = torch.cat([torch.where(full.targets == c)[0][:PER_CLASS] for c in range(10)])
    held_out = torch.arange(len(position)) % PER_CLASS >= PER_CLASS - HELD_OUT
    np.savez_compressed(
        args.out,
        images=full.data[position].numpy(),
        labels=full.targets[position].numpy().astype(np.uint8),
        held_out=held_out.numpy(),
        position=position.numpy().astype(np.uint16),
    )
    print(f"{args.out}: {len(position)} digits, {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
