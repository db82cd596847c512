"""Elementwise programs against NumPy, under the instruction set in use.

Tolerances: whatever is one rounding (arithmetic, comparisons, casts, square roots) is equal to the last bit. The
functions of mathematics are held to ulps of the exact value, from NumPy's longdouble (80 bits) or mpmath's erf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pellucid.engines.native import programs

_native = pytest.importorskip("pellucid._native")

CODES = {name: code for code, name in enumerate(_native.operations())}
INTEGERS = ("uint8", "int32", "int64", "uint64")
FLOATS = ("float32", "float64")
NUMBERS = INTEGERS + FLOATS
EVERY = ("bool", *NUMBERS)
TILE = 1024  # float32 numbers in a tile of a program with few registers
SIZES = (0, 1, 3, 15, 16, 17, TILE - 1, TILE, TILE + 1, 10_007)

Instruction = tuple[str | int, ...]  # name, destination, sources
RESULTS = dict.fromkeys(("equal", "less", "isfinite", "logical"), 1)  # bytes, where it is not the operands' dtype


def run(
    shape: Sequence[int],
    outputs: Sequence[tuple[int, np.ndarray]],
    inputs: Sequence[np.ndarray],
    temporaries: int,
    instructions: Sequence[Instruction],
    workers: int = 1,
) -> None:
    """Registers are the inputs, then the temporaries; an output is what stands in its register at the end."""
    steps: list[programs.Instruction] = []
    now = {i: i for i in range(len(inputs) + temporaries)}  # the place that a register has
    makers = {register: time for time, (_, register, *_) in enumerate(instructions)}
    targets = {register: len(inputs) + temporaries + o for o, (register, _) in enumerate(outputs)}
    for time, (name, destination, *sources) in enumerate(instructions):
        places = tuple(now[int(s)] for s in sources)
        if destination in targets and makers[destination] == time:
            now[int(destination)] = targets[int(destination)]
        size = RESULTS.get(str(name).split("_")[0]) or np.dtype(str(name).split("_")[-1]).itemsize
        steps.append(programs.Instruction(CODES[str(name)], size, now[int(destination)], places))
    operands = [*(y for _, y in outputs), *inputs]
    strides = [[s // x.itemsize for s in x.strides] for x in operands]
    sizes = [x.itemsize for x in operands]
    order = sorted(range(len(shape)), key=lambda a: -abs(strides[0][a]) if shape[a] != 1 else 0)
    strides = [[steps[a] for a in order] for steps in strides]
    ordered = [shape[a] for a in order]
    numbers = programs.program_numbers(ordered, strides, sizes, len(outputs), temporaries, steps)
    _native.call("elementwise", operands, numbers, workers)


def apply(name: str, *inputs: np.ndarray, dtype: object = None, workers: int = 1) -> np.ndarray:
    y = np.empty(inputs[0].shape, inputs[0].dtype if dtype is None else dtype)
    run(y.shape, [(len(inputs), y)], inputs, 1, [(name, len(inputs), *range(len(inputs)))], workers)
    return y


def data(dtype: str, size: int, seed: int = 0) -> np.ndarray:
    """Bits at random, so every kind of number; half of them of ordinary size, and the extremes."""
    generator = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if dtype == "bool":
        return generator.random(size) < 0.5
    x = np.frombuffer(generator.bytes(size * kind.itemsize), kind).copy()
    if kind.kind == "f":
        edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, np.finfo(kind).max, np.finfo(kind).smallest_subnormal]
        x[::2] = generator.standard_normal(x[::2].shape) * 10
        x[np.isnan(x)] = np.nan  # one kind: which of two comes through is not defined
    else:
        edges = [0, 1, np.iinfo(kind).max, np.iinfo(kind).min]
        x[::2] = generator.integers(0, 4, x[::2].shape)
    for i, edge in enumerate(edges[:size]):
        x[(i * 7 + seed) % size] = edge
    return x


EXACT: dict[str, tuple[Callable[..., np.ndarray], int, Sequence[str]]] = {
    "add": (np.add, 2, EVERY),
    "subtract": (np.subtract, 2, NUMBERS),
    "multiply": (np.multiply, 2, EVERY),
    "divide": (np.divide, 2, FLOATS),
    "negative": (np.negative, 1, NUMBERS),
    "maximum": (np.maximum, 2, EVERY),
    "abs": (np.abs, 1, EVERY),
    "sign": (np.sign, 1, NUMBERS),
    "floor": (np.floor, 1, FLOATS),
    "sqrt": (np.sqrt, 1, FLOATS),
    "isfinite": (np.isfinite, 1, EVERY),
    "equal": (np.equal, 2, EVERY),
    "less": (np.less, 2, EVERY),
    "less_equal": (np.less_equal, 2, EVERY),
    "logical_not": (np.logical_not, 1, ("bool",)),
    "logical_and": (np.logical_and, 2, ("bool",)),
    "logical_or": (np.logical_or, 2, ("bool",)),
}
TRUTHS = ("isfinite", "equal", "less", "less_equal")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "dtype"), [(n, d) for n, (_, _, dtypes) in EXACT.items() for d in dtypes])
def test_simple_operations_equal_numpys_bits(name: str, dtype: str, size: int) -> None:
    function, arity, _ = EXACT[name]
    inputs = [data(dtype, size, seed) for seed in range(arity)]
    with np.errstate(all="ignore"):
        expected = function(*inputs)
    y = apply(f"{name}_{dtype}", *inputs, dtype=bool if name in TRUTHS else dtype)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y, expected)
    if expected.dtype.kind == "f" and name != "maximum":  # of 0 and -0 either is the larger
        np.testing.assert_array_equal(np.signbit(y)[~np.isnan(y)], np.signbit(expected)[~np.isnan(y)])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", EVERY)
def test_where_chooses(dtype: str, size: int) -> None:
    c, a, b = data("bool", size), data(dtype, size, 1), data(dtype, size, 2)
    np.testing.assert_array_equal(apply("where_" + dtype, c, a, b, dtype=dtype), np.where(c, a, b))


@pytest.mark.parametrize("size", [1, 17, 10_007])
@pytest.mark.parametrize("to", EVERY)
@pytest.mark.parametrize("dtype", EVERY)
def test_cast_equals_astype(dtype: str, to: str, size: int) -> None:
    x = data(dtype, size)
    if np.dtype(dtype).kind == "f" and np.dtype(to).kind in "iu":  # beyond the range nothing is defined
        low, high = np.iinfo(to).min, np.iinfo(to).max
        with np.errstate(all="ignore"):
            x = np.where(np.isfinite(x) & (x > low) & (x < high), x, x.dtype.type(high // 2 + 1))
    with np.errstate(over="ignore"):
        expected = x.astype(to)
    np.testing.assert_array_equal(apply(f"cast_{dtype}_{to}", x, dtype=to), expected)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_power_of_integers_wraps_round_like_numpys(dtype: str) -> None:
    a, b = data(dtype, 5000), np.random.default_rng(1).integers(0, 70, 5000).astype(dtype)
    np.testing.assert_array_equal(apply("power_" + dtype, a, b), np.power(a, b))


@pytest.mark.parametrize("dtype", FLOATS)
def test_power_of_floats_is_within_one_ulp(dtype: str) -> None:
    a, b = data(dtype, 20_000), data(dtype, 20_000, 1)
    a[::2] = np.abs(a[::2])
    with np.errstate(all="ignore"):
        exact = np.power(a.astype(np.longdouble), b.astype(np.longdouble))
    assert_within(apply("power_" + dtype, a, b), exact, 1)


# ---- the functions of mathematics


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def _erf(x: np.ndarray) -> np.ndarray:
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workprec(80):
        exact = [
            np.longdouble(mpmath.nstr(mpmath.erf(mpmath.mpf(v)), 25)) if math.isfinite(v) and v else math.erf(v)
            for v in x.astype(float).tolist()
        ]
    return np.array(exact, np.longdouble)


# The function, and the bound in ulps that vector_math.hpp states.
FUNCTIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "exp": (np.exp, 1.5),
    "expm1": (np.expm1, 2),
    "log": (np.log, 1),
    "log1p": (np.log1p, 1),
    "tanh": (np.tanh, 2),
    "sigmoid": (_sigmoid, 2.5),
    "softplus": (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), 2),
    "erf": (_erf, 1.5),
    "sin": (np.sin, 1.5),
    "cos": (np.cos, 1.5),
}


def assert_within(y: np.ndarray, exact: np.ndarray, ulps: float) -> None:
    """y is `exact`, within so many ulps; inf, nan and the sign of 0 agree with it rounded."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(y.dtype)
    special = ~np.isfinite(rounded) | (rounded == 0)
    np.testing.assert_array_equal(y[~np.isfinite(rounded)], rounded[~np.isfinite(rounded)])
    zero = (rounded == 0) & (y == 0)
    np.testing.assert_array_equal(np.signbit(y[zero]), np.signbit(rounded[zero]))
    info, exact, y = np.finfo(y.dtype), exact[~special], y[~special]
    unit = np.exp2(np.floor(np.log2(np.maximum(np.abs(exact), np.longdouble(info.tiny)))) - info.nmant)
    error = np.abs(y - exact) / unit
    assert np.all(error <= ulps), f"{error.max()} ulps"


