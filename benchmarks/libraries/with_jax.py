"""JAX: the data set on the device, the whole step under one jit, the parameters donated.

An epoch is one lax.scan over its steps. With convolutions it is a loop over jitted steps instead, for XLA's
convolutions on CPUs are four to ten times as slow inside a scan; and pooling is the maximum over reshaped axes, with
which a step of W3 takes a third of the time that it takes with reduce_window (JAX 0.10).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from benchmarks import workloads
from benchmarks.libraries import Order, timed
from benchmarks.problem import Problem

Arrays = dict[str, Any]
LAYOUT = ("NHWC", "HWIO", "NHWC")  # what XLA does best on a CPU


class Runner:
    def __init__(self, workload: workloads.Workload, problem: Problem, dtype: str, threads: int) -> None:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", dtype == "float64")
        self.workload = workload
        self.x = jnp.asarray(np.ascontiguousarray(problem.x.transpose(0, 2, 3, 1)))
        self.t = jnp.asarray(problem.t if problem.t.dtype.kind == "f" else problem.t.astype(np.int32))
        parameters = {key: jnp.asarray(array) for key, array in device_weights(workload, problem.weights).items()}
        self.state = (parameters, *start(workload, parameters))
        self.scans = not any(isinstance(layer, workloads.Conv) for _, layer in workloads.named(workload.layers))
        self.run = jax.jit(partial(run_steps if self.scans else run_step, workload, dtype), donate_argnums=0)

    def epochs(self, count: int, order: Order) -> tuple[list[float], list[float]]:
        return timed(self.epoch, count, order)

    def epoch(self, order: np.ndarray) -> float:
        rows = order.astype(np.int32).reshape(-1, self.workload.batch)
        if self.scans:
            self.state, losses = self.run(self.state, self.x, self.t, rows)
            return float(losses.mean())
        losses = []
        for batch in rows:
            self.state, loss = self.run(self.state, self.x, self.t, batch)
            losses.append(loss)
        return float(jnp.stack(losses).mean())


def run_steps(workload: workloads.Workload, dtype: str, state: Any, x: Any, t: Any, rows: Any) -> Any:
    """A step for each row of positions: the state after them, and each one's loss."""
    return lax.scan(lambda state, batch: run_step(workload, dtype, state, x, t, batch), state, rows)


def run_step(workload: workloads.Workload, dtype: str, state: Any, x: Any, t: Any, batch: Any) -> Any:
    parameters, running, moments = state

    def loss(parameters: Arrays) -> Any:
        images = x[batch].astype(dtype) / 255
        output, changed = forward(workload.layers, parameters, running, images)
        return loss_of(workload.loss, output, t[batch]), changed

    (value, changed), gradients = jax.value_and_grad(loss, has_aux=True)(parameters)
    parameters, moments = update(workload.optimizer, parameters, gradients, moments)
    return (parameters, running | changed, moments), value


def loss_of(name: str, output: Any, t: Any) -> Any:
    if name == "squared error":
        return jnp.mean((output - t) ** 2)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(output), t[:, None], axis=1))


# ---- the network


def forward(layers: workloads.Layers, p: Arrays, running: Arrays, x: Any, prefix: str = "") -> tuple[Any, Arrays]:
    """The network's output, and what batch normalisation has learned on the way."""
    changed: Arrays = {}
    for i, layer in enumerate(layers):
        x, more = apply(layer, p, running, x, f"{prefix}{i}")
        changed |= more
    return x, changed


def apply(layer: workloads.Layer, p: Arrays, running: Arrays, x: Any, key: str) -> tuple[Any, Arrays]:
    match layer:
        case workloads.Linear():
            return x @ p[f"{key}.weight"] + p[f"{key}.bias"], {}
        case workloads.Conv():
            return convolve(layer, p, x, key), {}
        case workloads.BatchNorm():
            return batch_norm(p, running, x, key)
        case workloads.ReLU():
            return jax.nn.relu(x), {}
        case workloads.Sigmoid():
            return jax.nn.sigmoid(x), {}
        case workloads.MaxPool():
            n, height, width, channels = x.shape
            return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4)), {}
        case workloads.Mean():
            return x.mean(axis=(1, 2)), {}
        case workloads.Flatten():
            return x.reshape(len(x), -1), {}
        case workloads.Residual(body, shortcut):
            inside, changed = forward(body, p, running, x, f"{key}.body.")
            beside, more = forward(shortcut, p, running, x, f"{key}.shortcut.")
            return jax.nn.relu(inside + beside), changed | more


