"""Tensors: what they are made of, what they give out, and how they are changed."""

from __future__ import annotations

import copy
import operator as op
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pellucid import Buffer, Parameter, Tensor, nn, no_grad
from pellucid.errors import DTypeError, GradientError, PellucidError, RangeError, ShapeError
from pellucid.tensor import DTYPES, as_tensor

KNOWN = "bool, uint8, int32, int64, uint64, float32, float64"


def refused(function, kind=PellucidError) -> str:
    with pytest.raises(kind) as caught:
        function()
    return str(caught.value)


# ---- making one


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, "float32"),
        (2, "int64"),
        (True, "bool"),
        ([1, 2.5], "float32"),
        ([[1], [2]], "int64"),
        ([], "float32"),
        (np.float64(1.5), "float64"),
        (np.ones(2), "float64"),
        (np.ones(2, np.float32), "float32"),
        (np.ones(2, np.uint8), "uint8"),
        (np.ones(2, ">f4"), "float32"),
        (np.ones(2, ">i8"), "int64"),
        (range(3), "int64"),
    ],
)
def test_python_floats_become_float32_and_arrays_keep_their_dtype(value, dtype: str) -> None:
    x = Tensor(value)
    assert x.dtype == dtype and x.dtype.isnative
    np.testing.assert_array_equal(x.numpy(), np.asarray(value))


def test_other_libraries_arrays_keep_their_dtype() -> None:
    class Foreign:
        dtype = np.dtype("float64")

        def __array__(self, dtype=None, copy=None):
            return np.array([0.1])

    assert Tensor(Foreign()).dtype == np.float64


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("text", "'text'"),
        ([b"x"], "[b'x']"),
        ([1.0, None], "[1.0, None]"),
        (2**70, "1180591620717411303424"),
    ],
)
def test_what_is_no_number_is_refused(value, given: str) -> None:
    expected = f"Tensor: cannot be made of {given}; give numbers that fit one of {KNOWN}"
    assert refused(lambda: Tensor(value), DTypeError) == expected


@pytest.mark.parametrize("use", [Tensor, lambda x: Tensor([1.0]) == x, lambda x: nn.Linear(1, 1)(x)])
def test_none_is_asked_about(use) -> None:
    assert refused(lambda: use(None), DTypeError).endswith("Tensor: got None; did a function forget its return?")


@pytest.mark.parametrize(
    ("value", "given"),
    [
        (1j, "complex128"),
        (np.float16(1), "float16"),
        (np.array(["2020-01-01"], "datetime64[D]"), "datetime64[D]"),
        (np.ones(1, np.int8), "int8"),
    ],
)
def test_other_dtypes_are_refused(value, given: str) -> None:
    assert refused(lambda: Tensor(value), DTypeError) == f"Tensor: dtype {given} is not supported; give one of {KNOWN}"


def test_ragged_lists_and_unknown_dtypes_are_refused() -> None:
    assert refused(lambda: Tensor([[1], [1, 2]]), DTypeError).startswith(
        "Tensor: cannot make an array of list: setting an"
    )
    assert refused(lambda: Tensor([1.0], "float99"), DTypeError).startswith("Tensor: cannot make an array of list: ")
    assert refused(lambda: Tensor([1.0], "float16"), DTypeError).startswith("Tensor: dtype float16 is not supported")
    assert refused(lambda: Tensor(["x"], "float32"), DTypeError).startswith("Tensor: cannot make an array of list: ")


def test_only_floats_can_need_a_gradient() -> None:
    message = "Tensor: int64 has no gradient; give float32 or float64"
    assert refused(lambda: Tensor([1], requires_grad=True), DTypeError) == message
    assert refused(lambda: Parameter([1]), DTypeError) == message


def test_a_tensor_has_its_own_copy() -> None:
    array = np.ones(3)
    x = Tensor(array)
    y = Tensor(x)
    array[0] = 9
    assert x.tolist() == y.tolist() == [1.0, 1.0, 1.0]
    assert Tensor(np.ones((2, 3)).T).numpy().flags.c_contiguous


def test_as_tensor_leaves_a_tensor_as_it_is() -> None:
    x = Tensor([1.0])
    assert as_tensor(x) is x
    assert as_tensor(2, like=Tensor([1.0], "float64")).dtype == np.float64


