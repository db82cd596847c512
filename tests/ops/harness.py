"""One table of cases an operation, many checks a case.

A family's test file holds its table and one line, `TestArithmetic = checks(CASES)`. Every case then goes
through every check below, for float32 and float64 and for every engine in `pellucid.engines.ENGINES`; what an
engine gives is compared with an oracle that is not Pellucid's (plain NumPy or SciPy), not only with another engine.
`test_registry.py` fails where a primitive or an operation has no case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pellucid.autodiff import gradients
from pellucid.compile import compile
from pellucid.engines import ENGINES, engine
from pellucid.engines.native.limits import limits
from pellucid.graph import Primitive
from pellucid.tensor import Tensor
from tests.ops.case import Case, Input, bools, floats, frozen, given, integers, positive, public

__all__ = ["Case", "Input", "bools", "checks", "floats", "given", "integers", "positive", "public"]

FLOATS = ("float32", "float64")
# How far a value may be from its oracle, as a part of the largest number in the result. float32: some dozen
# units in the last place, since the oracle is computed in float64; float64: likewise, for sums in another order.
VALUE = {"float32": 4e-6, "float64": 2e-14}
# How far other engines may be from the reference, which itself gives the same bits compiled as eager.
ENGINE = {"float32": 2e-5, "float64": 1e-13}
# Central differences in float64: step, and the error allowed as a part of the sum of |gradient · direction|.
STEP, SLOPE, CURVATURE = 1e-5, 1e-7, 1e-6
EXTREMES = (0.0, np.inf, 1.0, -np.inf, "tiny", np.nan, "max", -0.0, "subnormal", "-max", -1.5)


def wrap(arrays: Sequence[np.ndarray], needing: Sequence[int] = ()) -> list[Tensor]:
    """Tensors around the arrays as they are, strides and all; those at `needing` need a gradient."""
    tensors = [Tensor._wrap(x) for x in arrays]
    for i in needing:
        tensors[i].requires_grad = True
    return tensors


def same(found: np.ndarray, expected: Any, tolerance: float) -> None:
    """Equal in shape and dtype kind, and in value up to `tolerance` times the largest finite number."""
    expected = np.asarray(expected)
    assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
    if found.dtype.kind != "f":
        assert found.dtype.kind == expected.dtype.kind, f"{found.dtype}, expected {expected.dtype}"
        np.testing.assert_array_equal(found, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)].astype(np.float64))
    allowed = tolerance * min(finite.max(initial=0.0), np.finfo(np.float64).max / 2)
    np.testing.assert_allclose(found, expected, rtol=0 if tolerance == 0 else tolerance, atol=allowed)


def check_spec(case: Case, arrays: Sequence[np.ndarray], found: np.ndarray) -> None:
    """The shape rule foretells shape and dtype exactly, in plain tuples of plain ints."""
    if not case.is_primitive:
        return
    shape, dtype = Primitive.registry[case.name].spec(*arrays, **case.options)
    assert type(shape) is tuple and all(type(n) is int for n in shape), f"spec gives {shape!r}"
    assert isinstance(dtype, np.dtype), f"spec gives {dtype!r}"
    assert (found.shape, found.dtype) == (shape, dtype), f"{found.shape} {found.dtype}, spec {shape} {dtype}"


def check_value(case: Case, dtype: str, engine_name: str) -> None:
    arrays = case.arrays(dtype)
    with engine(engine_name):
        found = case(*wrap(arrays)).numpy()
    check_spec(case, arrays, found)
    if case.slopes() and not case.is_primitive:
        assert found.dtype == dtype, f"{dtype} became {found.dtype}"
    same(found, case.oracle(*(_wide(x) for x in arrays), **case.options), VALUE[dtype])


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def check_strides(case: Case, dtype: str, engine_name: str) -> None:
    """Inputs that lie in memory in another way (backwards, transposed, with gaps) give the same."""
    arrays = case.arrays(dtype)
    expected = case(*wrap(arrays)).numpy()
    with engine(engine_name):
        for lay_out in (_backwards, _transposed, _with_gaps):
            found = case(*wrap([frozen(lay_out(x)) for x in arrays])).numpy()
            same(found, expected, ENGINE[dtype])


def _backwards(x: np.ndarray) -> np.ndarray:
    turned = (..., *(slice(None, None, -1) for _ in x.shape))
    return x[turned].copy()[turned]


def _transposed(x: np.ndarray) -> np.ndarray:
    return np.array(x, order="F")


def _with_gaps(x: np.ndarray) -> np.ndarray:
    roomy = np.full((*x.shape, 3), 77, x.dtype)
    roomy[..., 1] = x
    return roomy[..., 1]


def check_extremes(case: Case, dtype: str, engine_name: str) -> None:
    """inf, nan, the largest and the smallest numbers: the oracle's result, and never a warning or a crash."""
    info = np.finfo(dtype)
    words = {"tiny": info.tiny, "max": info.max, "subnormal": info.smallest_subnormal, "-max": -info.max}
    numbers = np.array([words.get(x, x) if isinstance(x, str) else x for x in EXTREMES], dtype)
    arrays = case.arrays(dtype)
    for shift in range(len(numbers) if case.extreme else 2):  # every number meets every other
        mixed = [
            frozen(np.resize(np.roll(numbers, shift * (i + 1)), x.shape)) if case.inputs[i].dtype is None else x
            for i, x in enumerate(arrays)
        ]
        with engine(engine_name):
            found = case(*wrap(mixed)).numpy()
        check_spec(case, mixed, found)
        if case.extreme:
            with np.errstate(all="ignore"):
                expected = np.asarray(case.oracle(*mixed, **case.options))
                same(found, expected.astype(found.dtype), VALUE[dtype])


