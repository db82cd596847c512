"""Creation: the numbers and dtypes are NumPy's, but floats are float32 unless asked for otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Tensor, arange, compile, full, no_grad, ones, zeros
from pellucid.errors import DTypeError, OptionError, ShapeError
from tests.ops.harness import Case

CASES: list[Case] = []  # no primitives: they make what a Tensor can be made of anyway


@pytest.mark.parametrize("shape", [(), 3, (2, 3), (0, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_filled_tensors_are_numpys(shape, dtype):
    for ours, theirs in [
        (zeros(shape, dtype), np.zeros(shape, dtype)),
        (ones(shape, dtype), np.ones(shape, dtype)),
        (full(shape, 1, dtype), np.full(shape, 1, dtype)),
    ]:
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours.numpy(), theirs, strict=True)


def test_the_dtype_left_out():
    assert zeros(2).dtype == ones(2).dtype == full(2, 0.5).dtype == "float32"
    assert full(2, 7).dtype == "int64"
    assert full(2, True).dtype == "bool"
    assert full(2, np.float64(7)).dtype == full(2, Tensor(np.float64(7))).dtype == "float64"


@pytest.mark.parametrize("given", [(4,), (2, 5), (5, 2, -1), (0, 1, 0.25), (3, 3), (-1.5,), (0.0, 3)])
def test_ranges_are_numpys(given):
    x = arange(*given)
    theirs = np.arange(*given)
    np.testing.assert_array_equal(x.numpy(), theirs)
    assert x.dtype == ("float32" if theirs.dtype.kind == "f" else "int64")
    assert arange(3, dtype="float64").dtype == "float64"


def test_what_is_made_belongs_to_the_caller():
    x = zeros((2, 2))
    with no_grad():
        x[0, 0] = 5
    assert x.tolist() == [[5, 0], [0, 0]]
    assert zeros((2, 2), "float32").tolist() == [[0, 0], [0, 0]]
    x = zeros(3)
    x += 1
    assert x.tolist() == [1, 1, 1]


def test_they_are_constants_of_a_compiled_function():
    assert compile(lambda x: x + ones(2) + full(2, 3.0) + arange(2))(Tensor([1.0, 2.0])).tolist() == [5, 7]


@pytest.mark.parametrize(
    ("kind", "message", "call"),
    [
        (
            ShapeError,
            "zeros: (2, -1) is no shape; give whole numbers from 0 on, such as (2, 3)",
            lambda: zeros((2, -1)),
        ),
        (
            DTypeError,
            "ones: dtype=3 is no dtype; give one such as 'float32', and a shape of several sizes as (2, 3)",
            lambda: ones(2, 3),
        ),
        (ShapeError, "full: the value has shape (2,); give one number", lambda: full(2, [1, 2])),
        (
            OptionError,
            "arange: start, stop and step are (0, 3, 0); give finite numbers and a step that is not 0",
            lambda: arange(0, 3, 0),
        ),
        (
            OptionError,
            "arange: start, stop and step are (0, inf, 1); give finite numbers and a step that is not 0",
            lambda: arange(float("inf")),
        ),
    ],
)
def test_what_cannot_be_made_is_refused(kind, message, call):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_pytorchs_names_of_reshape_and_transpose():
    x = Tensor(np.arange(6.0).reshape(1, 2, 3))
    np.testing.assert_array_equal(x.permute(2, 0, 1).numpy(), x.numpy().transpose(2, 0, 1))
    np.testing.assert_array_equal(x.permute((2, 0, 1)).numpy(), x.numpy().transpose(2, 0, 1))
    np.testing.assert_array_equal(x.view(3, -1).numpy(), x.numpy().reshape(3, -1))
    np.testing.assert_array_equal(x.view((6,)).numpy(), x.numpy().reshape(6))
    np.testing.assert_array_equal(x.sin().numpy(), np.sin(x.numpy()))
    np.testing.assert_array_equal(x.cos().numpy(), np.cos(x.numpy()))
