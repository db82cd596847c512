"""The checker is checked: what is planted wrong must be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from pellucid import Tensor, check_gradients
from pellucid.errors import GradientError
from pellucid.graph import Primitive
from pellucid.ops.common import same as same_shape
from pellucid.tensor import apply
from tests.ops.harness import (
    Case,
    check_compiled,
    check_gradient,
    check_inputs_are_left,
    check_second_gradient,
    check_spec,
    check_strides,
    check_value,
    floats,
)


@pytest.fixture
def plant() -> Iterator[Callable[..., Case]]:
    """Make a primitive for one test, which is x³ unless something is planted."""
    before = dict(Primitive.registry)

    def make(**planted: Any) -> Case:
        parts = {
            "spec": same_shape,
            "value": lambda x: x**3,
            "gradients": [lambda g, y, x: g * 3 * x * x],
        } | planted
        Primitive("planted", **parts)
        return Case("planted", [floats(3, 4)], lambda x: x**3)

    yield make
    Primitive.registry.clear()
    Primitive.registry.update(before)


def every_check(case: Case) -> None:
    check_value(case, "float64", "reference")
    check_strides(case, "float64", "reference")
    check_compiled(case, "float64", "reference", {})
    check_inputs_are_left(case, "reference")
    check_gradient(case)
    check_second_gradient(case)


def test_what_is_right_passes(plant) -> None:
    every_check(plant())


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 2.0])
def test_a_gradient_wrong_by_a_factor_is_caught(plant, factor: float) -> None:
    case = plant(gradients=[lambda g, y, x: g * 3 * x * x * factor])
    with pytest.raises(AssertionError, match=r"^by input 0: backward gives .*, differences give "):
        check_gradient(case)
    with pytest.raises(GradientError, match=r"^check_gradients: worst at input 0\[\d, \d\]: backward gives "):
        check_gradients(case, np.linspace(0.5, 2, 6).reshape(2, 3))


def test_a_gradient_wrong_in_one_element_is_caught_and_named(plant) -> None:
    spoilt = np.ones((2, 3))
    spoilt[1, 2] = 1.001
    case = plant(gradients=[lambda g, y, x: g * 3 * x * x * (Tensor(spoilt) if x.shape == (2, 3) else 1.0)])
    with pytest.raises(GradientError) as caught:
        check_gradients(case, np.linspace(0.5, 2, 6).reshape(2, 3))
    assert str(caught.value).startswith("check_gradients: worst at input 0[1, 2]: backward gives ")
    assert str(caught.value).endswith(
        "(relative error 1.0e-03), more than the tolerance 1e-06; "
        "correct the gradient, or stand away from kinks such as relu at 0"
    )


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
def test_a_wrong_gradient_is_caught_however_small_it_is(plant, scale: float) -> None:
    case = plant(gradients=[lambda g, y, x: g * 3 * x * x * 1.001])
    with pytest.raises(GradientError, match=r"^check_gradients: worst at input 0\["):
        check_gradients(lambda x: case(x).mean() * scale, np.linspace(0.5, 2, 6))


def test_a_wrong_gradient_by_the_second_input_is_caught(plant) -> None:
    Primitive(
        "planted",
        spec=same_shape,
        value=np.multiply,
        gradients=[lambda g, y, a, b: g * b, lambda g, y, a, b: g * a * 1.001],
    )
    case = Case("planted", [floats(3), floats(3)], np.multiply)
    with pytest.raises(AssertionError, match=r"^by input 1: "):
        check_gradient(case)
    with pytest.raises(GradientError, match=r"^check_gradients: worst at input 1\["):
        check_gradients(case, [1.0, 2.0], [3.0, 4.0])


def test_a_second_gradient_that_is_lost_or_wrong_is_caught(plant) -> None:
    lost = plant(gradients=[lambda g, y, x: g * 3 * (x * x).detach()])
    check_gradient(lost)
    with pytest.raises(AssertionError, match=r"^second derivative: "):
        check_second_gradient(lost)
    cut = plant(gradients=[lambda g, y, x: g.detach() * 3 * x * x])
    with pytest.raises(AssertionError, match=r"^second derivative: "):
        check_second_gradient(cut)


def test_a_check_that_shows_nothing_is_refused(plant) -> None:
    case = plant(value=np.zeros_like, gradients=[lambda g, y, x: g * 0.0])
    with pytest.raises(AssertionError, match=r"^all gradients are zero: this check shows nothing$"):
        check_gradient(case)
    with pytest.raises(GradientError) as caught:
        check_gradients(case, [1.0, 2.0])
    assert str(caught.value) == (
        "check_gradients: all gradients are zero, so this check shows nothing; "
        "give inputs at which the function has a slope, or allow_zero=True"
    )
    assert check_gradients(case, [1.0, 2.0], allow_zero=True).error == 0


def test_a_wrong_value_shape_or_dtype_is_caught(plant) -> None:
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_value(plant(value=lambda x: x**3 * (1 + 1e-12)), "float64", "reference")
    for spec in (
        lambda x: (x.shape[::-1], x.dtype),
        lambda x: (x.shape, np.dtype("float32")),
        lambda x: (list(x.shape), x.dtype),
        lambda x: (x.shape, "float64"),
    ):
        case = plant(spec=spec)
        x = case.arrays("float64")
        with pytest.raises(AssertionError, match="spec"):
            check_spec(case, x, x[0] ** 3)


def test_a_value_that_reads_its_input_as_if_it_were_contiguous_is_caught(plant) -> None:
    case = plant(value=lambda x: x.ravel("K").reshape(x.shape) ** 3)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_strides(case, "float64", "reference")


def test_an_input_that_is_written_to_is_caught(plant) -> None:
    def careless(x: np.ndarray) -> np.ndarray:
        if x.flags.writeable:
            x *= 2
        return x**3

    with pytest.raises(AssertionError, match="not equal"):
        check_inputs_are_left(plant(value=careless), "reference")


def test_a_value_that_differs_between_calls_is_caught(plant) -> None:
    calls = iter(range(1000))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_compiled(plant(value=lambda x: x**3 + next(calls)), "float64", "reference", {})


def test_a_planted_primitive_is_gone_afterwards() -> None:
    assert "planted" not in Primitive.registry
    assert apply(Primitive.registry["exp"], Tensor([0.0])).item() == 1