def arguments(dtype: str, count: int) -> np.ndarray:
    generator = np.random.default_rng(3)
    near = [generator.uniform(-s, s, count) for s in (1e-4, 0.1, 0.5, 1, 3, 10, 50, 120, 800, 1e4, 1e6)]
    turns = np.arange(-2 * count, 2 * count) * (math.pi / 2)
    info = np.finfo(dtype)
    edges = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        0.625,
        -0.625,
        info.tiny,
        -info.tiny,
        info.smallest_subnormal,
        info.max,
    ]
    return np.concatenate([x.astype(dtype) for x in (*near, turns, np.array(edges, dtype), data(dtype, 4 * count))])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_within_their_bound_of_the_exact_value(name: str, dtype: str) -> None:
    function, ulps = FUNCTIONS[name]
    x = arguments(dtype, 300 if name == "erf" else 20_000)
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.longdouble))
    assert_within(apply(f"{name}_{dtype}", x), exact, ulps)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_a_number_do_not_depend_on_its_neighbours(name: str, dtype: str) -> None:
    x = arguments(dtype, 10)
    y = apply(f"{name}_{dtype}", x)
    alone = np.array([apply(f"{name}_{dtype}", x[i : i + 1])[0] for i in range(x.size)])
    np.testing.assert_array_equal(y, alone)
    for size in (7, 33, 65):
        np.testing.assert_array_equal(apply(f"{name}_{dtype}", x[:size].copy()), y[:size])


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_byte_divided_is_the_quotient_to_the_last_bit(dtype: str) -> None:
    x = np.arange(256, dtype=np.uint8)
    generator = np.random.default_rng(0)
    divisors = [255, 256, 127.5, 3, 10, -7, 2 - np.finfo(dtype).eps, 1e-10, 1e10, *generator.uniform(0.1, 300, 500)]
    for divisor in np.array(divisors, dtype):
        b = np.broadcast_to(divisor, x.shape)
        y = apply(f"divide_bytes_{dtype}", x, b, dtype=dtype)
        np.testing.assert_array_equal(y, x.astype(dtype) / divisor)


