"""Clipping of gradients."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import optim
from pellucid.errors import OptionError
from pellucid.tensor import Parameter, Tensor


def with_gradient(*values, dtype=np.float32):
    w = Parameter(np.zeros(len(values), dtype))
    w.grad = Tensor(np.array(values, dtype))
    return w


def test_short_gradients_keep_their_bits():
    w = with_gradient(0.1, 0.2, 0.3)
    optim.clip_grad_norm_([w], 10.0)
    assert w.grad.numpy().tobytes() == np.array([0.1, 0.2, 0.3], np.float32).tobytes()


def test_one_tensor_will_do_and_no_gradient_has_length_zero():
    assert optim.clip_grad_norm_(with_gradient(3.0, 4.0), 1.0).item() == 5.0
    assert optim.clip_grad_norm_([Parameter([1.0])], 1.0).item() == 0.0
    assert optim.clip_grad_norm_([], 1.0).item() == 0.0


def test_parameters_may_come_from_a_generator():
    w = [with_gradient(3.0), with_gradient(4.0)]
    assert optim.clip_grad_norm_((x for x in w), 1.0).item() == 5.0
    assert [x.grad.item() for x in w] == pytest.approx([0.6, 0.8], abs=1e-5)


def test_float32_and_float64_gradients_are_measured_together_and_keep_their_dtype():
    w = [with_gradient(3.0), with_gradient(4.0, dtype=np.float64)]
    assert optim.clip_grad_norm_(w, 1.0).item() == 5.0
    assert [str(x.grad.dtype) for x in w] == ["float32", "float64"]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_a_length_that_is_not_finite_can_be_seen(bad):
    w = with_gradient(1.0, bad)
    assert not np.isfinite(optim.clip_grad_norm_([w], 1.0).item())
    assert np.isnan(w.grad.numpy()).all()


@pytest.mark.parametrize("bad", [-1.0, float("nan"), "1", None, True])
def test_a_bad_bound_is_refused(bad):
    for clip, name in ((optim.clip_grad_norm_, "max_norm"), (optim.clip_grad_value_, "clip_value")):
        with pytest.raises(OptionError) as error:
            clip([with_gradient(1.0)], bad)
        assert str(error.value) == f"{clip.__name__}: {name} is {bad!r}; give a number, 0 or more"


@pytest.mark.parametrize("scale", [1e20, 1e37])
def test_squares_that_leave_the_range_of_float32_do_not_matter(scale):
    w = with_gradient(3 * scale, -4 * scale)
    assert optim.clip_grad_norm_([w], scale).item() == pytest.approx(5 * scale, rel=1e-6)
    np.testing.assert_allclose(w.grad.numpy(), [0.6 * scale, -0.8 * scale], rtol=1e-5)


def test_an_empty_gradient_has_no_length():
    assert optim.clip_grad_norm_([with_gradient(), with_gradient(3.0, 4.0)], 1.0).item() == 5.0
