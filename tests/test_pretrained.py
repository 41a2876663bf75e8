"""The trained pairs that the course ships, and the command that trains them."""

import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from gan_utils import datasets, metrics
from gan_utils.datasets import choosing
from gan_utils.models import pretrained
from gan_utils.runtime import embedded
from gan_utils.training import generate
from training_runs import weights

SHAPES = {"cartoon_64": (3, 64, 64), "digits_28": (1, 28, 28)}
MOST_BYTES = 4_000_000


def drawn(name: str, n: int) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    noise = torch.randn(n, pretrained.about(name)["latent_dim"], generator=source)
    return generate(pretrained.players(name)[0], noise)


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_players(name: str) -> None:
    generator, discriminator = pretrained.players(name)
    images = drawn(name, 3)
    assert images.shape == (3, *SHAPES[name])
    assert discriminator(datasets.to_unit(images)).shape == (3, 1)
    for network in (generator, discriminator):
        assert not network.training
        assert all(p.requires_grad and p.dtype == torch.float32 for p in network.parameters())
        assert {p.device.type for p in network.parameters()} == {"cpu"}


@pytest.mark.parametrize("name", pretrained.NAMES)
@pytest.mark.parametrize("role", pretrained.ROLES)
def test_files_are_small(name: str, role: str) -> None:
    assert embedded(f"{name}_{role}.safetensors").stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_files_say_what_made_them(name: str) -> None:
    made = pretrained.about(name)
    assert tuple(made["image_shape"]) == SHAPES[name]
    assert made["steps"] > 0
    assert made.keys() >= {"model", "data", "latent_dim", "lr", "batch_size", "seed", "torch"}


def test_generated_digits_cover_all_classes() -> None:
    assert metrics.coverage(drawn("digits_28", 500)).covered == 10


def test_generated_faces_have_most_hair_colors() -> None:
    assert metrics.coverages(drawn("cartoon_64", 500))["hair color"].covered >= 6


def test_discriminator_tells_faces_from_noise() -> None:
    _, discriminator = pretrained.players("cartoon_64")
    faces = datasets.cartoon(64, 64, seed=99).images
    noise = torch.randint(0, 256, faces.shape, dtype=torch.uint8)
    with torch.no_grad():
        real, fake = (discriminator(datasets.to_unit(x)).mean() for x in (faces, noise))
    assert real > fake


def test_other_names_are_refused() -> None:
    for call in (pretrained.players, pretrained.about):
        with pytest.raises(ValueError, match="'celeba'; the trained pairs are cartoon_64 and dig"):
            call("celeba")


# --- training them


@pytest.mark.parametrize("name", weights.PAIRS)
def test_the_command_has_the_settings_of_what_is_shipped(name: str) -> None:
    shipped, (recipe, steps) = pretrained.about(name), weights.PAIRS[name]
    pair = asdict(recipe) | {"steps": steps, "image_shape": list(SHAPES[name])}
    both = shipped.keys() & pair.keys() - {"bfloat16"}
    assert both >= {"data", "base_channels", "batch_size", "lr", "beta1", "average", "steps"}
    assert {key: shipped[key] for key in both} == {key: pair[key] for key in both}
    plain = {"d_lr": None, "loss": "non_saturating"}  # what came after these files
    assert {key: pair[key] for key in plain} == plain


@pytest.mark.parametrize("name", weights.PAIRS)
def test_what_is_trained_is_what_is_shipped(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(choosing, "DRAWN", 200)
    monkeypatch.setattr(pretrained, "embedded", lambda file: tmp_path / file)
    gan = weights.train(name, steps=2, seed=3, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}_{role}.safetensors" for role in pretrained.ROLES
    }
    assert f"{name}: 2 steps in" in capsys.readouterr().out
    made = pretrained.about(name)
    assert (made["steps"], made["seed"], made["base_channels"]) == (2, 3, 32)
    assert made["latent_dim"] == gan.settings.latent_dim
    pair = pretrained.players(name)
    trained = (gan.best_generator, gan.discriminator)
    for network, original in zip(pair, trained, strict=True):
        expected = original.state_dict()
        for key, value in network.state_dict().items():
            torch.testing.assert_close(value, expected[key].cpu(), rtol=2**-11, atol=1e-7)
    difference = generate(pair[0], gan.fixed_noise).int() - gan.snapshots[-1][1].int()
    assert difference.abs().max() <= 2


def test_interrupted_training_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(gan: object, *args: object, **kwargs: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "fit", stopped)
    monkeypatch.setattr(sys, "argv", ["weights", "digits_28", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="nothing was written for digits_28"):
        weights.main()
    assert list(tmp_path.iterdir()) == []


def test_weights_too_large_for_half_precision_are_not_stored(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(layer.weight, 1e6)
    with pytest.raises(ValueError, match="weight: not finite, or too large"):
        weights.store(layer, tmp_path / "a.safetensors", {})
    assert list(tmp_path.iterdir()) == []


def test_unknown_pairs_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", ["weights", "celeba"])
    with pytest.raises(SystemExit):
        weights.main()
    assert "no pair is called celeba; there are cartoon_64, digits_28" in capsys.readouterr().err
