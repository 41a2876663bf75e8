"""Shape arithmetic against torch, on thousands of random settings; the notebook's own versions."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d
from torch.utils.flop_counter import FlopCounterMode

from gan_utils import models, runtime, shapes, variants

MANY = settings(max_examples=1000, deadline=None)
small = st.integers(-1, 7)


def either(call: Callable[[], object]) -> object:
    """What a call gives, or what it raises; torch's pooling refuses a vector by an IndexError."""
    try:
        return call()
    except (ValueError, RuntimeError, IndexError) as error:
        return error


def agree(ours: object, theirs: object) -> None:
    """The same size, or both refuse, we in a sentence that says what to do.

    Where no pixel would be left, torch refuses or, in some of its implementations, makes an empty
    picture; we always refuse.
    """
    if isinstance(theirs, RuntimeError) or 0 in np.atleast_1d(theirs):
        assert isinstance(ours, ValueError), f"torch refuses ({theirs}), we say {ours}"
        assert any(word in str(ours) for word in ("must be", "take a")), ours
    else:
        assert ours == theirs


# --- the two formulas


@MANY
@given(size=st.integers(0, 20), k=small, s=small, p=small, d=small)
def test_conv_out_is_torch(size: int, k: int, s: int, p: int, d: int) -> None:
    def theirs() -> int:
        # without a batch or channels of zero size, which torch lets pass
        made = conv2d(
            torch.zeros(1, 1, size, size), torch.zeros(1, 1, max(k, 0), max(k, 0)), None, s, p, d
        )
        return made.shape[-1]

    agree(either(lambda: shapes.conv_out(size, k, s, p, d)), either(theirs))


@MANY
@given(size=st.integers(0, 12), k=small, s=small, p=small, o=small, d=small)
def test_conv_transpose_out_is_torch(size: int, k: int, s: int, p: int, o: int, d: int) -> None:
    def theirs() -> int:
        kernel = torch.zeros(1, 1, max(k, 0), max(k, 0))
        made = conv_transpose2d(torch.zeros(1, 1, size, size), kernel, None, s, p, o, 1, d)
        return made.shape[-1]

    agree(either(lambda: shapes.conv_transpose_out(size, k, s, p, o, d)), either(theirs))


pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))
margins = st.tuples(st.integers(0, 3), st.integers(0, 3))


@settings(max_examples=300)
@given(size=st.tuples(*[st.integers(1, 12)] * 2), k=pairs, s=pairs, p=margins, o=margins, d=pairs)
def test_pairs_are_torch(size: tuple, k: tuple, s: tuple, p: tuple, o: tuple, d: tuple) -> None:
    picture, kernel = torch.zeros(1, 1, *size), torch.zeros(1, 1, *k)
    agree(
        either(lambda: shapes.conv_out(size, k, s, p, d)),
        either(lambda: tuple(conv2d(picture, kernel, None, s, p, d).shape[-2:])),
    )
    agree(
        either(lambda: shapes.conv_transpose_out(size, k, s, p, o, d)),
        either(lambda: tuple(conv_transpose2d(picture, kernel, None, s, p, o, 1, d).shape[-2:])),
    )


def test_the_valid_settings_are_many() -> None:
    """The random settings above would prove little if nearly all were refused."""
    source = np.random.default_rng(0)
    drawn = source.integers(-1, 8, (1000, 4)).tolist()
    sizes = [either(lambda row=row: shapes.conv_out(12, *row)) for row in drawn]
    assert sum(isinstance(size, int) for size in sizes) > 100


