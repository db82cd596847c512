"""Gradients by differences, and the check of gradients with them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from pellucid import Parameter, Tensor, check_gradients, numerical_gradient
from pellucid.errors import GradientError, ShapeError
from pellucid.tensor import context


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (2, 1, 3), (0,), (2, 0)])
def test_any_shape_gives_a_gradient_of_that_shape(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    x = np.asarray(x)
    found = numerical_gradient(lambda x: (x**3).sum(), x)
    assert isinstance(found, np.ndarray) and found.shape == shape and found.dtype == np.float64
    np.testing.assert_allclose(found, 3 * x**2, atol=1e-6)
    tensor = numerical_gradient(lambda x: (x**3.0).sum(), Tensor(x))
    assert isinstance(tensor, Tensor) and tensor.dtype == np.float64
    np.testing.assert_allclose(tensor.numpy(), 3 * x**2, atol=1e-6)


def test_the_books_way_a_function_that_looks_at_its_weights_from_outside() -> None:
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = np.array([1.0, -1.0])
    found = numerical_gradient(lambda _: ((x @ w) ** 2).sum(), w)
    np.testing.assert_allclose(found, np.outer(x, 2 * (x @ w)), atol=1e-6)
    weight = Parameter(w)
    found = numerical_gradient(lambda _: ((Tensor(x) @ weight) ** 2).sum(), weight)
    np.testing.assert_allclose(found.numpy(), np.outer(x, 2 * (x @ w)), atol=1e-6)


def test_x_is_restored_also_after_an_exception() -> None:
    calls = iter(range(5))

    def fails(x):
        if next(calls) == 4:
            raise KeyError("half way")
        return (x * x).sum()

    for x in (np.array([1.1, 2.2, 3.3]), Tensor(np.array([1.1, 2.2, 3.3]))):
        calls = iter(range(5))
        with pytest.raises(KeyError):
            numerical_gradient(fails, x)
        assert x.tolist() == [1.1, 2.2, 3.3]
        numerical_gradient(lambda x: (x * x).sum(), x)
        assert x.tolist() == [1.1, 2.2, 3.3]
    assert context.recording


def test_a_graph_that_was_remembered_before_can_still_be_used_afterwards() -> None:
    w = Parameter(np.array([1.0, 2.0]))
    loss = (w * w).sum()
    numeric = numerical_gradient(lambda w: (w * w).sum(), w)
    loss.backward()
    np.testing.assert_allclose(w.grad.numpy(), numeric.numpy(), atol=1e-7)


def test_integers_are_converted_with_a_word_and_never_truncated() -> None:
    for x in (np.array([3, 4]), Tensor([3, 4]), [3, 4]):
        with pytest.warns(UserWarning, match=r"^numerical_gradient: x holds int64; it was converted to float64$"):
            found = numerical_gradient(lambda x: (x * x * 0.5).sum(), x)
        np.testing.assert_allclose(np.asarray(found), [3.0, 4.0], atol=1e-7)


def test_float32_is_computed_in_float64() -> None:
    for x in (np.array([3.0, 4.0], np.float32), Tensor([3.0, 4.0])):
        found = numerical_gradient(lambda x: (x * x).sum(), x)
        np.testing.assert_allclose(np.asarray(found), [6.0, 8.0], atol=1e-8)
        assert x.dtype == np.float32


def test_a_function_that_looks_past_a_converted_copy_is_told_so() -> None:
    w = np.ones(2, np.float32)
    with pytest.warns(UserWarning, match="all differences are zero") as caught:
        numerical_gradient(lambda _: (w * w).sum(), w)
    assert str(caught[0].message) == (
        "numerical_gradient: all differences are zero; the function was called with a float64 copy of x, "
        "so it must use its argument and not look at x from outside"
    )


def test_arrays_that_lie_in_memory_in_any_way_or_cannot_be_written_to() -> None:
    x = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_allclose(numerical_gradient(lambda x: (x * x).sum(), x), 2 * x, atol=1e-7)
    x.flags.writeable = False
    np.testing.assert_allclose(numerical_gradient(lambda x: (x * x).sum(), x), 2 * x, atol=1e-7)
    np.testing.assert_allclose(numerical_gradient(lambda x: (x * x).sum(), Tensor(x).numpy()), 2 * x, atol=1e-7)


@pytest.mark.parametrize("x", [np.ones(3), Tensor(np.ones(3))])
def test_a_function_that_gives_no_scalar_is_refused(x) -> None:
    with pytest.raises(ShapeError) as caught:
        numerical_gradient(lambda x: x * 2, x)
    assert str(caught.value) == "numerical_gradient: the function gave shape (3,); it must give one number"


def test_a_function_may_give_an_array_of_one_number() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numerical_gradient(lambda x: (x * x).sum(keepdims=True), np.array([2.0])) == pytest.approx(4.0)


def test_check_gradients_gives_the_worst_element() -> None:
    check = check_gradients(lambda x, w: (x @ w).tanh(), np.ones((2, 3)), np.full((3, 2), 0.3))
    assert check.error < 1e-8
    assert repr(check).startswith("worst at input ") and "backward gives" in repr(check)


def test_gradients_of_a_weighted_sum_are_called_so() -> None:
    words = "as gradients of the weighted sum of the outputs (relative error"
    assert words in repr(check_gradients(lambda x: x * 2, [1.0, 2.0]))
    assert "weighted" not in repr(check_gradients(lambda x: x * 2, [1.0]))


def test_check_gradients_leaves_its_inputs_alone() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    check_gradients(lambda x: x * x, x)
    assert x.grad is None and x.tolist() == [1.0, 2.0] and x.dtype == np.float32


def test_outputs_that_always_add_up_to_the_same_are_checked_all_the_same() -> None:
    check = check_gradients(lambda x: x.exp() / x.exp().sum(), [1.0, 2.0, 3.0])
    assert check.error < 1e-8 and check.analytic != 0


def test_a_break_in_the_memory_is_named() -> None:
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: x * x.detach(), [3.0])
    message = str(caught.value)
    assert message.startswith("check_gradients: worst at input 0[0]: backward gives 3, differences give 6")
    assert message.endswith(
        "(relative error 5.0e-01), more than the tolerance 1e-06; "
        "correct the gradient, or stand away from kinks such as relu at 0"
    )


def test_nan_never_passes() -> None:
    with pytest.raises(GradientError, match=r"^check_gradients: worst at input 0\[\d\]: .* nan"):
        check_gradients(lambda x: x.log(), [1.0, -1.0])


def test_a_check_of_nothing_is_refused() -> None:
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: x * 2, np.zeros((0, 2)))
    assert str(caught.value) == "check_gradients: there is no element to check; give an input that is not empty"


def test_a_function_that_ignores_its_input_shows_nothing() -> None:
    with pytest.raises(GradientError, match=r"^check_gradients: all gradients are zero, so this check shows nothing; "):
        check_gradients(lambda x: Tensor(np.ones(3)), [1.0])
