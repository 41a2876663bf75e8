"""What processes that train together say to each other; two real ones train in test_training."""

import pytest
import torch
from torch import nn

from gan_utils.training.team import Team


def test_alone_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    team = Team.here()
    assert (team.rank, team.processes, team.alone) == (0, 1, True)
    assert [team.any(vote, torch.device("cpu")) for vote in (False, True)] == [False, True]
    layer = nn.Linear(2, 2)
    team.spread(layer.parameters())
    team.share(layer)
    assert layer.weight.grad is None


@pytest.mark.parametrize(("gpus", "named"), [(1, "1 GPU;"), (3, "3 GPUs;")])
def test_more_processes_than_gpus(monkeypatch: pytest.MonkeyPatch, gpus: int, named: str) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(RuntimeError, match=f"4 processes cannot share {named} start one for each"):
        Team.here()
