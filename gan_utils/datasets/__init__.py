"""Pictures to train on, as an `ImageSet`: uint8 (N, C, H, W) with labels and provenance."""

from gan_utils.datasets.cartoon import cartoon, labeled_by
from gan_utils.datasets.celeba import celeba
from gan_utils.datasets.choosing import load
from gan_utils.datasets.cifar10 import cifar10
from gan_utils.datasets.digits import mnist, stacked_mnist
from gan_utils.datasets.faces import crop_faces
from gan_utils.datasets.folder import folder, inspect
from gan_utils.datasets.image_set import ImageSet, to_uint8, to_unit
from gan_utils.datasets.ring import RING_SIGMA, ring, ring_centers

__all__ = [
    "RING_SIGMA",
    "ImageSet",
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
