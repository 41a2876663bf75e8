"""A set of pictures: one uint8 tensor, with labels and where it came from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_utils.datasets.packing.report import Report

READ = 2**27  # bytes of pixels that a fingerprint reads at most, and a little more


def to_unit(images: Tensor) -> Tensor:
    """Map uint8 pixels 0 … 255 to floats in [−1, 1], the range of tanh. Any shape."""
    return images.float() / 127.5 - 1


def to_uint8(images: Tensor) -> Tensor:
    """Map floats in [−1, 1] to uint8 pixels, rounding to the nearest; the inverse of `to_unit`."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Pictures, in memory or mapped from a file. To compare two sets, compare `fingerprint`.

    Attributes:
        images: uint8 (N, C, H, W).
        labels: int64 (N,), or (N, A) for A attributes, or None.
        classes: the name of each label, or of each attribute.
        reserved: bool (N,), True where a picture is held out of all training; None for nowhere.
        source: one line on where the pictures come from.
        report: how they were made of files (`datasets.folder`), or None. In a part of a set its
            `names` and `held_out` are of that part, the rest is of all files.

    Raises:
        TypeError: the images are no tensor.
        ValueError: they are not uint8 (N, C, H, W), or labels do not match them.
    """

    images: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    reserved: Tensor | None = None
    source: str = ""
    report: Report | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.images, Tensor):
            raise TypeError(
                f"images are a {type(self.images).__name__}; an ImageSet takes a torch.Tensor, "
                "so convert with torch.from_numpy or torch.as_tensor"
            )
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise ValueError(
                f"images are {self.images.dtype} of shape {tuple(self.images.shape)}; "
                "an ImageSet takes uint8 (N, C, H, W), so convert with to_uint8 and unsqueeze"
            )
        for name, column in (("labels", self.labels), ("reserved", self.reserved)):
            if column is not None and len(column) != len(self.images):
                raise ValueError(f"{len(column)} {name} for {len(self.images)} images")

    def __repr__(self) -> str:
        held_out = 0 if self.reserved is None else int(self.reserved.sum())
        return f"ImageSet({len(self):,} × {self.shape}, {held_out:,} held out; {self.source})"

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one picture."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @property
    def fingerprint(self) -> str:
        """32 hex digits that tell whether two sets hold the same pictures in the same order.

        It is a digest (BLAKE2b) of the shape, the pixels and what is held out; labels and source
        do not count. Of a set above 128 MiB it reads every second, third … picture only, so that
        it takes a fraction of a second; a change of another picture then goes unseen.
        """
        reserved = np.zeros(len(self), bool) if self.reserved is None else self.reserved.cpu()
        digest = hashlib.blake2b(repr(tuple(self.images.shape)).encode(), digest_size=16)
        digest.update(np.packbits(reserved).tobytes())
        step = max(1, -(-self.images.nbytes // READ))  # -(-a // b) rounds up
        for part in self.images[::step].split(1024):
            digest.update(part.cpu().contiguous().numpy())
        return digest.hexdigest()

    @property
    def train(self) -> "ImageSet":
        """The pictures to train on: all that are not reserved."""
        if self.reserved is None:
            return self
        cut = int((~self.reserved).sum())
        if not self.reserved[:cut].any():  # they come first: a slice, which copies nothing
            return self.select(slice(cut))
        return self.select(~self.reserved)

    @property
    def held_out(self) -> "ImageSet":
        """The pictures kept out of all training, for evaluation.

        Raises:
            ValueError: nothing was held out.
        """
        if self.reserved is None:
            raise ValueError(f"nothing was held out of {self.source or 'this set'}")
        return self.select(self.reserved)

    def select(self, index: Tensor | slice) -> "ImageSet":
        """The pictures at `index` (a slice, positions, or a bool mask), with their labels."""
        labels, reserved, report = self.labels, self.reserved, self.report
        labels = None if labels is None else labels[index]
        reserved = None if reserved is None else reserved[index]
        if report is not None:
            names = [report.names[i] for i in torch.arange(len(self))[index].tolist()]
            held_out = 0 if reserved is None else int(reserved.sum())
            report = replace(report, names=names, held_out=held_out)
        images = self.images[index]
        return replace(self, images=images, labels=labels, reserved=reserved, report=report)

    def resize(self, size: int) -> "ImageSet":
        """The same pictures at size × size, averaged down or interpolated up without aliasing.

        Raises:
            ValueError: the size is not positive.
        """
        if size < 1:
            raise ValueError(f"image size is {size}; it must be 1 or more")
        if self.shape[1:] == (size, size):
            return self

        def resized(images: Tensor) -> Tensor:
            small = interpolate(
                images.float(), (size, size), mode="bilinear", antialias=True, align_corners=False
            )
            return small.round().clamp(0, 255).to(torch.uint8)

        return self._each(resized)

    def in_channels(self, channels: int) -> "ImageSet":
        """The same pictures in color (3), gray ones repeated, or in gray (1), color to its luma.

        Raises:
            ValueError: another number of channels is wanted, or there.
        """
        for number in (channels, self.shape[0]):
            if number not in (1, 3):
                raise ValueError(f"{number} channels; pictures have 1 (gray) or 3 (color)")
        if channels == self.shape[0]:
            return self
        if channels == 3:
            return replace(self, images=self.images.expand(-1, 3, -1, -1))

        def gray(images: Tensor) -> Tensor:  # 0.299, 0.587 and 0.114 of 2^16, rounded, as in Pillow
            red, green, blue = images.int().split(1, dim=1)
            return ((19595 * red + 38470 * green + 7471 * blue + 2**15) >> 16).to(torch.uint8)

        return self._each(gray)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "ImageSet":
        """A part at a time: all at once would need four times the memory and more."""
        return replace(self, images=torch.cat([change(part) for part in self.images.split(1024)]))
