"""What a compiled function cannot do, and that a failure leaves everything as it was."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Buffer, Parameter, Tensor, compile, engine, no_grad
from pellucid.engines.reference import ReferenceEngine
from pellucid.errors import GradientError, PellucidError, TraceError
from pellucid.tensor import context


def says(function, *args) -> str:
    with pytest.raises(TraceError) as caught:
        compile(function)(*args)
    assert isinstance(caught.value, PellucidError)
    assert context.trace is None
    return str(caught.value)


X = Tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("who", "shape", "function"),
    [
        ("bool", (), lambda x: x if x.sum() > 1 else -x),
        ("float", (), lambda x: float(x.sum())),
        ("item()", (), lambda x: f"{x.sum():.3f}"),
        ("int", (), lambda x: int(x.sum())),
        ("item()", (2,), lambda x: x.item()),
        ("tolist()", (2,), lambda x: x.tolist()),
        ("numpy()", (2,), lambda x: x.numpy()),
        ("numpy()", (2,), lambda x: np.asarray(x)),
        ("DLPack", (2,), lambda x: np.from_dlpack(x)),
        ("numpy()", (), lambda x: Tensor(x.sum())),
    ],
)
def test_asking_for_a_value_while_there_are_only_shapes_is_refused(who: str, shape, function) -> None:
    assert says(function, X) == (
        f"compile: {who} asks for the value of a Tensor {shape} while there are only shapes; "
        + (
            "instead of if or while on a Tensor, choose with where(condition, a, b)"
            if who == "bool"
            else "return it from the compiled function and look at it outside"
        )
    )


def test_the_value_of_state_is_not_there_either() -> None:
    w = Parameter(1.0)
    assert says(lambda x: x if w > 0 else -x, X).startswith("compile: bool asks for the value of a Tensor () while")


def test_a_tensor_that_leaked_out_says_so() -> None:
    leaked = []
    compile(lambda x: leaked.append(x * 2))(X)
    message = (
        "{}: this Tensor (2,) is from the inside of a compiled function and has no value outside; "
        "return it from the function"
    )
    for who, function in {
        "numpy()": leaked[0].numpy,
        "multiply": lambda: leaked[0] * 2,
        "compile": lambda: compile(lambda x: x + leaked[0])(X),
    }.items():
        with pytest.raises(TraceError) as caught:
            function()
        assert str(caught.value) == message.format(who)
    with pytest.raises(TraceError) as caught:
        compile(lambda x: x)(leaked[0])
    assert str(caught.value) == message.format("compile")
    assert repr(leaked[0]) == "Tensor(traced (2,), float32)"


def test_an_argument_of_another_kind_is_refused() -> None:
    assert says(lambda x, names: x, X, {"a"}) == (
        "compile: <lambda> was given a set, which is neither a Tensor, an array, "
        "a plain value nor a list, tuple or dict of them"
    )


def test_an_exception_while_watching_leaves_everything_as_it_was() -> None:
    w, b = Parameter([1.0, 2.0]), Buffer([0.0])
    w.grad = Tensor([7.0, 7.0])
    remembered = (w * w).sum()
    versions = w._version, b._version

    def fails(x):
        (w * x).sum().backward()
        with no_grad():
            w.assign(w - w.grad)
            b.assign(b + 1)
            raise KeyError("in the middle")

    with pytest.raises(KeyError):
        compile(fails)(X)
    assert context.trace is None and context.recording
    assert (w._version, b._version) == versions
    assert (w.tolist(), w.grad.tolist(), b.tolist()) == ([1.0, 2.0], [7.0, 7.0], [0.0])
    remembered.backward()
    assert w.grad.tolist() == [9.0, 11.0]


def test_a_trace_within_another_gives_back_to_it() -> None:
    w = Parameter([3.0])

    def with_a_look_inside(x):
        assert str(compile(lambda y: y * w).graph(np.ones(1, np.float32))).endswith("return %0")
        with pytest.raises(KeyError):
            compile(lambda y: {}[y]).graph(np.ones(1, np.float32))
        return x * w

    assert compile(with_a_look_inside)(Tensor([2.0])).tolist() == [6.0]
    assert context.trace is None


def test_an_exception_while_running_leaves_the_state_as_it_was(monkeypatch) -> None:
    """On the reference engine; the native one refuses nothing but an index (test_indexing)."""
    b = Buffer([0.0])

    def count(x):
        b.assign(b + 1)
        return x / b

    step = compile(count)
    with engine("reference"):
        step(X)
        monkeypatch.setattr(ReferenceEngine, "evaluate", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            step(X)
    assert b.tolist() == [1.0]


def test_a_change_of_state_by_a_plan_is_a_change_in_place() -> None:
    w = Parameter([1.0, 2.0])
    y = (w * w).sum()

    @compile
    def update():
        with no_grad():
            w.assign(w * 2)

    update()
    with pytest.raises(GradientError, match="changed in place since"):
        y.backward()


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TraceError) as caught:
        compile(3)
    assert str(caught.value) == "compile: takes a function; got 3"
