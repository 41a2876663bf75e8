"""The engine: one step, totals, exact continuation, interruption, divergence, two processes."""

import copy
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from conftest import SIZE, assert_same, small_dcgan, small_gan, small_pictures, weights
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_utils import losses
from gan_utils.datasets import ImageSet, to_unit
from gan_utils.models import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator
from gan_utils.training import (
    GAN,
    Interrupted,
    LivePicture,
    Settings,
    Total,
    TrainingDiverged,
    fit,
    guards,
    loop,
    measure,
    train_step,
)
from gan_utils.training.step import COLUMNS, judge_both
from gan_utils.training.team import Team

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def wide() -> Iterator[None]:
    """64-bit numbers, which no processor's rounding can tell apart."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


# --- one step


def textbook_step(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizers: tuple[torch.optim.Adam, torch.optim.Adam],
    batches: list[tuple[Tensor, Tensor]],
    loss: str = "non_saturating",
) -> None:
    """Algorithm 1, without any of the engine's shortcuts; with the penalties of a first step."""
    g_optimizer, d_optimizer = optimizers
    for real, z in batches:
        fake = generator(z)
        real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        d_optimizer.zero_grad()
        if loss == "relativistic":
            softplus(fake_logits - real_logits).mean().backward()
            for pictures in (real, fake.detach()):
                pictures = pictures.clone().requires_grad_()
                logits = discriminator(pictures).sum()
                (slope,) = torch.autograd.grad(logits, pictures, create_graph=True)
                (8 * slope.square().sum(dim=(1, 2, 3)).mean() / 2).backward()
        else:
            (softplus(-real_logits).mean() + softplus(fake_logits).mean()).backward()
        d_optimizer.step()
    logits = discriminator(fake)
    g_optimizer.zero_grad()
    if loss == "relativistic":
        softplus(discriminator(real) - logits).mean().backward()
    else:
        (-softplus(logits).mean() if loss == "minimax" else softplus(-logits).mean()).backward()
    g_optimizer.step()


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (small_gan, {}),
        (small_gan, {"d_steps": 3}),
        (small_gan, {"loss": "minimax"}),
        (small_gan, {"loss": "relativistic"}),
        (small_gan, {"d_lr": 3e-4}),
        (small_dcgan, {}),
        (small_dcgan, {"d_steps": 2, "beta1": 0.9, "beta2": 0.99}),
        (small_dcgan, {"d_steps": 2, "loss": "relativistic"}),
    ],
)
def test_step_is_the_textbooks(make: Callable[..., GAN], options: dict, wide: None) -> None:
    gan = make(**options)
    generator, discriminator = copy.deepcopy((gan.generator, gan.discriminator))
    betas = (gan.settings.beta1, gan.settings.beta2)
    rates = gan.settings.lr, options.get("d_lr", gan.settings.lr)
    optimizers = tuple(
        torch.optim.Adam(network.parameters(), rate, betas)
        for network, rate in zip((generator, discriminator), rates, strict=True)
    )
    shape = gan.generator(torch.zeros(2, 4)).shape[1:]
    generator.load_state_dict(gan.generator.state_dict())
    pictures = torch.Generator().manual_seed(1)
    noise = torch.Generator().manual_seed(gan.settings.seed)
    for _ in range(3):
        reals = [
            torch.rand(8, *shape, generator=pictures) * 2 - 1 for _ in range(gan.settings.d_steps)
        ]
        train_step(gan, iter(reals).__next__)
        batches = [(real, torch.randn(8, 4, generator=noise)) for real in reals]
        textbook_step(generator, discriminator, optimizers, batches, gan.settings.loss)
        for ours, theirs in ((gan.generator, generator), (gan.discriminator, discriminator)):
            assert_close(ours.state_dict(), theirs.state_dict())


def assert_close(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    """In 64 bits rounding is 1e-16, on every processor; Adam enlarges it no further than this."""
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=1e-7, atol=1e-9, msg=name)


