"""How fast the convolution kernels are: one thread, float32, the shapes of a few well-known networks.

    python benchmarks/kernels/convolution.py                    # the whole batch in one call
    python benchmarks/kernels/convolution.py --images 4         # four images a call, as a plan in blocks does it
    python benchmarks/kernels/convolution.py --only "64 → 64" --repeats 50

Prints microseconds for the batch, GFLOP/s, and the share of a ceiling: what the matmul of the same module reaches on
this machine just before. A multiply-add is two operations, and those of taps outside of the image do not count. Shares
above 1 are no mistake: Winograd's convolutions (3 × 3, many channels) need fewer operations than are counted. Where
PyTorch is installed, its times stand beside, measured in turn with ours, since other programs disturb both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from pellucid import _native

Run = Callable[[], object]


class Shape(NamedTuple):
    network: str
    images: int
    channels: int
    size: int
    filters: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1

    @property
    def out(self) -> int:
        return (self.size + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def operations(self) -> int:
        along = sum(
            0 <= o * self.stride - self.padding + k < self.size for o in range(self.out) for k in range(self.kernel)
        )
        return 2 * self.images * along**2 * self.channels * self.filters

    def numbers(self, images: int) -> list[int]:
        sizes = [images, self.size, self.size, self.channels, self.out, self.out, self.filters]
        return [*sizes, *[self.kernel] * 2, *[self.stride] * 2, *[self.padding] * 2, 1, 1, 1]

    def __str__(self) -> str:
        stride = f" /{self.stride}" if self.stride > 1 else ""
        what = f"{self.channels} → {self.filters} {self.kernel}×{self.kernel}{stride}"
        return f"{self.network:10} {self.images}×{self.size}² {what}"


SHAPES = [
    Shape("simple", 100, 1, 28, 30, 5, 1, 0),
    Shape("deep", 100, 1, 28, 16),
    Shape("deep", 100, 16, 28, 16),
    Shape("deep", 100, 16, 14, 32),
    Shape("deep", 100, 32, 14, 32, padding=2),
    Shape("deep", 100, 32, 8, 64),
    Shape("deep", 100, 64, 8, 64),
    Shape("ResNet-20", 128, 3, 32, 16),
    Shape("ResNet-20", 128, 16, 32, 16),
    Shape("ResNet-20", 128, 16, 32, 32, stride=2),
    Shape("ResNet-20", 128, 16, 32, 32, 1, 2, 0),
    Shape("ResNet-20", 128, 32, 16, 32),
    Shape("ResNet-20", 128, 32, 16, 64, stride=2),
    Shape("ResNet-20", 128, 64, 8, 64),
]


def room(channels: int, kernel: int, filters: int) -> np.ndarray:
    """For packed weights: rows of whole vectors of the widest kind, 64 bytes; and 16 taps more for Winograd's."""
    return np.zeros((channels, kernel**2 + 16, -(-filters // 16) * 16), np.float32)


def ours(shape: Shape, x: np.ndarray, w: np.ndarray, g: np.ndarray, images: int) -> dict[str, Run]:
    """Forward, input gradient and weight gradient of the batch, `images` a call."""
    y, x_gradient, w_gradient = np.empty_like(g), np.empty_like(x), np.empty_like(w)
    parts = [slice(i, min(i + images, shape.images)) for i in range(0, shape.images, images)]
    packed = room(shape.channels, shape.kernel, shape.filters)
    turned = room(shape.filters, shape.kernel, shape.channels)
    sums = room(shape.channels, shape.kernel, shape.filters)

    def call(name: str, arrays: list[np.ndarray], count: int, *more: int) -> None:
        _native.call(f"conv2d_{name}float32", arrays, [*shape.numbers(count), *more])

    def forward() -> None:
        call("pack_weights_", [packed, w], images)
        for part in parts:
            call("", [y[part], x[part], packed], len(y[part]))

    def input_gradient() -> None:
        call("input_gradient_pack_weights_", [turned, w], images)
        for part in parts:
            call("input_gradient_", [x_gradient[part], g[part], turned], len(g[part]))

    def weight_gradient() -> None:
        for part in parts:
            call("weight_gradient_partial_", [sums, x[part], g[part]], len(g[part]), 1)
        call("weight_gradient_sum_", [w_gradient, sums], images, 1)

    return {"forward": forward, "input": input_gradient, "weight": weight_gradient}


def theirs(shape: Shape, x: np.ndarray, w: np.ndarray, g: np.ndarray) -> dict[str, Run]:
    """The same in PyTorch, channels last too."""
    if find_spec("torch") is None:
        return {}
    torch = import_module("torch")
    torch.set_num_threads(1)
    images, gradient = (torch.from_numpy(a).permute(0, 3, 1, 2) for a in (x, g))
    weight = torch.from_numpy(w).to(memory_format=torch.channels_last)
    options = ([shape.stride] * 2, [shape.padding] * 2, [1, 1])

    def backward(*mask: bool) -> Run:
        given = (gradient, images, weight, None, *options, False, [0, 0], 1, [*mask, False])
        return lambda: torch.ops.aten.convolution_backward(*given)

    return {
        "forward": lambda: torch.nn.functional.conv2d(images, weight, None, *options),
        "input": backward(True, False),
        "weight": backward(False, True),
    }


def best_times(runs: list[Run], repeats: int) -> list[float]:
    """Seconds of this thread's own time, the best of some rounds in which each has its turn."""
    found = [float("inf")] * len(runs)
    for _ in range(repeats + 1):
        for i, run in enumerate(runs):
            start = time.thread_time()
            run()
            found[i] = min(found[i], time.thread_time() - start)
    return found


def ceiling(repeats: int) -> float:
    """Operations a second, of the size that does best."""
    found = []
    for size in (192, 384, 768):
        x = np.ones((size, size), np.float32)
        found.append(2 * size**3 / best_times([lambda x=x: _native.matmul(x, x)], repeats)[0])
    return max(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, help="images a call; all of them unless told")
    parser.add_argument("--only", default="", help="shapes whose line contains this")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    top = ceiling(options.repeats)
    print(f"{_native.isa()}, one thread, float32; ceiling {top / 1e9:.0f} GFLOP/s (matmul)")
    print(f"{'':38}{'':8} {'µs':>8} {'GFLOP/s':>8} {'share':>6} {'PyTorch':>8}")
    for shape in SHAPES:
        if options.only not in str(shape):
            continue
        generator = np.random.default_rng(0)
        x = generator.standard_normal((shape.images, shape.size, shape.size, shape.channels), np.float32)
        w = generator.standard_normal((shape.filters, shape.channels, shape.kernel, shape.kernel), np.float32)
        g = generator.standard_normal((shape.images, shape.out, shape.out, shape.filters), np.float32)
        other = theirs(shape, x, w, g)
        for name, run in ours(shape, x, w, g, options.images or shape.images).items():
            seconds = best_times([run, other[name]] if other else [run], options.repeats)
            rate = shape.operations / seconds[0]
            beside = "".join(f" {1e6 * s:8.0f}" for s in seconds[1:])
            label = str(shape) if name == "forward" else ""
            print(f"{label:38}{name:8} {1e6 * seconds[0]:8.0f} {rate / 1e9:8.1f} {rate / top:6.0%}{beside}")


if __name__ == "__main__":
    main()
