"""What convolution and pooling mean, as loops over every window: slow, plain, and the tests' own."""

from __future__ import annotations

import numpy as np


def grown(x: np.ndarray, padding, fill: float = 0.0) -> np.ndarray:
    return np.pad(x, [(0, 0), (0, 0), *padding], constant_values=fill)


def places(x: np.ndarray, kernel, stride, padding, dilation=(1, 1)):
    """(i, j, rows, columns) for each window: where it lands, and what it sees of the padded image."""
    height, width = (n + sum(p) for n, p in zip(x.shape[2:], padding, strict=True))
    for i, top in enumerate(range(0, height - dilation[0] * (kernel[0] - 1), stride[0])):
        for j, left in enumerate(range(0, width - dilation[1] * (kernel[1] - 1), stride[1])):
            rows = [top + dilation[0] * k for k in range(kernel[0])]
            columns = [left + dilation[1] * k for k in range(kernel[1])]
            yield i, j, rows, columns


def sizes(x: np.ndarray, kernel, stride, padding, dilation=(1, 1)) -> tuple[int, int]:
    ends = [(i, j) for i, j, _, _ in places(x, kernel, stride, padding, dilation)]
    return (ends[-1][0] + 1, ends[-1][1] + 1)


def convolution(x: np.ndarray, w: np.ndarray, *, stride, padding, dilation, groups) -> np.ndarray:
    kernel, wide = w.shape[2:], grown(x, padding)
    y = np.zeros((x.shape[0], w.shape[0], *sizes(x, kernel, stride, padding, dilation)), x.dtype)
    channels, filters = w.shape[1], w.shape[0] // groups
    for i, j, rows, columns in places(x, kernel, stride, padding, dilation):
        for m in range(w.shape[0]):
            first = (m // filters) * channels
            window = wide[:, first : first + channels][:, :, rows][:, :, :, columns]
            y[:, m, i, j] = (window * w[m]).sum((1, 2, 3))
    return y


def convolution_by_input(g: np.ndarray, w: np.ndarray, *, size, stride, padding, dilation, groups) -> np.ndarray:
    """Each number of g puts a whole filter into the image."""
    x = np.zeros((g.shape[0], w.shape[1] * groups, *size), g.dtype)
    wide = grown(x, padding)
    channels, filters = w.shape[1], w.shape[0] // groups
    for i, j, rows, columns in places(x, w.shape[2:], stride, padding, dilation):
        for m in range(w.shape[0]):
            first = (m // filters) * channels
            for c in range(channels):
                wide[np.ix_(range(len(x)), [first + c], rows, columns)] += g[:, m, i, j][:, None, None, None] * w[m, c]
    return inside(wide, padding)


def convolution_by_weight(x: np.ndarray, g: np.ndarray, *, size, stride, padding, dilation, groups) -> np.ndarray:
    wide, channels, filters = grown(x, padding), x.shape[1] // groups, g.shape[1] // groups
    w = np.zeros((g.shape[1], channels, *size), x.dtype)
    for i, j, rows, columns in places(x, size, stride, padding, dilation):
        for m in range(g.shape[1]):
            first = (m // filters) * channels
            window = wide[:, first : first + channels][:, :, rows][:, :, :, columns]
            w[m] += (window * g[:, m, i, j][:, None, None, None]).sum(0)
    return w


def inside(wide: np.ndarray, padding) -> np.ndarray:
    (top, bottom), (left, right) = padding
    return wide[:, :, top : wide.shape[2] - bottom, left : wide.shape[3] - right]


def largest_places(x: np.ndarray, *, kernel, stride, padding, dilation) -> np.ndarray:
    """Where the first largest number of each window stands: row · width + column; nan is the largest."""
    y = np.zeros((*x.shape[:2], *sizes(x, kernel, stride, padding, dilation)), np.int64)
    for i, j, rows, columns in places(x, kernel, stride, padding, dilation):
        seen = [
            (r - padding[0][0], c - padding[1][0])
            for r in rows
            for c in columns
            if 0 <= r - padding[0][0] < x.shape[2] and 0 <= c - padding[1][0] < x.shape[3]
        ]
        values = np.stack([x[:, :, r, c] for r, c in seen])
        flat = np.array([r * x.shape[3] + c for r, c in seen])
        y[:, :, i, j] = flat[np.argmax(values, 0)]
    return y


def largest(x: np.ndarray, **options) -> np.ndarray:
    at = largest_places(x, **options)
    return np.take_along_axis(x.reshape(*x.shape[:2], -1), at.reshape(*at.shape[:2], -1), 2).reshape(at.shape)


def window_sums(x: np.ndarray, *, kernel, stride, padding) -> np.ndarray:
    wide = grown(x, padding)
    y = np.zeros((*x.shape[:2], *sizes(x, kernel, stride, padding)), x.dtype)
    for i, j, rows, columns in places(x, kernel, stride, padding):
        y[:, :, i, j] = wide[:, :, rows][:, :, :, columns].sum((2, 3))
    return y


def window_sums_back(y: np.ndarray, *, size, kernel, stride, padding) -> np.ndarray:
    x = np.zeros((*y.shape[:2], *size), y.dtype)
    wide = grown(x, padding)
    for i, j, rows, columns in places(x, kernel, stride, padding):
        wide[:, :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += y[:, :, i, j][:, :, None, None]
    return inside(wide, padding)


def window_rows(x: np.ndarray, *, kernel, stride, padding, dilation) -> np.ndarray:
    """im2col: every window as a row, image after image."""
    wide = grown(x, padding)
    rows = [
        image[:, r][:, :, c].ravel() for image in wide for _, _, r, c in places(x, kernel, stride, padding, dilation)
    ]
    return np.array(rows).reshape(len(rows), x.shape[1] * kernel[0] * kernel[1])


def window_rows_back(col: np.ndarray, *, shape, kernel, stride, padding, dilation) -> np.ndarray:
    x = np.zeros(shape, col.dtype)
    wide, rows = grown(x, padding), iter(col)
    for image in wide:
        for _, _, r, c in places(x, kernel, stride, padding, dilation):
            image[np.ix_(range(shape[1]), r, c)] += next(rows).reshape(shape[1], *kernel)
    return inside(wide, padding)
