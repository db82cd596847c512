"""Schedules: their course, their state, and how they go together with an optimiser."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import optim
from pellucid.compile import compile
from pellucid.errors import CheckpointError, OptionError
from pellucid.tensor import Parameter
from tests.optim import networks
from tests.optim.cases import SCHEDULES, words


def sgd(lr=0.4, **options):
    return optim.SGD([Parameter([1.0])], lr=lr, **options)


@pytest.mark.parametrize("case", SCHEDULES, ids=words)
def test_lr_at_is_what_step_sets(case):
    name, options = case
    optimizer = sgd()
    schedule = getattr(optim, name)(optimizer, **options)
    course = schedule.lr_at(np.arange(50))
    for i in range(50):
        assert optimizer.lr == schedule.lr_at(i) == pytest.approx(course[i], rel=1e-14)
        schedule.step()
    assert optimizer.lr == schedule.lr_at(50), "looking ahead changes nothing"


@pytest.mark.parametrize("case", SCHEDULES, ids=words)
@pytest.mark.parametrize("order", ["optimizer first", "schedule first"])
def test_a_saved_schedule_goes_on_with_the_same_bits(case, order):
    name, options = case

    def make(w, lr):
        optimizer = optim.Momentum(w, lr=lr)
        return optimizer, getattr(optim, name)(optimizer, **options)

    whole = networks.parameters()
    optimizer, schedule = make(whole, 0.01)
    networks.train(whole, optimizer, 10, schedule=schedule)

    half = networks.parameters()
    optimizer, schedule = make(half, 0.01)
    networks.train(half, optimizer, 4, schedule=schedule)
    saved = optimizer.state_dict(), schedule.state_dict()

    rest = [Parameter(p.numpy()) for p in half]
    optimizer, schedule = make(rest, 0.5)
    pairs = list(zip((optimizer, schedule), saved, strict=True))
    for part, state in pairs if order == "optimizer first" else pairs[::-1]:
        part.load_state_dict(state)
    networks.train(rest, optimizer, 6, start=4, schedule=schedule)
    networks.assert_same_bits(networks.values(whole), networks.values(rest))


def test_a_schedule_made_after_its_optimizer_was_loaded_finds_the_first_rate():
    optimizer = sgd(lr=0.8)
    schedule = optim.StepLR(optimizer, 1, gamma=0.5)
    schedule.step()
    saved = optimizer.state_dict(), schedule.state_dict()
    optimizer = sgd(lr=0.8)
    optimizer.load_state_dict(saved[0])
    schedule = optim.StepLR(optimizer, 1, gamma=0.5)
    schedule.load_state_dict(saved[1])
    assert optimizer.lr == 0.4
    schedule.step()
    assert optimizer.lr == 0.2


def test_a_schedule_starts_from_the_rate_that_was_set_by_hand():
    optimizer = sgd(lr=0.8)
    optimizer.lr = 0.4
    assert optim.StepLR(optimizer, 1).lr_at(0) == optimizer.lr == 0.4


def test_each_group_keeps_its_own_rate():
    groups = [{"params": [Parameter([1.0])], "lr": 0.1}, {"params": [Parameter([2.0])], "lr": 0.2}]
    schedule = optim.StepLR(optim.SGD(groups), 1, gamma=0.5)
    schedule.step()
    assert schedule.get_last_lr() == [0.05, 0.1]
    assert (schedule.lr_at(1), schedule.lr_at(1, group=1)) == (0.05, 0.1)
    cycle = optim.OneCycleLR(optim.SGD(groups), [1.0, 2.0], total_steps=10, pct_start=0.3, div_factor=4)
    assert (cycle.lr_at(2), cycle.lr_at(2, group=1)) == (1.0, 2.0)


def test_one_cycle_gives_an_optimizer_the_momentum_that_it_cycles():
    optimizer = sgd()
    optim.OneCycleLR(optimizer, 1.0, total_steps=10)
    assert optimizer.param_groups[0]["momentum"] == 0.95
    assert list(optimizer.state_dict()) == ["lr.0", "momentum.0", "initial_lr.0", "momentum_buffer.0"]


def test_one_cycle_stays_at_its_end():
    schedule = optim.OneCycleLR(sgd(), 1.0, total_steps=10)
    assert schedule.lr_at(9) == schedule.lr_at(1000) == pytest.approx(1 / 25 / 1e4)


def test_one_cycle_of_a_few_steps_has_a_rate_at_every_step():
    for total in (1, 2, 3):
        rates = optim.OneCycleLR(sgd(), 1.0, total_steps=total, pct_start=1 / total).lr_at(range(5))
        assert np.isfinite(rates).all()


def test_state_of_another_schedule_is_refused():
    state = optim.OneCycleLR(sgd(), 1.0, total_steps=10).state_dict()
    assert list(state) == ["step", "initial_lr.0", "lr.0", "momentum.0"]
    with pytest.raises(CheckpointError) as error:
        optim.StepLR(sgd(), 3).load_state_dict(state)
    assert str(error.value) == (
        "StepLR: the state has momentum.0, which has no place here; it belongs to other options"
    )


def one_cycle(**options):
    return optim.OneCycleLR(sgd(), **{"max_lr": 1.0, "total_steps": 10, **options})


def sequence(kinds, milestones, *, other=False):
    optimizer = sgd()
    return optim.SequentialLR(sgd() if other else optimizer, [kind(optimizer) for kind in kinds], milestones)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("StepLR: step_size is 0; give a whole number, 1 or more", lambda: optim.StepLR(sgd(), 0)),
        ("StepLR: step_size is 1.5; give a whole number, 1 or more", lambda: optim.StepLR(sgd(), 1.5)),
        ("StepLR: gamma is -1; give a finite number, 0 or more", lambda: optim.StepLR(sgd(), 1, -1)),
        (
            "CosineAnnealingLR: T_max is 0; give a whole number, 1 or more",
            lambda: optim.CosineAnnealingLR(sgd(), 0),
        ),
        (
            "CosineAnnealingLR: eta_min is -1; give a finite number, 0 or more",
            lambda: optim.CosineAnnealingLR(sgd(), 5, -1),
        ),
        ("LinearLR: start_factor is -1; give a finite number, 0 or more", lambda: optim.LinearLR(sgd(), -1)),
        (
            "LinearLR: end_factor is inf; give a finite number, 0 or more",
            lambda: optim.LinearLR(sgd(), 1, np.inf),
        ),
        (
            "LinearLR: total_iters is -3; give a whole number, 1 or more",
            lambda: optim.LinearLR(sgd(), 1, 1, -3),
        ),
        (
            "OneCycleLR: it has no length; give total_steps, or epochs and steps_per_epoch",
            lambda: one_cycle(total_steps=None, epochs=3),
        ),
        ("OneCycleLR: total_steps is 0; give a whole number, 1 or more", lambda: one_cycle(total_steps=0)),
        ("OneCycleLR: max_lr is -1; give a finite number, 0 or more", lambda: one_cycle(max_lr=-1)),
        ("OneCycleLR: max_lr has 2 rates for 1 groups; give one for each", lambda: one_cycle(max_lr=[1, 2])),
        ("OneCycleLR: pct_start is 2; give a number from 0 to 1", lambda: one_cycle(pct_start=2)),
        ("OneCycleLR: div_factor is 0; give a finite number above 0", lambda: one_cycle(div_factor=0)),
        (
            "OneCycleLR: final_div_factor is 0; give a finite number above 0",
            lambda: one_cycle(final_div_factor=0),
        ),
        (
            "OneCycleLR: base_momentum is 1; give a number from 0 to below 1",
            lambda: one_cycle(base_momentum=1),
        ),
        ("OneCycleLR: max_momentum is 1; give a number from 0 to below 1", lambda: one_cycle(max_momentum=1)),
        (
            "OneCycleLR: anneal_strategy is 'sine'; give 'cos' or 'linear'",
            lambda: one_cycle(anneal_strategy="sine"),
        ),
        (
            "OneCycleLR: Adagrad has no momentum to cycle; give cycle_momentum=False",
            lambda: optim.OneCycleLR(optim.Adagrad([Parameter([1.0])]), 1.0, total_steps=10),
        ),
        (
            "SequentialLR: got 1 schedules and 1 milestones; give one milestone between every two schedules",
            lambda: sequence([optim.LinearLR], [3]),
        ),
        (
            "SequentialLR: milestones is [3, 3]; give growing step counts above 0",
            lambda: sequence([optim.LinearLR] * 3, [3, 3]),
        ),
        (
            "SequentialLR: LinearLR was made for another optimizer; give all the same one",
            lambda: sequence([optim.LinearLR] * 2, [3], other=True),
        ),
        (
            "SequentialLR: OneCycleLR changes more than lr; give it cycle_momentum=False",
            lambda: sequence([optim.LinearLR, lambda x: optim.OneCycleLR(x, 1.0, total_steps=10)], [3]),
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(message, call):
    with pytest.raises(OptionError) as error:
        call()
    assert str(error.value) == message


def test_of_two_schedules_only_the_latest_can_step():
    optimizer = sgd()
    first, second = optim.StepLR(optimizer, 1), optim.CosineAnnealingLR(optimizer, 10)
    second.step()
    message = (
        "StepLR: CosineAnnealingLR was made for the same optimizer later, and only one can set its rate; "
        "make one of the two with SequentialLR"
    )
    with pytest.raises(OptionError) as error:
        first.step()
    assert str(error.value) == message


def test_a_compiled_step_notices_a_second_schedule():
    optimizer = sgd()
    step = compile(optim.StepLR(optimizer, 1).step)
    step()
    optim.StepLR(optimizer, 2)
    with pytest.raises(OptionError, match=r"^StepLR: StepLR was made for the same optimizer later"):
        step()
