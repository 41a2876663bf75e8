"""How good are drawn faces? A classifier of hair and eye color, and FID in its features.

For faces like `datasets.cartoon`'s, whose attributes are known: `datasets.cartoon_look.SHARES` says
how often each value should come. Every function takes uint8 images (N, 3, H, W) of any size; they
are resized to 64×64 first.
"""

import torch
from torch import Tensor, nn

from gan_utils.datasets import cartoon, to_unit
from gan_utils.datasets.cartoon import ATTRIBUTES
from gan_utils.datasets.image_set import ImageSet
from gan_utils.metrics import (
    FEATURES,
    FID,
    Coverage,
    Features,
    conv_block,
    must_have_channels,
)
from gan_utils.runtime import embedded

SIZE = 64
HEADS = ("hair color", "eye color")


class FaceClassifier(nn.Module):
    """A small convolutional classifier of drawn faces; FID compares its 64 pooled features.

    `forward` maps float images (N, 3, 64, 64) in [−1, 1] to the logits of each of `HEADS`:
    (N, 9) for hair color, (N, 6) for eye color. Trained by ``make face-classifier`` on the
    cartoon faces that are not held out.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = [(3, 16, 2), (16, 32, 1), (32, 48, 2), (48, 64, 2), (64, FEATURES, 1)]
        blocks = [layer for width in widths for layer in conv_block(*width)]
        self.features = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.heads = nn.ModuleList(nn.Linear(FEATURES, len(ATTRIBUTES[name])) for name in HEADS)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = self.features(images)
        return {name: head(features) for name, head in zip(HEADS, self.heads, strict=True)}


def face_classifier() -> FaceClassifier:
    """The shipped classifier, in eval mode on the CPU."""
    from safetensors.torch import load_file

    classifier = FaceClassifier()
    classifier.load_state_dict(load_file(embedded("face_classifier.safetensors")))
    return classifier.eval().requires_grad_(False)


@torch.no_grad()
def probabilities(images: Tensor, classifier: FaceClassifier | None = None) -> dict[str, Tensor]:
    """For each of `HEADS`, the classifier's probabilities (N, values) of uint8 images (N, 3, H, W).

    `classifier` is the shipped one unless another is given.

    Raises:
        ValueError: the images are not uint8 (N, 3, H, W).
    """
    must_have_channels(images, 3, "face")
    classifier = classifier or face_classifier()
    parts = ImageSet(images).resize(SIZE).images.split(500)
    logits = [classifier(to_unit(part)) for part in parts]
    return {name: torch.cat([part[name] for part in logits]).softmax(dim=1) for name in HEADS}


def shares(images: Tensor, attribute: str) -> Coverage:
    """How often each hair or eye color comes among uint8 samples (N, 3, H, W).

    A sample counts for a color when the classifier gives it 0.9 or more.

    Args:
        images: the samples.
        attribute: "hair color" or "eye color".

    Raises:
        ValueError: another attribute, images that are not uint8 (N, 3, H, W), or none of them.
    """
    if attribute not in HEADS:
        raise ValueError(
            f"attribute is {attribute!r}; the face classifier knows {' and '.join(HEADS)}"
        )
    return all_shares(images)[attribute]


def all_shares(images: Tensor) -> dict[str, Coverage]:
    """`shares` of each of `HEADS`, at the cost of one.

    Raises:
        ValueError: images that are not uint8 (N, 3, H, W), or none of them.
    """
    return {
        name: Coverage.of(found, ATTRIBUTES[name], f"{name}s")
        for name, found in probabilities(images).items()
    }


def fid(images: Tensor, faces: ImageSet | None = None) -> FID:
    """Fréchet distance of uint8 samples (N, 3, H, W) to held-out drawn faces, in face features.

    As `metrics.fid`: only as many samples are used as there are training faces, so that the floor
    can be measured at the same number.

    Args:
        images: the samples; the first 9,000 count.
        faces: where real faces come from; default all 10,000 of `datasets.cartoon`.

    Raises:
        ValueError: fewer than two samples or held-out faces, or images that are not uint8
            (N, 3, H, W).
    """
    must_have_channels(images, 3, "face")
    faces = faces or cartoon(size=SIZE)
    must_have_channels(faces.images, 3, "face")
    return FID.against(images, faces, Features(face_classifier().features, SIZE), "face")
