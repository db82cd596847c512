"""Indexing, gathering, scattering and one-hot rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pellucid import Buffer, Parameter, Tensor, compile, engine, no_grad, one_hot, take_along_axis
from pellucid.autodiff import gradients
from pellucid.errors import DTypeError, PellucidError, RangeError
from pellucid.operators import OPERATIONS
from tests.agreement import on_every_engine
from tests.ops.harness import Case, checks, floats, given, integers, public

index, index_set, gather = OPERATIONS["index"], OPERATIONS["index_set"], OPERATIONS["gather"]


def cut(x: np.ndarray, *, slices) -> np.ndarray:
    for axis, (start, count, step) in enumerate(slices):
        x = np.take(x, start + step * np.arange(count), axis)
    return x


def put_back(y: np.ndarray, *, slices, shape) -> np.ndarray:
    x = np.zeros(shape, y.dtype)
    for i in np.ndindex(*y.shape):
        x[tuple(start + step * k for k, (start, _, step) in zip(i, slices, strict=True))] = y[i]
    return x


def added(g: np.ndarray, *indices: np.ndarray, shape) -> np.ndarray:
    x = np.zeros(shape, g.dtype)
    for k in np.ndindex(*indices[0].shape):
        x[tuple(i[k] for i in indices)] += g[k]
    return x


def added_along(g: np.ndarray, indices: np.ndarray, *, axis: int, size: int) -> np.ndarray:
    shape = list(g.shape)
    shape[axis] = size
    x = np.zeros(shape, g.dtype)
    for k in np.ndindex(*g.shape):
        place = list(k)
        place[axis] = indices[k]
        x[tuple(place)] += g[k]
    return x


def replaced(x: np.ndarray, values: np.ndarray, places: np.ndarray) -> np.ndarray:
    y = x.copy()
    np.put(y, places, values)
    return y


SLICES = [
    ((3, 4), ((1, 2, 1), (0, 4, 1))),
    ((3, 4), ((2, 3, -1), (3, 2, -2))),
    ((5,), ((0, 3, 2),)),
    ((2, 3), ((0, 0, 1), (1, 2, 1))),
    ((), ()),
    ((0, 3), ((0, 0, 1), (2, 1, 1))),
]
ROWS = given([0, 2, 2, 0], "int64")
PLACES = given([1, 1, 0, 3], "int64")
COLUMNS = given([[0, 3], [1, 1], [3, 2]], "int64")
FROM_THE_END = given([[0, -1], [1, 1], [-4, 2]], "int64")

CASES = [
    *(
        Case("slice", [floats(*shape)], cut, {"slices": slices}, note=str(slices).replace(" ", ""))
        for shape, slices in SLICES
    ),
    *(
        Case(
            "unslice",
            [floats(*(n for _, n, _ in slices))],
            put_back,
            {"slices": slices, "shape": shape},
            note=str(slices).replace(" ", ""),
        )
        for shape, slices in SLICES
    ),
    Case("gather", [floats(3, 4), ROWS], lambda x, *i: x[i]),
    Case("gather", [floats(3, 4), ROWS, PLACES], lambda x, *i: x[i]),
    Case("gather", [floats(3, 4, 2), given([[0, 1], [2, 2]], "int64")], lambda x, *i: x[i]),
    Case("gather", [floats(3, 0), ROWS], lambda x, *i: x[i]),
    Case("gather", [floats(3), given(np.zeros((0,)), "int64")], lambda x, *i: x[i]),
    Case("scatter_add", [floats(4, 4), ROWS], added, {"shape": (3, 4)}),
    Case("scatter_add", [floats(4), ROWS, PLACES], added, {"shape": (3, 4)}),
    Case("scatter_add", [floats(0), given(np.zeros((0,)), "int64")], added, {"shape": (3,)}),
    Case("take_along_axis", [floats(3, 4), COLUMNS], np.take_along_axis, {"axis": 1}),
    public("gather", [floats(4, 2), FROM_THE_END], lambda x, i: x[i]),
    public("take_along_axis", [floats(3, 4), FROM_THE_END], np.take_along_axis, options={"axis": 1}),
    Case("take_along_axis", [floats(0, 4), given(np.zeros((0, 1)), "int64")], np.take_along_axis, {"axis": 1}),
    Case("scatter_add_along_axis", [floats(3, 2), COLUMNS], added_along, {"axis": 1, "size": 4}),
    Case("scatter_add_along_axis", [integers(3, 2), COLUMNS], added_along, {"axis": 1, "size": 4}),
    Case(
        "scatter_add_along_axis",
        [floats(0, 1), given(np.zeros((0, 1)), "int64")],
        added_along,
        {"axis": 1, "size": 4},
    ),
    Case("scatter", [floats(6), floats(2), given([4, 1], "int64")], replaced),
    Case("scatter", [floats(3), floats(0), given(np.zeros(0), "int64")], replaced),
    Case("index", [floats(3, 4)], lambda x, *, key: x[key], {"key": (slice(None, None, -2), None, [0, 0, -1])}),
    Case("index", [floats(3, 4)], lambda x, *, key: x[key], {"key": (..., -1)}),
    Case(
        "index_set",
        [floats(3, 4), floats(3, 2)],
        lambda x, v: put(x, (slice(None), [0, 3]), v),
        run=lambda x, v: index_set(x, (slice(None), [0, 3]), v),
    ),
    Case("one_hot", [given([0, 2, 1], "int64")], lambda t, *, classes: np.eye(classes)[t], {"classes": 3}),
    Case(
        "one_hot",
        [given(np.zeros((0, 2)), "int64")],
        lambda t, *, classes: np.eye(classes)[t],
        {"classes": 3},
    ),
]


def put(x: np.ndarray, key, value) -> np.ndarray:
    y = x.copy()
    y[key] = value
    return y


TestIndexing = checks(CASES)


def numbered(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)


@examples(arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4), st.data())
def test_any_basic_index_takes_and_sets_what_numpys_does(shape, data) -> None:
    compare(numbered(shape), data.draw(arrays.basic_indices(shape, allow_newaxis=True)))


@examples(arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4), st.data())
def test_any_arrays_of_integers_take_and_set_what_numpys_do(shape, data) -> None:
    result = arrays.array_shapes(min_dims=1, max_dims=2, max_side=3)
    compare(numbered(shape), data.draw(arrays.integer_array_indices(shape, result_shape=result)))


@examples(arrays.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=3), st.data())
def test_arrays_beside_slices_numbers_and_new_axes_take_what_numpys_do(shape, data) -> None:
    basic = [
        st.integers(-n, n - 1) | st.slices(n) | st.lists(st.integers(-n, n - 1), min_size=2, max_size=2) for n in shape
    ]
    key = [data.draw(part) for part in basic]
    for at in data.draw(st.lists(st.integers(0, len(key)), max_size=2)):
        key.insert(at, None)
    compare(numbered(shape), tuple(key))


@examples(arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3), st.data())
def test_an_array_of_bools_takes_what_numpys_does(shape, data) -> None:
    compare(numbered(shape), data.draw(arrays.arrays(bool, shape)))


def compare(x: np.ndarray, key) -> None:
    """The value, the gradient (how often each element was taken) and the assignment."""
    expected = x[key]
    tensor = Tensor(x, requires_grad=True)
    found = tensor[key]
    np.testing.assert_array_equal(found.numpy(), expected, strict=True)
    taken = np.zeros(x.size)
    np.add.at(taken, np.arange(x.size).reshape(x.shape)[key], 1)
    if found.requires_grad:
        (slope,) = gradients(found.sum(), [tensor])
        np.testing.assert_array_equal(slope.numpy(), taken.reshape(x.shape))
    y, wanted = Tensor(x), x.copy()
    y[key] = -1
    wanted[key] = -1
    np.testing.assert_array_equal(y.numpy(), wanted)


X = Tensor(numbered((2, 3)))
NOT_FITTING = {
    "index: 2 is outside of an axis of size 2; shape (2, 3)": lambda: X[2],
    "index: 3 is outside of an axis of size 3": lambda: X[:, [0, 3]],
    "index: -4 is outside of an axis of size 3": lambda: X[:, [-4]],
    "index: 3 indices for the 2 axes of (2, 3)": lambda: X[0, 0, 0],
    "index: more than one ... in an index; one at most says where the other axes are": lambda: X[..., ...],
    "index: 'a' is no index; give integers, slices, None, ..., or arrays of integers or bools": lambda: X["a"],
    "index: shapes (2,) and (3,) do not broadcast; from the last axis backwards, sizes must be equal or 1": (
        lambda: X[[0, 1], [0, 1, 2]]
    ),
    "take_along_axis: 3 is outside of an axis of size 3": lambda: take_along_axis(X, [[3], [0]], 1),
    "take_along_axis: x (2, 3) and indices (1, 1) must agree but for axis 1": lambda: take_along_axis(X, [[0]], 1),
    "one_hot: labels must be integers, got float32; cast them with .to('int64')": lambda: one_hot([0.5], 2),
    "one_hot: label 3 at position 1 is not one of the 3 classes (0 to 2)": lambda: one_hot([0, 3], 3),
    "one_hot: label -1 at position (0, 1) is not one of the 3 classes (0 to 2)": lambda: one_hot([[0, -1]], 3),
}


@pytest.mark.parametrize("message", list(NOT_FITTING))
def test_what_does_not_fit_is_refused_in_a_sentence(message: str) -> None:
    with pytest.raises(PellucidError) as caught:
        NOT_FITTING[message]()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (lambda x, i: x[i], "index: {} is outside of an axis of size 3"),
        (lambda x, i: x[:, i], "index: {} is outside of an axis of size 2"),
        (
            lambda x, i: take_along_axis(x, i.reshape(1, 1) + 0 * x[:1].to("int64"), 0),
            "take_along_axis: {} is outside of an axis of size 3",
        ),
    ],
)
@on_every_engine
def test_a_compiled_index_is_checked_when_it_runs(index, message: str, engine_name: str) -> None:
    def only_first(x: Tensor, i: Tensor) -> Tensor:
        return index(x, i).flatten()[:1]

    x, taking = Tensor([[1.0, 2.0]] * 3), compile(only_first)
    with engine(engine_name):
        assert taking(x, Tensor([-1])).shape == (1,)
        with pytest.raises(RangeError) as caught:
            taking(x, Tensor([7]))
    assert str(caught.value) == message.format(7)


@on_every_engine
def test_a_compiled_call_that_refuses_an_index_changes_nothing(engine_name: str) -> None:
    """One step or many; and of many wrong indices the first one is told, however many threads there are."""
    table, count = Parameter(np.ones((50, 40), np.float32)), Buffer([0.0])

    @compile
    def step(i: Tensor) -> Tensor:
        rows = table[i]
        with no_grad():
            table.assign(table * 2)
            count.assign(count + 1)
        return rows.sum()

    right = np.arange(6000) % 50
    wrong = right.copy()
    wrong[[2500, 5999]] = 50, 77
    with engine(engine_name):
        step(right)
        for call in (lambda: step(wrong), lambda: step.scan(np.arange(6000).reshape(3, 2000), wrong)):
            before = table.numpy().copy()
            with pytest.raises(RangeError) as caught:
                call()
            if engine_name == "native":  # elsewhere the first steps of a scan have been done
                np.testing.assert_array_equal(table.numpy(), before)
            assert str(caught.value) == "index: 50 is outside of an axis of size 50"
        assert np.isfinite(step(right).numpy())


@on_every_engine
def test_nothing_can_be_taken_from_an_empty_axis(engine_name: str) -> None:
    taking = compile(lambda x, i: x[i])
    with engine(engine_name), pytest.raises(RangeError) as caught:
        taking(np.ones((0, 2), np.float32), np.array([3]))
    assert str(caught.value) == "index: 3 is outside of an axis of size 0"
    with engine(engine_name):
        assert taking(np.ones((0, 2), np.float32), np.zeros(0, np.int64)).shape == (0, 2)


def test_a_place_is_not_given_what_does_not_fit() -> None:
    x = Tensor([1, 2, 3])
    with pytest.raises(DTypeError) as caught:
        x[0] = 1.9
    assert str(caught.value) == "index_set: float32 numbers would be cut off in a Tensor of int64; cast them, or this"
    pixels = Tensor(np.zeros(2, np.uint8))
    with pytest.raises(DTypeError) as caught:
        pixels[:] = [255, 256]
    assert str(caught.value) == "index_set: 256 does not fit into a Tensor of uint8; cast this to a wider dtype"
    pixels[:] = [254, 255]
    assert (x.tolist(), pixels.tolist()) == ([1, 2, 3], [254, 255])


def test_a_mask_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(PellucidError):
        X[np.array([True, False, True])]


def test_a_gradient_reaches_the_values_that_were_put_in() -> None:
    x, value = Tensor([1.0, 2.0, 3.0], requires_grad=True), Tensor([5.0], requires_grad=True)
    found = gradients((index_set(x, slice(1, 2), value) * Tensor([1.0, 10.0, 100.0])).sum(), [x, value])
    assert [g.tolist() for g in found] == [[1.0, 0.0, 100.0], [10.0]]


def test_iteration_and_gather_go_by_rows() -> None:
    assert [row.tolist() for row in X] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert gather(X, [1, 0]).tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]
    assert index(X, Tensor([1])).shape == (1, 3)
