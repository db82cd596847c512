"""How fast matrix products of many shapes are, beside NumPy's: python benchmarks/kernels/matmul.py

Each shape is written rows x columns x depth and a form: N where an operand's rows are contiguous, T where its columns
are. NT is a Linear's forward pass (its weight lies (out, in)), NN the gradient of its input, TN that of its weight.
The ceiling is the fastest product that this run has seen, ours or NumPy's. Both use as many threads as asked.
"""

from __future__ import annotations

import argparse
import os
import time

SHAPES = """
    100x50x784NT 50x784x100TN 100x10x50NT 100x50x10NN 10x50x100TN
    10x30x784NT 30x784x10TN 10x10x30NT 10x30x10NN 10x30x10TN
    100x100x4320NT 100x4320x100NN 100x4320x100TN
    128x1000x784NT 128x1000x1000NT 128x1000x1000NN 1000x1000x128TN 128x10x1000NT 128x1000x10NN 10x1000x128TN
    1x50x784NT 1x10x50NT 1x784x50NN 1x1x1NN 17x17x17NN 97x129x1023NN 1023x1025x97TN 64x64x64NN 64x64x64NT
    1024x1024x1024NN 1024x1024x1024NT 1024x1024x1024TN 1023x1023x1023TT
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", default=SHAPES.split(), help="such as 100x50x784NT")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3, help="to measure each shape for")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    for library in ("OPENBLAS", "MKL", "OMP", "VECLIB_MAXIMUM"):  # read when NumPy is imported
        os.environ[f"{library}_NUM_THREADS"] = str(options.threads)

    from pellucid import _native

    _native.set_threads(options.threads)
    rows = [(shape, *measure(shape, options)) for shape in options.shapes]
    ceiling = max(work / min(ours, numpy) for _, work, ours, numpy in rows)
    print(f"{options.dtype}, {_native.isa()}, threads: {options.threads}, ceiling {ceiling / 1e9:.0f} GFLOP/s")
    print(f"{'shape':>18} {'µs':>10} {'GFLOP/s':>8} {'share':>6} {'NumPy µs':>10} {'NumPy / ours':>13}")
    for shape, work, ours, numpy in rows:
        speed = work / ours
        print(
            f"{shape:>18} {ours * 1e6:10.2f} {speed / 1e9:8.1f} {speed / ceiling:6.0%}"
            f" {numpy * 1e6:10.2f} {numpy / ours:13.2f}"
        )


def measure(shape: str, options: argparse.Namespace) -> tuple[float, float, float]:
    """Operations of one product, and the seconds that it takes ours and NumPy: the best of many turns of each."""
    import numpy as np

    rows, columns, depth = (int(size) for size in shape[:-2].split("x"))
    generator = np.random.default_rng(0)

    def matrix(form: str, n: int, m: int) -> np.ndarray:
        order = {"N": "C", "T": "F"}[form]
        return np.asarray(generator.standard_normal((n, m)), options.dtype, order=order)

    x, w = matrix(shape[-2], rows, depth), matrix(shape[-1], depth, columns)
    y = np.empty((rows, columns), options.dtype)
    work = 2.0 * rows * columns * depth
    count = max(1, int(1e-3 / (work / 50e9 + 1e-6)))  # products a turn: about a millisecond
    plan = plan_of(x, w, y, count, shared=options.threads > 1)

    def ours() -> None:
        plan.run([x.ravel("K"), w.ravel("K")], [y])

    def numpy() -> None:
        for _ in range(count):
            np.matmul(x, w, out=y)

    best = {ours: float("inf"), numpy: float("inf")}
    end = time.perf_counter() + options.seconds
    while time.perf_counter() < end or float("inf") in best.values():
        for side in best:
            start = time.perf_counter()
            side()
            best[side] = min(best[side], (time.perf_counter() - start) / count)
    return work, best[ours], best[numpy]


def plan_of(x, w, y, count: int, *, shared: bool):
    """The same product many times, so that Python's part of a call does not count."""
    from pellucid import _native

    strides = [stride // y.itemsize for array in (y, x, w) for stride in array.strides]
    numbers = [1, *y.shape, x.shape[1]]
    for i in range(0, 6, 2):
        numbers += [0, *strides[i : i + 2]]
    inputs, outputs = 1, 2  # spaces of plan.hpp
    line = (f"matmul_{y.dtype}", [(outputs, 0, 0), (inputs, 0, 0), (inputs, 1, 0)], numbers, shared)
    return _native.Plan([line] * count, 0, b"", [x.nbytes, w.nbytes], [y.nbytes])


if __name__ == "__main__":
    main()
