"""The compiled kernels against NumPy, under every instruction set that this machine has."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from pellucid.engines import native
from pellucid.errors import DTypeError, OptionError, ShapeError

built = pytest.mark.skipif(not native.available(), reason="pellucid._native was not built")

DTYPES = (np.float32, np.float64)

# Rows, depth, columns: both sides of a tile's edges (6 or 12; 2 to 32) and of a block's (60, 512, 512).
SIZES = [
    (1, 1, 1),
    (1, 784, 50),
    (5, 3, 7),
    (6, 2, 16),
    (7, 511, 17),
    (11, 512, 33),
    (12, 513, 31),
    (13, 1025, 64),
    (61, 1024, 65),  # rows a multiple of 4096 bytes apart
    (121, 13, 1057),
]


def matrices(rows: int, depth: int, columns: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    x, w = generator.standard_normal((rows, depth)), generator.standard_normal((depth, columns))
    return x.astype(dtype), w.astype(dtype)


def assert_is_product(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> None:
    # The bound of any order of summation: depth roundings of the sum of magnitudes.
    exact = x.astype(np.float64) @ w.astype(np.float64)
    bound = np.abs(x).astype(np.float64) @ np.abs(w).astype(np.float64)
    assert y.dtype == x.dtype
    assert y.shape == exact.shape
    assert np.all(np.abs(y - exact) <= x.shape[1] * np.finfo(x.dtype).eps * bound)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_matmul_equals_numpy(size: tuple[int, int, int], dtype: type) -> None:
    x, w = matrices(*size, dtype)
    assert_is_product(native.matmul(x, w), x, w)


@pytest.mark.parametrize("dtype", DTYPES)
def test_matmul_of_whole_numbers_is_exact(dtype: type) -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(-8, 9, (37, 401)).astype(dtype)
    w = generator.integers(-8, 9, (401, 53)).astype(dtype)
    np.testing.assert_array_equal(native.matmul(x, w), x @ w)


@pytest.mark.parametrize("dtype", DTYPES)
def test_matmul_takes_any_strides(dtype: type) -> None:
    x, w = matrices(26, 40, 70, dtype)
    fields = np.zeros((26, 40), dtype=[("odd", "i1"), ("value", dtype)])
    fields["value"] = x
    read_only = w.copy()
    read_only.flags.writeable = False
    for a, b in [
        (np.asfortranarray(x), np.asfortranarray(w)),
        (x[::-2, ::3], w[::3, ::-1]),
        (np.broadcast_to(x[:1], x.shape), np.broadcast_to(w[:, :1], w.shape)),
        (fields["value"], read_only),
    ]:
        assert_is_product(native.matmul(a, b), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (13, 0, 33)], ids=str)
def test_matmul_of_nothing_is_zeros(size: tuple[int, int, int], dtype: type) -> None:
    rows, depth, columns = size
    y = native.matmul(np.ones((rows, depth), dtype), np.ones((depth, columns), dtype))
    np.testing.assert_array_equal(y, np.zeros((rows, columns), dtype), strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")
def test_matmul_passes_nan_and_infinity_on(dtype: type) -> None:
    x, w = np.ones((13, 5), dtype), np.ones((5, 35), dtype)
    x[3, 2], x[4, 0], x[12, 4], w[0, 34] = np.nan, np.inf, -np.inf, np.inf
    w[4, 0] = 0  # -inf * 0 is nan
    np.testing.assert_array_equal(native.matmul(x, w), x @ w)


def test_matmul_leaves_its_inputs_alone() -> None:
    x, w = matrices(7, 5, 9, np.float32)
    before = x.copy(), w.copy()
    native.matmul(x, w)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(w, before[1])


def test_matmul_refuses_matrices_that_do_not_fit() -> None:
    x, w = np.ones((2, 3), np.float32), np.ones((4, 5), np.float32)
    with pytest.raises(ShapeError) as error:
        native.matmul(x, w)
    assert str(error.value) == "matmul: x has 3 columns but w has 4 rows; x (2, 3), w (4, 5)"


def test_matmul_refuses_other_ranks() -> None:
    with pytest.raises(ShapeError) as error:
        native.matmul(np.ones((2, 2, 3), np.float32), np.ones((3, 5), np.float32))
    assert str(error.value) == "matmul: the kernel takes two matrices; x (2, 2, 3), w (3, 5)"


@pytest.mark.parametrize("dtypes", [("int64", "int64"), ("float32", "float64"), ("float16", "float16"), (">f4", ">f4")])
def test_matmul_refuses_other_dtypes(dtypes: tuple[str, str]) -> None:
    x, w = np.ones((2, 3), dtypes[0]), np.ones((3, 5), dtypes[1])
    with pytest.raises(DTypeError) as error:
        native.matmul(x, w)
    given = f"x {x.dtype}, w {w.dtype}"
    assert str(error.value) == f"matmul: the kernel takes float32 or float64, the same twice; {given}"


@built
def test_the_binding_itself_refuses_what_the_kernel_cannot_take() -> None:
    from pellucid import _native

    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"^matmul: x has 3 columns but w has 2 rows; x \(2, 3\), w \(2, 3\)$"):
        _native.matmul(x, x)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _native.matmul(x, np.ones((3, 2)))  # pyright: ignore[reportArgumentType, reportCallIssue]


@built
def test_info_describes_this_machine() -> None:
    info = native.info()
    assert info["available"]
    assert info["isas"][0] == "baseline"
    assert info["isa"] in info["isas"]
    assert info["cores"] == len(os.sched_getaffinity(0))


def test_a_package_without_the_module_still_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pellucid._native", None)
    native.load.cache_clear()
    try:
        assert not native.available()
        assert native.info()["reason"].startswith("pellucid._native was not built")
        assert native.matmul(np.eye(2), np.eye(2)).tolist() == [[1, 0], [0, 1]]
    finally:
        native.load.cache_clear()


def run_python(isa: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PELLUCID_ISA": isa}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@built
@pytest.mark.parametrize("isa", native.info()["isas"])
def test_every_instruction_set_passes_the_tests_of_matmul(isa: str) -> None:
    if isa == native.info()["isa"]:
        pytest.skip(f"{isa} is the one that this run uses anyway")
    report = run_python(isa, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", __file__, "-k", "test_matmul")
    assert report.returncode == 0, report.stdout


@built
@pytest.mark.parametrize("isa", native.info()["isas"])
def test_pellucid_isa_forces_one(isa: str) -> None:
    code = "from pellucid.engines import native; print(native.info()['isa'])"
    assert run_python(isa, "-c", code).stdout == f"{isa}\n"


@built
def test_an_unknown_instruction_set_gives_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    isas = ", ".join(native.info()["isas"])
    monkeypatch.setenv("PELLUCID_ISA", "sse9")
    native.load.cache_clear()
    try:
        with pytest.raises(OptionError) as error:
            native.available()
    finally:
        native.load.cache_clear()
    assert str(error.value) == f"PELLUCID_ISA: this machine has no instruction set 'sse9'; it has {isas}"
