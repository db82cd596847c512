"""summary: shapes, parameters and multiply-adds of every layer, without touching anything."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import models, nn
from pellucid.errors import OptionError, ShapeError
from pellucid.tensor import Parameter, Tensor

TABLE = """
layer        output shape  parameters  multiply-adds
----------------------------------------------------
input        (1, 28, 28)
0 Conv2d     (30, 24, 24)         780        432,000
1 ReLU       (30, 24, 24)           0              0
2 MaxPool2d  (30, 12, 12)           0              0
3 Flatten    (4320,)                0              0
4 Linear     (100,)           432,100        432,000
5 ReLU       (100,)                 0              0
6 Linear     (10,)              1,010          1,000
----------------------------------------------------
total                         433,890        865,000
"""


def test_the_books_network() -> None:
    summary = models.create("simple-conv", (1, 28, 28), 10).summary((1, 28, 28))
    assert str(summary) == repr(summary) == TABLE.strip()
    assert (summary.parameters, summary.multiply_adds) == (433890, 865000)


class Net(nn.Module):
    """With a layer used twice, a matrix of its own, and a frozen layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.mix = Parameter(np.ones((8, 3), np.float32))
        self.norm = nn.BatchNorm1d(3).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.fc(self.fc(x)) @ self.mix)


NET = """
layer             output shape  parameters  multiply-adds
---------------------------------------------------------
input             (8,)
Net               (3,)                  24             24
fc Linear         (8,)                  72             64
fc Linear         (8,)                   0             64
norm BatchNorm1d  (3,)                   6              0
---------------------------------------------------------
total                                  102            152
6 of the parameters are not trained
"""


def test_code_in_a_forward_counts_too() -> None:
    assert str(Net().summary(8)) == NET.strip()


@pytest.mark.parametrize(
    ("layer", "shape", "multiply_adds"),
    [
        (nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 5, 7), 6 * 35 * 2 * 9),
        (nn.ConvTranspose2d(4, 6, 3, stride=2), (4, 5, 7), 4 * 35 * 6 * 9),
        (nn.Linear(5, 7), (3, 5), 3 * 35),
        (nn.ReLU(), (3, 5), 0),
    ],
    ids=["Conv2d", "ConvTranspose2d", "Linear", "ReLU"],
)
def test_multiply_adds_are_those_of_one_example(layer: nn.Module, shape: tuple, multiply_adds: int) -> None:
    summary = layer.summary(shape)
    assert summary.multiply_adds == multiply_adds
    assert summary.rows[0].output_shape == layer(np.ones((2, *shape), np.float32)).shape[1:]


def test_it_changes_nothing_in_the_middle_of_training() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    seen = []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(output))
    model[3].eval()
    model(np.ones((3, 4), np.float32)).sum().backward()
    state, grads = model.state_dict(), [p.grad for p in model.parameters()]
    generator = pellucid.default_generator.state.numpy()
    model.summary((4,))
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[key])
    assert all(p.grad is grad for p, grad in zip(model.parameters(), grads, strict=True))
    np.testing.assert_array_equal(pellucid.default_generator.state.numpy(), generator)
    assert [m.training for m in model] == [True, True, True, False]
    assert len(seen) == 1
    model(np.ones((3, 4), np.float32))
    assert len(seen) == 2


def test_a_model_of_doubles_and_a_large_one() -> None:
    assert nn.Linear(3, 2).double().summary(3).parameters == 8
    large = nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)])
    assert large.summary((3, 20_000, 20_000)).rows[-1].output_shape == (3, 20_000, 20_000)


@pytest.mark.parametrize("shape", [(), (0, 3), (1, 28.0), (-1,)], ids=str)
def test_a_wrong_shape_is_refused(shape: tuple) -> None:
    with pytest.raises(OptionError) as error:
        nn.ReLU().summary(shape)
    assert str(error.value) == (
        f"summary: input_shape={shape!r} must be the sizes of one example, such as (1, 28, 28) or (784,)"
    )


def test_a_shape_that_does_not_fit_says_where_and_leaves_no_hooks() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    with pytest.raises(ShapeError) as error:
        model.summary(5)
    assert str(error.value) == (
        "Sequential[0] Linear(3, 2): got 5 features; give x (..., 3), or write Linear(5, 2); x (2, 5)"
    )
    assert not any(m._hooks or m._pre_hooks for m in model.modules())
