"""Gates, activations and losses: the book's numbers, and the book's formulas."""

import numpy as np
import pytest

import pellucid as pl
from pellucid import book
from pellucid.errors import DTypeError, RangeError, ShapeError
from tests.book import formulas

CLOSE = {"rtol": 1e-12, "atol": 1e-12}
TRUTH = {
    "AND": [0, 0, 0, 1],
    "NAND": [1, 1, 1, 0],
    "OR": [0, 1, 1, 1],
    "XOR": [0, 1, 1, 0],
}


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.mark.parametrize("name", TRUTH)
def test_gates_have_their_truth_tables(name):
    gate = getattr(book, name)
    assert [gate(a, b) for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))] == TRUTH[name]


# each with its formula, written apart
ACTIVATIONS = [
    ("identity_function", lambda x: x),
    ("step_function", lambda x: (x > 0).astype(int)),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    ("sigmoid_grad", lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    ("relu", lambda x: np.where(x > 0, x, 0)),
    ("relu_grad", lambda x: (x >= 0).astype(x.dtype)),
    ("softmax", formulas.softmax),
]


@pytest.mark.parametrize(("name", "formula"), ACTIVATIONS)
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4)])
def test_activations_are_the_books(name, formula, shape, generator):
    x = generator.normal(size=shape)
    x.flat[0] = 0.0
    before = x.copy()
    y = getattr(book, name)(x)
    np.testing.assert_allclose(y, formula(x), **CLOSE)
    assert y.dtype == formula(x).dtype
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(("name", "formula"), ACTIVATIONS)
def test_tensors_give_tensors_also_when_compiled(name, formula, generator):
    x = generator.normal(size=(4, 3))
    function = getattr(book, name)
    for y in (function(pl.Tensor(x)), pl.compile(function)(x)):
        assert isinstance(y, pl.Tensor)
        np.testing.assert_allclose(y.numpy(), formula(x), **CLOSE)


@pytest.mark.parametrize("name", ["sigmoid", "sigmoid_grad", "softmax"])
def test_lists_and_integers_are_float64_and_float32_stays(name):
    function = getattr(book, name)
    for whole in ([1, 2, 3], np.array([1, 2, 3]), np.array([1, 2, 3], np.int8)):
        np.testing.assert_array_equal(function(whole), function(np.array([1.0, 2.0, 3.0])))
        assert function(whole).dtype == np.float64
    assert function(np.array([1, 2, 3], np.float32)).dtype == np.float32
    assert function(np.array([1, 2, 3], np.float16)).dtype == np.float32


def test_one_number_in_gives_one_number_out():
    assert isinstance(book.sigmoid(0), np.float64)
    assert (book.sigmoid(0), book.step_function(3.0), book.relu(-2)) == (0.5, 1, 0)


def test_results_are_arrays_of_the_callers_own():
    x = np.ones(3)
    y = book.relu(x)
    y[0] = 7
    assert x[0] == 1


def test_relu_keeps_integers():
    assert book.relu(np.array([-1, 0, 2])).tolist() == [0, 0, 2]
    assert book.relu([-1, 2]).dtype.kind == "i"


def test_softmax_does_not_overflow():
    np.testing.assert_allclose(book.softmax([1010, 1000, 990]), [9.99954600e-01, 4.53978686e-05, 2.06106005e-09])


def test_softmax_is_by_rows():
    np.testing.assert_allclose(book.softmax(np.array([[0.3, 2.9, 4.0]] * 3)).sum(1), 1.0, **CLOSE)
    np.testing.assert_allclose(book.softmax([0.3, 2.9, 4.0]), [0.01821127, 0.24519181, 0.73659691], atol=1e-8)


# ---- losses

T = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
RIGHT = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
WRONG = [0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0]


@pytest.mark.parametrize("name", ["mean_squared_error", "sum_squared_error"])
def test_squared_errors_are_the_books_numbers(name):
    loss = getattr(book, name)
    assert loss(RIGHT, T) == pytest.approx(0.0975, abs=1e-12)
    assert loss(np.array(WRONG), np.array(T)) == pytest.approx(0.5975, abs=1e-12)


@pytest.mark.parametrize("t", [T, 2, np.array([2]), np.array(T, np.uint8), np.array(T, float)])
def test_cross_entropy_errors_are_the_books_numbers(t):
    assert book.cross_entropy_error(np.array(RIGHT), t) == pytest.approx(0.510825457099338, abs=1e-12)
    assert book.cross_entropy_error(WRONG, t) == pytest.approx(2.302584092994546, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_cross_entropy_error_of_a_batch_is_the_mean(dtype, generator):
    y, t = formulas.softmax(generator.normal(size=(6, 4))), generator.integers(0, 4, 6).astype(dtype)
    y[0] = [1.0, 0.0, 0.0, 0.0]  # log 0 would be infinite
    t[0] = 3
    expected = formulas.cross_entropy(y, t)
    rows = formulas.one_hot(t, 4)
    for target in (t, rows, rows.astype(np.uint8), t.tolist()):
        assert book.cross_entropy_error(y, target) == pytest.approx(expected, abs=1e-12)
        compiled = pl.compile(book.cross_entropy_error)(y, np.asarray(target))
        assert compiled.item() == pytest.approx(expected, abs=1e-12)


def test_a_batch_of_one_takes_its_target_with_or_without_the_batch_axis():
    y = np.array([RIGHT])
    assert book.cross_entropy_error(y, T) == book.cross_entropy_error(y, [T]) == book.cross_entropy_error(y[0], [T])
    assert book.cross_entropy_error(y, 2) == book.cross_entropy_error(y, [2])


def test_softmax_loss_is_both(generator):
    x, t = generator.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])
    assert book.softmax_loss(x, t) == pytest.approx(formulas.cross_entropy(formulas.softmax(x), t), abs=1e-12)


REFUSED = [
    (
        np.ones((3, 4)),
        np.zeros((3, 1), int),
        ShapeError,
        "cross_entropy_error: y (3, 4) and t (3, 1) do not fit; give one-hot (3, 4) or labels (3,)",
    ),
    (
        np.ones((3, 4, 2)),
        np.zeros(3, int),
        ShapeError,
        "cross_entropy_error: y (3, 4, 2) and t (3,) do not fit; give y as (C,) or (N, C)",
    ),
    (
        np.ones((3, 4)),
        np.zeros(3),
        DTypeError,
        "nll_loss: labels must be integers, got float64; cast them with t.to('int64')",
    ),
    (
        np.ones((3, 4)),
        np.array([0, 4, 1]),
        RangeError,
        "nll_loss: label 4 at position 1 is not one of the 4 classes (0 to 3)",
    ),
]


@pytest.mark.parametrize(("y", "t", "kind", "message"), REFUSED)
def test_targets_that_do_not_fit_are_refused(y, t, kind, message):
    with pytest.raises(kind) as caught:
        book.cross_entropy_error(y, t)
    assert str(caught.value) == message