@pytest.mark.parametrize(
    ("discriminator", "shape"),
    [
        (mlp_discriminator((1, 8, 8), dropout=0.0), (1, 8, 8)),
        (dcgan_discriminator(28, 1, 4), (1, 28, 28)),
    ],
    ids=["each alone", "batch norm"],
)
def test_both_batches_are_judged_as_if_alone(
    discriminator: nn.Module, shape: tuple[int, int, int]
) -> None:
    generator = mlp_generator(4, shape, (8,)).double()
    gan = GAN(generator, discriminator.double(), Settings(latent_dim=4), torch.device("cpu"))
    real, fake = torch.rand(2, 6, *shape, dtype=torch.float64) * 2 - 1
    passes = []
    discriminator.register_forward_hook(lambda module, inputs, output: passes.append(len(output)))
    judged = judge_both(gan, real, fake * 0.5)
    norms = any(isinstance(module, nn.BatchNorm2d) for module in discriminator.modules())
    assert passes == ([6, 6] if norms else [12])
    for logits, pictures in zip(judged, (real, fake * 0.5), strict=True):
        torch.testing.assert_close(logits, discriminator(pictures))


def test_penalty_comes_every_so_often_and_no_loss_shows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    penalized = []

    def watched(judge: losses.Judge, real: Tensor, fake: Tensor) -> Tensor:
        assert not real.requires_grad
        assert not fake.requires_grad
        penalized.append(gan.step)
        return 100 * losses.r1_penalty(judge, real)

    usual = losses.OBJECTIVES["non_saturating"]
    mine = replace(usual, penalty=watched, every=8)
    monkeypatch.setitem(losses.OBJECTIVES, "mine", mine)
    gan = small_gan(loss="mine")
    fit(gan, small_pictures(), steps=20, watchers=[])
    assert penalized == [0, 8, 16]
    plain = fit(small_gan(), small_pictures(), steps=1, watchers=[])
    assert gan.history[0]["d_loss"] == plain.history[0]["d_loss"]


