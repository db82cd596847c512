"""explain: what a compiled function becomes, and where its time goes, told without changing anything."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import Tensor, compile, engine, nn, optim
from pellucid.engines import ENGINES, native
from pellucid.engines.native import explain as explaining
from pellucid.train import Trainer

needs_kernels = pytest.mark.skipif("native" not in ENGINES, reason="the compiled module was not built")


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch):
    monkeypatch.setattr(explaining, "SECONDS", 0.001)


def trainer_of_everything() -> Trainer:
    pellucid.seed(1)
    model = nn.Sequential(nn.Linear(6, 40), nn.BatchNorm1d(40), nn.ReLU(), nn.Dropout(0.2), nn.Linear(40, 3))
    return Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()))


def state(trainer: Trainer) -> list[np.ndarray]:
    arrays = [*trainer.model.state_dict().values(), *trainer.optimizer.state_dict().values()]
    arrays += [w.grad.numpy().copy() for w in trainer.model.parameters() if w.grad is not None]
    return [*arrays, pellucid.default_generator.state.numpy().copy()]


X = np.random.default_rng(0).standard_normal((30, 6)).astype(np.float32)
T = np.arange(30) % 3


@pytest.mark.parametrize("name", list(ENGINES))
def test_nothing_is_changed_by_explaining(name: str) -> None:
    trainer = trainer_of_everything()
    trainer.model.eval()
    trainer.model[0].weight.grad = Tensor(np.ones((40, 6), np.float32))
    before = state(trainer)
    with engine(name):
        first, second = trainer.explain(X, T), trainer.explain(X, T)
        assert trainer.graph(X, T) is trainer.graph(X, T)  # one plan, made once
    for a, b in zip(state(trainer), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not trainer.model.training
    assert first.splitlines()[:40] == second.splitlines()[:40]
    assert "random_uniform" in first, "a step in training drops out"


@needs_kernels
def test_every_stage_is_told_in_order_and_fits_a_page() -> None:
    with engine("native"):
        lines = trainer_of_everything().explain(X, T).splitlines()
    heads = ("as traced: ", "simplified: ", "fused: ", "memory", "time: ")
    places = [next(i for i, line in enumerate(lines) if line.startswith(head)) for head in heads]
    assert places == sorted(places)
    table = lines[places[-1] :]
    assert max(map(len, table)) <= 110
    (columns,) = [line for line in table if "kernel" in line and "Gop/s" in line]
    assert columns.split() == ["µs", "share", "Gop/s", "limit", "GB/s", "kernel", "result", "operations"]
    products = [line.split() for line in table if " matmul " in line]
    assert len(products) == 5 and all(row[3].endswith("%") for row in products)
    assert any("%optimizer" not in line and "%exp_avg.0" in line for line in lines), "state has names"


@needs_kernels
def test_the_times_are_those_of_the_lines_and_add_up() -> None:
    w = Tensor(np.ones((300, 300), np.float32))
    with engine("native"):
        told = compile(lambda x: (x @ w).exp()).explain(w).splitlines()
    micro = [float(line.split()[0]) for line in told if line.split()[1:2] and line.split()[1].endswith("%")]
    (whole,) = [float(line.split()[1].replace(",", "")) for line in told if line.startswith("time: ")]
    assert all(x >= 0 for x in micro)
    assert max(micro) <= whole * 1.5  # clocks are read around every line


def test_the_reference_says_what_it_runs() -> None:
    with engine("reference"):
        told = compile(lambda x: x * 2 + 1).explain(Tensor([1.0])).splitlines()
    assert told[0] == "as traced: 4 operations"
    assert told[1].startswith("%x")
    assert told[-1] == "The reference engine runs this graph as it stands, one operation after the other."


@needs_kernels
def test_a_graph_that_computes_nothing_is_explained_too() -> None:
    with engine("native"):
        assert "simplified: 0 operations" in compile(lambda x: x).explain(Tensor([1.0]))


@pytest.mark.skipif(not native.available(), reason="pellucid._native was not built")
def test_the_limit_is_measured_once() -> None:
    from pellucid.engines.native.ceiling import flops, flops_of_a_thread

    assert flops_of_a_thread("float32") == flops_of_a_thread("float32") > 0
    assert flops("float64") >= flops_of_a_thread("float64")
