"""Optimisers by name."""

from __future__ import annotations

import pytest

from pellucid import optim
from pellucid.errors import OptionError
from pellucid.tensor import Parameter
from tests.optim import networks


@pytest.mark.parametrize("name", optim.names())
def test_each_name_makes_an_optimizer_that_lowers_the_loss(name):
    w = networks.parameters()
    x = networks.batch(0)
    before = networks.loss(w, x).item()
    optimizer = optim.create(name, w)
    assert optimizer.lr == optim.default_lr(name)
    assert type(optimizer).__name__.lower() == name
    networks.train(w, optim.create(name, w, lr=0.001), 1)
    assert networks.loss(w, x).item() < before


def test_options_go_through_and_upper_case_will_do():
    optimizer = optim.create("AdamW", [Parameter([1.0])], lr=0.5, weight_decay=0.25)
    assert (optimizer.lr, optimizer.param_groups[0]["weight_decay"]) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("message", "name", "options"),
    [
        ("optim: there is no optimizer 'adma', did you mean 'adam'?", "adma", {}),
        (
            f"optim: there is no optimizer 'x'; there is {', '.join(optim.names())}",
            "x",
            {},
        ),
        ("RMSprop: there is no option 'centred', did you mean 'centered'?", "rmsprop", {"centred": True}),
        ("Momentum: there is no option 'beta'; there is momentum, weight_decay", "momentum", {"beta": 1}),
    ],
)
def test_an_unknown_name_is_told_with_what_there_is(message, name, options):
    with pytest.raises(OptionError) as error:
        optim.create(name, [Parameter([1.0])], **options)
    assert str(error.value) == message