def test_penalty_flattens_the_discriminator(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = losses.OBJECTIVES["non_saturating"]
    steep = replace(usual, penalty=lambda judge, real, fake: losses.r1_penalty(judge, real))
    monkeypatch.setitem(losses.OBJECTIVES, "r1", steep)
    real = to_unit(small_pictures().images)
    slopes = []
    for loss in ("non_saturating", "r1"):
        gan = fit(small_gan(loss=loss, lr=1e-2), small_pictures(), steps=100, watchers=[])
        slopes.append(losses.r1_penalty(gan.discriminator, real).item())
    assert slopes[1] < 0.5 * slopes[0]


@pytest.mark.parametrize("loss", losses.OBJECTIVES)
@pytest.mark.parametrize("make", [small_gan, small_dcgan])
def test_every_objective_trains_both_players(make: Callable[..., GAN], loss: str) -> None:
    gan = make(loss=loss)
    before = weights(gan)
    pictures = small_pictures().resize(gan.generator(torch.zeros(2, 4)).shape[-1])
    fit(gan, pictures, steps=12, watchers=[])
    moved = [name for name, value in weights(gan).items() if not torch.equal(value, before[name])]
    assert {name.partition(".")[0] for name in moved} == {"generator", "discriminator"}


def test_generators_turn_leaves_no_gradient_in_the_discriminator(wide: None) -> None:
    gan, twin = small_gan(), small_gan()
    real = to_unit(small_pictures(8).images).double()
    train_step(gan, lambda: real)
    fake = twin.generator(twin.noise(8)).detach()
    logits = twin.discriminator(real), twin.discriminator(fake)
    losses.discriminator_loss(*logits).backward()
    for ours, theirs in zip(
        gan.discriminator.parameters(), twin.discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(ours.grad, theirs.grad)
        assert ours.requires_grad


def test_round_is_measured_as_it_says() -> None:
    gan, twin = small_gan(batch_norm=False), small_gan(batch_norm=False)
    real = to_unit(small_pictures(8).images)
    done = train_step(gan, lambda: real)
    numbers = dict(zip(COLUMNS, measure(gan, done), strict=True))
    z = twin.noise(8)
    with torch.no_grad():
        d_real = twin.discriminator(real).sigmoid()
        d_fake_untrained = twin.discriminator(twin.generator(z)).sigmoid()
        d_fake = gan.discriminator(twin.generator(z)).sigmoid()
        d_fake_after = gan.discriminator(gan.generator(z)).sigmoid()
    expected = {
        "d_loss": -d_real.log().mean() - (1 - d_fake_untrained).log().mean(),
        "g_loss": -d_fake.log().mean(),
        "d_real": d_real.mean(),
        "d_fake": d_fake.mean(),
        "d_fake_after": d_fake_after.mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(numbers[name], value, msg=name)
    assert d_fake_after.mean() > d_fake.mean()


def test_notebook_02_trains_the_same_way(wide: None) -> None:
    path = ROOT / "notebooks" / "02_mlp_gan.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    (loop,) = [cell for cell in cells if cell["id"] == "training-loop"]
    scope: dict[str, object] = {"torch": torch, "softplus": softplus}
    exec(compile("".join(loop["source"]), path.name, "exec"), scope)

    torch.manual_seed(0)
    players = mlp_generator(), mlp_discriminator()
    gan = GAN(*copy.deepcopy(players), Settings(lr=5e-4), torch.device("cpu"))
    batches = list(torch.rand(3, 16, 1, 28, 28) * 2 - 1)
    torch.manual_seed(1)
    history = scope["train"](*players, batches, latent_dim=100, lr=5e-4)
    gan.noise_source.manual_seed(1)
    rounds = [train_step(gan, lambda real=real: real) for real in batches]

    numbers = [[done.d_loss.item(), done.g_loss.item()] for done in rounds]
    torch.testing.assert_close(torch.tensor(numbers), torch.tensor(history))
    assert_close(gan.generator.state_dict(), players[0].state_dict())
    assert_close(gan.discriminator.state_dict(), players[1].state_dict())


# --- labels


class Conditional(nn.Module):
    """A network for 8×8 pictures that is told a label, as one more input for each class."""

    def __init__(self, size: int, end: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(size + 3, 16), nn.LeakyReLU(), end)

    def forward(self, first: Tensor, labels: Tensor) -> Tensor:
        told = torch.nn.functional.one_hot(labels, 3).to(first.dtype)
        return self.layers(torch.cat([first.flatten(1), told], dim=1))


def conditional_gan(**options: object) -> GAN:
    torch.manual_seed(0)
    picture = nn.Sequential(nn.Linear(16, SIZE**2), nn.Tanh(), nn.Unflatten(1, (1, SIZE, SIZE)))
    pair = Conditional(4, picture), Conditional(SIZE**2, nn.Linear(16, 1))
    chosen = {"latent_dim": 4, "batch_size": 8, "lr": 1e-2, "classes": 3, **options}
    return GAN(*pair, Settings(**chosen), torch.device("cpu"))


def stripes() -> ImageSet:
    """Pictures that are dark, gray or bright by their label."""
    labels = torch.arange(48) % 3
    images = (labels * 127).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, SIZE, SIZE)
    return ImageSet(images.contiguous(), labels, ("dark", "gray", "bright"))


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic", "wasserstein"])
def test_a_pair_that_takes_labels_learns_them(loss: str) -> None:
    picture = LivePicture(every=math.inf)
    gan = fit(conditional_gan(loss=loss), stripes(), steps=300, watchers=[picture])
    means = [
        gan.sample(30, labels=torch.full((30,), label)).float().mean().item() for label in range(3)
    ]
    assert means[2] - means[0] > 60
    assert gan.snapshots[-1][1].shape == (64, 1, SIZE, SIZE)
    assert torch.equal(gan.sample(6), gan.sample(6, labels=torch.tensor([0, 1, 2, 0, 1, 2])))


@pytest.mark.parametrize(
    "images",
    [
        small_pictures(),
        replace(stripes(), labels=torch.arange(48) % 4),
        replace(stripes(), labels=torch.zeros(48, 2, dtype=torch.int64)),
    ],
    ids=["none", "too many classes", "several of each picture"],
)
def test_labels_that_are_not_the_networks_are_refused(images: ImageSet) -> None:
    with pytest.raises(ValueError, match=r"take 3 labels \(Settings.classes\)"):
        fit(conditional_gan(), images, steps=1, watchers=[])


def test_labels_go_with_their_pictures() -> None:
    gan, images = conditional_gan(), stripes()
    for _ in range(15):
        real, labels = gan.next_batch(images.images, images.labels)
        assert torch.equal(to_unit((labels * 127).to(torch.uint8)), real[:, 0, 0, 0])


# --- a learner's own networks


class Flattened(nn.Sequential):
    """A discriminator that flattens by `view`, as many published ones do."""

    def __init__(self, *end: nn.Module) -> None:
        super().__init__(nn.Conv2d(1, 3, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(3, 5, 3, 2, 1))
        self.end = nn.Sequential(nn.Linear(20, 1), *end)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = pictures
        for layer in list(self)[:3]:
            maps = layer(maps)
        return self.end(maps.view(maps.shape[0], -1))


def own_gan(discriminator: nn.Module, **options: object) -> GAN:
    return GAN(
        mlp_generator(4, (1, SIZE, SIZE), (16,)),
        discriminator,
        Settings(**{"latent_dim": 4, "batch_size": 8, **options}),
        torch.device("cpu"),
    )


def test_a_network_that_flattens_by_view_trains() -> None:
    gan = own_gan(Flattened())
    assert gan.layout == torch.contiguous_format
    assert small_dcgan().layout == torch.channels_last
    assert fit(gan, small_pictures(), steps=3, watchers=[]).step == 3


class Squashed(nn.Module):
    """A sigmoid that no look at the layers would find."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = mlp_discriminator((1, SIZE, SIZE), (8,))

    def forward(self, pictures: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(pictures)).squeeze(1)


@pytest.mark.parametrize(
    "discriminator",
    [
        nn.Sequential(mlp_discriminator((1, SIZE, SIZE), (8,)), nn.Sigmoid()),
        Flattened(nn.Sigmoid(), nn.Flatten()),
        Squashed(),
        torch.compile(Squashed(), backend="eager"),
    ],
    ids=["last layer", "before a flatten", "in the forward pass", "compiled"],
)
def test_a_discriminator_that_ends_in_a_sigmoid_is_recognized(discriminator: nn.Module) -> None:
    with pytest.raises(ValueError, match="ends in a sigmoid"):
        own_gan(discriminator)


def test_a_sigmoid_inside_is_no_end() -> None:
    gate = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Sigmoid(), nn.Linear(8, 1))
    assert fit(own_gan(gate), small_pictures(), steps=2, watchers=[]).step == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: own_gan(mlp_discriminator((1, 9, 9))), "does not take pictures of shape"),
        (lambda: own_gan(mlp_discriminator((1, 8, 8)), latent_dim=5), r"noise of shape \(2, 5\)"),
        (lambda: own_gan(mlp_discriminator((1, 8, 8)).double()), "torch.float64"),
        (lambda: own_gan(nn.DataParallel(mlp_discriminator((1, 8, 8)))), "DataParallel"),
        (lambda: own_gan(nn.Sequential(nn.Flatten(0), nn.Linear(128, 1))), "one logit for each"),
        (lambda: own_gan(Conditional(64, nn.Linear(16, 1))), "labels"),
    ],
    ids=["other pictures", "other noise", "other numbers", "parallel", "one for all", "labels"],
)
def test_networks_that_do_not_fit_are_refused_before_training(
    make: Callable[[], GAN], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_looking_at_the_networks_changes_nothing() -> None:
    discriminator = dcgan_discriminator(12, 1, 4).eval()
    kept = copy.deepcopy(discriminator.state_dict())
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    generator = dcgan_generator(4, 12, 1, 4)
    generator[2].eval()
    GAN(generator, discriminator, Settings(latent_dim=4), torch.device("cpu"))
    assert_same(discriminator.state_dict(), kept)
    assert [m.training for m in generator[:4]] == [True, True, False, True]
    assert not any(module.training for module in discriminator.modules())
    torch.manual_seed(0)
    dcgan_generator(4, 12, 1, 4)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(3), expected)


def test_networks_that_were_put_to_eval_mode_are_trained(tmp_path: Path) -> None:
    gan, twin = small_gan(), small_gan()
    gan.generator.eval()
    gan.discriminator.eval()
    for player in (gan, twin):
        fit(player, small_pictures(), steps=5, watchers=[])
    assert_same(weights(gan), weights(twin))


def test_compiled_networks_save_what_plain_ones_do() -> None:
    plain = small_gan(average=0.9)
    pair = [
        torch.compile(n, backend="eager") for n in copy.deepcopy(small_gan()).networks().values()
    ]
    gan = GAN(*pair, plain.settings, torch.device("cpu"))
    fit(gan, small_pictures(), steps=3, watchers=[])
    assert weights(gan).keys() == weights(plain).keys()
    assert gan.sample(2).shape == (2, 1, SIZE, SIZE)


def test_instance_norm_trains_and_is_measured() -> None:
    torch.manual_seed(0)
    norms = [nn.InstanceNorm2d(4), nn.BatchNorm2d(4, track_running_stats=False)]
    layers = [nn.Conv2d(1, 4, 3), norms[0], nn.Conv2d(4, 4, 3), norms[1], nn.Flatten()]
    gan = own_gan(nn.Sequential(*layers, nn.Linear(64, 1)))
    fit(gan, small_pictures(), steps=21, watchers=[])
    assert not any(norm.track_running_stats for norm in norms)
    assert gan.sample(2).shape == (2, 1, SIZE, SIZE)


@pytest.mark.parametrize("grad", [True, False])
def test_torchs_global_switches_do_not_stop_training(grad: bool, wide: None) -> None:
    gan = small_dcgan(average=0.9, bfloat16=None)
    with torch.set_grad_enabled(grad):
        fit(gan, small_pictures().resize(12), steps=11, watchers=[])
        assert torch.is_grad_enabled() == grad
    assert gan.generator[1].weight.dtype == torch.float64
    assert len(gan.sample(3)) == 3


# --- settings and totals


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent_dim", 0),
        ("batch_size", 1),
        ("d_steps", 0),
        ("seed", -1),
        ("lr", 0.0),
        ("lr", -1e-3),
        ("lr", math.nan),
        ("lr", math.inf),
        ("d_lr", 0.0),
        ("d_lr", math.nan),
        ("beta1", 1.0),
        ("beta1", -0.1),
        ("beta1", math.nan),
        ("beta2", 1.0),
        ("average", 1.0),
        ("loss", "hing"),
        ("batch_size", 64.5),
        ("d_steps", 1.5),
        ("latent_dim", True),
        ("classes", -1),
        ("seed", 2**63),
        ("lr", "fast"),
        ("lr", None),
        ("bfloat16", "yes"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {value!r}; it must be"):
        Settings(**{name: value})


@pytest.mark.parametrize("name", ["steps", "epochs", "seconds"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, -math.inf])
def test_totals_that_are_no_length_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {value}"):
        Total.of(**{name: value}, steps_per_epoch=10)


@pytest.mark.parametrize(
    ("given", "named"),
    [({}, "nothing"), ({"steps": 1, "seconds": 2.0}, "steps and seconds")],
)
def test_exactly_one_total_is_given(given: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} given; .*exactly one"):
        fit(small_gan(), small_pictures(), watchers=[], **given)


@given(epochs=st.floats(0, 50), per_epoch=st.integers(1, 500))
def test_epochs_are_steps(epochs: float, per_epoch: int) -> None:
    steps = Total.of(epochs=epochs, steps_per_epoch=per_epoch).steps
    assert abs(steps - epochs * per_epoch) <= 0.5


def test_each_kind_of_total() -> None:
    pictures = small_pictures(40)
    assert fit(small_gan(), pictures, steps=7, watchers=[]).step == 7
    assert fit(small_gan(), pictures, epochs=3, watchers=[]).step == 15
    assert fit(small_gan(), pictures, steps=0, watchers=[]).step == 0
    gan = fit(small_gan(), pictures, seconds=0.2, watchers=[])
    assert 0.2 <= gan.seconds < 2
    before = gan.step
    assert fit(gan, pictures, seconds=0.1, watchers=[]).step == before


# --- going on


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"average": 0.9},
        {"d_steps": 2},
        {"dropout": 0.3, "loss": "relativistic"},
        {"dropout": 0.3, "batch_norm": False, "average": 0.5},
    ],
)
@pytest.mark.parametrize("stops", [[5, 10, 23], [1, 2, 3, 23], [11, 12, 23]])
def test_in_parts_is_at_once(options: dict, stops: list[int]) -> None:
    pictures = small_pictures()
    at_once = fit(small_gan(**options), pictures, steps=23, watchers=[])
    gan = small_gan(**options)
    for stop in stops:
        torch.rand(7)  # other cells draw, too
        fit(gan, pictures, steps=stop, watchers=[])
    assert gan.step == 23
    assert_same(weights(gan), weights(at_once))


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3}, {"average": 0.9}])
def test_recording_does_not_change_training(options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, gans = small_pictures(), []
    for every in (1, 1000):
        monkeypatch.setattr(loop, "RECORD_EVERY", every)
        gans.append(fit(small_gan(**options), pictures, steps=12, watchers=[]))
    assert len(gans[0].history) == 12
    assert_same(weights(gans[0]), weights(gans[1]))


def test_training_leaves_the_global_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    gan = small_gan(dropout=0.3)
    torch.manual_seed(3)
    fit(gan, small_pictures(), steps=5, watchers=[])
    assert torch.equal(torch.rand(4), expected)


def test_seeds_differ_and_repeat() -> None:
    first, again, other = (
        fit(small_gan(seed=seed), small_pictures(), steps=3, watchers=[]) for seed in (0, 0, 1)
    )
    assert_same(weights(first), weights(again))
    name = "generator.0.weight"
    assert not torch.equal(weights(first)[name], weights(other)[name])


def test_average_follows_the_generator() -> None:
    gan = small_gan(average=0.5)
    name, expected = "0.weight", None
    for step in range(1, 12):
        fit(gan, small_pictures(), steps=step, watchers=[])
        now = gan.generator.state_dict()[name].clone()
        decay = min(0.5, step / (9 + step))  # of the first steps, and from step 9 on
        expected = now if expected is None else decay * expected + (1 - decay) * now
        torch.testing.assert_close(gan.averaged.module.state_dict()[name], expected)
    assert gan.best_generator is gan.averaged.module
    plain = small_gan()
    assert plain.best_generator is plain.generator


# --- data


def test_held_out_pictures_are_never_trained_on() -> None:
    images = torch.zeros(30, 1, SIZE, SIZE, dtype=torch.uint8)
    reserved = torch.arange(30) % 3 == 0
    images[reserved] = 255
    gan, seen = small_gan(), []
    draw = gan.next_batch
    gan.next_batch = lambda *args: seen.append(draw(*args)) or seen[-1]
    fit(gan, ImageSet(images, reserved=reserved), epochs=4, watchers=[])
    assert len(seen) == 8
    assert all((batch == -1).all() for batch, _ in seen)


@settings(max_examples=30)
@given(n=st.integers(8, 60), processes=st.integers(1, 3), batch_size=st.integers(2, 8))
def test_each_epoch_shows_each_picture_at_most_once(
    n: int, processes: int, batch_size: int
) -> None:
    images = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1)
    share = n // processes
    assume(share >= batch_size)
    gans = [small_gan(batch_size=batch_size) for _ in range(processes)]
    for rank, gan in enumerate(gans):
        gan.team = Team(rank, processes)
    epochs = []
    for _ in range(2):
        numbers = []
        for gan in gans:
            for _ in range(share // batch_size):
                batch, _ = gan.next_batch(images)
                numbers += ((batch + 1) * 127.5).round().int().flatten().tolist()
        assert len(numbers) == len(set(numbers))
        assert len(numbers) > n - processes * batch_size - processes
        epochs.append(numbers)
    assert n < 20 or epochs[0] != epochs[1]


class Moved(Tensor):
    """Pictures that note how many of them each copy to a device takes along."""

    counts: ClassVar[list[int]] = []

    def to(self, *where: object, **kinds: object) -> Tensor:
        if where and isinstance(where[0], torch.device):
            self.counts.append(len(self))
        return super().to(*where, **kinds)


def test_a_set_too_large_for_the_device_goes_there_in_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for room in (True, False):
        monkeypatch.setattr(loop, "_room", lambda *args, room=room: room)
        monkeypatch.setattr(Moved, "counts", [])
        gan = small_gan()
        fit(gan, ImageSet(small_pictures().images.as_subclass(Moved)), steps=3, watchers=[])
        found.append((Moved.counts, weights(gan)))
    (whole, expected), (streamed, same) = found
    assert whole[0] == 40
    assert streamed == [8, 8, 8]
    assert_same(expected, same)


def test_batch_larger_than_the_set_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size is 8, but there are only 7 pictures"):
        fit(small_gan(), small_pictures(7), steps=1, watchers=[])


def test_pictures_of_another_shape_are_refused() -> None:
    gan = small_gan()
    with pytest.raises(ValueError, match=r"makes pictures of shape \(1, 8, 8\), .* \(1, 9, 9\)"):
        fit(gan, small_pictures().resize(9), steps=1, watchers=[])
    assert gan.step == 0


# --- what is kept


def test_history() -> None:
    gan = fit(small_gan(), small_pictures(), steps=34, watchers=[])
    assert [row["step"] for row in gan.history] == [1, 10, 20, 30, 34]
    for row in gan.history:
        assert list(row) == ["step", "seconds", *COLUMNS]
        assert row["d_loss"] > 0
        assert row["g_loss"] > 0
        assert all(0 < row[name] < 1 for name in ("d_real", "d_fake", "d_fake_after"))
    seconds = [row["seconds"] for row in gan.history]
    assert seconds == sorted(seconds)
    assert gan.seconds >= seconds[-1] > 0


def test_snapshots_show_the_same_noise_ever_more_rarely() -> None:
    gan = fit(small_gan(), small_pictures(), steps=205, watchers=[])
    steps = [step for step, _ in gan.snapshots]
    assert steps[0] == 0
    assert steps[-1] == 205
    assert steps == sorted(set(steps))
    assert len(steps) < 25
    assert {images.shape for _, images in gan.snapshots} == {(64, 1, SIZE, SIZE)}
    assert not torch.equal(gan.snapshots[0][1], gan.snapshots[-1][1])
    untrained = small_gan()
    untrained.snapshot()
    assert torch.equal(gan.snapshots[0][1], untrained.snapshots[0][1])


def test_samples_repeat_by_seed_and_leave_the_gan_alone() -> None:
    gan = small_gan()
    before = weights(gan)
    samples = gan.sample(5, seed=3)
    assert samples.shape == (5, 1, SIZE, SIZE)
    assert samples.dtype == torch.uint8
    assert torch.equal(samples, gan.sample(5, seed=3))
    assert not torch.equal(samples, gan.sample(5, seed=4))
    assert_same(weights(gan), before)
    assert gan.generator.training


def test_watchers_see_every_tenth_step_and_the_end() -> None:
    calls: list[tuple[int, bool]] = []

    def watcher(gan: GAN, done: bool) -> None:
        calls.append((gan.step, done))

    fit(small_gan(), small_pictures(), steps=25, watchers=[watcher])
    assert calls == [(1, False), (10, False), (20, False), (25, False), (25, True)]


# --- NaN


def poison(gan: GAN, step: int) -> torch.utils.hooks.RemovableHandle:
    """Make the discriminator answer NaN in this step."""

    def spoil(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        return output * math.nan if gan.step + 1 == step else output

    return gan.discriminator.register_forward_hook(spoil)


def test_nan_stops_at_its_step_and_keeps_the_last_good_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guards, "KEEP_EVERY", 0.0)
    pictures, good = small_pictures(), small_gan(dropout=0.3)
    fit(good, pictures, steps=10, watchers=[])
    kept = weights(good)
    gan = small_gan(dropout=0.3)
    hook = poison(gan, 13)
    with pytest.raises(TrainingDiverged, match=r"at step 13; .* after step 10\. .* lower lr"):
        fit(gan, pictures, steps=30, watchers=[])
    assert (gan.step, len(gan.history)) == (10, 2)
    assert_same(weights(gan), kept)
    hook.remove()
    fit(gan, pictures, steps=30, watchers=[])
    assert_same(weights(gan), weights(fit(good, pictures, steps=30, watchers=[])))


def test_nan_soon_after_the_start_goes_back_to_the_start() -> None:
    gan = small_gan(average=0.9)
    start = weights(gan)
    poison(gan, 1)
    with pytest.raises(TrainingDiverged, match=r"at step 1; .* after step 0"):
        fit(gan, small_pictures(), steps=30, watchers=[])
    assert_same(weights(gan), start)


def test_a_learning_rate_far_too_high_is_noticed() -> None:
    gan = small_gan(lr=1e30)
    with pytest.raises(TrainingDiverged, match="lower lr"):
        fit(gan, small_pictures(), steps=100, watchers=[])
    assert all(value.isfinite().all() for value in weights(gan).values())


# --- interruption


def interrupt_once(at: int) -> Callable[[GAN, bool], None]:
    def watcher(gan: GAN, done: bool) -> None:
        if gan.step == at and not done:
            os.kill(os.getpid(), signal.SIGINT)

    return watcher


@pytest.mark.parametrize("inside_step", [False, True])
def test_interrupted_and_called_again(inside_step: bool) -> None:
    pictures = small_pictures()
    uninterrupted = fit(small_gan(dropout=0.3), pictures, steps=37, watchers=[])
    gan = small_gan(dropout=0.3)
    stopped_at, watchers, draw = 20, [interrupt_once(20)], gan.next_batch
    if inside_step:

        def draw_and_interrupt(*args: object) -> Tensor:
            if gan.step == 16:
                os.kill(os.getpid(), signal.SIGINT)
            return draw(*args)

        gan.next_batch, stopped_at, watchers = draw_and_interrupt, 17, []
    before = signal.getsignal(signal.SIGINT)
    said = rf"Stopped after step {stopped_at}\. Nothing is lost"
    with pytest.raises(Interrupted, match=said) as stopped:
        fit(gan, pictures, steps=37, watchers=watchers)
    assert signal.getsignal(signal.SIGINT) is before
    assert gan.step == gan.snapshots[-1][0] == stopped_at
    assert stopped.value._render_traceback_() == [str(stopped.value)]
    gan.next_batch = draw
    fit(gan, pictures, steps=37, watchers=[])
    assert_same(weights(gan), weights(uninterrupted))


def test_one_press_stops_a_whole_row_of_trainings() -> None:
    gans = [small_gan(seed=seed) for seed in range(3)]
    with pytest.raises(KeyboardInterrupt):
        for gan in gans:
            fit(gan, small_pictures(), steps=30, watchers=[interrupt_once(10)])
    assert [gan.step for gan in gans] == [10, 0, 0]


def test_a_press_at_the_last_step_loses_nothing() -> None:
    gan = small_gan()
    with pytest.raises(Interrupted):
        fit(gan, small_pictures(), steps=20, watchers=[interrupt_once(20)])
    assert fit(gan, small_pictures(), steps=20, watchers=[]).step == 20


def test_a_second_interrupt_breaks_off() -> None:
    def twice(gan: GAN, done: bool) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(small_gan(), small_pictures(), steps=30, watchers=[twice])
    assert signal.getsignal(signal.SIGINT) is before


# --- several processes

TWO_PROCESSES = """
import os, sys
from pathlib import Path
import torch
from conftest import small_dcgan, small_gan, small_pictures, weights
from gan_utils.training import fit

out, rank = Path(sys.argv[1]), int(os.environ["RANK"])
for name, gan, pictures in [
    ("plain", small_gan(batch_norm=False, average=0.9, batch_size=4), small_pictures()),
    ("dcgan", small_dcgan(loss="relativistic"), small_pictures().resize(12)),
]:
    with torch.no_grad():  # as if the two had been built without a seed
        for network in gan.networks().values():
            for number in network.parameters():
                number.add_(rank)
    real = gan.next_batch
    gan.next_batch = lambda *args: seen.append(real(*args)) or seen[-1]
    seen, watched = [], []
    fit(gan, pictures, steps=12, watchers=[lambda gan, done: watched.append(gan.step)])
    kept = {"weights": weights(gan), "seen": torch.cat([real for real, _ in seen])}
    torch.save(kept | {"watched": watched}, out / f"{name}-{rank}.pt")
"""


@pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="this torch has no gloo, so two processes cannot talk",
)
def test_two_processes_train_one_gan(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, *launch, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for name in ("plain", "dcgan"):
        ours, theirs = (torch.load(tmp_path / f"{name}-{rank}.pt") for rank in (0, 1))
        learned = [key for key in ours["weights"] if key.endswith(("weight", "bias"))]
        for key in learned:  # batch norm's statistics are each one's own
            assert torch.equal(ours["weights"][key], theirs["weights"][key]), key
        assert ours["watched"] == [1, 10, 12, 12]
        assert theirs["watched"] == []
        seen = [part["seen"].flatten(1).sum(dim=1).tolist()[:16] for part in (ours, theirs)]
        assert not {*seen[0]} & {*seen[1]}  # in the first epoch no picture is seen by both
    assert_one_process_learns_the_same(torch.load(tmp_path / "plain-0.pt")["weights"])


def assert_one_process_learns_the_same(found: dict[str, Tensor]) -> None:
    """Two processes with batches of 4 are one with the 8 pictures and the noise of both."""
    gan = small_gan(batch_norm=False, average=0.9)
    ranks = [small_gan(batch_norm=False, batch_size=4) for _ in range(2)]
    for rank, each in enumerate(ranks):
        each.team = Team(rank, 2)
    ranks[1].noise_source.manual_seed(1_000_003)
    pictures = small_pictures().images
    gan.next_batch = lambda *args: (torch.cat([r.next_batch(pictures)[0] for r in ranks]), None)
    gan.noise = lambda n: torch.cat([each.noise(n // 2) for each in ranks])
    fit(gan, small_pictures(), steps=12, watchers=[])
    for key, value in weights(gan).items():
        torch.testing.assert_close(found[key], value, rtol=1e-3, atol=1e-4, msg=key)
