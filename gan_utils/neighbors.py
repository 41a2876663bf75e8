"""Is a sample new? Its nearest pictures, pixel by pixel, and whether they are the training set's.

First written out in notebook 06. Distances are root mean squares over all pixels and channels, on
the scale where black is 0 and white is 1. They know nothing of content: a face moved by a few
pixels is far away, so a near neighbor proves a copy, and the lack of one proves little.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_QUERIES, _PICTURES = 256, 2048  # compared at a time: the table of distances stays below 2 MB


def nearest(queries: Tensor, pictures: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """The k pictures that are nearest to each query.

    Args:
        queries: uint8 (N, C, H, W).
        pictures: uint8 (M, C, H, W).
        k: how many, at most M.

    Returns:
        Distances float (N, k), the smallest first, 0 for a copy and 1 for black against white; and
        which pictures these are, int64 (N, k).

    Raises:
        ValueError: pictures of another shape or type than the queries, or k out of range.
    """
    for name, images in (("queries", queries), ("pictures", pictures)):
        if not isinstance(images, Tensor):
            raise ValueError(
                f"{name} are a {type(images).__name__}; give a tensor, uint8 (N, C, H, W)"
            )
        if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
            raise ValueError(
                f"{name} are {images.dtype} {tuple(images.shape)}; give uint8 (N ≥ 1, C, H, W): "
                "datasets.to_uint8 converts a generator's output"
            )
    if queries.shape[1:] != pictures.shape[1:]:
        raise ValueError(
            f"queries are {tuple(queries.shape[1:])} and pictures {tuple(pictures.shape[1:])} "
            "(C, H, W); bring them to one size with ImageSet.resize"
        )
    if not 1 <= k <= len(pictures):
        raise ValueError(f"k is {k}; it must lie in 1 … {len(pictures):,}, the number of pictures")
    found = [_nearest(part, pictures, k) for part in queries.split(_QUERIES)]
    distances, indices = (torch.cat(parts) for parts in zip(*found, strict=True))
    return distances, indices


def _nearest(queries: Tensor, pictures: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`nearest` for so few queries that they may be floats all at once."""
    flat = _flat(queries)
    best = torch.full((len(queries), 0), torch.inf, device=queries.device)
    where = torch.zeros((len(queries), 0), dtype=torch.int64, device=queries.device)
    for start in range(0, len(pictures), _PICTURES):
        part = _flat(pictures[start : start + _PICTURES]).to(flat.device)
        squares = flat.square().sum(1, keepdim=True) - 2 * flat @ part.T + part.square().sum(1)
        new = torch.arange(start, start + len(part), device=where.device).expand(len(flat), -1)
        best, order = torch.cat([best, squares], 1).topk(
            min(k, best.shape[1] + len(part)), largest=False
        )
        where = torch.cat([where, new], 1).gather(1, order)
    # The squares above are differences of large numbers; for the few that count, measure exactly.
    exact = torch.stack(
        [
            (flat - _flat(pictures[column]).to(flat.device)).square().mean(1).sqrt()
            for column in where.to(pictures.device).T
        ],
        1,
    )
    exact, order = exact.sort(dim=1, stable=True)
    return exact, where.gather(1, order)


def _flat(images: Tensor) -> Tensor:
    """Float (N, C·H·W), centered so that squares stay small: −½ … ½."""
    return images.flatten(1).float() / 255 - 0.5


@dataclass(frozen=True)
class Copies:
    """How near samples come to the training pictures, and to as many pictures never trained on.

    Attributes:
        to_train, to_held_out: float (N,), each sample's distance to the nearest picture of either.
        train_index, held_out_index: int64 (N,), which picture that is.
    """

    to_train: Tensor
    to_held_out: Tensor
    train_index: Tensor
    held_out_index: Tensor

    @property
    def closer(self) -> float:
        """The share of samples nearer to a training picture: ½ where the two sets are alike to

        the generator, 1 where every sample is a copy. Ties count half.
        """
        nearer = (self.to_train < self.to_held_out).double()
        return float((nearer + 0.5 * (self.to_train == self.to_held_out)).mean())

    @property
    def ratio(self) -> float:
        """The median of distance to training over distance to held-out: about 1, or 0 for copies.

        A sample at distance 0 from both counts as 1.
        """
        both = (self.to_train == 0) & (self.to_held_out == 0)
        return float(torch.where(both, 1.0, self.to_train / self.to_held_out).median())

    def __str__(self) -> str:
        return (
            f"{self.closer:.1%} of {len(self.to_train):,} samples are nearer to a training "
            f"picture than to a held-out one (50% if nothing is copied); median ratio "
            f"{self.ratio:.3f}"
        )


def copies(samples: Tensor, train: Tensor, held_out: Tensor) -> Copies:
    """Compare each sample's nearest training picture with its nearest held-out picture.

    Where a generator has learned what both sets have in common, neither is nearer. The idea is the
    data-copying test of Meehan, Chaudhuri and Dasgupta 2020 (arXiv:2004.05675), which asks whether
    samples lie nearer to the training set than held-out pictures do, region by region, with a rank
    test. This is simpler: each sample is compared with itself, so that blurred samples, which are
    near to everything, do not count as copies; and there are no regions.

    Args:
        samples: uint8 (N, C, H, W).
        train, held_out: uint8 (M, C, H, W), as many of one as of the other, drawn alike.

    Raises:
        ValueError: the sets differ in size (the larger one is nearer by its number alone), or
            pictures that `nearest` refuses.
    """
    if len(train) != len(held_out):
        raise ValueError(
            f"{len(train):,} training and {len(held_out):,} held-out pictures; the larger set has "
            "a nearer neighbor by its number alone, so give as many of one as of the other"
        )
    (to_train, train_index), (to_held_out, held_out_index) = (
        nearest(samples, pictures) for pictures in (train, held_out)
    )
    return Copies(to_train[:, 0], to_held_out[:, 0], train_index[:, 0], held_out_index[:, 0])
