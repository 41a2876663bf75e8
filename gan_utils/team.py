"""Several processes that train one game together, through Accelerate."""

import os
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Team:
    """The processes that train together (``torchrun``, ``notebook_launcher``); usually one."""

    rank: int = 0
    processes: int = 1
    accelerator: object = None

    @classmethod
    def here(cls) -> "Team":
        """The team this process was started in; the one place where an Accelerator is made."""
        if int(os.environ.get("WORLD_SIZE", 1)) == 1:
            return cls()
        from accelerate import Accelerator

        accelerator = Accelerator(cpu=not torch.cuda.is_available(), mixed_precision="no")
        return cls(accelerator.process_index, accelerator.num_processes, accelerator)

    @property
    def alone(self) -> bool:
        """Whether this is the only process."""
        return self.processes == 1

    def any(self, verdict: bool) -> bool:
        """Whether any process says yes, so that all stop at the same step."""
        if self.alone:
            return verdict
        votes = torch.tensor(float(verdict), device=self.accelerator.device)
        return bool(self.accelerator.reduce(votes, "sum") > 0)

    def share(self, network: nn.Module) -> None:
        """Average the network's gradients over the processes."""
        if self.alone:
            return
        gradients = [p.grad for p in network.parameters()]
        mean = self.accelerator.reduce(torch.cat([g.reshape(-1) for g in gradients]), "mean")
        for gradient, part in zip(
            gradients, mean.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))
