"""What each kind of layer does to a shape, what it costs, and how far it reaches.

The rules that `tracing` applies one after the other; a layer without a rule is refused.
"""

import math

from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from gan_utils.shapes.arithmetic import conv_out, conv_transpose_out, span

Shape = tuple[int, ...]

SAME_SHAPE = (
    *(nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Softplus, nn.PReLU),
    *(nn.Tanh, nn.Sigmoid, nn.Identity, nn.Dropout, nn.Dropout2d),
)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
POOLING = (nn.MaxPool2d, nn.AvgPool2d)
OTHERS = (nn.AdaptiveAvgPool2d, nn.Upsample, nn.Linear, nn.Flatten, nn.Unflatten)
KNOWN = (*CONVOLUTIONS, *POOLING, *OTHERS, *NORMS, *SAME_SHAPE)


def step(module: nn.Module, shape: Shape) -> tuple[Shape, str, int]:
    """(shape after the layer, what to call the layer, multiply-adds for one picture).

    A transposed convolution multiplies once for each *input* cell and kernel entry.

    Raises:
        ValueError: the layer does not fit the shape, or has no rule.
    """
    base = next((kind for kind in KNOWN if isinstance(module, kind)), None)
    if base is None or type(module).forward is not base.forward:
        raise ValueError(
            "there is no rule for this layer, so its output is unknown. Known are nn.Sequential, "
            f"{', '.join(kind.__name__ for kind in KNOWN)}; trace the parts before and after it"
        )
    if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
        raise ValueError("a lazy layer has no sizes yet; run the network once, then trace it")
    if base in CONVOLUTIONS:
        return _convolution(module, shape)
    if base in POOLING:
        return _pooling(module, shape)
    if base in NORMS:
        return _norm(module, shape)
    if base in SAME_SHAPE:
        return shape, type(module).__name__, 0
    return RULES[base](module, shape)


def reach_of(module: nn.Module, shape: Shape, up: bool) -> int | None:
    """The side of the square that one cell depends on (up: reaches), in one layer.

    Args:
        shape: before the layer (up: after it).

    Returns:
        None where there is no such square: dense layers, a transposed convolution downwards, a
        strided convolution upwards, kernels that are not square.
    """
    if isinstance(module, (*NORMS, *SAME_SHAPE)):
        return 1
    if isinstance(module, (*CONVOLUTIONS, *POOLING)):
        kernel, stride, dilation = (
            _pair(getattr(module, name, 1)) for name in ("kernel_size", "stride", "dilation")
        )
        square = all(len({*pair}) == 1 for pair in (kernel, stride, dilation))
        follows = isinstance(module, nn.ConvTranspose2d) == up or (
            isinstance(module, nn.Conv2d) and stride == (1, 1)
        )
        return span(kernel[0], dilation[0]) if square and follows else None
    if isinstance(module, nn.AdaptiveAvgPool2d) and not up and len({*shape[1:]}) == 1:
        return shape[1] if _pair(module.output_size) == (1, 1) else None
    if isinstance(module, nn.Upsample) and up and module.mode == "nearest":
        scale = _scale(module)
        return scale[0] if scale and scale[0] == scale[1] else None
    return None


def jump_of(module: nn.Module) -> int:
    """How many cells of the finer side lie between two neighbors of the coarser side."""
    if isinstance(module, (*CONVOLUTIONS, *POOLING)):
        return _pair(module.stride)[0]
    if isinstance(module, nn.Upsample):
        scale = _scale(module)
        return scale[0] if scale else 1
    return 1


def _convolution(module: nn.Conv2d | nn.ConvTranspose2d, shape: Shape) -> tuple[Shape, str, int]:
    _must_be_picture(shape, module.in_channels)
    if module.padding_mode != "zeros":
        raise ValueError(f"padding_mode is {module.padding_mode!r}; trace knows 'zeros' only")
    padding, before = module.padding, shape[1:]
    if padding == "valid":
        padding = 0
    weights = math.prod(module.kernel_size) * module.in_channels * module.out_channels
    per_cell = weights // module.groups
    if isinstance(module, nn.ConvTranspose2d):
        numbers = (module.kernel_size, module.stride, padding)
        after = conv_transpose_out(before, *numbers, module.output_padding, module.dilation)
        name, cells = f"transposed {_numbers(*numbers)}", math.prod(before)
        if any(module.output_padding):
            name += f" +{_short(module.output_padding)}"
    elif padding == "same":
        after, cells = before, math.prod(before)
        name = f"convolution {_short(module.kernel_size)}-1-same"
    else:
        numbers = (module.kernel_size, module.stride, padding)
        after = conv_out(before, *numbers, module.dilation)
        name, cells = f"convolution {_numbers(*numbers)}", math.prod(after)
    if any(d > 1 for d in module.dilation):
        name += f" dilation {_short(module.dilation)}"
    return (module.out_channels, *after), name, cells * per_cell