def check_gradient(case: Case) -> None:
    """Along random directions, the slope that backward gives is the slope of the values, for each input."""
    arrays, weights = case.arrays("float64"), _weights(case)
    tensors = wrap(arrays, case.slopes())
    found = gradients(_weighted(case, tensors, weights), [tensors[i] for i in case.slopes()])
    rng = np.random.default_rng(11)
    scale = 0.0
    for position, g in zip(case.slopes(), found, strict=True):
        assert (g.shape, g.dtype) == (arrays[position].shape, np.float64), f"gradient {position} is {g!r}"
        for _ in range(3):
            direction = rng.standard_normal(g.shape)
            above, below = (
                _weighted(case, wrap(_moved(arrays, {position: sign * STEP * direction})), weights).item()
                for sign in (1, -1)
            )
            products = g.numpy() * direction
            scale += np.abs(products).sum()
            noise = 1e-10 * max(abs(above), abs(below))
            agree(
                products.sum(),
                (above - below) / (2 * STEP),
                np.abs(products).sum(),
                SLOPE,
                noise,
                f"by input {position}",
            )
    refuse_vacuous(case, weights.size, scale)


def check_second_gradient(case: Case) -> None:
    """The slope of the gradient, by the inputs and the incoming gradient, is that of the gradient's values."""
    arrays = [*case.arrays("float64"), _weights(case)]
    rng = np.random.default_rng(13)
    moving = [*case.slopes(), len(arrays) - 1]
    along = {i: rng.standard_normal(arrays[i].shape) for i in case.slopes()}
    turn = {i: rng.standard_normal(arrays[i].shape) for i in moving}

    def slope(arrays: Sequence[np.ndarray], create_graph: bool) -> tuple[Tensor, list[Tensor]]:
        tensors = wrap(arrays, moving)
        first = gradients(
            _weighted(case, tensors[:-1], tensors[-1]),
            [tensors[i] for i in case.slopes()],
            create_graph=create_graph,
        )
        parts = [(g * Tensor._wrap(along[i])).sum() for i, g in zip(case.slopes(), first, strict=True)]
        return sum(parts[1:], parts[0]), [tensors[i] for i in moving]

    output, inputs = slope(arrays, True)
    second = gradients(output, inputs)
    products = [g.numpy() * turn[i] for i, g in zip(moving, second, strict=True)]
    scale = sum(np.abs(p).sum() for p in products)
    above, below = (
        slope(_moved(arrays, {i: sign * STEP * turn[i] for i in moving}), False)[0].item() for sign in (1, -1)
    )
    noise = 1e-10 * max(abs(above), abs(below))
    agree(
        sum(p.sum() for p in products),
        (above - below) / (2 * STEP),
        scale,
        CURVATURE,
        noise,
        "second derivative",
    )
    refuse_vacuous(case, arrays[-1].size, scale)


def _weights(case: Case) -> np.ndarray:
    y = case(*wrap(case.arrays("float64")))
    return np.random.default_rng(5).uniform(0.5, 1.5, y.shape)


def _weighted(case: Case, tensors: Sequence[Tensor], weights: np.ndarray | Tensor) -> Tensor:
    return (case(*tensors) * (weights if isinstance(weights, Tensor) else Tensor._wrap(weights))).sum()


def _moved(arrays: Sequence[np.ndarray], steps: Mapping[int, np.ndarray]) -> list[np.ndarray]:
    return [frozen(x + steps[i]) if i in steps else x for i, x in enumerate(arrays)]


