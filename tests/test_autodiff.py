"""Gradients: backward, grad, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Parameter, Tensor, grad, gradients, no_grad
from pellucid.errors import DTypeError, GradientError, OptionError, PellucidError, ShapeError
from pellucid.tensor import context, recording


def leaf(*numbers: float) -> Tensor:
    return Tensor(list(numbers), requires_grad=True)


def refused(function, kind=GradientError) -> str:
    with pytest.raises(kind) as caught:
        function()
    assert isinstance(caught.value, PellucidError)
    return str(caught.value)


def test_backward_gathers_in_grad_until_it_is_cleared() -> None:
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_shared_sub_expression_gets_the_gradients_of_all_its_uses() -> None:
    x = leaf(2.0)
    y = x * x
    (y * y + y + x).sum().backward()
    assert x.grad.tolist() == [4 * 8.0 + 4.0 + 1.0]
    a = leaf(3.0)
    (a + a).sum().backward()
    assert a.grad.tolist() == [2.0]


def test_broadcasting_is_undone() -> None:
    x, b = Tensor(np.ones((4, 3)), requires_grad=True), Tensor(np.ones(3), requires_grad=True)
    s = Tensor(2.0, "float64", requires_grad=True)
    ((x + b) * s).sum().backward()
    assert (x.grad.shape, b.grad.tolist(), s.grad.item()) == ((4, 3), [8.0] * 3, 24.0)


def test_only_leaves_that_need_it_get_a_gradient() -> None:
    x, t = leaf(1.0), Tensor([2.0])
    y = x * t
    y.sum().backward()
    assert x.grad is not None and t.grad is None and y._grad is None


def test_two_leaves_never_share_one_gradient() -> None:
    a, b = leaf(1.0), leaf(2.0)
    start = Tensor([1.0])
    (a + b).backward(start)
    with no_grad():
        a.grad *= 10
    assert (a.grad.item(), b.grad.item(), start.item()) == (10.0, 1.0, 1.0)


def test_an_output_that_is_itself_a_leaf_has_gradient_one() -> None:
    x = Tensor(3.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1.0


def test_a_gradient_may_be_given_for_an_output_of_any_shape() -> None:
    x = leaf(1.0, 2.0)
    (x * x).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 40.0]
    assert refused(lambda: (x * x).backward([1.0]), ShapeError) == (
        "backward: gradient= has shape (1,), the output (2,); they must agree"
    )


def test_a_second_backward_on_a_freed_graph_is_refused() -> None:
    x = leaf(1.0)
    y = (x * x).sum()
    y.backward()
    assert refused(y.backward) == (
        "backward: the memory of sum was freed by an earlier backward(); "
        "call that one with retain_graph=True, or compute the forward pass again"
    )
    assert x.grad.tolist() == [2.0]


def test_a_part_that_was_freed_with_another_output_is_refused() -> None:
    x = leaf(1.0)
    shared = x.exp()
    shared.sum().backward()
    assert refused((shared * 2).sum().backward).startswith("backward: the memory of exp was freed by an earlier")


def test_a_retained_graph_can_be_used_again() -> None:
    x = leaf(3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12.0]


def test_only_a_scalar_has_a_gradient_by_itself() -> None:
    x = leaf(1.0, 2.0)
    assert refused((x * 2).backward, ShapeError) == (
        "backward: the output has shape (2,), and only a scalar has a gradient by itself; "
        "reduce it with .sum() or .mean(), or give gradient= of shape (2,)"
    )
    (Tensor(np.ones((1, 1)), requires_grad=True) * 2).backward()


def test_backward_without_a_memory_is_refused() -> None:
    message = (
        "backward: this Tensor () remembers no operation; its inputs need requires_grad=True, "
        "and it must not come from no_grad(), detach() or a compiled function"
    )
    x = leaf(1.0)
    with no_grad():
        y = x.sum()
    for output in (y, x.detach().sum(), Tensor(1.0) * 2):
        assert refused(output.backward) == message


STALE = (
    "backward: {} needs the value that a Tensor (2,) had in the forward pass, but it was "
    "changed in place since; call backward() before the change, or compute the forward pass again"
)


def test_a_change_in_place_of_an_input_that_a_gradient_needs_is_refused() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x * w).sum()
    with no_grad():
        w.assign([0.0, 0.0])
    assert refused(y.backward) == STALE.format("multiply")


def test_a_change_in_place_of_an_output_that_a_gradient_needs_is_refused() -> None:
    x = leaf(1.0, 2.0)
    y = x.exp()
    total = y.sum()
    with no_grad():
        y *= 0
    assert refused(total.backward) == STALE.format("exp")


def test_a_change_in_place_of_what_no_gradient_needs_is_fine() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x + w).sum()
    with no_grad():
        w.assign([0.0, 0.0])
    y.backward()
    assert x.grad.tolist() == w.grad.tolist() == [1.0, 1.0]


def test_nothing_is_gathered_when_backward_is_refused() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x * w).sum()
    with no_grad():
        w += 1
    refused(y.backward)
    assert x.grad is None and w.grad is None and context.recording


def test_detach_keeps_the_value_and_forgets_how_it_was_made() -> None:
    x = leaf(2.0)
    (x * x.detach()).sum().backward()
    assert x.grad.tolist() == [2.0]
    assert not x.detach().requires_grad and x.detach().is_leaf


def test_the_recording_flag_is_restored_whatever_happens() -> None:
    x = leaf(1.0)

    def fails() -> None:
        with no_grad():
            with recording(True):
                assert (x * 2).requires_grad
            assert not (x * 2).requires_grad
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert context.recording and (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: 1 / 0)(x)
    assert context.recording


def test_gradients_leave_grad_alone_and_are_zero_where_nothing_depends() -> None:
    x, unused = leaf(1.0, 2.0), leaf(3.0)
    found = gradients((x * x).sum(), [unused, x])
    assert [g.tolist() for g in found] == [[0.0], [2.0, 4.0]]
    assert x.grad is None and unused.grad is None


def test_gradients_by_something_in_the_middle() -> None:
    x = leaf(2.0)
    middle = x * 3
    output = (middle * middle).sum()
    found = gradients(output, [middle, output, x])
    assert [g.tolist() for g in found] == [[12.0], 1.0, [36.0]]


@pytest.mark.parametrize("times", [1, 2, 3, 4, 5])
def test_derivatives_of_any_order(times: int) -> None:
    function, factor = (lambda x: x**5.0), 1.0
    for i in range(times):
        function, factor = grad(function), factor * (5 - i)
    assert function(Tensor(2.0)).item() == pytest.approx(factor * 2.0 ** (5 - times))


def test_grad_of_several_arguments_and_of_mixed_ones() -> None:
    product = lambda x, n, y: x * y * n  # noqa: E731
    assert [g.item() for g in grad(product, (0, 2))(3.0, 2, 5.0)] == [10.0, 6.0]
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(Tensor(3.0)).item() == 12.0


def test_grad_inside_no_grad_still_differentiates() -> None:
    with no_grad():
        assert grad(lambda x: x * x)(3.0).item() == 6.0


def test_a_gradient_that_is_kept_with_its_graph_can_be_differentiated() -> None:
    x = leaf(2.0)
    (x * x * x).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    assert x.grad.tolist() == [12.0]


def test_ten_thousand_operations_need_no_recursion() -> None:
    x = y = Parameter([1.0])
    for _ in range(10_000):
        y = y + x
    y.sum().backward()
    assert x.grad.tolist() == [10_001.0]
    for _ in range(10_000):
        y = y * 1.0
    del y  # a long chain is taken down without recursion too


def test_a_grad_of_another_shape_is_refused() -> None:
    x = leaf(1.0, 2.0)

    def give() -> None:
        x.grad = Tensor([1.0])

    assert refused(give, ShapeError) == "grad: a Tensor (2,) was given a gradient (1,); the shapes must agree"


def test_grad_by_an_integer_is_refused():
    with pytest.raises(DTypeError) as error:
        grad(lambda x: x * 2.0)(3)
    assert str(error.value) == "grad: argument 0 is int64, which has no gradient; give floats"


@pytest.mark.parametrize("position", [3, -2, "x"])
def test_grad_by_an_argument_that_is_not_there_is_refused(position) -> None:
    assert refused(lambda: grad(lambda x: x.sum(), position)(leaf(1.0)), OptionError) == (
        f"grad: there is no argument {position!r} among the 1 given, counted from 0"
    )


def test_grad_of_a_function_that_does_not_use_its_argument_is_refused() -> None:
    assert refused(lambda: grad(lambda x: 3.0)(leaf(1.0))).startswith(
        "backward: this Tensor () remembers no operation; its inputs need requires_grad=True"
    )


def test_grad_and_gradients_say_what_they_take():
    x = Tensor([3.0], requires_grad=True)
    takes = "gradients: takes a Tensor and a list of Tensors; "
    for message, call in [
        (
            "grad: takes a function; for the gradients of a Tensor write gradients(y, [x])",
            lambda: grad((x * x).sum(), x),
        ),
        ("grad: takes a function; got 3", lambda: grad(3)),
        (takes + "the first is 1", lambda: gradients(1, 2)),
        (takes + "the second is 2, write [x]", lambda: gradients((x * x).sum(), 2)),
        (takes + "the second is a Tensor, write [x]", lambda: gradients((x * x).sum(), x)),
        (takes + "in the list is None", lambda: gradients((x * x).sum(), [x, None])),
    ]:
        with pytest.raises(DTypeError) as caught:
            call()
        assert str(caught.value) == message


def test_the_grad_of_a_computed_tensor_warns():
    w = Tensor([3.0], requires_grad=True)
    (w * w).sum().backward()
    w = w - 0.1 * w.grad
    (w * w).sum().backward()
    with pytest.warns(UserWarning, match="computed by an operation") as caught:
        assert w.grad is None
    assert str(caught[0].message) == (
        "this Tensor was computed by an operation, so backward gathers no .grad for it; "
        "write `w -= ...` inside `with no_grad():`"
    )
    assert caught[0].filename == __file__
    w.grad = Tensor([1.0])
    assert w.grad.tolist() == [1.0]
