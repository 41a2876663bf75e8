"""One transposed convolution computed in three ways, one channel each (notebook 03).

All take `picture` (H, W) and `kernel` (K, K), and give what
`torch.nn.functional.conv_transpose2d` gives with the same numbers.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from gan_utils.shapes.arithmetic import conv_transpose_out, span


def by_matrix(
    picture: Tensor,
    kernel: Tensor,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """The transpose of a convolution's matrix: of the one that makes the small size of the large.

    Raises:
        ValueError: as `conv_transpose_out`.
    """
    numbers = (len(kernel), stride, padding, output_padding, dilation)
    height, width = (conv_transpose_out(side, *numbers) for side in picture.shape)
    pixels = torch.eye(height * width, dtype=kernel.dtype).view(-1, 1, height, width)
    made = conv2d(pixels, kernel[None, None], None, stride, padding, dilation)[:, 0]
    # Far below the last row, the convolution may fit once more; those cells have no input here.
    transposed = made[:, : picture.shape[0], : picture.shape[1]].flatten(1)
    return (transposed @ picture.flatten()).view(height, width)


def by_zero_insertion(
    picture: Tensor,
    kernel: Tensor,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """An ordinary convolution, with the kernel turned by 180°, of the picture pulled apart.

    stride − 1 zeros come between the pixels and a rim of zeros around them.

    Raises:
        ValueError: as `conv_transpose_out`.
    """
    numbers = (len(kernel), stride, padding, output_padding, dilation)
    height, width = picture.shape
    for side in (height, width):
        conv_transpose_out(side, *numbers)  # refuses what has no size
    apart = picture.new_zeros((height - 1) * stride + 1, (width - 1) * stride + 1)
    apart[::stride, ::stride] = picture
    rim = span(len(kernel), dilation) - 1 - padding  # below zero where padding cuts pixels off
    apart = pad(apart, (rim, rim + output_padding, rim, rim + output_padding))
    return conv2d(apart[None, None], kernel.flip(0, 1)[None, None], dilation=dilation)[0, 0]


def by_painting(
    picture: Tensor,
    kernel: Tensor,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Each cell paints the kernel, times its value; overlaps add up; padding is cut off.

    Raises:
        ValueError: as `conv_transpose_out`.
    """
    numbers = (len(kernel), stride, padding, output_padding, dilation)
    height, width = (conv_transpose_out(side, *numbers) for side in picture.shape)
    canvas = picture.new_zeros(height + 2 * padding, width + 2 * padding)
    reach = span(len(kernel), dilation)
    for i, row in enumerate(picture):
        for j, value in enumerate(row):
            rows = slice(i * stride, i * stride + reach, dilation)
            columns = slice(j * stride, j * stride + reach, dilation)
            canvas[rows, columns] += value * kernel
    return canvas[padding : padding + height, padding : padding + width]