def convolve(layer: workloads.Conv, p: Arrays, x: Any, key: str) -> Any:
    padding = [(layer.padding, layer.padding)] * 2
    y = lax.conv_general_dilated(x, p[f"{key}.weight"], (layer.stride,) * 2, padding, dimension_numbers=LAYOUT)
    return y + p[f"{key}.bias"] if layer.bias else y


def batch_norm(p: Arrays, running: Arrays, x: Any, key: str) -> tuple[Any, Arrays]:
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    y = (x - mean) * (lax.rsqrt(variance + 1e-5) * p[f"{key}.weight"]) + p[f"{key}.bias"]
    count = x.size // x.shape[-1]
    learned = {"mean": mean, "var": variance * (count / (count - 1))}
    return y, {f"{key}.{name}": 0.9 * running[f"{key}.{name}"] + 0.1 * value for name, value in learned.items()}


def device_weights(workload: workloads.Workload, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """PyTorch's shapes made those of channels last: (O, I, H, W) → (H, W, I, O), (O, I) → (I, O)."""
    turned = {}
    channels = 0  # of the maps that a Flatten has just made a row of, until a Linear has seen them
    for key, layer in workloads.named(workload.layers):
        w = weights.get(f"{key}.weight")
        if isinstance(layer, workloads.Conv):
            assert w is not None, "every convolution has a weight"
            turned[f"{key}.weight"], channels = w.transpose(2, 3, 1, 0), layer.outputs
        elif isinstance(layer, workloads.Linear):
            assert w is not None, "every Linear has a weight"
            if channels:
                w = w.reshape(layer.outputs, channels, -1).swapaxes(1, 2).reshape(w.shape)
            turned[f"{key}.weight"], channels = w.T, 0
    return {key: np.ascontiguousarray(turned.get(key, array)) for key, array in weights.items()}


# ---- the optimiser


def start(workload: workloads.Workload, parameters: Arrays) -> tuple[Arrays, Any]:
    """The running means of batch normalisation, and what the optimiser keeps."""
    running: Arrays = {}
    for key, layer in workloads.named(workload.layers):
        if isinstance(layer, workloads.BatchNorm):
            like = parameters[f"{key}.weight"]
            running |= {f"{key}.mean": jnp.zeros_like(like), f"{key}.var": jnp.ones_like(like)}

    def zeros() -> Arrays:
        return {key: jnp.zeros_like(array) for key, array in parameters.items()}

    if isinstance(workload.optimizer, workloads.Adam):
        return running, (zeros(), zeros(), jnp.zeros(()))
    return running, zeros() if workload.optimizer.momentum else {}


def update(choice: workloads.SGD | workloads.Adam, p: Arrays, g: Arrays, moments: Any) -> tuple[Arrays, Any]:
    if isinstance(choice, workloads.Adam):
        return adam(choice.lr, p, g, *moments)
    if not choice.momentum:
        return {key: p[key] - choice.lr * g[key] for key in p}, moments
    moments = {key: choice.momentum * moments[key] + g[key] for key in p}
    return {key: p[key] - choice.lr * moments[key] for key in p}, moments


def adam(lr: float, p: Arrays, g: Arrays, m: Arrays, v: Arrays, t: Any) -> tuple[Arrays, Any]:
    t = t + 1
    m = {key: 0.9 * m[key] + 0.1 * g[key] for key in p}
    v = {key: 0.999 * v[key] + 0.001 * g[key] ** 2 for key in p}
    rate, root = lr / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
    return {key: p[key] - rate * m[key] / (jnp.sqrt(v[key]) / root + 1e-8) for key in p}, (m, v, t)
