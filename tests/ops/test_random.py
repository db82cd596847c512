"""Random Tensors and dropout, against a Philox of the tests' own."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import Generator, Tensor, compile, no_grad, normal, uniform
from pellucid.errors import DTypeError, OptionError, ShapeError
from pellucid.operators import OPERATIONS
from tests.agreement import assert_all_agree, on_every_engine
from tests.ops.harness import Case, checks, given

dropout = OPERATIONS["dropout"]


def philox(key: int, counter: int) -> list[int]:
    """Philox4x64-10 as its authors define it, in Python's whole numbers."""
    x, k, mask = [counter, 0, 0, 0], [key, 0], 2**64 - 1
    for _ in range(10):
        a, b = x[0] * 0xD2E7470EE14C6C93, x[2] * 0xCA5A826395121157
        x = [(b >> 64) ^ x[1] ^ k[0], b & mask, (a >> 64) ^ x[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
    return x


def numbers(state: np.ndarray, *, shape, dtype) -> np.ndarray:
    size = int(np.prod(shape, dtype=int))
    words = [word for i in range(size) for word in philox(int(state[0]), int(state[1]) + 1 + i)]
    if dtype == np.float64:
        return np.array([(word >> 11) * 2.0**-53 for word in words[:size]]).reshape(shape)
    halves = [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]
    return np.array([(half >> 8) * 2.0**-24 for half in halves[:size]]).reshape(shape)


CASES = [
    Case(
        "random_uniform",
        [given(state, "uint64")],
        numbers,
        {"shape": shape, "dtype": np.dtype(dtype)},
        note=f"{state}-{shape}-{dtype}".replace(" ", ""),
    )
    for state in [[0, 0], [7, 3], [2**64 - 1, 5]]
    for shape in [(3, 3), (), (0, 2)]
    for dtype in ["float32", "float64"]
]

TestRandom = checks(CASES)


def test_a_seed_names_a_stream_and_draws_follow_one_another() -> None:
    generator = Generator(3)
    first, second = uniform((5,), generator=generator), uniform((5,), generator=generator)
    assert generator.state.tolist() == [3, 2]  # five float32 fill one block of four words
    generator.seed(3)
    np.testing.assert_array_equal(uniform((5,), generator=generator).numpy(), first.numpy())
    assert not np.array_equal(first.numpy(), second.numpy())
    pellucid.seed(3)
    np.testing.assert_array_equal(uniform((5,)).numpy(), first.numpy())


def test_uniform_and_normal_numbers_have_their_moments() -> None:
    x = uniform((20_000,), -1, 3, dtype="float64").numpy()
    assert x.min() >= -1 and x.max() < 3
    assert abs(x.mean() - 1) < 0.03 and abs(x.var() - 16 / 12) < 0.03
    z = normal((20_000,), 2.0, 3.0, dtype="float64").numpy()
    assert abs(z.mean() - 2) < 0.1 and abs(z.std() - 3) < 0.1
    assert abs(((z - 2) / 3 < 1).mean() - 0.8413) < 0.01
    assert np.isfinite(normal((20_000,)).numpy()).all()


def test_dropout_keeps_the_mean_and_sends_the_gradient_where_a_number_stayed() -> None:
    x = Tensor(np.ones(10_000), requires_grad=True)
    y = dropout(x, 0.25)
    kept = y.numpy() != 0
    assert abs(kept.mean() - 0.75) < 0.02
    np.testing.assert_allclose(y.numpy()[kept], 1 / 0.75)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())


def test_dropout_does_nothing_outside_of_training() -> None:
    x = Tensor([1.0, 2.0])
    assert dropout(x, 0.5, training=False) is x and dropout(x, 0.0) is x
    assert dropout(x, 1.0).tolist() == [0.0, 0.0]


def test_a_draw_remembers_nothing_and_moves_the_state_also_under_no_grad() -> None:
    generator = Generator(0)
    with no_grad():
        uniform((1,), generator=generator)
    uniform((1,), generator=generator)
    assert generator.state.tolist() == [0, 2]


@on_every_engine
def test_compiled_draws_go_on_where_the_last_ones_ended(engine_name: str) -> None:
    def draw() -> list[Tensor]:
        return [uniform((3,)), normal((2, 2)), dropout(Tensor(np.ones(4, np.float32)))]

    pellucid.seed(5)
    eager = [x for _ in range(3) for x in draw()]
    state = pellucid.default_generator.state.tolist()
    compiled = compile(draw)
    pellucid.seed(5)
    with pellucid.engine(engine_name):
        assert_all_agree([x for _ in range(3) for x in compiled()], eager, engine_name)
    assert pellucid.default_generator.state.tolist() == state


@pytest.mark.parametrize("wrong", [-1, 2**64, 1.5, True, "0"])
def test_a_seed_that_is_no_whole_number_is_refused(wrong) -> None:
    with pytest.raises(OptionError) as caught:
        pellucid.seed(wrong)
    assert str(caught.value) == f"seed: got {wrong!r}; give a whole number from 0 to 2**64 - 1"


@pytest.mark.parametrize("draw", [uniform, normal])
def test_a_shape_may_be_one_number_and_must_be_a_shape(draw) -> None:
    assert draw(2).shape == (2,)
    for wrong in ((-2,), 1.5, "ab"):
        with pytest.raises(ShapeError) as caught:
            draw(wrong)
        assert str(caught.value) == f"random: {wrong!r} is no shape; give whole numbers from 0 on, such as (2, 3)"


def test_wrong_options_are_refused_in_a_sentence() -> None:
    with pytest.raises(OptionError) as caught:
        dropout(Tensor([1.0]), 1.5)
    assert str(caught.value) == "dropout: p=1.5 is no probability; give a number from 0 to 1"
    with pytest.raises(DTypeError) as refused:
        uniform((2,), dtype="int64")
    assert str(refused.value) == "random: int64 numbers cannot be drawn; give float32 or float64"
