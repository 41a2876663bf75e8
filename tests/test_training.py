"""The engine: one step, totals, exact continuation, interruption, divergence, two processes."""

import copy
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from conftest import SIZE, assert_same, small_dcgan, small_game, small_pictures, weights
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_utils import losses, training
from gan_utils.datasets import ImageSet, to_unit
from gan_utils.game import Game, Settings
from gan_utils.models import dcgan_discriminator, mlp_discriminator, mlp_generator
from gan_utils.training import Total, TrainingDiverged, fit, train_step

ROOT = Path(__file__).resolve().parents[1]


# --- one step


def textbook_step(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizers: tuple[torch.optim.Adam, torch.optim.Adam],
    batches: list[tuple[Tensor, Tensor]],
    saturating: bool = False,
    r1: float = 0.0,
) -> None:
    """Algorithm 1, without any of the engine's shortcuts; with R1's penalty of a first step."""
    g_optimizer, d_optimizer = optimizers
    for real, z in batches:
        fake = generator(z)
        real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        d_optimizer.zero_grad()
        (softplus(-real_logits).mean() + softplus(fake_logits).mean()).backward()
        if r1:
            real.requires_grad_()
            slope = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)[0]
            (8 * r1 * slope.square().sum(dim=(1, 2, 3)).mean() / 2).backward()
        d_optimizer.step()
    logits = discriminator(fake)
    g_optimizer.zero_grad()
    (-softplus(logits).mean() if saturating else softplus(-logits).mean()).backward()
    g_optimizer.step()


@pytest.fixture
def two_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """D judges real and fake apart: sums come in the textbook's order, so bits can be compared."""
    monkeypatch.setattr(training, "EACH_ALONE", ())


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (small_game, {}),
        (small_game, {"d_steps": 3}),
        (small_game, {"loss": "minimax"}),
        (small_game, {"r1": 0.3}),
        (small_game, {"d_lr": 3e-4}),
        (small_dcgan, {}),
        (small_dcgan, {"d_steps": 2, "beta1": 0.9, "beta2": 0.99}),
        (small_dcgan, {"d_steps": 2, "r1": 0.3}),
    ],
)
def test_step_is_the_textbooks_bit_for_bit(
    make: Callable[..., Game], options: dict, two_passes: None
) -> None:
    game = make(**options)
    generator, discriminator = copy.deepcopy((game.generator, game.discriminator))
    betas = (game.settings.beta1, game.settings.beta2)
    rates = game.settings.lr, options.get("d_lr", game.settings.lr)
    optimizers = tuple(
        torch.optim.Adam(network.parameters(), rate, betas, fused=True)
        for network, rate in zip((generator, discriminator), rates, strict=True)
    )
    shape = game.generator(torch.zeros(2, 4)).shape[1:]
    generator.load_state_dict(game.generator.state_dict())
    pictures = torch.Generator().manual_seed(1)
    noise = torch.Generator().manual_seed(game.settings.seed)
    for _ in range(3):
        reals = [
            torch.rand(8, *shape, generator=pictures) * 2 - 1 for _ in range(game.settings.d_steps)
        ]
        train_step(game, iter(reals).__next__)
        batches = [(real, torch.randn(8, 4, generator=noise)) for real in reals]
        saturating, r1 = game.settings.loss == "minimax", game.settings.r1
        textbook_step(generator, discriminator, optimizers, batches, saturating, r1)
        assert_same(game.generator.state_dict(), generator.state_dict())
        assert_same(game.discriminator.state_dict(), discriminator.state_dict())


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
    discriminator = discriminator.double()
    real, fake = torch.rand(2, 6, *shape, dtype=torch.float64) * 2 - 1
    passes = []
    discriminator.register_forward_hook(lambda module, inputs, output: passes.append(len(output)))
    judged = training.judge(discriminator, real, fake * 0.5)
    norms = any(isinstance(module, nn.BatchNorm2d) for module in discriminator.modules())
    assert passes == ([6, 6] if norms else [12])
    for logits, pictures in zip(judged, (real, fake * 0.5), strict=True):
        assert logits.dtype == torch.float32
        torch.testing.assert_close(logits, discriminator(pictures).float())


