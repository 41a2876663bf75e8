"""The course's two small classifiers, of digits and of drawn faces: what FID and coverage use.

Gray pictures are judged as digits, those in color as faces like `datasets.cartoon`'s: their hair
and eye color.
"""

from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_utils.datasets import ATTRIBUTES, DIGITS, ImageSet, to_unit
from gan_utils.runtime import embedded

FEATURES = 64
KINDS = {1: "digit", 3: "face"}  # what pictures with so many channels show
SIZES = {"digit": 28, "face": 64}
LAYERS = {  # channels in and out, and stride, of each convolution
    "digit": [(1, 24, 1), (24, 32, 2), (32, 48, 1), (48, 64, 2), (64, FEATURES, 1)],
    "face": [(3, 16, 2), (16, 32, 1), (32, 48, 2), (48, 64, 2), (64, FEATURES, 1)],
}
HEADS = {
    "digit": {"digit": DIGITS},
    "face": {name: ATTRIBUTES[name] for name in ("hair color", "eye color")},
}


class Classifier(nn.Module):
    """A small convolutional classifier; its 64 pooled features are what FID compares.

    `forward` maps float images (N, channels, size, size) in [−1, 1] to the logits (N, values) of
    each head. The other methods take uint8 images (N, channels, H, W) of any size. Trained by
    ``make classifier`` and ``make face-classifier`` on pictures that are not held out.

    Args:
        kind: what the pictures show, "digit" or "face".

    Attributes:
        heads: for each thing that it tells, a layer; `values` names what it tells apart there.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.values = kind, HEADS[kind]
        layers: list[nn.Module] = []
        for channels_in, channels_out, stride in LAYERS[kind]:
            layers += [nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(channels_out), nn.ReLU()]
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.heads = nn.ModuleList(nn.Linear(FEATURES, len(v)) for v in self.values.values())

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self._judge(self.features(images))

    def _judge(self, features: Tensor) -> dict[str, Tensor]:
        return {name: head(features) for name, head in zip(self.values, self.heads, strict=True)}

    @torch.no_grad()
    def describe(self, images: Tensor) -> Tensor:
        """The features, float (N, 64).

        Raises:
            TypeError, ValueError: the images are not uint8 (N, channels, H, W).
        """
        must_be_pictures(images, LAYERS[self.kind][0][0])
        parts = ImageSet(images).resize(SIZES[self.kind]).images.split(500)
        return torch.cat([self.features(to_unit(part.cpu())) for part in parts])

    @torch.no_grad()
    def probabilities(self, images: Tensor) -> dict[str, Tensor]:
        """Of each head, float (N, values).

        Raises:
            TypeError, ValueError: as `describe`.
        """
        logits = self._judge(self.describe(images))
        return {name: value.softmax(dim=1) for name, value in logits.items()}


@cache
def classifier(kind: str) -> Classifier:
    """The shipped classifier of a kind, in eval mode on the CPU: at each call the same object."""
    shipped = Classifier(kind).float()  # whatever torch.set_default_dtype says
    shipped.load_state_dict(load_file(embedded(f"{kind}_classifier.safetensors")))
    return shipped.eval().requires_grad_(False)


def classifier_of(images: Tensor) -> Classifier:
    """The shipped classifier of pictures like these: of digits if they are gray, else of faces.

    Raises:
        TypeError, ValueError: the images are not uint8 (N, 1, H, W) or (N, 3, H, W).
    """
    must_be_pictures(images, *KINDS)
    return classifier(KINDS[images.shape[1]])


def must_be_pictures(images: Tensor, *channels: int) -> None:
    """Refuse what is not uint8 (N, C, H, W) with one of these numbers of channels.

    Raises:
        TypeError, ValueError: the images are something else.
    """
    shape = ImageSet(images).shape
    if shape[0] not in channels:
        raise ValueError(
            f"images are {shape} (C, H, W); give {' or '.join(map(str, channels))} as C: "
            "ImageSet.in_channels makes gray of color, or color of gray"
        )
