"""Slopes by differences, and descent along them: the book's numbers."""

import numpy as np
import pytest

from pellucid import book


def squares(x):
    return x[0] ** 2 + x[1] ** 2


def test_numerical_diff_is_the_books_number():
    assert book.numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5) == 0.1999999999990898
    assert book.numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 10) == pytest.approx(0.2999999999986347, abs=1e-15)


@pytest.mark.parametrize(("at", "slope"), [((3.0, 4.0), (6, 8)), ((0.0, 2.0), (0, 4)), ((3.0, 0.0), (6, 0))])
def test_numerical_gradient_is_the_books(at, slope):
    x = np.array(at)
    np.testing.assert_allclose(book.numerical_gradient(squares, x), slope, atol=1e-9)
    np.testing.assert_array_equal(x, at)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2, 2)])
def test_numerical_gradient_takes_any_shape_and_looks_at_x_from_outside(shape):
    x = np.random.default_rng(0).normal(size=shape)
    slope = book.numerical_gradient(lambda _: float(np.sum(x**3)), x)
    np.testing.assert_allclose(slope, 3 * x**2, atol=1e-7)
    assert slope.shape == shape


def test_values_are_put_back_when_the_function_fails():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    calls = []

    def fails(x):
        calls.append(x.copy())
        if len(calls) == 4:
            raise ZeroDivisionError
        return 0.0

    with pytest.raises(ZeroDivisionError):
        book.numerical_gradient(fails, x)
    np.testing.assert_array_equal(x, [[1.0, 2.0], [3.0, 4.0]])
    assert calls[3][0, 1] == 2.0 - 1e-4


def test_integers_are_copied_as_floats_with_a_warning():
    x = np.array([3, 4])
    message = "numerical_gradient: x holds int64; it was converted to float64"
    with pytest.warns(UserWarning, match=message):
        slope = book.numerical_gradient(squares, x)
    np.testing.assert_allclose(slope, [6, 8], atol=1e-9)
    assert x.dtype.kind == "i" and x.tolist() == [3, 4]


def test_numerical_gradient_2d_is_by_rows():
    points = np.array([[3.0, 4.0], [0.0, 2.0]])
    np.testing.assert_allclose(book.numerical_gradient_2d(squares, points), 2 * points, atol=1e-9)
    np.testing.assert_allclose(book.numerical_gradient_2d(squares, points[0]), [6, 8], atol=1e-9)
    np.testing.assert_array_equal(points, [[3.0, 4.0], [0.0, 2.0]])


def test_gradient_descent_reaches_the_books_points():
    good = book.gradient_descent(squares, init_x=np.array([-3.0, 4.0]), lr=0.1, step_num=100)
    np.testing.assert_allclose(good, [-6.11110793e-10, 8.14814391e-10], rtol=1e-8)
    far = book.gradient_descent(squares, np.array([-3.0, 4.0]), lr=10.0, step_num=100)
    np.testing.assert_allclose(far, [-2.58983747e13, -1.29524862e12], rtol=1e-8)
    near = book.gradient_descent(squares, np.array([-3.0, 4.0]), lr=1e-10, step_num=100)
    np.testing.assert_allclose(near, [-2.99999994, 3.99999992], rtol=1e-8)


def test_gradient_descent_changes_floats_in_place_and_copies_integers():
    floats, whole = np.array([-3.0, 4.0]), np.array([-3, 4])
    assert book.gradient_descent(squares, floats, lr=0.1, step_num=1) is floats
    np.testing.assert_allclose(floats, [-2.4, 3.2])
    np.testing.assert_allclose(book.gradient_descent(squares, whole, lr=0.1, step_num=1), [-2.4, 3.2])
    np.testing.assert_allclose(book.gradient_descent(squares, [-3, 4], lr=0.1, step_num=1), [-2.4, 3.2])
    assert whole.tolist() == [-3, 4]
