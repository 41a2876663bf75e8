"""Small GANs that many tests train, and folders: one for a test's data, and all of MNIST's."""

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import settings
from samples import noise
from torch import Tensor

from gan_utils.datasets import ImageSet
from gan_utils.models import build, mlp_discriminator, mlp_generator
from gan_utils.training import GAN, Settings

pytest.register_assert_rewrite("checking")  # so that its failures show the values
settings.register_profile("course", deadline=None)  # the first call of a test may be slow
settings.load_profile("course")
torch.set_num_threads(1)  # equality bit for bit is promised on one thread
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes that tests start
SIZE = 8


def small_gan(dropout: float = 0.0, batch_norm: bool = True, **options: object) -> GAN:
    """A pair of tiny MLPs for 8×8 pictures; the same weights for the same seed."""
    chosen = Settings(
        **{"latent_dim": 4, "batch_size": 8, "lr": 1e-3, "bfloat16": False, **options}
    )
    torch.manual_seed(chosen.seed)
    shape = (1, SIZE, SIZE)
    generator = mlp_generator(chosen.latent_dim, shape, (16, 16), batch_norm, dropout)
    return GAN(generator, mlp_discriminator(shape, (16,), dropout), chosen, torch.device("cpu"))


def small_dcgan(**options: object) -> GAN:
    """A tiny DCGAN pair for 12×12 pictures."""
    chosen = Settings(
        **{"latent_dim": 4, "batch_size": 8, "lr": 1e-3, "bfloat16": False, **options}
    )
    torch.manual_seed(chosen.seed)
    networks = build("dcgan", (1, 12, 12), chosen.latent_dim, base_channels=4)
    return GAN(*networks, chosen, torch.device("cpu"))


def small_pictures(n: int = 40) -> ImageSet:
    """n pictures of noise, 8×8, nothing held out."""
    return ImageSet(noise(n, 1, SIZE, SIZE))


def weights(gan: GAN) -> dict[str, Tensor]:
    """An independent copy of all weights and buffers of the GAN's networks."""
    return {
        f"{name}.{key}": value.clone()
        for name, network in gan.networks().items()
        for key, value in network.state_dict().items()
    }


def assert_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    """Bit for bit."""
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


@pytest.fixture
def no_screen() -> Iterator[None]:
    """Figures are drawn into memory, and closed."""
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, not made yet."""
    monkeypatch.setenv("GAN_UTILS_DATA", str(tmp_path / "data_root"))
    return tmp_path / "data_root"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder that holds MNIST/raw/*.gz."""
    folder = Path(os.environ.get("GAN_UTILS_REAL_DATA", ""))
    if not os.environ.get("GAN_UTILS_REAL_DATA") or not (folder / "MNIST" / "raw").is_dir():
        pytest.skip("set GAN_UTILS_REAL_DATA to a folder that holds MNIST/raw with its four files")
    return folder