def test_parameters_need_a_gradient_and_buffers_do_not() -> None:
    assert Parameter([1.0]).requires_grad and not Buffer([1.0]).requires_grad
    assert not Parameter([1.0], requires_grad=False).requires_grad
    assert type(Parameter([1.0]) * 2) is Tensor


# ---- giving out


def test_what_a_tensor_says_of_itself() -> None:
    x = Tensor(np.zeros((2, 3)), requires_grad=True)
    assert (x.shape, x.ndim, x.size, len(x), x.is_leaf, (x * 1).is_leaf) == ((2, 3), 2, 6, 2, True, False)
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1. 2.], float32)"
    assert repr(Parameter(1.5)) == "Parameter(1.5, float32, requires_grad)"
    assert len(repr(Tensor(np.zeros(10**6)))) < 200
    assert f"{Tensor(1.2345):.2f}" == "1.23" and f"{Tensor([1.0])}" == "Tensor([1.], float32)"


def test_numpy_gives_a_view_that_cannot_be_written_to() -> None:
    x = Tensor([1.0, 2.0])
    view = x.numpy()
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 5
    assert np.shares_memory(view, x.numpy())
    own = np.array(x)
    own[0] = 5
    assert x.tolist() == [1.0, 2.0]
    assert np.asarray(x, dtype="float64").dtype == np.float64


@given(arrays.arrays(st.sampled_from(DTYPES[1:]), arrays.array_shapes(min_dims=0, min_side=0)))
def test_dlpack_goes_to_numpy_and_back(x: np.ndarray) -> None:
    found = np.from_dlpack(Tensor(x))
    np.testing.assert_array_equal(found, x, strict=True)


def test_what_dlpack_gives_out_is_the_consumers_own() -> None:
    x = Tensor([1.0, 2.0])
    np.from_dlpack(x)[0] = 100
    assert x.tolist() == [1.0, 2.0]
    with pytest.raises(BufferError) as caught:
        x.__dlpack__(copy=False)
    assert str(caught.value) == "DLPack: a Tensor gives out copies only; leave copy=False out"


def test_a_tensor_of_one_element_is_a_python_number() -> None:
    for x in (Tensor(2.5), Tensor([2.5]), Tensor([[2.5]])):
        assert (x.item(), float(x), int(x), bool(x)) == (2.5, 2.5, 2, True)
    assert type(Tensor(3).item()) is int and [10, 20, 30][Tensor(1)] == 20
    assert not Tensor([0.0])


def test_what_is_no_single_number_is_refused() -> None:
    x = Tensor([1.0, 2.0])
    for who, function in {"bool": bool, "float": float, "int": int, "item()": Tensor.item}.items():
        assert refused(lambda function=function: function(x), ShapeError) == (
            f"{who}: needs a Tensor of one element, got (2,); reduce it with .sum() or index it"
        )
    assert refused(lambda: [1, 2][Tensor(1.0)], DTypeError) == (
        "index: a float32 Tensor is no index; cast it with .to('int64')"
    )
    assert refused(lambda: len(Tensor(1.0)), ShapeError) == (
        "len: a Tensor of shape () has no length; .item() gives its number"
    )
    assert refused(lambda: bool(Tensor(np.zeros(0))), ShapeError).startswith(
        "bool: needs a Tensor of one element, got (0,)"
    )


def test_a_truth_that_is_not_single_is_not_guessed() -> None:
    with pytest.raises(ShapeError):
        assert Tensor([1.0, 2.0]) == Tensor([1.0, 2.0])
    with pytest.raises(ShapeError):
        assert Tensor([1.0, 2.0]) in [Tensor([3.0, 4.0])]


@pytest.mark.parametrize("kind", [Tensor, Parameter, Buffer])
def test_pickling_and_copying_keep_kind_value_and_need(kind: type[Tensor]) -> None:
    x = kind(np.array([1.0, 2.0]))
    for twin in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x)):
        assert type(twin) is kind and twin.requires_grad == x.requires_grad and twin.dtype == x.dtype
        np.testing.assert_array_equal(twin.numpy(), x.numpy())
        with no_grad():
            twin += 1
        assert x.tolist() == [1.0, 2.0]


# ---- operators