def test_a_pair_among_whole_numbers_makes_a_pair() -> None:
    assert shapes.conv_out(28, (3, 5), 2, 1) == (14, 13)
    assert shapes.conv_out((28, 28), 3, 2, 1) == (14, 14)
    assert shapes.conv_transpose_out(7, 4, 2, (1, 0)) == (14, 16)
    assert isinstance(shapes.conv_out(28, 3), int)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: shapes.conv_out(2, 5), "a padding of at least 2"),
        (lambda: shapes.conv_out(28.0, 3), "size is 28.0; it must be a whole number"),
        (lambda: shapes.conv_out(28, True), "kernel_size is True"),
        (lambda: shapes.conv_out((1, 2, 3), 1), "has 3 numbers"),
        (lambda: shapes.conv_out(28, 3, stride=0), "stride is 0"),
        (lambda: shapes.conv_transpose_out(4, 3, 2, 1, 2), "at most 1: .* loses, which is never"),
        (lambda: shapes.conv_transpose_out(1, 2, 1, 1), "a padding of at most 0"),
        (lambda: shapes.conv_transpose_out(4, 3, 2, -1), "padding is -1"),
        (lambda: shapes.conv_transpose_out(float("nan"), 3), "size is nan"),
    ],
)
def test_refusals_say_what_to_do(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


@given(
    size=st.integers(1, 30), k=st.integers(1, 7), s=st.integers(1, 4), p=st.integers(0, 3)
)  # the derivation in the notebook
def test_a_transposed_convolution_gives_back_all_but_what_was_lost(
    size: int, k: int, s: int, p: int
) -> None:
    assume(k <= size + 2 * p)
    lost = (size + 2 * p - k) % s
    assert shapes.conv_transpose_out(shapes.conv_out(size, k, s, p), k, s, p, lost) == size


# --- overlap

layers = st.tuples(
    st.integers(1, 8), st.integers(1, 6), st.integers(1, 4), st.integers(0, 2), st.integers(0, 2)
)


@settings(max_examples=300)
@given(layer=layers, dilation=st.integers(1, 3))
def test_overlap_is_a_layer_of_ones(layer: tuple, dilation: int) -> None:
    size, k, s, p, o = layer
    numbers = (size, k, s, p, o, dilation)
    side = either(lambda: shapes.conv_transpose_out(*numbers))
    if isinstance(side, ValueError):
        with pytest.raises(ValueError, match=re.escape(str(side))):
            shapes.overlap(*numbers)
    else:
        ones = torch.ones(1, 1, size, size), torch.ones(1, 1, k, k)
        painted = conv_transpose2d(*ones, None, s, p, o, 1, dilation)[0, 0]
        assert np.array_equal(shapes.overlap(*numbers), painted.numpy())


@pytest.mark.parametrize("k", range(1, 9))
@pytest.mark.parametrize("s", range(1, 5))
def test_inside_is_even_exactly_where_the_stride_divides_the_kernel(k: int, s: int) -> None:
    inside = shapes.overlap(12, k, s, inside=True)  # without dilation
    assert (len(np.unique(inside)) == 1) == (k % s == 0)
    assert np.array_equal(inside[s:, s:], inside[:-s, :-s])  # it repeats


@pytest.mark.parametrize(
    ("layer", "dilation", "counts"),
    [
        ((4, 2, 1), 1, [4]),
        ((3, 2, 1), 1, [1, 2, 4]),
        ((5, 3, 1), 1, [1, 2, 4]),
        ((4, 2), 2, [0, 16]),
    ],
)
def test_counts_inside(layer: tuple, dilation: int, counts: list) -> None:
    """The three layers of the course; and dilation breaks the rule."""
    inside = shapes.overlap(16, *layer, dilation=dilation, inside=True)
    assert np.unique(inside).tolist() == counts


def test_inside_leaves_no_edge_and_wastes_no_pixel() -> None:
    coats = shapes.overlap(6, 3, 2)[6]
    assert coats.tolist() == [2, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 2]
    assert shapes.overlap(6, 3, 2, inside=True).shape == (9, 9)
    with pytest.raises(ValueError, match="take a larger size"):
        shapes.overlap(1, 4, 2, inside=True)


# --- three views

VIEWS = [shapes.by_matrix, shapes.by_zero_insertion, shapes.by_painting]


@settings(max_examples=200)
@given(
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    k=st.integers(1, 5),
    s=st.integers(1, 4),
    p=st.integers(0, 4),
    o=st.integers(0, 3),
    d=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_three_views_are_torch(
    size: tuple, k: int, s: int, p: int, o: int, d: int, seed: int
) -> None:
    source = torch.Generator().manual_seed(seed)
    picture = torch.randn(size, dtype=torch.float64, generator=source)
    kernel = torch.randn(k, k, dtype=torch.float64, generator=source)
    numbers = (s, p, o, d)
    expected = either(
        lambda: conv_transpose2d(picture[None, None], kernel[None, None], None, s, p, o, 1, d)[0, 0]
    )
    for view in VIEWS:
        got = either(lambda view=view: view(picture, kernel, *numbers))
        if isinstance(expected, RuntimeError) or not expected.numel():
            assert isinstance(got, ValueError), (view, got)
        else:
            assert got.shape == expected.shape
            assert (got - expected).abs().max() < 1e-10


# --- trace


def macs(network: nn.Module, picture: Tensor) -> int:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network(picture)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("size", [28, 32, 48, 64, 96])
def test_trace_of_the_courses_networks_is_what_torch_does(size: int) -> None:
    generator = models.dcgan_generator(10, size, 3, 8).eval()
    discriminator = models.dcgan_discriminator(size, 3, 8).eval()
    z, picture = torch.zeros(1, 10), torch.zeros(1, 3, size, size)
    for network, given_ in [(generator, z), (discriminator, picture)]:
        traced = shapes.trace(network, tuple(given_.shape[1:]))
        x = given_
        for module, row in zip(network, traced.rows, strict=True):
            x = module(x)
            assert row.shape == tuple(x.shape[1:])
        assert traced.parameters == models.count_parameters(network)
        assert traced.multiply_adds == macs(network, given_)


class Skip(nn.Sequential):
    """A layer of one's own: what it is given comes out again, and more."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


CHOICES = [
    lambda c, k, s, p, d: nn.Conv2d(c, 2, k, s, p, d),
    lambda c, k, s, p, d: nn.ConvTranspose2d(c, 4, k, s, p, (s > 1) + 0, 2, dilation=d),
    lambda c, k, s, p, d: nn.Conv2d(c, 4, (k, 1), (1, s), (p, 0), groups=2),
    lambda c, k, s, p, d: nn.Conv2d(c, 2, k, padding="same", dilation=d),
    lambda c, k, s, p, d: nn.Conv2d(c, 2, k, padding="valid"),
    lambda c, k, s, p, d: nn.MaxPool2d(k, s, p, d),
    lambda c, k, s, p, d: nn.AvgPool2d(k, s, p),
    lambda c, k, s, p, d: nn.Upsample(scale_factor=s),
    lambda c, k, s, p, d: nn.Upsample(scale_factor=0.7, mode="bilinear"),
    lambda c, k, s, p, d: nn.Upsample(size=(k, s)),
    lambda c, k, s, p, d: nn.AdaptiveAvgPool2d((k, None)),
    lambda c, k, s, p, d: nn.Sequential(nn.BatchNorm2d(c), nn.LeakyReLU(0.2), nn.Dropout()),
    lambda c, k, s, p, d: nn.Sequential(nn.Flatten(), nn.Linear(k * 4, 6), nn.BatchNorm1d(6)),
    lambda c, k, s, p, d: nn.Flatten(),
    lambda c, k, s, p, d: nn.Linear(k, 5),
    lambda c, k, s, p, d: nn.Unflatten(1, (2, k, s)),
    lambda c, k, s, p, d: nn.BatchNorm2d(k),
    lambda c, k, s, p, d: nn.InstanceNorm2d(c, affine=True),
    lambda c, k, s, p, d: nn.MaxPool2d(k, s, ceil_mode=True),
    lambda c, k, s, p, d: nn.Conv2d(c, 2, 3, padding=1, padding_mode="reflect"),
    lambda c, k, s, p, d: Skip(nn.Conv2d(c, c, k, s, padding=p), nn.ReLU()),
    lambda c, k, s, p, d: nn.LazyConv2d(2, k),
]


@settings(max_examples=400)
@given(
    layers=st.lists(
        st.tuples(st.sampled_from(CHOICES), *map(st.integers, (1, 1, 0, 1), (4, 3, 2, 2))),
        min_size=1,
        max_size=5,
    ),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_trace_of_random_networks_is_what_torch_does(layers: list, size: tuple) -> None:
    """Each layer takes the channels of the one before, where it can; both refuse the same ones."""
    network, channels = [], 2
    for make, *numbers in layers:
        made = make(channels, *numbers)
        network.append(made)
        channels = getattr(made, "out_channels", channels)
    network = nn.Sequential(*network).eval()
    picture = torch.zeros(1, 2, *size)
    expected = either(lambda: tuple(network(picture).shape[1:]))
    traced = either(lambda: shapes.trace(network, (2, *size)))
    if isinstance(expected, Exception) or 0 in expected:
        assert isinstance(traced, ValueError), (network, expected, traced)
    else:
        assert traced.rows[-1].shape == expected
        assert traced.multiply_adds == macs(network, picture)
        assert traced.parameters == sum(p.numel() for p in network.parameters())


convs = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2)), min_size=1, max_size=3
)


def width(touched: Tensor) -> int:
    """The side of the smallest square around what is not zero, which must lie inside."""
    rows = touched.any(1).nonzero().flatten()
    assert rows[0] > 0 and rows[-1] < len(touched) - 1, "cut off by the edge"
    return int(rows[-1] - rows[0]) + 1


@settings(max_examples=60)
@given(convs=convs)
def test_what_a_cell_sees_is_where_its_gradient_is(convs: list) -> None:
    network = nn.Sequential(*(nn.Conv2d(1, 1, k, s, dilation=d) for k, s, d in convs)).double()
    for weight in network.parameters():
        nn.init.ones_(weight)
    side = 240
    picture = torch.zeros(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    made = network(picture)[0, 0]
    made[len(made) // 2, len(made) // 2].backward()
    sees = shapes.trace(network, (1, side, side)).rows[-1].sees
    assert width(picture.grad[0, 0] != 0) == sees


@settings(max_examples=60)
@given(convs=convs, resize=st.booleans())
def test_what_a_cell_paints_is_where_its_change_shows(convs: list, resize: bool) -> None:
    layers = [nn.ConvTranspose2d(1, 1, k, s, dilation=d) for k, s, d in convs]
    if resize:
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3)]
    network = nn.Sequential(*layers).double()
    for weight in network.parameters():
        nn.init.ones_(weight)
    blank = torch.zeros(1, 1, 21, 21, dtype=torch.float64)
    dot = blank.clone()
    dot[0, 0, 10, 10] = 1
    with torch.no_grad():
        changed = network(dot)[0, 0] != network(blank)[0, 0]
    paints = shapes.trace(nn.Sequential(nn.Identity(), network), (1, 21, 21)).rows[0].paints
    assert width(changed) == min(paints, len(changed))


def test_trace_goes_through_nests_and_counts_a_shared_layer_once() -> None:
    twice = nn.Conv2d(3, 3, 3, padding=1)
    traced = shapes.trace(nn.Sequential(nn.Sequential(twice, nn.ReLU()), twice), (3, 8, 8))
    assert [row.name for row in traced.rows] == ["0.0", "0.1", "1"]
    assert [row.parameters for row in traced.rows] == [84, 0, 0]
    assert [row.sees for row in traced.rows] == [3, 3, 5]
    twice.weight.requires_grad_(False)
    assert shapes.trace(nn.Sequential(twice), (3, 8, 8)).parameters == 3


def test_the_table_of_a_trace() -> None:
    table = str(shapes.trace(models.dcgan_generator(100, 64, 3, 128), (100,)))
    assert "transposed 4-2-1  512×8×8     8,388,608    134,217,728            22" in table
    assert "12,658,435" in table.splitlines()[-1]
    assert all(line == line.rstrip() for line in table.splitlines())


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (nn.Conv2d(1, 1, 3, padding="same", dilation=2), "convolution 3-1-same dilation 2"),
        (nn.ConvTranspose2d(1, 1, 3, 2, 1, 1), "transposed 3-2-1 +1"),
        (nn.MaxPool2d((1, 2)), "max pooling 1×2-1×2-0"),
        (nn.AvgPool2d(2), "average pooling 2-2-0"),
        (Skip(nn.Conv2d(1, 1, 1)), "Skip"),
    ],
)
def test_what_a_layer_is_called(layer: nn.Module, name: str) -> None:
    assert shapes.trace(nn.Sequential(layer), (1, 8, 8)).rows[0].layer == name


def test_sizes_of_the_papers_pair() -> None:
    generator, discriminator = models.build("dcgan", (3, 64, 64), base_channels=8)
    up, down = shapes.trace(generator, (100,)), shapes.trace(discriminator, (3, 64, 64))
    assert up.sizes == [1, 4, 8, 16, 32, 64]
    assert down.sizes == up.sizes[::-1]
    paints = [row.paints for row in up.rows if "transposed" in row.layer]
    sees = [row.sees for row in down.rows if "convolution" in row.layer]
    assert paints == [46, 22, 10, 4, 1]
    assert sees == [4, 10, 22, 46, 64]


@pytest.mark.parametrize(
    "layer",
    [
        nn.InstanceNorm2d(3),
        Skip(nn.Conv2d(3, 3, 1)),
        nn.Conv2d(3, 3, (1, 3), padding=(0, 1)),
        nn.Linear(8, 8),
    ],
)
def test_what_has_no_square_is_neither_seen_nor_painted(layer: nn.Module) -> None:
    conv = nn.Conv2d(3, 3, 3, padding=1)
    rows = shapes.trace(nn.Sequential(conv, layer, conv), (3, 8, 8)).rows
    assert [row.sees for row in rows] == [3, None, None]
    assert [row.paints for row in rows] == [None, 3, 1]
    assert rows[1].name == "1" and rows[1].shape == (3, 8, 8)


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_trace_follows_every_variant(name: str) -> None:
    generator, discriminator = variants.build(name, base_channels=4)
    assert shapes.trace(generator, (100,)).sizes[-3:] == [7, 14, 28]
    assert shapes.trace(discriminator, (1, 28, 28)).rows[-1].shape == (1,)


def test_trace_changes_nothing() -> None:
    norm, lazy = nn.BatchNorm2d(3), nn.LazyConv2d(2, 3)  # one counts batches, one draws weights
    random = torch.get_rng_state()
    shapes.trace(nn.Sequential(norm, nn.Dropout(), lazy), (3, 8, 8))
    assert norm.training and norm.num_batches_tracked == 0
    assert isinstance(lazy, nn.LazyConv2d) and not lazy._forward_hooks
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize(
    ("network", "shape", "words"),
    [
        (nn.Conv2d(3, 3, 3), (3, 8, 8), "network is a Conv2d; trace follows an nn.Sequential"),
        (Skip(nn.Conv2d(3, 3, 3)), (3, 8, 8), "network is a Skip"),
        (nn.Sequential(nn.ReLU()), (), "shape is"),
        (nn.Sequential(nn.ReLU()), (3, -1, 8), "shape is"),
        (nn.Sequential(nn.ReLU()), 64, "shape is 64"),
        (nn.Sequential(nn.Conv2d(3, 3, 9)), (3, 8, 8), "layer 0, Conv2d: a kernel of 9"),
        (nn.Sequential(nn.ConvTranspose2d(1, 1, 1, 1, 1)), (1, 2, 2), "take a padding of at most"),
        (nn.Sequential(nn.Conv2d(1, 3, 3)), (3, 8, 8), r"shape \(3, 8, 8\), which Conv2d\(1, 3"),
        (nn.Sequential(nn.Conv2d(1, 3, 9, padding="valid")), (1, 8, 8), "layer 0, Conv2d: its"),
        (nn.Sequential(Skip(nn.Linear(64, 1))), (1, 8, 8), r"which Skip\(\) does not take: mat1"),
        (nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(100, 3, 4)), (100,), "layer 1, ConvTran"),
        (nn.Sequential(nn.LSTM(3, 3)), (3,), "layer 0, LSTM: .* gives a tuple, not a tensor"),
        (nn.Sequential(nn.Flatten(0)), (3, 8, 8), r"a batch of one would become \(192,\)"),
    ],
)
def test_trace_refuses_what_it_cannot_follow(network: nn.Module, shape: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shapes.trace(network, shape)


# --- plan


def by_trying(start: int, goal: int, options: list, longest: int) -> set:
    """Every combination, run through the formulas."""
    rule = shapes.conv_transpose_out if goal > start else shapes.conv_out
    found = set()
    for length in range(1, longest + 1):
        for chain in itertools.product(options, repeat=length):
            size = start
            for layer in chain:
                size = either(lambda size=size, layer=layer: rule(size, *layer))
                if isinstance(size, ValueError):
                    break
            if size == goal:
                found.add(chain)
    return found


@settings(max_examples=60)
@given(
    start=st.integers(1, 12),
    goal=st.integers(1, 40),
    kernels=st.lists(st.integers(1, 5), min_size=1, max_size=2, unique=True),
    strides=st.lists(st.integers(1, 3), min_size=1, max_size=2, unique=True),
    paddings=st.lists(st.integers(0, 2), min_size=1, max_size=2, unique=True),
    longest=st.integers(1, 3),
)
def test_plan_finds_every_chain_and_torch_runs_each(
    start: int, goal: int, kernels: list, strides: list, paddings: list, longest: int
) -> None:
    assume(start != goal)
    options = list(itertools.product(kernels, strides, paddings))
    expected = by_trying(start, goal, options, longest)
    found = either(lambda: shapes.plan(start, goal, kernels, strides, paddings, longest))
    if isinstance(found, ValueError):
        assert "no chain" in str(found)
        found = []
    assert {chain.layers for chain in found} == expected
    assert len(found) == len(expected)
    costs = [(len(chain.layers), chain.multiply_adds) for chain in found]
    assert costs == sorted(costs)
    for chain in found:
        network = chain.build()
        x = torch.zeros(1, chain.widths[0], start, start)
        sizes = [start]
        for layer in network:
            x = layer(x)
            sizes.append(x.shape[-1])
        assert tuple(sizes) == chain.sizes
        assert x.shape == (1, chain.widths[-1], goal, goal)
        traced = shapes.trace(network, (chain.widths[0], start, start))
        assert traced.multiply_adds == chain.multiply_adds


def test_plan_knows_the_routes_to_96() -> None:
    routes = [str(chain) for chain in shapes.plan(4, 96, (4, 5), (2, 3), (1,), 4)]
    assert "4 →(4-2-1) 8 →(4-2-1) 16 →(4-2-1) 32 →(5-3-1) 96" in routes
    (doubling,) = shapes.plan(6, 96)
    assert doubling.sizes == (6, 12, 24, 48, 96)


def test_plan_downwards_mirrors() -> None:
    (chain,) = shapes.plan(64, 4)
    assert chain.sizes == (64, 32, 16, 8, 4)
    assert chain.widths == (3, 64, 128, 256, 512)
    assert isinstance(chain.build()[0], nn.Conv2d)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((4, 96), "nearest sizes in reach are 64 and 128"),
        ((4, 500), "the nearest sizes in reach are 128: take"),
        ((2, 1, (5,), (2,), (0,)), "not one layer fits 2"),
        ((8, 8), "both 8"),
        ((0, 8), "start is 0"),
        ((4, 8, (0,)), "kernel is 0"),
        ((4, 8, (4,), (2,), (1,), 0), "max_layers is 0"),
        ((4, 8, (4, "5")), "kernel is '5'"),
        ((1, 64, range(1, 8), (1, 2, 3), (0, 1, 2)), "more than 20,000 chains .* nobody reads"),
        ((8, 9, (4,), ()), "not one layer fits 8"),
    ],
)
def test_plan_refuses_in_a_sentence(arguments: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shapes.plan(*arguments)


# --- checkerboards


def stripes(period: int, n: int = 40) -> Tensor:
    """Noise with every `period`-th column raised."""
    pictures = torch.randn(n, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    pictures[..., ::period] += 3
    return pictures


def test_the_peak_finds_its_period_and_no_other() -> None:
    noise = torch.randn(400, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    assert shapes.peak(noise) == pytest.approx(1, abs=0.1)
    assert shapes.peak(noise, period=3) == pytest.approx(1, abs=0.1)
    assert shapes.peak(stripes(2)) > 10
    assert shapes.peak(stripes(3)) < 2
    assert shapes.peak(stripes(3), period=3) > 10
    assert shapes.peak(stripes(2).mT) == pytest.approx(shapes.peak(stripes(2)))


def test_the_spectrum_keeps_the_power() -> None:
    """Parseval: the power over all frequencies is the sum of squares."""
    noise = torch.randn(3, 2, 24, 24).double()
    power = shapes.spectrum(noise, border=0)
    all_of_it = power[0] + 2 * power[1:-1].sum() + power[-1]
    centered = noise - noise.mean((-2, -1), keepdim=True)
    assert float(all_of_it * 24) == pytest.approx(float(centered.square().sum() / 6), rel=1e-9)


def test_a_constant_input_shows_the_phases() -> None:
    torch.manual_seed(0)
    values = {
        kind: shapes.constant_response(shapes.doubling(kind, 3, 1), 3) for kind in shapes.KINDS
    }
    counts = {kind: len(torch.unique(map_.round(decimals=5))) for kind, map_ in values.items()}
    assert counts == {"4-2-1": 4, "3-2-1": 4, "resize": 1}


def test_matched_generators_draw_32_pixels_with_nearly_as_many_parameters() -> None:
    counts = []
    for kind in shapes.KINDS:
        generator = shapes.matched(kind)
        assert generator(torch.zeros(2, 64)).shape == (2, 1, 32, 32)
        assert shapes.trace(generator, (64,)).sizes == [1, 4, 8, 16, 32]
        counts.append(models.count_parameters(generator))
    assert max(counts) / min(counts) < 1.04


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: shapes.doubling("9-9-9", 1, 1), "kind is '9-9-9'"),
        (lambda: shapes.spectrum(torch.zeros(1, 1, 32, 30)), "takes"),
        (lambda: shapes.spectrum(torch.zeros(1, 1, 16, 16), border=4), "at least 12"),
        (lambda: shapes.peak(torch.zeros(1, 1, 32, 32), 7), "multiple of the period 7"),
    ],
)
def test_checkerboards_refuse_in_a_sentence(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_the_stored_runs_say_what_the_notebook_says() -> None:
    rows = runtime.stored_runs("checkerboards.csv")

    def values(experiment: str, kind: str, column: str = "peak") -> list[float]:
        return [
            float(row[column])
            for row in rows
            if (row["experiment"], row["kind"]) == (experiment, kind)
        ]

    real = {column: values("real", "digits", column) for column in ("peak", "mean_peak")}
    assert [len(column) for column in real.values()] == [50, 50]
    for kind in ("4-2-1", "3-2-1"):
        assert len(values("untrained", kind)) == 20
        assert min(values("untrained", kind)) > 1.9
        assert len(values("trained", kind)) == 5
        assert max(real["peak"]) < min(values("trained", kind))
        assert max(values("trained", kind)) < 1
        assert max(values("trained", "resize", "fid")) < min(values("trained", kind, "fid"))
    assert max(values("untrained", "resize")) <= 0.5
    for kind in shapes.KINDS:  # no single run tells: some thousand of real digits does so
        lowest, highest = min(real["mean_peak"]), max(real["mean_peak"])
        assert all(lowest < peak < highest for peak in values("trained", kind, "mean_peak"))
    # evenness is not what the peak of a random layer measures: at each period, even and uneven
    # medians lie within a factor of 1.5 and within each other's ranges
    for even, uneven in [("4-2-1", "3-2-1"), ("3-3-0", "5-3-1")]:
        first, second = values("layer", even), values("layer", uneven)
        assert min(first) < np.median(second) < max(first)
        assert min(second) < np.median(first) < max(second)
        assert 1 / 1.5 < np.median(first) / np.median(second) < 1.5
        assert min(first + second) > 1.8
    assert max(values("layer", "resize")) < 0.6
    assert all(row["made_with"] for row in rows)