def test_every_operation_is_tested() -> None:
    tested = {f"{n}_{d}" for n, (_, _, dtypes) in EXACT.items() for d in dtypes}
    tested |= {f"{n}_{d}" for n in FUNCTIONS for d in FLOATS}
    tested |= {f"where_{d}" for d in EVERY} | {f"power_{d}" for d in NUMBERS}
    tested |= {f"cast_{a}_{b}" for a in EVERY for b in EVERY} | {f"divide_bytes_{d}" for d in FLOATS}
    assert tested == set(CODES)


# ---- programs

SHAPES = [
    (),
    (1,),
    (0, 3),
    (3, 0),
    (7, 1),
    (1, 7),
    (100, 10),
    (100, 50),
    (3, 1025),
    (33, 31),
    (2, 3, 4, 5),
    (2, 1, 3000),
]


def operands(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Arrays of this shape in every form in which an input may lie."""
    generator = np.random.default_rng(4)

    def normal(*size: int) -> np.ndarray:
        return np.asarray(generator.standard_normal(size), np.float32)  # NumPy gives no array for ()

    found = {
        "dense": normal(*shape),
        "scalar": np.broadcast_to(normal(), shape),
        "fortran": normal(*shape[::-1]).T,
        "reversed": normal(*shape)[(..., *(slice(None, None, -1) for _ in shape))],
        "spread": normal(*(2 * n for n in shape))[(..., *(slice(None, None, 2) for _ in shape))],
    }
    if shape:
        found["row"] = np.broadcast_to(normal(shape[-1]), shape)
        found["column"] = np.broadcast_to(normal(*shape[:-1], 1), shape)
        found["first"] = np.broadcast_to(normal(shape[0], *[1] * (len(shape) - 1)), shape)
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_inputs_and_outputs_may_have_any_strides(shape: tuple[int, ...]) -> None:
    given = operands(shape)
    for a in given.values():
        for b in given.values():
            for out in ("dense", "fortran", "reversed", "spread"):
                y = operands(shape)[out]
                run(shape, [(2, y)], [a, b], 1, [("subtract_float32", 2, 0, 1)], 2)
                np.testing.assert_array_equal(y, a - b)


RELU = [("add_float32", 3, 0, 1), ("less_equal_float32", 5, 3, 2), ("where_float32", 4, 5, 2, 3)]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize("shape", [(1, 1), (100, 50), (1000, 10), (3, 5000), (7, 1023)], ids=str)
def test_bias_relu_and_its_mask_in_one_program(shape: tuple[int, int], workers: int) -> None:
    given = operands(shape)
    x, b, zero = given["dense"], given["row"], np.broadcast_to(np.float32(0), shape)
    y, mask = np.empty(shape, np.float32), np.empty(shape, bool)
    run(shape, [(4, y), (5, mask)], [x, b, zero], 3, RELU, workers)
    np.testing.assert_array_equal(mask, x + b <= 0)
    np.testing.assert_array_equal(y, np.where(x + b <= 0, np.float32(0), x + b))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_any_number_of_workers_gives_the_same_bits(name: str, dtype: str) -> None:
    x = np.random.default_rng(5).standard_normal(20_011).astype(dtype) * 3
    y = apply(f"{name}_{dtype}", x)
    for workers in (2, 3, 8, 100):
        np.testing.assert_array_equal(apply(f"{name}_{dtype}", x, workers=workers), y)


def test_a_register_may_change_its_dtype() -> None:
    x = data("float32", 5000)[::2].copy()
    y = np.empty(2500, np.float64)
    steps = [("cast_float32_float64", 1, 0), ("cast_float64_bool", 2, 1), ("cast_bool_float64", 1, 2)]
    run(y.shape, [(1, y)], [x], 2, steps, 3)
    np.testing.assert_array_equal(y, (x != 0).astype(np.float64))


@pytest.mark.parametrize("workers", [1, 3])
def test_an_output_may_take_the_place_of_an_input_that_is_read_later(workers: int) -> None:
    m, g = data("float32", 9000, 1)[1::2].copy(), data("float32", 9000, 2)[1::2].copy()
    old, y = m.copy(), np.empty_like(m)
    steps = [("maximum_float32", 2, 0, 1), ("less_float32", 3, 0, 1), ("where_float32", 4, 3, 2, 0)]
    run(m.shape, [(2, m), (4, y)], [m, g], 3, steps, workers)
    np.testing.assert_array_equal(m, np.maximum(old, g))
    np.testing.assert_array_equal(y, np.where(old < g, np.maximum(old, g), old))


def test_a_long_program_with_many_registers() -> None:
    inputs = [data("float64", 3001, seed)[1::2].copy() for seed in range(20)]
    steps: list[Instruction] = [("maximum_float64", 20, 0, 1)]
    steps += [("maximum_float64", 20 + i % 2, 20 + (i + 1) % 2, i + 1) for i in range(1, 19)]
    y = np.empty(1500)
    run(y.shape, [(20 + 18 % 2, y)], inputs, 2, steps, 2)
    np.testing.assert_array_equal(y, np.max(inputs, 0))


def test_nothing_is_written_beyond_an_output() -> None:
    around = np.full(2100, 7.0, np.float32)
    for size in (1, 5, 16, 31, 1025, 2000):
        around[...] = 7
        x = np.linspace(-3, 3, size, dtype=np.float32)
        run((size,), [(1, around[50 : 50 + size])], [x], 1, [("exp_float32", 1, 0)])
        assert np.all(around[:50] == 7) and np.all(around[50 + size :] == 7)
