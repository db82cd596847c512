"""Watch sees every object that is another one, in C++ as in Python; and every way in which state can change is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid
from pellucid import Buffer, Parameter, Tensor, compile, engine, nn, no_grad, optim, uniform
from pellucid.engines import ENGINES, native
from pellucid.train import Trainer
from pellucid.watch import Watch, _same
from tests.agreement import assert_agrees, on_every_engine

# ---- Watch


class Thing:
    def __init__(self) -> None:
        self.a, self.b = 1.5, None


def remove(d: dict, key: str) -> None:
    del d[key]


CHANGES: dict[str, Callable[[dict, dict, Thing], Any]] = {
    "another value": lambda d, e, thing: d.update(x=[1]),
    "an equal value": lambda d, e, thing: d.update(x=[]),
    "another key": lambda d, e, thing: d.update(z=d.pop("y")),
    "one more": lambda d, e, thing: d.update(z=0),
    "one less": lambda d, e, thing: remove(d, "y"),
    "one more in the last": lambda d, e, thing: e.update(z=0),
    "one that moved over": lambda d, e, thing: e.update(y=d.pop("y")),
    "an attribute": lambda d, e, thing: setattr(thing, "b", 0),
    "an attribute that is equal": lambda d, e, thing: setattr(thing, "a", float("1.5")),
}


@pytest.mark.parametrize("kind", ["native", "python"])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_another_object_is_seen(change: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "python":
        monkeypatch.setattr("pellucid.watch.load", lambda: (None, "not here"))
    elif not native.available():
        pytest.skip("pellucid._native was not built")
    d, e, thing = {"x": [], "y": None}, {}, Thing()
    watch = Watch([d, e], [(thing, "a"), (thing, "b")])
    assert (watch._same is _same) == (kind == "python")
    assert watch.values == [1.5, None]
    d["x"].append(1)  # inside of an object: not seen
    assert watch.same() and watch.same()
    CHANGES[change](d, e, thing)
    assert not watch.same()


def test_an_attribute_that_is_gone_says_so() -> None:
    thing = Thing()
    watch = Watch(places=[(thing, "a")])
    del thing.a
    with pytest.raises(AttributeError, match="a"):
        watch.same()


def test_nothing_watched_stays_the_same() -> None:
    assert Watch().same()


# ---- state that changes between calls of a compiled function


class World:
    """A network, its optimiser and everything else that a compiled function may rely on."""

    def __init__(self) -> None:
        pellucid.seed(1)
        self.model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
        self.model[0].sizes = [1]
        self.optimizer = optim.SGD(self.model.parameters(), lr=0.1, momentum=0.5)
        self.scale = Buffer([2.0])

    def predict(self, x: Tensor) -> Tensor:
        with no_grad():
            return self.model(x) * self.scale + uniform((1,))

    def learn(self, x: Tensor) -> Tensor:
        loss = (self.model(x) * self.scale).sum()
        loss.backward()
        self.optimizer.step()
        return loss

    def state(self) -> list[np.ndarray]:
        return [*self.model.state_dict().values(), *self.optimizer.state_dict().values(), self.scale.numpy()]


def set_gradients(world: World, value: float | None) -> None:
    for w in world.model.parameters():
        w.grad = None if value is None else Tensor(np.full(w.shape, value, w.dtype))


def change_a_gradient_in_place(world: World) -> None:
    if world.model[0].weight.grad is None:
        set_gradients(world, 1.0)
    world.model[0].weight.grad.assign(Tensor(np.full((4, 3), 3.0, np.float32)))


def eager_step(world: World) -> None:
    set_gradients(world, 0.5)
    world.optimizer.step()


def load(world: World) -> None:
    world.model.load_state_dict({key: x * 0.5 for key, x in world.model.state_dict().items()})


def double_a_weight(world: World) -> None:
    with no_grad():
        world.model[3].weight.assign(world.model[3].weight * 2)


def rename(world: World) -> None:
    world.model[0].other = vars(world.model[0]).pop("sizes")


BETWEEN: dict[str, Callable[[World], Any]] = {
    "nothing": lambda world: None,
    "a weight assigned": double_a_weight,
    "a buffer assigned": lambda world: world.scale.assign([3.0]),
    "state loaded": load,
    "an eager step of the optimiser": eager_step,
    "gradients set": lambda world: set_gradients(world, 2.0),
    "gradients taken away": lambda world: set_gradients(world, None),
    "a gradient changed in place": change_a_gradient_in_place,
    "a layer frozen": lambda world: world.model[0].requires_grad_(False),
    "evaluation mode": lambda world: world.model.eval(),
    "evaluation mode of one": lambda world: world.model[2].eval(),
    "training mode": lambda world: world.model.train(),
    "another layer": lambda world: world.model.__setitem__(3, nn.Linear(4, 2)),
    "another weight": lambda world: setattr(world.model[3], "weight", Parameter(np.ones((2, 4), np.float32))),
    "no bias": lambda world: setattr(world.model[3], "bias", None),
    "another probability": lambda world: setattr(world.model[2], "p", 0.25),
    "an attribute behind its back": lambda world: vars(world.model[2]).update(p=0.0),
    "an attribute under another name": rename,
    "a list that grows": lambda world: world.model[0].sizes.append(2),
    "a hook": lambda world: world.model[0].register_forward_hook(lambda module, inputs, output: output * 2),
    "an option": lambda world: world.optimizer.param_groups[0].__setitem__("momentum", 0.25),
    "a rate": lambda world: setattr(world.optimizer, "lr", 0.01),
    "random numbers from another seed": lambda world: pellucid.seed(9),
    "another random number drawn": lambda world: uniform((1,)),
}
BATCH = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)


@pytest.mark.parametrize("what", ["predict", "learn"])
@pytest.mark.parametrize("change", BETWEEN)
@on_every_engine
def test_every_change_between_two_calls_is_seen(change: str, what: str, engine_name: str) -> None:
    ends = []
    for compiled in (False, True):
        world = World()
        function = getattr(world, what)
        run = compile(function) if compiled else function
        outputs = []
        with engine(engine_name):
            for between in (lambda world: None, lambda world: None, BETWEEN[change], lambda world: None):
                between(world)
                outputs.append(run(Tensor(BATCH)).numpy())
        ends.append([*outputs, *world.state(), pellucid.default_generator.state.numpy()])
    for a, b in zip(ends[1], ends[0], strict=True):
        assert_agrees(a, b, engine_name, 30.0)


def test_a_model_in_another_dtype_is_another_plan() -> None:
    model = nn.Linear(2, 1)
    run = compile(lambda x: model(x.to(model.weight.dtype)))
    x = Tensor([[1.0, 2.0]])
    assert run(x).dtype == run(x).dtype == np.float32
    model.double()
    assert run(x).dtype == run(x).dtype == np.float64


def test_a_gradient_of_another_dtype_is_another_plan() -> None:
    w = Parameter([1.0, 2.0])
    step = compile(lambda x: (w * x).sum().backward())
    w.grad = Tensor([1.0, 1.0])
    step(Tensor([1.0, 2.0]))
    w._grad = Tensor(np.ones(2))
    step(Tensor([1.0, 2.0]))
    assert w.grad.tolist() == [2.0, 3.0]


def test_a_call_that_changes_nothing_is_not_traced_again() -> None:
    world, traces = World(), []

    def learn(x: Tensor) -> Tensor:
        traces.append(1)
        world.optimizer.zero_grad()
        return world.learn(x)

    step = compile(learn)
    world.optimizer.zero_grad()
    for _ in range(5):
        step(Tensor(BATCH))
        world.optimizer.zero_grad()
    assert len(traces) == 1


def test_evaluating_in_one_way_does_not_serve_the_other() -> None:
    """Plans that were made while every Module was told to evaluate are not for those that look at their own mode."""
    model = nn.Dropout(1.0)
    run = compile(model)
    with nn.module.evaluating():
        assert run(Tensor([1.0])).tolist() == [1.0]
    assert run(Tensor([1.0])).tolist() == [0.0]
    with nn.module.evaluating():
        assert run(Tensor([1.0])).tolist() == [1.0]
    assert model.training


# ---- several threads at once


def in_threads(work: Callable[[int], None], count: int = 4) -> None:
    errors: list[BaseException] = []

    def guarded(i: int) -> None:
        try:
            work(i)
        except BaseException as error:  # noqa: BLE001 - to be told by the test
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("name", list(ENGINES))
def test_threads_that_call_one_function_first_at_the_same_time_share_its_plan(name: str) -> None:
    model, traces = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3)), []

    def forward(x: Tensor) -> Tensor:
        traces.append(1)
        return model(x)

    run = compile(forward)
    inputs = [np.random.default_rng(i).standard_normal((5, 20)).astype(np.float32) for i in range(4)]
    expected = [model(Tensor(x)).numpy() for x in inputs]
    barrier = threading.Barrier(4)

    def work(i: int) -> None:
        barrier.wait()
        with engine(name):
            for _ in range(40):
                assert_agrees(run(inputs[i]).numpy(), expected[i], name)

    in_threads(work)
    assert len(traces) == 1


def test_threads_predict_while_another_changes_the_weights() -> None:
    """Evaluation is each call's own: no layer changes its mode, or dropout would show in the answers."""
    model = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Dropout(0.9), nn.Linear(8, 1, bias=False))
    trainer = Trainer(model, nn.MSELoss(), optim.SGD(model.parameters()))
    states = [{key: np.full_like(x, value) for key, x in model.state_dict().items()} for value in (0.0, 1.0)]
    x = np.ones((1, 8), np.float32)
    model.load_state_dict(states[0])
    done = threading.Event()
    answers: set[float] = set()

    def work(i: int) -> None:
        if i == 0:
            for n in range(200):
                model.load_state_dict(states[n % 2])
            done.set()
        while not done.is_set():
            answers.add(float(trainer.predict(x)[0, 0]))

    in_threads(work)
    assert answers <= {0.0, 64.0}
    assert model.training
