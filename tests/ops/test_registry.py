"""Nothing escapes the harness: every primitive and operation has cases, and every gradient is checked."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import pellucid.ops
from pellucid.graph import Primitive
from pellucid.operators import OPERATIONS
from tests.ops.harness import Case

SHARED = {"__init__", "common", "windows"}  # rooms without an operation
ROOMS = sorted({path.stem for path in Path(pellucid.ops.__file__).parent.glob("*.py")} - SHARED)
for room in ROOMS:
    import_module(f"pellucid.ops.{room}")
CASES: list[Case] = [case for room in ROOMS for case in import_module(f"tests.ops.test_{room}").CASES]

# What has no gradient anywhere, and why. A primitive that is not here must have one, and it is checked.
NOT_DIFFERENTIABLE = {
    "equal": "gives bools",
    "less": "gives bools",
    "less_equal": "gives bools",
    "logical_not": "gives bools",
    "logical_and": "gives bools",
    "logical_or": "gives bools",
    "isfinite": "gives bools",
    "sign": "flat but for its steps",
    "floor": "flat but for its steps",
    "argmax": "gives places",
    "max_pool2d_argmax": "gives places",
    "random_uniform": "draws from a state of integers",
}
# What is never given anything of size zero, and why.
NEVER_EMPTY = {"random_uniform": "its input is a state of two numbers; drawing none of them is a case"}
# Operations whose tests stand elsewhere, or that other tables check under another name.
CHECKED_ELSEWHERE = {
    "backward": "test_autodiff.py",
    "dropout": "draws: test_random.py",
}


def primitive_cases(name: str) -> list[Case]:
    return [case for case in CASES if case.name == name and case.is_primitive]


@pytest.mark.parametrize("name", list(Primitive.registry))
def test_every_primitive_has_cases(name: str) -> None:
    assert primitive_cases(name), f"{name} has no case: add it to the CASES of its family in tests/ops"


@pytest.mark.parametrize("name", list(Primitive.registry))
def test_every_primitive_meets_a_zero_size_or_a_reason_is_named(name: str) -> None:
    empty = any(case.is_empty for case in primitive_cases(name))
    assert empty != (name in NEVER_EMPTY)


@pytest.mark.parametrize("name", list(Primitive.registry))
def test_every_gradient_rule_is_checked_and_every_missing_one_has_a_reason(name: str) -> None:
    primitive = Primitive.registry[name]
    checked = {i for case in primitive_cases(name) for i in case.slopes() if not case.is_empty and not case.flat}
    if name in NOT_DIFFERENTIABLE:
        assert not checked
        assert not primitive.gradients
        return
    ruled = (
        {i for case in primitive_cases(name) for i, x in enumerate(case.inputs) if x.dtype is None}
        if callable(primitive.gradients)
        else {i for i, rule in enumerate(primitive.gradients) if rule is not None}
    )
    assert ruled, f"{name} has no gradient: give it one, or name the reason in NOT_DIFFERENTIABLE"
    assert checked == ruled, f"{name}: the gradients by the inputs {sorted(ruled - checked)} are not checked"


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in Primitive.registry])
def test_every_composed_operation_has_cases(name: str) -> None:
    assert any(case.name == name for case in CASES) != (name in CHECKED_ELSEWHERE)


def test_the_lists_of_reasons_name_only_what_is_there() -> None:
    assert set(NOT_DIFFERENTIABLE) | set(NEVER_EMPTY) <= set(Primitive.registry)
    assert set(CHECKED_ELSEWHERE) <= set(OPERATIONS)
