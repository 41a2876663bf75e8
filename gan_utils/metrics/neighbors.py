"""Is a sample new? Its nearest pictures, pixel by pixel, and whether they are the training set's.

First written out in notebook 06. Distances know nothing of content: a face moved by a few pixels is
far away, so a near neighbor proves a copy, and the lack of one proves little.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_utils.datasets import ImageSet

_QUERIES, _PICTURES = 256, 2048  # floats at a time; with 10,000 pictures the table takes 10 MB


def nearest(queries: Tensor, pictures: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """The k pictures that are nearest to each query, by root mean squares over all pixels.

    Args:
        queries: uint8 (N, C, H, W).
        pictures: uint8 (M, C, H, W).
        k: how many, at most M.

    Returns:
        Distances float (N, k), the smallest first, 0 for a copy and 1 for black against white; and
        which pictures these are, int64 (N, k).

    Raises:
        TypeError, ValueError: not uint8 tensors of one shape (C, H, W), no query, k out of range.
    """
    asked, given = ImageSet(queries), ImageSet(pictures)  # which refuse what is not uint8 pictures
    if asked.shape != given.shape or not len(asked) or not 1 <= k <= len(given):
        raise ValueError(
            f"{len(asked):,} queries of {asked.shape}, {len(given):,} pictures of {given.shape} "
            f"and k = {k}; give at least one query, of the pictures' shape (ImageSet.resize), and "
            "k from 1 to the number of pictures"
        )
    found = [_nearest(part, pictures, k) for part in queries.split(_QUERIES)]
    distances, indices = (torch.cat(parts) for parts in zip(*found, strict=True))
    return distances, indices


def _nearest(queries: Tensor, pictures: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`nearest` for so few queries that they may be floats all at once."""
    flat = _flat(queries)
    parts = map(_flat, pictures.split(_PICTURES))
    table = [part.square().sum(1) - 2 * flat @ part.T for part in parts]  # squares less the query's
    where = torch.cat(table, 1).topk(k, largest=False).indices
    # The table is of differences of large numbers; for the few that count, measure exactly.
    exact = [(flat - _flat(pictures[column])).square().mean(1).sqrt() for column in where.T]
    distances, order = torch.stack(exact, 1).sort(dim=1, stable=True)
    return distances, where.gather(1, order)


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
        """The share of samples nearer to a training picture; ties count half.

        ½ where the two sets are alike to the generator, 1 where every sample is a copy.
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
        TypeError, ValueError: as `nearest`, or the sets differ in size (the larger one is nearer
            by its number alone).
    """
    if len(train) != len(held_out):
        raise ValueError(
            f"{len(train):,} training and {len(held_out):,} held-out pictures; the larger set has "
            "a nearer neighbor by its number alone, so give as many of one as of the other"
        )
    to_train, train_index = nearest(samples, train)
    to_held_out, held_out_index = nearest(samples, held_out)
    return Copies(to_train[:, 0], to_held_out[:, 0], train_index[:, 0], held_out_index[:, 0])
