"""Several processes that train one GAN together, through torch.distributed."""

import atexit
import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Team:
    """The processes that train together, each with its share of the pictures; usually one.

    ``torchrun --nproc_per_node 2 -m gan_utils train …`` starts two, on one machine or more.
    """

    rank: int = 0
    processes: int = 1

    @classmethod
    def here(cls) -> "Team":
        """The team this process was started in; the one place where processes are connected.

        Raises:
            RuntimeError: this machine has fewer GPUs than processes.
        """
        if int(os.environ.get("WORLD_SIZE", 1)) == 1:
            return cls()
        if not distributed.is_initialized():
            gpus, here = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
            if 0 < gpus < here:
                raise RuntimeError(
                    f"{here} processes cannot share {gpus} GPU{'s' * (gpus > 1)}; start one for "
                    "each GPU, or hide the GPUs with CUDA_VISIBLE_DEVICES="
                )
            distributed.init_process_group("nccl" if gpus else "gloo")
            atexit.register(distributed.destroy_process_group)
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def alone(self) -> bool:
        """Whether this is the only process."""
        return self.processes == 1

    def spread(self, tensors: Iterable[Tensor]) -> None:
        """Give every process the first one's numbers."""
        if not self.alone:
            for tensor in tensors:
                first = tensor.contiguous()
                distributed.broadcast(first, src=0)
                tensor.copy_(first)

    def any(self, verdict: bool, device: torch.device) -> bool:
        """Whether any process says yes, so that all stop at the same step."""
        if self.alone:
            return verdict
        votes = torch.tensor(float(verdict), device=device)
        distributed.all_reduce(votes)
        return bool(votes > 0)

    def share(self, network: nn.Module) -> None:
        """Average the network's gradients over the processes."""
        if self.alone:
            return
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        mean = torch.cat([gradient.reshape(-1) for gradient in gradients]) / self.processes
        distributed.all_reduce(mean)
        parts = mean.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