@given(
    arrays.arrays(np.float64, arrays.array_shapes(min_dims=0, max_dims=2), elements=st.floats(0.5, 2)),
    st.floats(0.5, 2),
)
def test_operators_are_numpys_with_numbers_and_arrays_on_either_side(x: np.ndarray, number: float) -> None:
    t = Tensor(x)
    for other in (number, np.full(x.shape, number), np.float64(number)):
        for found, expected in [
            (t + other, x + other),
            (other + t, other + x),
            (t - other, x - other),
            (other - t, other - x),
            (t * other, x * other),
            (other * t, other * x),
            (t / other, x / other),
            (other / t, other / x),
            (t**other, x**other),
            (other**t, other**x),
            (-t, -x),
            (abs(-t), x),
            (t < other, x < other),
            (t <= other, x <= other),
            (t > other, x > other),
            (t >= other, x >= other),
            (t == other, x == other),
            (t != other, x != other),
            (other < t, other < x),
        ]:
            assert isinstance(found, Tensor)
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
            assert found.dtype == np.asarray(expected).dtype


def test_logic_is_element_by_element() -> None:
    a, b = Tensor([True, True, False]), Tensor([True, False, False])
    assert ((a & b).tolist(), (a | b).tolist(), (~a).tolist()) == (
        [True, False, False],
        [True, True, False],
        [False, False, True],
    )
    assert (True & a).tolist() == (np.array([True] * 3) & a).tolist() == [True, True, False]
    assert (False | a).tolist() == [True, True, False]


# ---- change in place


def test_a_change_in_place_is_seen_by_everyone_who_holds_the_tensor() -> None:
    x = Tensor([1.0, 2.0])
    same = x
    x += 1
    x -= 0.5
    x *= 2
    x /= 4
    assert same is x and x.tolist() == [0.75, 1.25]
    x[0] = 9
    assert same.tolist() == [9.0, 1.25]


def test_what_was_given_out_before_a_change_in_place_stays() -> None:
    x = Tensor([1.0, 2.0])
    view, twin = x.numpy(), x.detach()
    x += 1
    assert view.tolist() == twin.tolist() == [1.0, 2.0]


def test_in_place_means_a_new_tensor_where_something_is_remembered() -> None:
    w = Parameter([1.0, 2.0])
    y = first = w * 3
    y += 1
    assert y is not first and y.requires_grad
    total = Tensor(0.0)
    for _ in range(3):
        total += (w * w).sum()
    total.backward()
    assert w.grad.tolist() == [6.0, 12.0]


CANNOT = (
    "assign: this Tensor needs a gradient, which a change in place would make wrong; "
    "change it inside `with no_grad():`, or make a new Tensor"
)


def test_a_trained_tensor_changes_in_place_only_under_no_grad() -> None:
    w = Parameter([1.0, 2.0])

    def add() -> None:
        nonlocal w
        w += 1

    def put() -> None:
        w[0] = 1

    for change in (add, put, lambda: w.assign([0.0, 0.0])):
        assert refused(change, GradientError) == CANNOT
    before = w
    with no_grad():
        w -= 0.5
        w[0] = 7
    assert w is before and w.tolist() == [7.0, 1.5] and w.requires_grad and w.is_leaf


def test_assign_keeps_shape_and_dtype() -> None:
    x = Tensor(np.zeros(2, np.float32))
    x.assign(np.ones(2))
    assert x.dtype == np.float32 and x.tolist() == [1.0, 1.0]
    assert refused(lambda: x.assign([1.0]), ShapeError) == "assign: a Tensor (2,) was given (1,); the shapes must agree"

    def grow() -> None:
        nonlocal x
        x += np.ones((3, 2))

    assert refused(grow, ShapeError) == "assign: a Tensor (2,) was given (3, 2); the shapes must agree"


def test_integers_do_not_cut_floats_off_in_place() -> None:
    x = Tensor([1, 2])

    def halve() -> None:
        nonlocal x
        x += 0.5

    assert (
        refused(halve, DTypeError)
        == "assign: float32 numbers would be cut off in a Tensor of int64; cast them, or this"
    )
    assert x.tolist() == [1, 2]


