"""How long one image through 784-50-10 takes, from a NumPy array to a NumPy array, called from Python; one thread.

`python -m benchmarks.latency WAY` is one process that measures one way and prints the seconds of a call.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks import workloads
from benchmarks.problem import initial_weights
from benchmarks.worker import confine

Call = Callable[[np.ndarray], np.ndarray]
W1 = workloads.TABLE["W1"]


def with_numpy() -> Call:
    w1, b1, w2, b2 = _weights()
    w1, w2 = np.ascontiguousarray(w1.T), np.ascontiguousarray(w2.T)
    return lambda x: np.maximum(x @ w1 + b1, 0) @ w2 + b2


def with_pellucid() -> Call:
    import pellucid

    compiled = pellucid.compile(_pellucids_model())
    return lambda x: compiled(x).numpy()


def with_trainer() -> Call:
    from pellucid import nn, optim
    from pellucid.train import Trainer

    model = _pellucids_model()
    return Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)).predict


def _pellucids_model() -> Any:
    import pellucid
    from benchmarks.libraries import with_pellucid as library

    pellucid.set_engine("native")
    model = library.network(W1.layers).eval()
    model.load_state_dict(initial_weights(W1, "float32"))
    return model


def with_torch(compiled: bool = False) -> Call:
    import torch

    from benchmarks.libraries import with_torch as library

    torch.set_num_threads(1)
    model = library.network(W1.layers).eval()
    model.load_state_dict({key: torch.from_numpy(array) for key, array in initial_weights(W1, "float32").items()})
    forward = torch.compile(model) if compiled else model

    def call(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return forward(torch.from_numpy(x)).numpy()

    return call


def with_torch_compiled() -> Call:
    return with_torch(compiled=True)


def with_jax() -> Call:
    import jax

    w1, b1, w2, b2 = (jax.numpy.asarray(array.T) for array in _weights())
    forward = jax.jit(lambda x: jax.nn.relu(x @ w1 + b1) @ w2 + b2)
    return lambda x: np.asarray(forward(x))


def with_onnxruntime() -> Call:
    import onnxruntime
    from onnx import TensorProto, checker, helper, numpy_helper

    names = ("w1", "b1", "w2", "b2")
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"], transB=1),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("Gemm", ["active", "w2", "b2"], ["y"], transB=1),
        ],
        "784-50-10",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 784])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(array, name) for name, array in zip(names, _weights(), strict=True)],
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda x: np.asarray(session.run(None, {"x": x})[0])


def _weights() -> list[np.ndarray]:
    return list(initial_weights(W1, "float32").values())


# way: (title, library or packages, how)
WAYS: dict[str, tuple[str, str, tuple[str, ...], Callable[[], Call]]] = {
    "pellucid": ("Pellucid, compiled call", "pellucid", (), with_pellucid),
    "trainer": ("Pellucid, Trainer.predict", "pellucid", (), with_trainer),
    "torch": ("PyTorch, eager", "torch", ("torch",), with_torch),
    "torch-compile": ("PyTorch, compiled", "torch-compile", ("torch",), with_torch_compiled),
    "jax": ("JAX, jit", "jax", ("jax",), with_jax),
    "onnxruntime": ("ONNX Runtime", "onnxruntime", ("onnx", "onnxruntime"), with_onnxruntime),
    "numpy": ("NumPy by hand", "numpy", (), with_numpy),
}


def seconds_of(call: Call, spend: float = 0.5) -> float:
    """A call's time: the median over batches of calls."""
    x = np.random.default_rng(0).random((1, 784), np.float32)
    for _ in range(20):
        call(x)
    times, end = [], time.perf_counter() + spend
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(100):
            call(x)
        times.append((time.perf_counter() - start) / 100)
    return median(times)


def main() -> None:
    confine(1)
    print(seconds_of(WAYS[sys.argv[1]][-1]()))


if __name__ == "__main__":
    main()