def _pooling(module: nn.MaxPool2d | nn.AvgPool2d, shape: Shape) -> tuple[Shape, str, int]:
    _must_be_picture(shape)
    if module.ceil_mode:
        raise ValueError("ceil_mode rounds up; trace knows the usual rounding down only")
    kernel, padding = _pair(module.kernel_size), _pair(module.padding)
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(f"padding {padding} is more than half of the kernel {kernel}")
    dilation = getattr(module, "dilation", 1)
    after = conv_out(shape[1:], kernel, _pair(module.stride), padding, dilation)
    kind = "max" if isinstance(module, nn.MaxPool2d) else "average"
    return (shape[0], *after), f"{kind} pooling {_numbers(kernel, module.stride, padding)}", 0


def _norm(module: nn.BatchNorm1d | nn.BatchNorm2d, shape: Shape) -> tuple[Shape, str, int]:
    dimensions = (3,) if isinstance(module, nn.BatchNorm2d) else (1, 2)
    if len(shape) not in dimensions:
        raise ValueError(
            f"its input has shape {shape}, {len(shape)} dimensions without the batch; it takes "
            f"{' or '.join(map(str, dimensions))}"
        )
    if shape[0] != module.num_features:
        raise ValueError(f"its input has {shape[0]} channels; it expects {module.num_features}")
    return shape, type(module).__name__, 0


def _adaptive(module: nn.AdaptiveAvgPool2d, shape: Shape) -> tuple[Shape, str, int]:
    _must_be_picture(shape)
    wanted = zip(_pair(module.output_size), shape[1:], strict=True)
    after = tuple(had if want is None else want for want, had in wanted)
    return (shape[0], *after), "average pooling to " + "×".join(map(str, after)), 0


def _upsample(module: nn.Upsample, shape: Shape) -> tuple[Shape, str, int]:
    _must_be_picture(shape)
    if module.size is not None:
        after = _pair(module.size)
    else:
        factors = zip(shape[1:], _pair(module.scale_factor), strict=True)
        after = tuple(math.floor(side * factor) for side, factor in factors)
    if min(after) < 1:
        raise ValueError(f"{shape[1:]} would become {after}; take a larger scale_factor")
    return (shape[0], *after), "upsampling to " + "×".join(map(str, after)), 0


def _linear(module: nn.Linear, shape: Shape) -> tuple[Shape, str, int]:
    if shape[-1] != module.in_features:
        flat = math.prod(shape)
        advice = "put nn.Flatten() before it" if flat == module.in_features else "change one"
        raise ValueError(
            f"its input has shape {shape}, the last number is {shape[-1]}; it expects "
            f"{module.in_features}: {advice}"
        )
    rows = math.prod(shape[:-1])
    return (
        (*shape[:-1], module.out_features),
        "Linear",
        rows * module.in_features * module.out_features,
    )


def _flatten(module: nn.Flatten, shape: Shape) -> tuple[Shape, str, int]:
    if module.start_dim != 1 or module.end_dim not in (-1, len(shape)):
        raise ValueError("trace knows nn.Flatten() only, which keeps the batch and flattens all")
    return (math.prod(shape),), "Flatten", 0


def _unflatten(module: nn.Unflatten, shape: Shape) -> tuple[Shape, str, int]:
    after = tuple(module.unflattened_size)
    if module.dim != 1 or len(shape) != 1 or min(after) < 1:
        raise ValueError("trace knows nn.Unflatten(1, (C, H, W)) of a vector only")
    if math.prod(after) != shape[0]:
        raise ValueError(
            f"its input has {shape[0]} numbers; {'·'.join(map(str, after))} are {math.prod(after)}"
        )
    return after, "Unflatten", 0


RULES = {
    nn.AdaptiveAvgPool2d: _adaptive,
    nn.Upsample: _upsample,
    nn.Linear: _linear,
    nn.Flatten: _flatten,
    nn.Unflatten: _unflatten,
}


def _must_be_picture(shape: Shape, channels: int | None = None) -> None:
    if len(shape) != 3:
        raise ValueError(
            f"its input has shape {shape}; it takes (C, H, W): put nn.Unflatten(1, (C, H, W)) "
            "before it"
        )
    if channels is not None and shape[0] != channels:
        raise ValueError(
            f"its input has {shape[0]} channels; it expects {channels}: in_channels must be the "
            "out_channels of the layer before"
        )


def _scale(module: nn.Upsample) -> tuple[int, int] | None:
    """Whole factors for height and width, or None."""
    if module.scale_factor is None or any(f % 1 for f in _pair(module.scale_factor)):
        return None
    return tuple(int(factor) for factor in _pair(module.scale_factor))


def _pair(value: object) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _short(value: object) -> str:
    height, width = _pair(value)
    return str(height) if height == width else f"{height}×{width}"


def _numbers(kernel: object, stride: object, padding: object) -> str:
    return "-".join(map(_short, (kernel, stride, padding)))
