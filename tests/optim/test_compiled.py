"""A whole training step, compiled, gives what an eager one gives: on the reference engine the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import engine, optim
from pellucid.compile import compile
from pellucid.errors import TraceError
from pellucid.tensor import Parameter, Tensor
from tests.agreement import assert_all_agree, on_every_engine
from tests.optim import networks
from tests.optim.cases import OPTIMIZERS, SCHEDULES, words

AFTER_STEPS = 30.0  # times the tolerance: what a step rounds otherwise, the following ones enlarge


def compiled_step(w, optimizer, schedule=None):
    @compile
    def step(x):
        optimizer.zero_grad()
        networks.loss(w, x).backward()
        norm = optim.clip_grad_norm_(w, 5.0)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        return norm

    return step


def assert_eager_and_compiled_agree(engine_name, dtype, name, options, schedule_name=None, schedule_options=None):
    ends = []
    for compiled in (False, True):
        w = networks.parameters(dtype)
        optimizer = getattr(optim, name)(w, **options)
        schedule = getattr(optim, schedule_name)(optimizer, **schedule_options) if schedule_name else None
        step = compiled_step(w, optimizer, schedule)
        run = step if compiled else step.function
        with engine(engine_name):
            norms = [run(Tensor(networks.batch(i, dtype))) for i in range(12)]
        ends.append([*networks.values(w), *networks.values(norms), *optimizer.state_dict().values()])
        assert not compiled or len(step._traced) == 1, "one plan serves every step"
    assert_all_agree(ends[1], ends[0], engine_name, AFTER_STEPS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", OPTIMIZERS, ids=words)
@on_every_engine
def test_a_compiled_step_gives_what_an_eager_one_gives(case, dtype, engine_name):
    assert_eager_and_compiled_agree(engine_name, dtype, *case)


@pytest.mark.parametrize("case", SCHEDULES, ids=words)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
@on_every_engine
def test_so_does_a_step_with_its_schedule(name, case, engine_name):
    assert_eager_and_compiled_agree(engine_name, "float32", name, {"lr": 0.01}, *case)


def test_every_step_uses_one_plan():
    w = networks.parameters()
    optimizer = optim.Adam(w)
    step = compiled_step(w, optimizer, optim.OneCycleLR(optimizer, 0.1, total_steps=10))
    for i in range(5):
        step(Tensor(networks.batch(i)))
    assert [len(plans) for plans in step._traced.values()] == [1]


@on_every_engine
def test_scan_runs_steps_and_schedule(engine_name):
    data = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    rows = np.random.default_rng(1).permutation(30).reshape(5, 6)
    ends = []
    for compiled in (False, True):
        w = networks.parameters()
        optimizer = optim.Adam(w, lr=0.1)
        step = compiled_step(w, optimizer, optim.StepLR(optimizer, 2))
        if compiled:
            with engine(engine_name):
                step.scan(rows, data)
        else:
            for row in rows:
                step.function(Tensor(data[row]))
        ends.append([*networks.values(w), *optimizer.state_dict().values()])
    assert_all_agree(ends[1], ends[0], engine_name, AFTER_STEPS)


def test_a_rate_set_between_steps_needs_no_new_plan():
    w = networks.parameters()
    optimizer = optim.SGD(w, lr=0.1)
    step = compiled_step(w, optimizer)
    step(Tensor(networks.batch(0)))
    before = networks.values(w)
    optimizer.lr = 0.0
    step(Tensor(networks.batch(1)))
    networks.assert_same_bits(before, networks.values(w))
    assert [len(plans) for plans in step._traced.values()] == [1]


@on_every_engine
def test_another_option_set_between_steps_makes_a_new_plan(engine_name):
    ends = []
    for compiled in (False, True):
        w = networks.parameters()
        optimizer = optim.SGD(w, lr=0.1)
        step = compiled_step(w, optimizer)
        run = step if compiled else step.function
        with engine(engine_name):
            run(Tensor(networks.batch(0)))
            optimizer.param_groups[0]["momentum"] = 0.9
            run(Tensor(networks.batch(1)))
            optimizer.param_groups[0]["weight_decay"] = 0.5
            run(Tensor(networks.batch(2)))
        ends.append([*networks.values(w), *optimizer.state_dict().values()])
    assert_all_agree(ends[1], ends[0], engine_name, AFTER_STEPS)


def test_an_optimizer_is_made_outside():
    @compile
    def step(x):
        optim.SGD([Parameter([1.0])])
        return x

    with pytest.raises(TraceError) as error:
        step(Tensor([1.0]))
    assert str(error.value) == "compile: SGD is made inside a compiled function; make it before, outside"
