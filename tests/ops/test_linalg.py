"""Matrix products."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from pellucid import Tensor, matmul, outer
from pellucid.errors import PellucidError
from tests.ops.harness import Case, checks, floats, integers, public

PAIRS = [((3, 4), (4, 2)), ((1, 1), (1, 1)), ((2, 3, 4), (2, 4, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3))]
RANKS = [
    ((4,), (4,)),
    ((3, 4), (4,)),
    ((4,), (4, 2)),
    ((2, 3, 4), (4, 2)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((4,), (2, 4, 3)),
    ((2, 3, 4), (4,)),
    ((2, 0, 4), (4, 3)),
]


def sums_of_products(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...jk->...ik", x, w, optimize=False)


CASES = [
    *(Case("matmul", [floats(*x), floats(*w)], sums_of_products, extreme=False) for x, w in PAIRS),
    Case("matmul", [integers(3, 4), integers(4, 2)], sums_of_products),
    *(public("matmul", [floats(*x), floats(*w)], np.matmul, note="ranks", extreme=False) for x, w in RANKS),
    Case("outer", [floats(3), floats(4)], np.outer),
    Case("outer", [floats(3), floats(0)], np.outer),
]

TestLinalg = checks(CASES)

sizes = st.integers(0, 3)


@examples(st.lists(sizes, max_size=2), st.lists(sizes, max_size=2), sizes, sizes, sizes)
def test_every_rank_follows_numpys_rules(left: list[int], right: list[int], n: int, d: int, m: int) -> None:
    x, w = np.ones((*left, n, d)), np.ones((*right, d, m))
    try:
        expected = x @ w
    except ValueError:
        with pytest.raises(PellucidError):
            matmul(Tensor(x), Tensor(w))
    else:
        np.testing.assert_array_equal(matmul(Tensor(x), Tensor(w)).numpy(), expected, strict=True)


X = Tensor(np.zeros((2, 3)))
NOT_FITTING = {
    "matmul: x has 3 columns but w has 4 rows; x (2, 3), w (4, 5)": lambda: X @ np.zeros((4, 5)),
    "matmul: a scalar has no rows or columns; x (2, 3), w (); multiply with *": lambda: X @ np.float64(2),
    "matmul: x is float64 but w is float32; convert one with .to('float32'), or the model with .to(...)": (
        lambda: X @ Tensor([1.0, 2.0, 3.0])
    ),
    "matmul: shapes (2,) and (3,) do not broadcast; from the last axis backwards, sizes must be equal or 1": (
        lambda: matmul(np.zeros((2, 1, 3)), np.zeros((3, 3, 1)))
    ),
    "outer: needs two vectors, got (2, 3) and (3,)": lambda: outer(X, np.zeros(3)),
}


@pytest.mark.parametrize("message", list(NOT_FITTING))
def test_what_does_not_fit_is_refused_in_a_sentence(message: str) -> None:
    with pytest.raises(PellucidError) as caught:
        NOT_FITTING[message]()
    assert str(caught.value) == message


def test_an_array_on_the_left_is_multiplied_by_a_tensor() -> None:
    found = np.ones((1, 2)) @ Tensor(np.ones((2, 3)))
    assert isinstance(found, Tensor) and found.tolist() == [[2.0, 2.0, 2.0]]
