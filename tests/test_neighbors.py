"""Nearest pictures are the nearest, and copies are told from new pictures."""

import pytest
import torch
from samples import noise
from torch import Tensor

from gan_utils import datasets
from gan_utils.metrics import copies, nearest, neighbors


def colored(n: int, seed: int = 0, size: int = 8) -> Tensor:
    return noise(n, 3, size, size, seed=seed)


def by_hand(query: Tensor, pictures: Tensor) -> Tensor:
    """As notebook 06 writes it: distances (N,) of one picture to all."""
    apart = (pictures.float() - query.float()) / 255
    return apart.square().flatten(1).mean(1).sqrt()


def test_black_is_one_from_white_and_a_copy_is_at_zero() -> None:
    black, white = torch.zeros(1, 3, 4, 4).to(torch.uint8), torch.full((1, 3, 4, 4), 255).byte()
    assert nearest(black, white)[0].item() == pytest.approx(1)
    distance, index = nearest(white, torch.cat([black, white]))
    assert (distance.item(), index.item()) == (0, 1)


def test_one_bit_of_one_pixel_is_told_from_a_copy() -> None:
    faces = datasets.cartoon(3, 96).images
    changed = faces.clone()
    changed[:, 0, 5, 5] ^= 1
    distance, index = nearest(changed, faces)
    assert index.flatten().tolist() == [0, 1, 2]
    assert distance.flatten().tolist() == pytest.approx([1 / 255 / (3 * 96 * 96) ** 0.5] * 3)
    assert nearest(faces, faces)[0].max() == 0


@pytest.mark.parametrize("k", [1, 3, 40])
@pytest.mark.parametrize(("queries", "pictures"), [(256, 2048), (7, 11), (1, 1)])
def test_the_nearest_are_those_that_all_distances_name(
    k: int, queries: int, pictures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbors, "_QUERIES", queries)
    monkeypatch.setattr(neighbors, "_PICTURES", pictures)
    asked, given = colored(15), colored(40, seed=1)
    distance, index = nearest(asked, given, k)
    assert distance.shape == index.shape == (15, k)
    assert index.dtype == torch.int64
    for row, query in enumerate(asked):
        right = by_hand(query, given)
        assert torch.allclose(distance[row], right.sort().values[:k], atol=1e-6)
        assert torch.allclose(right[index[row]], distance[row], atol=1e-6)


def test_mapped_and_sliced_pictures_serve() -> None:
    given = colored(40)[::2]
    assert nearest(given[3:5].flip(3).flip(3), given)[1].flatten().tolist() == [3, 4]


@pytest.mark.parametrize(
    ("asked", "given", "k", "said"),
    [
        (torch.rand(2, 3, 8, 8), colored(4), 1, "to_uint8"),
        (colored(2), colored(4).float(), 1, "images are torch.float32"),
        (colored(2)[0], colored(4), 1, "of shape (3, 8, 8)"),
        (colored(2), colored(4).numpy(), 1, "images are a ndarray"),
        (colored(2)[:0], colored(4), 1, "0 queries of (3, 8, 8)"),
        (colored(2), colored(4)[:0], 1, "0 pictures of (3, 8, 8)"),
        (colored(2), colored(4, size=9), 1, "ImageSet.resize"),
        (colored(2), colored(4), 5, "4 pictures of (3, 8, 8) and k = 5"),
        (colored(2), colored(4), 0, "k = 0; give"),
    ],
)
def test_refusals(asked: Tensor, given: Tensor, k: int, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as error:
        nearest(asked, given, k)
    assert said in str(error.value)


def test_whatever_torchs_default_type() -> None:
    expected = nearest(colored(3), colored(9), 2)
    torch.set_default_dtype(torch.float64)
    try:
        found = nearest(colored(3), colored(9), 2)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found[1], expected[1])
    torch.testing.assert_close(found[0], expected[0], check_dtype=False)


def test_other_real_pictures_are_as_near_to_either_set() -> None:
    found = copies(colored(600), colored(200, seed=1), colored(200, seed=2))
    assert found.closer == pytest.approx(0.5, abs=0.08)
    assert found.ratio == pytest.approx(1, abs=0.01)


def test_copies_are_found() -> None:
    train, held_out = colored(20, seed=1), colored(20, seed=2)
    found = copies(train.flip(0), train, held_out)
    assert (found.closer, found.ratio) == (1, 0)
    assert found.train_index.tolist() == list(range(19, -1, -1))
    assert copies(held_out, train, held_out).closer == 0
    slightly = (train.int() + 3).clamp(max=255).to(torch.uint8)
    assert copies(slightly, train, held_out).ratio < 0.1


def test_ties_count_half() -> None:
    train = colored(20)
    found = copies(train[:10], train, train)
    assert (found.closer, found.ratio) == (0.5, 1)
    assert "50.0% of 10 samples" in str(found)


def test_sets_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="as many of one as of the other"):
        copies(colored(4), colored(9), colored(8))
