"""The two networks that play, a learner's own among them: looked at before they train."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

LAYOUTS = (torch.channels_last, torch.contiguous_format)  # the first is faster for convolutions
PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)
SAME_NUMBERS = {"View", "UnsafeView", "Reshape", "ReshapeAlias", "Squeeze", "Unsqueeze", "ToCopy"}


def inner(network: nn.Module) -> nn.Module:
    """The network itself, without the wrapper of `torch.compile`: what is saved and averaged."""
    return getattr(network, "_orig_mod", network)


def dtype(network: nn.Module) -> torch.dtype:
    """The type of a network's numbers."""
    return next((p.dtype for p in network.parameters()), torch.get_default_dtype())


def given(first: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
    """What a network is called with: labels only where there are any."""
    return (first,) if labels is None else (first, labels)


def lay_out(
    generator: nn.Module, discriminator: nn.Module, few: Sequence[Tensor]
) -> torch.memory_format:
    """Try both networks on a little noise, in the fastest memory layout that they bear.

    Channels last, as a rule; networks that flatten by `view` need the usual order instead.

    Args:
        generator, discriminator: brought to that layout; nothing else of them changes.
        few: noise, float (N, latent_dim), and labels, int64 (N,), where they take them; on their
            device.

    Raises:
        ValueError: the two do not fit each other or the noise, D does not give one logit or more
            for each picture or ends in a sigmoid, or a network is wrapped to run in parallel.
    """
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if isinstance(network, PARALLEL):
            raise ValueError(
                f"the {name} is wrapped in {type(network).__name__}; give the network itself, and "
                "train in several processes by torchrun"
            )
    if dtype(generator) != dtype(discriminator):
        raise ValueError(
            f"the generator's numbers are {dtype(generator)}, the discriminator's "
            f"{dtype(discriminator)}; make both the same, by .float() for example"
        )
    for layout in LAYOUTS:
        for network in (generator, discriminator):
            network.to(memory_format=layout)
        try:
            logits = _try(inner(generator), inner(discriminator), *few)
            break
        except ValueError:
            if layout == LAYOUTS[-1]:
                raise
    _must_be_logits(logits, len(few[0]))
    return layout


def _try(generator: nn.Module, discriminator: nn.Module, noise: Tensor, *labels: Tensor) -> Tensor:
    """D's answers to G's pictures, with the graph of D alone; both in eval mode meanwhile."""
    modes = [(m, m.training) for n in (generator, discriminator) for m in n.modules()]
    generator.eval()
    discriminator.eval()
    refused = f"the generator does not take noise of shape {tuple(noise.shape)}"
    try:
        with torch.no_grad():
            pictures = generator(noise, *labels)
        refused = f"the discriminator does not take pictures of shape {tuple(pictures.shape)}"
        with torch.enable_grad():
            return discriminator(pictures, *labels)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"{refused} ({str(error).splitlines()[0][:200]}); build both for the same pictures, "
            "and for the latent_dim and classes of their Settings"
        ) from error
    finally:
        for module, training in modes:
            module.training = training


def _must_be_logits(logits: Tensor, pictures: int) -> None:
    if logits.ndim < 1 or len(logits) != pictures:
        raise ValueError(
            f"the discriminator answers {pictures} pictures with a tensor of shape "
            f"{tuple(logits.shape)}; it must be (N, 1), one logit for each"
        )
    step = logits.grad_fn
    while step and type(step).__name__.partition("Backward")[0] in SAME_NUMBERS:
        step = step.next_functions[0][0]
    if step and type(step).__name__.startswith("Sigmoid"):
        raise ValueError(
            "the discriminator ends in a sigmoid; the losses here apply it themselves, and twice "
            "would hold D(x) between 0.5 and 0.73. Leave the last layer out: D gives logits"
        )
