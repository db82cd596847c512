"""fast-conv: its shapes, its recipe, and what it learns."""

from __future__ import annotations

import os

import numpy as np
import pytest

import pellucid
from pellucid import data, models, nn, optim
from pellucid.engines import current_engine
from pellucid.train import Trainer

MNIST = os.environ.get("PELLUCID_DATA", "")


def test_the_sizes_are_those_of_the_docstring() -> None:
    model = models.create("fast-conv", (1, 28, 28), 10)
    table = model.summary((1, 28, 28))
    shapes = [row.output_shape for row in table.rows if row.kind in ("MaxPool2d", "Conv2d", "Flatten", "Linear")]
    assert shapes == [(16, 24, 24), (16, 12, 12), (16, 10, 10), (16, 5, 5), (64, 3, 3), (576,), (10,)]
    assert (table.parameters, table.multiply_adds) == (17_882, 549_504)


@pytest.mark.parametrize(
    ("shape", "features"),
    [((3, 32, 32), 64 * 4 * 4), ((1, 20, 20), 64), ((1, 19, 40), 64 * 4 * 10), ((1, 4, 4), 64)],
)
def test_small_images_are_padded(shape: tuple[int, ...], features: int) -> None:
    model = models.create("fast-conv", shape, 10)
    assert isinstance(model, nn.Sequential)
    assert model[-1].weight.shape == (10, features)
    assert model(np.zeros((2, *shape), np.float32)).shape == (2, 10)


def test_the_scales_of_the_normalisation_start_at_one_and_weights_with_hes_values() -> None:
    for layer in models.create("fast-conv", (1, 28, 28), 10).modules():
        if isinstance(layer, nn.BatchNorm2d):
            np.testing.assert_array_equal(layer.weight.numpy(), 1)
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            w = layer.weight.numpy()
            assert w.std() == pytest.approx(np.sqrt(2 / np.prod(w.shape[1:])), rel=0.15)


def test_only_fast_conv_has_a_recipe_and_nobody_changes_it() -> None:
    assert [name for name in [*models.names(), "784-10", "nothing"] if models.recipe(name, "mnist")] == ["fast-conv"]
    assert not models.recipe("fast-conv", "digits")
    with pytest.raises(TypeError):
        models.recipe("fast-conv", "mnist")["lr"] = 1.0  # pyright: ignore[reportIndexIssue]


@pytest.mark.skipif(not MNIST, reason="it needs MNIST: set PELLUCID_DATA to the folder that has mnist/")
@pytest.mark.skipif(current_engine().name != "native", reason="the reference engine takes minutes")
def test_a_third_of_mnist_is_enough_for_98_percent() -> None:
    recipe = models.recipe("fast-conv", "mnist")
    pellucid.seed(0)
    train, test = data.mnist()
    train = train.subset(np.arange(20_000))
    model = models.create("fast-conv", (1, 28, 28), 10)
    optimizer = optim.create(recipe["optimizer"], model.parameters(), recipe["lr"])
    steps = -(-len(train) // recipe["batch_size"])
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(label_smoothing=recipe["label_smoothing"]),
        optimizer,
        scheduler=optim.OneCycleLR(optimizer, recipe["lr"], total_steps=steps),
    )
    trainer.fit(train, batch_size=recipe["batch_size"], progress=False)
    assert trainer.evaluate(test)["accuracy"] >= 0.98