def test_every_eighth_step_is_penalized_and_no_loss_shows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    penalized, penalty = [], losses.r1_penalty

    def watched(discriminator: nn.Module, real: Tensor) -> Tensor:
        penalized.append(game.step)
        return penalty(discriminator, real)

    monkeypatch.setattr(losses, "r1_penalty", watched)
    game = small_game(r1=100.0)
    fit(game, small_pictures(), steps=20, watchers=[])
    assert penalized == [0, 8, 16]
    plain = fit(small_game(), small_pictures(), steps=1, watchers=[])
    assert game.history[0]["d_loss"] == plain.history[0]["d_loss"]


def test_penalty_flattens_the_discriminator() -> None:
    real = to_unit(small_pictures().images)
    slopes = []
    for r1 in (0.0, 1.0):
        game = fit(small_game(r1=r1, lr=1e-2), small_pictures(), steps=200, watchers=[])
        slopes.append(losses.r1_penalty(game.discriminator, real).item())
    assert slopes[1] < 0.5 * slopes[0]


def test_generators_turn_leaves_no_gradient_in_the_discriminator(two_passes: None) -> None:
    game, twin = small_game(), small_game()
    real = to_unit(small_pictures(8).images)
    train_step(game, lambda: real)
    fake = twin.generator(twin.noise(8)).detach()
    logits = twin.discriminator(real), twin.discriminator(fake)
    losses.discriminator_loss(*logits).backward()
    for ours, theirs in zip(
        game.discriminator.parameters(), twin.discriminator.parameters(), strict=True
    ):
        assert torch.equal(ours.grad, theirs.grad)
        assert ours.requires_grad


def test_step_measures_what_it_says() -> None:
    game, twin = small_game(batch_norm=False), small_game(batch_norm=False)
    real = to_unit(small_pictures(8).images)
    numbers = dict(zip(training.COLUMNS, train_step(game, lambda: real, record=True), strict=True))
    z = twin.noise(8)
    with torch.no_grad():
        d_real = twin.discriminator(real).sigmoid()
        d_fake_untrained = twin.discriminator(twin.generator(z)).sigmoid()
        d_fake = game.discriminator(twin.generator(z)).sigmoid()
        d_fake_after = game.discriminator(game.generator(z)).sigmoid()
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


def test_notebook_02_trains_the_same_way(two_passes: None) -> None:
    path = ROOT / "notebooks" / "02_mlp_gan.ipynb"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there yet")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    (loop,) = [cell for cell in cells if cell["id"] == "training-loop"]
    scope: dict[str, object] = {"torch": torch, "softplus": softplus}
    exec(compile("".join(loop["source"]), path.name, "exec"), scope)

    torch.manual_seed(0)
    players = mlp_generator(), mlp_discriminator()
    lr = 5e-4
    game = Game(*copy.deepcopy(players), Settings(lr=lr, bfloat16=False), torch.device("cpu"))
    batches = list(torch.rand(3, 16, 1, 28, 28) * 2 - 1)
    torch.manual_seed(1)
    history = scope["train"](*players, batches, latent_dim=100, lr=lr)
    game.noise_source.manual_seed(1)
    numbers = [train_step(game, lambda real=real: real) for real in batches]

    torch.testing.assert_close(torch.stack(numbers), torch.tensor(history), rtol=1e-4, atol=1e-5)
    # A bias before batch norm does nothing: its gradient is rounding, which Adam blows up.
    idle = {f"{i}.bias" for i in (2, 5, 8)}
    for ours, theirs, skipped in zip(
        players, (game.generator, game.discriminator), (idle, set()), strict=True
    ):
        for name in ours.state_dict().keys() - skipped:
            a, b = ours.state_dict()[name], theirs.state_dict()[name]
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4, msg=name)


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
        ("r1", -0.1),
        ("r1", math.inf),
        ("r1", math.nan),
        ("average", 1.0),
        ("loss", "hinge"),
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
        fit(small_game(), small_pictures(), watchers=[], **given)


