"""What all optimisers share: parameters, options, groups, state."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import nn, optim
from pellucid.errors import CheckpointError, DTypeError, OptionError
from pellucid.optim.groups import RULES
from pellucid.tensor import Parameter, Tensor
from tests.optim import networks
from tests.optim.cases import OPTIMIZERS, words

W = Parameter([1.0])
KINDS = {"SGD": optim.SGD, "Adagrad": optim.Adagrad, "RMSprop": optim.RMSprop, "Adam": optim.Adam}


def says(message, error, call):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


# ---- steps


@pytest.mark.parametrize("case", OPTIMIZERS, ids=words)
def test_a_step_keeps_dtype_and_leaves_the_gradient_and_the_batch_as_they_were(case):
    name, options = case
    w = networks.parameters()
    optimizer = getattr(optim, name)(w, **options)
    x = Tensor(networks.batch(0))
    networks.loss(w, x).backward()
    before = [np.array(p.grad) for p in w]
    optimizer.step()
    networks.assert_same_bits(before, [p.grad for p in w])
    assert {str(p.dtype) for p in w} == {"float32"}
    assert all(p.requires_grad and p.is_leaf for p in w)


@pytest.mark.parametrize("case", OPTIMIZERS, ids=words)
def test_a_parameter_without_a_gradient_is_left_alone(case):
    name, options = case
    w = networks.parameters()
    optimizer = getattr(optim, name)(w, **options)
    state = optimizer.state_dict()
    optimizer.step()
    networks.assert_same_bits(networks.arrays(), networks.values(w))
    networks.assert_same_bits(state.values(), optimizer.state_dict().values())


def test_zero_grad_forgets():
    w = networks.parameters()
    networks.loss(w, Tensor(networks.batch(0))).backward()
    optim.SGD(w).zero_grad()
    assert [p.grad for p in w] == [None] * 4


def test_momentum_and_nesterov_are_sgd():
    for kind, nesterov in ((optim.Momentum, False), (optim.Nesterov, True)):
        ends = []
        for make in (kind, optim.SGD):
            w = networks.parameters()
            more = {} if make is kind else {"nesterov": nesterov}
            networks.train(w, make(w, lr=0.02, momentum=0.7, weight_decay=0.1, **more), 5)
            ends.append(networks.values(w))
        networks.assert_same_bits(*ends)


def test_an_optimizer_of_ones_own_may_have_options_of_its_own():
    class Noisy(optim.Optimizer):
        def __init__(self, params, lr=0.1, noise=1.0):
            super().__init__(params, lr=lr, noise=noise)

        def update(self, w, g, state, group):
            w.assign(w - group.read("noise") * g)

    w = Parameter([1.0])
    w.grad = Tensor([0.5])
    Noisy([w], noise=2).step()
    assert w.item() == 0.0
    says("Noisy: noise is 'x'; give a finite number", OptionError, lambda: Noisy([w], noise="x"))


def test_adagrad_has_the_books_spelling_too():
    assert optim.AdaGrad is optim.Adagrad


def test_centered_rmsprop_survives_a_variance_that_rounding_makes_negative():
    w = Parameter(np.full(1000, 0.5))
    optimizer = optim.RMSprop([w], lr=1e-12, alpha=0.5, centered=True)
    slope = Tensor(np.random.default_rng(0).normal(size=1000))
    for _ in range(200):
        w.grad = slope
        optimizer.step()
    assert np.isfinite(w.numpy()).all()


# ---- options and groups


def test_options_read_and_write_as_in_pytorch():
    optimizer = optim.Adam([{"params": [W]}, {"params": Parameter([2.0]), "lr": 0.5, "betas": (0.5, 0.6)}], lr=0.1)
    first, second = optimizer.param_groups
    assert (first["lr"], second["lr"], optimizer.lr) == (0.1, 0.5, 0.1)
    assert (first["betas"], second["betas"]) == ((0.9, 0.999), (0.5, 0.6))
    assert first["params"] == [W]
    second["lr"], second["betas"], second["eps"] = 0.25, (0.1, 0.2), 1
    assert (second["lr"], second["betas"], second["eps"]) == (0.25, (0.1, 0.2), 1.0)
    assert dict(first)["weight_decay"] == 0.0
    optimizer.lr = 0.75
    assert [group["lr"] for group in optimizer.param_groups] == [0.75, 0.75]
    assert repr(optimizer) == ("Adam(lr=0.75, eps=1e-08, weight_decay=0.0, amsgrad=False, beta1=0.9, beta2=0.999)")


def test_a_rate_keeps_all_digits_of_a_python_float():
    assert optim.SGD([W], lr=0.1).lr == 0.1


BAD_VALUES = [(name, bad) for name in RULES for bad in (-1.0, float("nan"), "x", None)]
BAD_VALUES.remove(("dampening", -1.0))  # any number will do there


@pytest.mark.parametrize(("name", "bad"), BAD_VALUES)
def test_a_bad_option_is_refused_with_its_rule(name, bad):
    kinds = [kind for kind in KINDS.values() if name in optim.create(kind.__name__, [W]).param_groups[0]]
    assert kinds, "every rule belongs to an optimiser"
    for kind in kinds:
        message = f"{kind.__name__}: {name} is {bad!r}; give {RULES[name].words}"
        options = {"betas": (bad, 0.9) if name == "beta1" else (0.9, bad)} if "beta" in name else {name: bad}
        says(message, OptionError, lambda kind=kind, options=options: kind([W], **options))
        says(message, OptionError, lambda kind=kind, options=options: kind([{"params": [W], **options}]))
        optimizer = kind([W])
        says(message, OptionError, lambda optimizer=optimizer: optimizer.param_groups[0].__setitem__(name, bad))


@pytest.mark.parametrize(
    ("message", "error", "call"),
    [
        ("SGD: lr is -0.1; give a finite number, 0 or more", OptionError, lambda: optim.SGD([W], lr=-0.1)),
        ("SGD: lr is True; give a finite number, 0 or more", OptionError, lambda: optim.SGD([W], lr=True)),
        ("SGD: nesterov is 1; give True or False", OptionError, lambda: optim.SGD([W], nesterov=1)),
        (
            "Adam: beta1 is 1.0; give a number from 0 to below 1",
            OptionError,
            lambda: optim.Adam([W], betas=(1.0, 0.9)),
        ),
        (
            "Adam: betas is 0.9; give two numbers such as (0.9, 0.999)",
            OptionError,
            lambda: optim.Adam([W], betas=0.9),
        ),
        (
            "SGD: nesterov needs a momentum above 0 and no dampening, got momentum=0, dampening=0",
            OptionError,
            lambda: optim.SGD([W], nesterov=True),
        ),
        (
            "SGD: nesterov needs a momentum above 0 and no dampening, got momentum=0.9, dampening=0.5",
            OptionError,
            lambda: optim.SGD([W], momentum=0.9, dampening=0.5, nesterov=True),
        ),
        (
            "Nesterov: nesterov needs a momentum above 0 and no dampening, got momentum=0, dampening=0",
            OptionError,
            lambda: optim.Nesterov([W], momentum=0.0),
        ),
        (
            "SGD: there is no option 'momentun', did you mean 'momentum'?",
            OptionError,
            lambda: optim.SGD([{"params": [W], "momentun": 0.9}]),
        ),
        (
            "SGD: there is no option 'q'; there is momentum, dampening, weight_decay, nesterov, lr",
            OptionError,
            lambda: optim.SGD([W]).param_groups[0].__setitem__("q", 0.9),
        ),
        (
            (
                "SGD: there are no parameters to train; give some, such as model.parameters(); "
                "layers in a plain list belong in nn.ModuleList"
            ),
            OptionError,
            lambda: optim.SGD([]),
        ),
        (
            "SGD: got a Linear; give model.parameters()",
            OptionError,
            lambda: optim.SGD(nn.Linear(1, 1)),
        ),
        (
            "SGD: got a Sequential; give model.parameters()",
            OptionError,
            lambda: optim.SGD(nn.Sequential(nn.Linear(1, 1))),
        ),
        (
            "SGD: got 0.1; give a list of Tensors, such as model.parameters()",
            OptionError,
            lambda: optim.SGD(0.1),
        ),
        (
            "SGD: got one Tensor; give a list of them, such as model.parameters()",
            OptionError,
            lambda: optim.SGD(W),
        ),
        (
            "SGD: parameter 1 is a ndarray; give Tensors, such as model.parameters()",
            OptionError,
            lambda: optim.SGD([W, np.zeros(3)]),
        ),
        (
            "SGD: parameter 0 is int64, which has no gradient; give float32 or float64",
            DTypeError,
            lambda: optim.SGD([Tensor([1, 2])]),
        ),
        (
            "SGD: parameter 0 was computed from others; give those that it was computed from",
            OptionError,
            lambda: optim.SGD([W * 2]),
        ),
        (
            "SGD: parameter 2 is parameter 0 again; give each one once",
            OptionError,
            lambda: optim.SGD([W, Tensor([1.0]), W]),
        ),
        (
            "SGD: parameter 1 is parameter 0 again; give each one once",
            OptionError,
            lambda: optim.SGD([{"params": [W]}, {"params": [W]}]),
        ),
        (
            'SGD: a group has no "params"; give {"params": [...], "lr": ...}',
            OptionError,
            lambda: optim.SGD([{"lr": 0.1}]),
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(message, error, call):
    says(message, error, call)


def test_a_refused_option_leaves_the_old_one():
    optimizer = optim.SGD([W], momentum=0.9, nesterov=True)
    with pytest.raises(OptionError):
        optimizer.param_groups[0]["momentum"] = 0
    assert optimizer.param_groups[0]["momentum"] == 0.9


# ---- state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", OPTIMIZERS, ids=words)
def test_a_saved_optimizer_goes_on_with_the_same_bits(case, dtype):
    name, options = case
    kind = getattr(optim, name)
    whole = networks.parameters(dtype)
    networks.train(whole, kind(whole, **options), 10)

    half = networks.parameters(dtype)
    before = kind(half, **options)
    networks.train(half, before, 4)
    rest = [Parameter(p.numpy()) for p in half]
    after = kind(rest, **{**options, "lr": 0.9})
    after.load_state_dict(before.state_dict())
    networks.train(rest, after, 6, start=4)
    networks.assert_same_bits(networks.values(whole), networks.values(rest))


def test_state_has_readable_names():
    w = [Parameter([1.0, 2.0]), Parameter(3.0)]
    assert list(optim.SGD(w).state_dict()) == ["lr.0", "initial_lr.0"]
    assert list(optim.Momentum(w).state_dict()) == [
        "lr.0",
        "initial_lr.0",
        "momentum_buffer.0",
        "momentum_buffer.1",
    ]
    assert {name: x.shape for name, x in optim.Adam(w).state_dict().items()} == {
        "lr.0": (),
        "initial_lr.0": (),
        "step.0": (),
        "exp_avg.0": (2,),
        "exp_avg_sq.0": (2,),
        "step.1": (),
        "exp_avg.1": (),
        "exp_avg_sq.1": (),
    }


def test_saved_state_is_a_copy():
    w = networks.parameters()
    optimizer = optim.Adam(w)
    saved = optimizer.state_dict()
    kept = {name: array.copy() for name, array in saved.items()}
    networks.train(w, optimizer, 2)
    networks.assert_same_bits(saved.values(), kept.values())


def test_state_of_a_scalar_may_be_negative():
    w = Parameter(np.float64(1.0))
    optimizer = optim.Momentum([w])
    w.grad = Tensor(np.float64(-2.0))
    optimizer.step()
    optim.Momentum([w]).load_state_dict(optimizer.state_dict())


BROKEN = [
    ("lacks exp_avg.1", "Adam: the state has no exp_avg.1; it belongs to other parameters or options"),
    (
        "adds momentum_buffer.0",
        "Adam: the state has momentum_buffer.0, which has no place here; it belongs to other options",
    ),
    (
        "reshapes exp_avg_sq.0",
        "Adam: the state has exp_avg_sq.0 as float32 (3,), but float32 (4, 5) is needed",
    ),
    ("names exp_avg.0", "Adam: the state has exp_avg.0 as <U1 (4, 5), but float32 (4, 5) is needed"),
    ("negates lr.0", "Adam: the state has lr.0 = -1.0, but a finite number, 0 or more, is needed"),
    ("loses step.2", "Adam: the state has step.2 = nan, but a finite number, 0 or more, is needed"),
]


@pytest.mark.parametrize(("what", "message"), BROKEN)
def test_state_that_does_not_fit_changes_nothing(what, message):
    w = networks.parameters()
    optimizer = optim.Adam(w)
    state = optimizer.state_dict()
    state = {name: array + 1 for name, array in state.items()}
    how, name = what.split()
    broken = {
        "lacks": None,
        "adds": np.zeros(3),
        "reshapes": np.zeros(3, np.float32),
        "names": np.full((4, 5), "a"),
        "negates": np.float64(-1),
        "loses": np.float64("nan"),
    }[how]
    state[name] = broken
    if broken is None:
        del state[name]
    before = optimizer.state_dict()
    says(message, CheckpointError, lambda: optimizer.load_state_dict(state))
    networks.assert_same_bits(before.values(), optimizer.state_dict().values())


# ---- parameters that change their dtype


def converted(kind):
    """An optimizer that takes a step after its parameters have become float64."""
    model = nn.Linear(2, 1)
    optimizer = kind(model.parameters())
    model.double()(Tensor([[1.0, 2.0]], "float64")).sum().backward()
    optimizer.step()
    return model


def test_moments_of_another_dtype_are_refused():
    says(
        "Adam: parameter 0 is float64, but was float32 when its state was made; "
        "convert the model first and make the optimizer then",
        DTypeError,
        lambda: converted(optim.Adam),
    )


def test_an_optimizer_that_remembers_nothing_takes_any_dtype():
    assert converted(optim.SGD).weight.dtype == np.float64
