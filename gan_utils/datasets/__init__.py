"""Pictures to train on, as an `ImageSet`: uint8 (N, C, H, W) with labels and provenance."""

from gan_utils.datasets.cartoon.faces import attributes, cartoon, labeled_by
from gan_utils.datasets.cartoon.look import ATTRIBUTES, SHARES
from gan_utils.datasets.celeba import celeba
from gan_utils.datasets.choosing import ALONE, WITH_PATH, load
from gan_utils.datasets.cifar10 import cifar10
from gan_utils.datasets.digits import DIGITS, mnist, stacked_mnist
from gan_utils.datasets.face_crops import crop_faces, wider
from gan_utils.datasets.folder import folder, inspect
from gan_utils.datasets.image_set import ImageSet, to_uint8, to_unit
from gan_utils.datasets.ring import RING_SIGMA, ring, ring_centers

__all__ = [
    "ALONE",
    "ATTRIBUTES",
    "DIGITS",
    "RING_SIGMA",
    "SHARES",
    "WITH_PATH",
    "ImageSet",
    "attributes",
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
    "wider",
]