def test_integers_that_do_not_fit_are_not_wrapped_in_place() -> None:
    for dtype, value, lost in [
        ("uint8", [-5, 300], -5),
        ("uint8", [5, 256], 256),
        ("int64", np.array([2**63], np.uint64), 2**63),
        ("uint64", [-1], -1),
        ("bool", [1, 2], 2),
    ]:
        x = Tensor(np.zeros(len(value), dtype))
        assert refused(lambda x=x, value=value: x.assign(value), DTypeError) == (
            f"assign: {lost} does not fit into a Tensor of {dtype}; cast this to a wider dtype"
        )
        assert not np.any(x.numpy())
    assert Tensor(np.zeros(2, np.uint8)).assign([0, 255]).tolist() == [0, 255]


def test_assigned_arrays_are_copied() -> None:
    x, array = Tensor(np.zeros(2)), np.ones(2)
    x.assign(array)
    array[0] = 9
    assert x.tolist() == [1.0, 1.0]


def test_a_value_that_needs_a_gradient_is_not_assigned_in_silence():
    w = Tensor([1.0, 2.0], requires_grad=True)
    x = Tensor([0.0, 0.0])
    with pytest.raises(GradientError) as error:
        x[:1] = w[:1] * 2
    assert str(error.value) == (
        "assign: the new value needs a gradient, which a Tensor changed in place does not pass on; "
        "assign value.detach(), or build the result with where() or concatenate()"
    )
    x[:1] = (w[:1] * 2).detach()
    assert x.tolist() == [2.0, 0.0]


def test_a_power_in_place_changes_the_tensor_itself():
    x = y = Tensor([2.0, 3.0])
    x **= 2
    assert y.tolist() == [4.0, 9.0]


@pytest.mark.parametrize("mask", [np.array([True]), Tensor([True, False, False])])
def test_a_mask_of_another_size_is_refused(mask):
    with pytest.raises(RangeError) as error:
        Tensor([1.0, 2.0])[mask]
    assert str(error.value) == f"index: a mask of shape {mask.shape} does not fit (2,) at axis 0; sizes must agree"


@pytest.mark.parametrize(
    "operator", [op.add, op.sub, op.mul, op.truediv, op.pow, op.eq, op.ne, op.lt, op.le, op.gt, op.ge]
)
@pytest.mark.parametrize("left", [np.array([1.0, 2.0, 3.0]), np.float64(2), np.float32(2)])
def test_an_array_before_an_operator_gives_a_tensor(operator, left):
    x = Tensor([2.0, 2.0, 2.0], requires_grad=True)
    out = operator(left, x)
    assert isinstance(out, Tensor)
    np.testing.assert_allclose(out.numpy(), operator(left, x.numpy()))
    assert out.requires_grad == (out.dtype != bool)


def test_arrays_multiply_as_matrices_and_join_truths():
    a, x = np.arange(6.0).reshape(2, 3), Tensor(np.ones((3, 2)))
    np.testing.assert_array_equal((a @ x).numpy(), a @ x.numpy())
    truths = Tensor([True, False])
    assert (np.array([True, True]) & truths).tolist() == [True, False]
    assert (np.array([True, True]) | truths).tolist() == [True, True]


@pytest.mark.parametrize(
    ("name", "instead", "call"),
    [
        ("exp", "pellucid.exp(x), or np.exp(x.numpy())", lambda x: np.exp(x)),
        ("absolute", "pellucid.abs(x), or np.absolute(x.numpy())", lambda x: np.abs(x)),
        ("arctan", "np.arctan(x.numpy())", lambda x: np.arctan(x)),
        ("maximum", "pellucid.maximum(x, y), or np.maximum(x.numpy(), y.numpy())", lambda x: np.maximum(0, x)),
        ("add.reduce", "np.add.reduce(x.numpy())", lambda x: np.add.reduce(x)),
    ],
)
def test_a_function_of_numpy_says_what_to_write_instead(name, instead, call):
    message = refused(lambda: call(Tensor([1.0])), DTypeError)
    assert message == f"{name}: NumPy's functions do not take Tensors; write {instead}"


def test_an_array_is_not_changed_in_place_by_a_tensor():
    array = np.ones(2)

    def add() -> None:
        nonlocal array
        array += Tensor([1.0, 2.0])

    assert refused(add, DTypeError) == (
        "add: a NumPy array takes no Tensor in place; write a new one, such as x = x + y"
    )
    assert array.tolist() == [1.0, 1.0]
