"""Pictures to train on, as an `ImageSet`: uint8 (N, C, H, W) with labels and provenance."""

from gan_utils.datasets.cartoon import cartoon, labeled_by
from gan_utils.datasets.celeba import celeba
from gan_utils.datasets.cifar10 import cifar10
from gan_utils.datasets.digits import mnist, stacked_mnist
from gan_utils.datasets.faces import crop_faces
from gan_utils.datasets.folder import anime, folder, inspect
from gan_utils.datasets.image_set import ImageSet, to_uint8, to_unit
from gan_utils.datasets.ring import RING_SIGMA, ring, ring_centers

__all__ = [
    "RING_SIGMA",
    "ImageSet",
    "anime",
    "cartoon",
    "celeba",
    "cifar10",
    "crop_faces",
    "folder",
    "inspect",
    "labeled_by",
    "load",
    "mnist",
    "ring",
    "ring_centers",
    "stacked_mnist",
    "to_uint8",
    "to_unit",
]
FORMS = (
    "mnist (embedded), mnist:FOLDER for all of MNIST, cartoon (drawn here), or one of celeba:PATH, "
    "anime:PATH, folder:PATH and cifar10:PATH"
)


def load(name: str, image_size: int = 28) -> ImageSet:
    """The pictures that ``--data NAME`` means, image_size × image_size.

    NAME is ``mnist`` or ``cartoon``, or one of ``mnist``, ``celeba``, ``anime``, ``folder`` and
    ``cifar10`` with a colon and the path of a folder or zip.

    Raises:
        ValueError: no such source, or not one picture at the path.
        FileNotFoundError: what the source needs is not at the path.
    """
    source, _, path = name.partition(":")
    if name == "cartoon":
        return cartoon(10_000, image_size)
    if source == "mnist":
        return (mnist(full=True, root=path) if path else mnist()).resize(image_size)
    if source == "cifar10" and path:
        return cifar10(path).resize(image_size)
    packs = {"celeba": celeba, "anime": anime, "folder": folder}
    if source not in packs or not path:
        raise ValueError(f"data is {name!r}; it must be {FORMS}")
    return packs[source](path, size=image_size)
