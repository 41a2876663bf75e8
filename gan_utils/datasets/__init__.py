"""Pictures to train on, as an `ImageSet`: uint8 (N, C, H, W) with labels and provenance."""

from gan_utils.datasets.digits import mnist, stacked_mnist
from gan_utils.datasets.image_set import ImageSet, to_uint8, to_unit
from gan_utils.datasets.ring import RING_SIGMA, ring, ring_centers

__all__ = [
    "RING_SIGMA",
    "ImageSet",
    "load",
    "mnist",
    "ring",
    "ring_centers",
    "stacked_mnist",
    "to_uint8",
    "to_unit",
]


def load(name: str, image_size: int = 28) -> ImageSet:
    """The pictures that ``--data NAME`` means: ``mnist``, or ``mnist:FOLDER`` for all 60,000.

    Raises:
        ValueError: no such source.
        FileNotFoundError: the folder does not hold MNIST's files.
    """
    source, _, path = name.partition(":")
    if source != "mnist":
        raise ValueError(
            f"data is {name!r}; it must be mnist (embedded), or mnist:FOLDER for all of MNIST"
        )
    return (mnist(full=True, root=path) if path else mnist()).resize(image_size)