@given(epochs=st.floats(0, 50), per_epoch=st.integers(1, 500))
def test_epochs_are_steps(epochs: float, per_epoch: int) -> None:
    steps = Total.of(epochs=epochs, steps_per_epoch=per_epoch).steps
    assert abs(steps - epochs * per_epoch) <= 0.5


def test_each_kind_of_total() -> None:
    pictures = small_pictures(40)
    assert fit(small_game(), pictures, steps=7, watchers=[]).step == 7
    assert fit(small_game(), pictures, epochs=3, watchers=[]).step == 15
    assert fit(small_game(), pictures, steps=0, watchers=[]).step == 0
    game = fit(small_game(), pictures, seconds=0.2, watchers=[])
    assert 0.2 <= game.seconds < 2
    before = game.step
    assert fit(game, pictures, seconds=0.1, watchers=[]).step == before


# --- going on


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"average": 0.9},
        {"d_steps": 2},
        {"dropout": 0.3, "r1": 0.3},
        {"dropout": 0.3, "batch_norm": False, "average": 0.5},
    ],
)
@pytest.mark.parametrize("stops", [[5, 10, 23], [1, 2, 3, 23], [11, 12, 23]])
def test_in_parts_is_at_once(options: dict, stops: list[int]) -> None:
    pictures = small_pictures()
    at_once = fit(small_game(**options), pictures, steps=23, watchers=[])
    game = small_game(**options)
    for stop in stops:
        torch.rand(7)  # other cells draw, too
        fit(game, pictures, steps=stop, watchers=[])
    assert game.step == 23
    assert_same(weights(game), weights(at_once))


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3}, {"average": 0.9}])
def test_recording_does_not_change_training(options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, games = small_pictures(), []
    for every in (1, 1000):
        monkeypatch.setattr(training, "RECORD_EVERY", every)
        games.append(fit(small_game(**options), pictures, steps=12, watchers=[]))
    assert len(games[0].history) == 12
    assert_same(weights(games[0]), weights(games[1]))


def test_training_leaves_the_global_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    game = small_game(dropout=0.3)
    torch.manual_seed(3)
    fit(game, small_pictures(), steps=5, watchers=[])
    assert torch.equal(torch.rand(4), expected)


def test_seeds_differ_and_repeat() -> None:
    first, again, other = (
        fit(small_game(seed=seed), small_pictures(), steps=3, watchers=[]) for seed in (0, 0, 1)
    )
    assert_same(weights(first), weights(again))
    name = "generator.0.weight"
    assert not torch.equal(weights(first)[name], weights(other)[name])


def test_average_follows_the_generator() -> None:
    game = small_game(average=0.5)
    name, expected = "0.weight", None
    for step in range(1, 12):
        fit(game, small_pictures(), steps=step, watchers=[])
        now = game.generator.state_dict()[name].clone()
        decay = min(0.5, step / (9 + step))  # of the first steps, and from step 9 on
        expected = now if expected is None else decay * expected + (1 - decay) * now
        torch.testing.assert_close(game.averaged.module.state_dict()[name], expected)
    assert game.best_generator is game.averaged.module
    plain = small_game()
    assert plain.best_generator is plain.generator


# --- data


def test_held_out_pictures_are_never_trained_on() -> None:
    images = torch.zeros(30, 1, SIZE, SIZE, dtype=torch.uint8)
    reserved = torch.arange(30) % 3 == 0
    images[reserved] = 255
    game, seen = small_game(), []
    draw = game.next_real
    game.next_real = lambda *args: seen.append(draw(*args)) or seen[-1]
    fit(game, ImageSet(images, reserved=reserved), epochs=4, watchers=[])
    assert len(seen) == 8
    assert all((batch == -1).all() for batch in seen)


@settings(max_examples=30)
@given(n=st.integers(8, 60), processes=st.integers(1, 3), batch_size=st.integers(2, 8))
def test_each_epoch_shows_each_picture_at_most_once(
    n: int, processes: int, batch_size: int
) -> None:
    images = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1)
    share = n // processes
    if share < batch_size:
        return
    games = [small_game(batch_size=batch_size) for _ in range(processes)]
    epochs = []
    for _ in range(2):
        numbers = []
        for rank, game in enumerate(games):
            for _ in range(share // batch_size):
                batch = game.next_real(images, rank, processes)
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
    for most in (training.ON_DEVICE, 0):
        monkeypatch.setattr(training, "ON_DEVICE", most)
        monkeypatch.setattr(Moved, "counts", [])
        game = small_game()
        fit(game, ImageSet(small_pictures().images.as_subclass(Moved)), steps=3, watchers=[])
        found.append((Moved.counts, weights(game)))
    (whole, expected), (streamed, same) = found
    assert whole[0] == 40
    assert streamed == [8, 8, 8]
    assert_same(expected, same)


def test_batch_larger_than_the_set_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size is 8, but there are only 7 pictures"):
        fit(small_game(), small_pictures(7), steps=1, watchers=[])


def test_pictures_of_another_shape_are_refused() -> None:
    game = small_game()
    with pytest.raises(ValueError, match=r"makes pictures of shape \(1, 8, 8\), .* \(1, 9, 9\)"):
        fit(game, small_pictures().resize(9), steps=1, watchers=[])
    assert game.step == 0


# --- what is kept


def test_history() -> None:
    game = fit(small_game(), small_pictures(), steps=34, watchers=[])
    assert [row["step"] for row in game.history] == [1, 10, 20, 30, 34]
    for row in game.history:
        assert list(row) == ["step", "seconds", *training.COLUMNS]
        assert row["d_loss"] > 0
        assert row["g_loss"] > 0
        assert all(0 < row[name] < 1 for name in ("d_real", "d_fake", "d_fake_after"))
    seconds = [row["seconds"] for row in game.history]
    assert seconds == sorted(seconds)
    assert game.seconds >= seconds[-1] > 0


def test_snapshots_show_the_same_noise_ever_more_rarely() -> None:
    game = fit(small_game(), small_pictures(), steps=205, watchers=[])
    steps = [step for step, _ in game.snapshots]
    assert steps[0] == 0
    assert steps[-1] == 205
    assert steps == sorted(set(steps))
    assert len(steps) < 25
    assert {images.shape for _, images in game.snapshots} == {(64, 1, SIZE, SIZE)}
    assert not torch.equal(game.snapshots[0][1], game.snapshots[-1][1])
    untrained = small_game()
    untrained.snapshot()
    assert torch.equal(game.snapshots[0][1], untrained.snapshots[0][1])


def test_samples_repeat_by_seed_and_leave_the_game_alone() -> None:
    game = small_game()
    before = weights(game)
    samples = game.sample(5, seed=3)
    assert samples.shape == (5, 1, SIZE, SIZE)
    assert samples.dtype == torch.uint8
    assert torch.equal(samples, game.sample(5, seed=3))
    assert not torch.equal(samples, game.sample(5, seed=4))
    assert_same(weights(game), before)
    assert game.generator.training


def test_watchers_see_every_tenth_step_and_the_end() -> None:
    calls: list[tuple[int, bool]] = []

    def watcher(game: Game, done: bool) -> None:
        calls.append((game.step, done))

    fit(small_game(), small_pictures(), steps=25, watchers=[watcher])
    assert calls == [(1, False), (10, False), (20, False), (25, False), (25, True)]


# --- NaN


def poison(game: Game, step: int) -> torch.utils.hooks.RemovableHandle:
    """Make the discriminator answer NaN in this step."""

    def spoil(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
        return output * math.nan if game.step + 1 == step else output

    return game.discriminator.register_forward_hook(spoil)


def test_nan_stops_at_its_step_and_keeps_the_last_good_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "KEEP_EVERY", 0.0)
    pictures, good = small_pictures(), small_game(dropout=0.3)
    fit(good, pictures, steps=10, watchers=[])
    kept = weights(good)
    game = small_game(dropout=0.3)
    hook = poison(game, 13)
    with pytest.raises(TrainingDiverged, match=r"at step 13; .* after step 10\. Try a lower lr"):
        fit(game, pictures, steps=30, watchers=[])
    assert (game.step, len(game.history)) == (10, 2)
    assert_same(weights(game), kept)
    hook.remove()
    fit(game, pictures, steps=30, watchers=[])
    assert_same(weights(game), weights(fit(good, pictures, steps=30, watchers=[])))


def test_nan_soon_after_the_start_goes_back_to_the_start() -> None:
    game = small_game(average=0.9)
    start = weights(game)
    poison(game, 1)
    with pytest.raises(TrainingDiverged, match=r"at step 1; .* after step 0"):
        fit(game, small_pictures(), steps=30, watchers=[])
    assert_same(weights(game), start)


def test_a_learning_rate_far_too_high_is_noticed() -> None:
    game = small_game(lr=1e30)
    with pytest.raises(TrainingDiverged, match="lower lr"):
        fit(game, small_pictures(), steps=100, watchers=[])
    assert all(value.isfinite().all() for value in weights(game).values())


# --- interruption


def interrupt_once(at: int) -> Callable[[Game, bool], None]:
    def watcher(game: Game, done: bool) -> None:
        if game.step == at and not done:
            os.kill(os.getpid(), signal.SIGINT)

    return watcher


@pytest.mark.parametrize("inside_step", [False, True])
def test_interrupted_and_called_again(inside_step: bool, capsys: pytest.CaptureFixture) -> None:
    pictures = small_pictures()
    uninterrupted = fit(small_game(dropout=0.3), pictures, steps=37, watchers=[])
    game = small_game(dropout=0.3)
    stopped_at, watchers, draw = 20, [interrupt_once(20)], game.next_real
    if inside_step:

        def draw_and_interrupt(*args: object) -> Tensor:
            if game.step == 16:
                os.kill(os.getpid(), signal.SIGINT)
            return draw(*args)

        game.next_real, stopped_at, watchers = draw_and_interrupt, 17, []
    before = signal.getsignal(signal.SIGINT)
    fit(game, pictures, steps=37, watchers=watchers)
    assert signal.getsignal(signal.SIGINT) is before
    assert (game.step, game.interrupted) == (stopped_at, True)
    said = f"Stopped after step {stopped_at}. Nothing is lost: the same call goes on from here."
    assert said in capsys.readouterr().out
    game.next_real = draw
    fit(game, pictures, steps=37, watchers=[])
    assert (game.step, game.interrupted) == (37, False)
    assert_same(weights(game), weights(uninterrupted))


def test_a_second_interrupt_breaks_off() -> None:
    def twice(game: Game, done: bool) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(small_game(), small_pictures(), steps=30, watchers=[twice])
    assert signal.getsignal(signal.SIGINT) is before


# --- several processes

TWO_PROCESSES = """
import os, sys
from pathlib import Path
from typing import ClassVar
import torch
from conftest import small_dcgan, small_game, small_pictures
from gan_utils.training import fit
from gan_utils.watching import Checkpoints

out, rank = Path(sys.argv[1]), os.environ["RANK"]
for name, game, pictures in [
    ("mlp", small_game(batch_norm=False, average=0.9), small_pictures()),
    ("dcgan", small_dcgan(), small_pictures().resize(12)),
]:
    seen = lambda game, done: (out / f"{name}-watched-by-{rank}").touch()
    fit(game, pictures, steps=12, watchers=[Checkpoints(out / name, {}), seen])
    parameters = [p.detach() for n in (game.generator, game.discriminator) for p in n.parameters()]
    torch.save(parameters, out / f"{name}-{rank}.pt")
"""


@pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="this torch has no gloo, so two processes cannot talk",
)
def test_two_processes_train_one_game(tmp_path: Path) -> None:
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
    for name in ("mlp", "dcgan"):
        ours, theirs = (torch.load(tmp_path / f"{name}-{rank}.pt") for rank in (0, 1))
        assert all(map(torch.equal, ours, theirs))
        assert (tmp_path / f"{name}-watched-by-0").exists()
        assert not (tmp_path / f"{name}-watched-by-1").exists()
        assert (tmp_path / name / "generator.safetensors").exists()
    alone = fit(small_game(batch_norm=False, average=0.9), small_pictures(), steps=12, watchers=[])
    ours = torch.load(tmp_path / "mlp-0.pt")
    assert not torch.equal(ours[0], alone.generator[0].weight)  # the other half was heard