def agree(analytic: float, numeric: float, scale: float, tolerance: float, noise: float, what: str) -> None:
    """Both slopes are equal up to a part of `scale`, what they are sums of, and the rounding of the values."""
    error = abs(analytic - numeric)
    assert error <= tolerance * scale + noise, (
        f"{what}: backward gives {analytic:.12g}, differences give {numeric:.12g}, "
        f"which is {error / (scale or 1):.1e} of {scale:.3g}"
    )


def refuse_vacuous(case: Case, outputs: int, scale: float) -> None:
    """A check in which all gradients are zero shows nothing, unless there is nothing to show."""
    if case.is_empty or outputs == 0:
        return
    if case.flat:
        assert scale == 0, f"the case says that its gradient is zero ({case.flat}), but it is not"
    else:
        assert scale > 0, "all gradients are zero: this check shows nothing"


# Ways to run a compiled case: every engine, and the native one with limits at which even the smallest case runs in
# chains of single rows, shared among threads.
SMALL = {"sharing": 0, "chain": 0, "two_blocks": 1e-3, "block_bytes": 64, "recompute_bytes": 0, "split_sum": 0}
WAYS: dict[str, tuple[str, dict[str, float]]] = {name: (name, {}) for name in ENGINES}
if "native" in ENGINES:
    WAYS["native, by rows"] = ("native", SMALL)


def check_compiled(case: Case, dtype: str, engine_name: str, changed: Mapping[str, float]) -> None:
    """Value and gradients of the compiled function are those of the eager one on the reference engine."""

    def both(weights: Tensor, *tensors: Tensor) -> list[Tensor]:
        y = case(*tensors)
        needing = [tensors[i] for i in case.slopes()]
        return [y, *gradients(y, needing, weights)] if needing else [y]

    arrays = [_weights(case).astype(dtype), *case.arrays(dtype)]
    needing = [i + 1 for i in case.slopes()]
    expected = both(*wrap(arrays, needing))
    with engine(engine_name), limits(**changed):
        compiled = compile(both)
        for _ in range(2):
            for found, wanted in zip(compiled(*wrap(arrays, needing)), expected, strict=True):
                assert found.dtype == wanted.dtype, f"compiled {found.dtype}, eager {wanted.dtype}"
                same(found.numpy(), wanted.numpy(), 0.0 if engine_name == "reference" else ENGINE[dtype])


def check_inputs_are_left(case: Case, engine_name: str) -> None:
    """Nothing is written into an input, forwards or backwards, although it could be."""
    arrays = [x.copy() for x in case.arrays("float32")]
    before = [x.copy() for x in arrays]
    with engine(engine_name):
        tensors = wrap(arrays, case.slopes())
        y = case(*tensors)
        if case.slopes():
            gradients(y, [tensors[i] for i in case.slopes()], np.ones(y.shape, np.float32))
    for x, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, was)


def checks(cases: Sequence[Case]) -> type:
    """The test class of a table."""
    smooth = [case for case in cases if case.slopes()]
    floating = [case for case in cases if case.is_floating and not case.is_empty]
    each = pytest.mark.parametrize("case", cases, ids=str)
    each_smooth = pytest.mark.parametrize("case", smooth, ids=str)
    dtypes = pytest.mark.parametrize("dtype", FLOATS)
    engines = pytest.mark.parametrize("name", list(ENGINES))
    ways = pytest.mark.parametrize("way", WAYS)

    class Checks:
        @engines
        @dtypes
        @each
        def test_value_is_the_oracles_and_the_shape_rule_foretells_it(self, case: Case, dtype: str, name: str) -> None:
            check_value(case, dtype, name)

        @engines
        @dtypes
        @each
        def test_inputs_may_lie_in_memory_in_any_way(self, case: Case, dtype: str, name: str) -> None:
            check_strides(case, dtype, name)

        @engines
        @dtypes
        @pytest.mark.parametrize("case", floating, ids=str)
        def test_extreme_numbers_are_handled_as_numpy_does(self, case: Case, dtype: str, name: str) -> None:
            check_extremes(case, dtype, name)

        @ways
        @dtypes
        @each
        def test_compiled_gives_what_eager_gives(self, case: Case, dtype: str, way: str) -> None:
            check_compiled(case, dtype, *WAYS[way])

        @engines
        @each
        def test_inputs_are_left_as_they_were(self, case: Case, name: str) -> None:
            check_inputs_are_left(case, name)

        @each_smooth
        def test_gradient_is_the_slope(self, case: Case) -> None:
            check_gradient(case)

        @each_smooth
        def test_second_gradient_is_the_slope_of_the_gradient(self, case: Case) -> None:
            check_second_gradient(case)

    if not smooth:
        del Checks.test_gradient_is_the_slope, Checks.test_second_gradient_is_the_slope_of_the_gradient
    if not floating:
        del Checks.test_extreme_numbers_are_handled_as_numpy_does
    return Checks
