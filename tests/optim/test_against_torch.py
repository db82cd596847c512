"""Optimisers, schedules and clipping against PyTorch's, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import optim
from pellucid.tensor import Parameter, Tensor
from tests.optim import networks
from tests.optim.cases import OPTIMIZERS, SCHEDULES, TORCH_NAMES, words

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests; install the extra 'parity'")

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def torch_parameters(dtype):
    return [torch.tensor(array, requires_grad=True) for array in networks.arrays(dtype)]


def torch_optimizer(name, w, options):
    torch_name, more = TORCH_NAMES.get(name, (name, {}))
    return getattr(torch.optim, torch_name)(w, **options, **more)


def torch_backward(theirs, w, step, dtype):
    theirs.zero_grad()
    networks.loss(w, torch.tensor(networks.batch(step, dtype))).backward()


def assert_near(mine, theirs, dtype):
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", OPTIMIZERS, ids=words)
def test_twenty_steps_are_those_of_torch(case, dtype):
    name, options = case
    w, v = networks.parameters(dtype), torch_parameters(dtype)
    mine, theirs = getattr(optim, name)(w, **options), torch_optimizer(name, v, options)
    for i in range(20):
        networks.train(w, mine, 1, start=i)
        torch_backward(theirs, v, i, dtype)
        theirs.step()
        assert_near(w, v, dtype)


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_defaults_are_those_of_torch(name):
    w, v = networks.parameters("float64"), torch_parameters("float64")
    mine, theirs = getattr(optim, name)(w), getattr(torch.optim, name)(v)
    networks.train(w, mine, 3)
    for i in range(3):
        torch_backward(theirs, v, i, "float64")
        theirs.step()
    assert_near(w, v, "float64")
    for key in set(mine.param_groups[0]) - {"params", "beta1", "beta2"}:
        assert mine.param_groups[0][key] == theirs.param_groups[0][key], key


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_groups_have_their_own_options_as_in_torch(name):
    def groups(w):
        return [{"params": w[:1], "weight_decay": 0.1}, {"params": w[1:], "lr": 0.003}]

    w, v = networks.parameters("float64"), torch_parameters("float64")
    mine = getattr(optim, name)(groups(w), lr=0.01)
    theirs = getattr(torch.optim, name)(groups(v), lr=0.01)
    networks.train(w, mine, 20)
    for i in range(20):
        torch_backward(theirs, v, i, "float64")
        theirs.step()
    assert_near(w, v, "float64")


@pytest.mark.parametrize(
    "case",
    [
        ("SGD", {"momentum": 0.9, "dampening": 0.5}),
        ("Adam", {}),
        ("Adagrad", {"lr_decay": 0.1}),
        ("RMSprop", {}),
    ],
    ids=words,
)
def test_a_parameter_whose_first_gradient_comes_late_starts_as_in_torch(case):
    name, options = case
    w, v = networks.parameters("float64"), torch_parameters("float64")
    mine, theirs = getattr(optim, name)(w, **options), getattr(torch.optim, name)(v, **options)
    for i in range(10):
        for optimizer, given, x in ((mine, w, Tensor), (theirs, v, torch.tensor)):
            optimizer.zero_grad()
            networks.loss(given, x(networks.batch(i, "float64"))).backward()
            given[1].grad = given[1].grad if i % 3 == 2 else None
            optimizer.step()
    assert_near(w, v, "float64")


# ---- schedules


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("case", SCHEDULES, ids=words)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_schedule_is_that_of_torch_over_its_whole_course(name, case):
    schedule_name, options = case
    mine = getattr(optim, name)([Parameter([1.0])], lr=0.4)
    theirs = getattr(torch.optim, name)([torch.ones(1)], lr=0.4)
    schedule = getattr(optim, schedule_name)(mine, **options)
    oracle = getattr(torch.optim.lr_scheduler, schedule_name)(theirs, **options)
    for i in range(31):
        group, other = mine.param_groups[0], theirs.param_groups[0]
        assert group["lr"] == pytest.approx(other["lr"], rel=1e-10, abs=1e-15), i
        assert schedule.lr_at(i) == mine.lr == schedule.get_last_lr()[0]
        for key in ("momentum", "betas"):
            if key in other:
                assert group[key] == pytest.approx(other[key], rel=1e-10), i
        if i < 30:
            schedule.step()
            oracle.step()


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step", "ignore:The epoch parameter")
def test_warm_up_then_cosine_is_that_of_torch():
    def sequence(package, optimizer):
        parts = [
            package.LinearLR(optimizer, start_factor=0.1, total_iters=5),
            package.CosineAnnealingLR(optimizer, T_max=10, eta_min=0.01),
            package.StepLR(optimizer, step_size=2, gamma=0.5),
        ]
        return package.SequentialLR(optimizer, parts, milestones=[5, 15])

    mine = optim.SGD([Parameter([1.0])], lr=0.4)
    theirs = torch.optim.SGD([torch.ones(1)], lr=0.4)
    schedule, oracle = sequence(optim, mine), sequence(torch.optim.lr_scheduler, theirs)
    for i in range(20):
        assert mine.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-10), i
        schedule.step()
        oracle.step()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_training_with_one_cycle_is_that_of_torch(name, dtype):
    options = {"lr": 0.01, "momentum": 0.9} if name != "Adam" else {"lr": 0.01}
    w, v = networks.parameters(dtype), torch_parameters(dtype)
    mine, theirs = getattr(optim, name)(w, **options), getattr(torch.optim, name)(v, **options)
    schedule = optim.OneCycleLR(mine, max_lr=0.02, total_steps=21)
    oracle = torch.optim.lr_scheduler.OneCycleLR(theirs, max_lr=0.02, total_steps=21)
    networks.train(w, mine, 20, schedule=schedule)
    for i in range(20):
        torch_backward(theirs, v, i, dtype)
        theirs.step()
        oracle.step()
    assert_near(w, v, dtype)


# ---- clipping


def gradients(scale, dtype):
    pairs = []
    for array in networks.arrays(dtype, seed=3):
        a, b = Parameter(array), torch.tensor(array)
        a.grad, b.grad = Tensor(array * scale), torch.tensor(np.asarray(array * scale, dtype))
        pairs.append((a, b))
    without = Parameter([1.0]), torch.ones(1)
    return zip(*pairs, without, strict=True)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clip_grad_norm_is_that_of_torch(scale, max_norm, dtype):
    mine, theirs = gradients(scale, dtype)
    norm = optim.clip_grad_norm_(mine, max_norm)
    oracle = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    assert float(norm) == pytest.approx(float(oracle), rel=TOLERANCE[dtype])
    assert norm.dtype == dtype
    assert mine[-1].grad is None
    assert_near([w.grad for w in mine[:-1]], [w.grad for w in theirs[:-1]], dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clip_grad_value_is_that_of_torch(dtype):
    mine, theirs = gradients(2.0, dtype)
    optim.clip_grad_value_(mine, 0.75)
    torch.nn.utils.clip_grad_value_(theirs, 0.75)
    assert_near([w.grad for w in mine[:-1]], [w.grad for w in theirs[:-1]], dtype)
