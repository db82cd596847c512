"""Every ready network: what it gives on the native engine, and its gradients, are what the reference gives."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import models, nn
from pellucid.engines import ENGINES, engine

pytestmark = pytest.mark.skipif("native" not in ENGINES, reason="the native engine is not there")

SHAPES = {"perceptron": (1, 8, 8)}  # of an image; the others get 28 × 28 pixels
BOUNDS = {"float32": 2e-5, "float64": 1e-12}  # of the largest number of the same array


def outputs_and_gradients(name, engine_name, dtype):
    """Of one step in training mode: the outputs, the loss, and the gradient of each parameter."""
    pellucid.seed(5)
    shape = SHAPES.get(name, (1, 28, 28))
    model = models.create(name, shape, 10).to(dtype)
    rng = np.random.default_rng(0)
    x, t = rng.random((12, *shape)).astype(dtype), rng.integers(0, 10, 12)
    parameters = dict(model.named_parameters())

    def step(x, t):
        outputs = model(x)
        loss = nn.functional.cross_entropy(outputs, t)
        return outputs, loss, pellucid.gradients(loss, list(parameters.values()))

    with engine(engine_name):
        outputs, loss, gradients = pellucid.compile(step)(x, t)
    named = dict(zip(parameters, gradients, strict=True))
    return {name: array.numpy() for name, array in {"outputs": outputs, "loss": loss, **named}.items()}


@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize("name", models.names())
def test_a_model_and_its_gradients_agree_with_the_reference(name, dtype):
    expected = outputs_and_gradients(name, "reference", dtype)
    found = outputs_and_gradients(name, "native", dtype)
    for array in expected:
        atol = BOUNDS[dtype] * np.abs(expected[array]).max()
        np.testing.assert_allclose(found[array], expected[array], rtol=0, atol=atol, err_msg=array)
