"""What to call a layer, and how far one of its cells reaches."""

from torch import nn

from gan_utils.shapes.arithmetic import span

Shape = tuple[int, ...]

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
WINDOWS = {
    nn.Conv2d: "convolution",
    nn.ConvTranspose2d: "transposed",
    nn.MaxPool2d: "max pooling",
    nn.AvgPool2d: "average pooling",
}
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Softplus)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
EACH_CELL = (*ACTIVATIONS, nn.Tanh, nn.Sigmoid, nn.Identity, nn.Dropout, nn.Dropout2d, *NORMS)


def name_of(module: nn.Module) -> str:
    """The layer's kind; 4-2-1 means kernel 4, stride 2, padding 1."""
    kind = next((words for base, words in WINDOWS.items() if _is(module, base)), None)
    if kind is None:
        return type(module).__name__
    numbers = (module.kernel_size, module.stride, module.padding)
    name = f"{kind} {'-'.join(map(_short, numbers))}"
    extra, dilation = getattr(module, "output_padding", 0), getattr(module, "dilation", 1)
    name += f" +{_short(extra)}" if any(_pair(extra)) else ""
    return name + (f" dilation {_short(dilation)}" if _pair(dilation) != (1, 1) else "")


def window_of(module: nn.Module, shape: Shape, up: bool) -> tuple[int, int] | None:
    """The side of the square that one cell depends on (up: reaches), and the step between two.

    Args:
        shape: before the layer (up: after it).

    Returns:
        None where there is no such square: dense layers, a transposed convolution downwards, a
        strided convolution upwards, kernels that are not square, layers of one's own.
    """
    if _is(module, *EACH_CELL):
        return 1, 1
    if _is(module, *WINDOWS):
        numbers = [getattr(module, name, 1) for name in ("kernel_size", "stride", "dilation")]
        square = all(len({*_pair(number)}) == 1 for number in numbers)
        kernel, stride, dilation = (_pair(number)[0] for number in numbers)
        follows = isinstance(module, nn.ConvTranspose2d) == up or (
            isinstance(module, nn.Conv2d) and stride == 1
        )
        return (span(kernel, dilation), stride) if square and follows else None
    if _is(module, nn.AdaptiveAvgPool2d) and not up and len({*shape[1:]}) == 1:
        return (shape[1], 1) if _pair(module.output_size) == (1, 1) else None
    if _is(module, nn.Upsample) and up and module.mode == "nearest" and module.scale_factor:
        height, width = _pair(module.scale_factor)
        return (int(height), int(height)) if height == width and height % 1 == 0 else None
    return None


def _is(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Of one of these kinds, and computing as that kind does."""
    return any(isinstance(module, k) and type(module).forward is k.forward for k in kinds)


def _pair(value: object) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _short(value: object) -> str:
    height, width = _pair(value)
    return str(height) if height == width else f"{height}×{width}"
