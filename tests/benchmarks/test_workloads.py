"""What is trained, how many operations that is, and that Pellucid trains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import pellucid
from benchmarks import workloads
from benchmarks.flops import forward, multiply_adds, training_step
from benchmarks.libraries import with_pellucid
from benchmarks.problem import Job, digits, initial_weights, synthetic
from benchmarks.workloads import TABLE, Conv, Linear, Mean, Residual, Workload, find
from pellucid.engines import ENGINES, current_engine


@pytest.fixture
def _engine_as_before() -> Iterator[None]:
    before = current_engine().name
    yield
    pellucid.set_engine(before)


@pytest.mark.usefixtures("_engine_as_before")
@pytest.mark.parametrize("name", TABLE)
def test_pellucid_trains_each_workload(name):
    workload = small(find(name), batch=10, steps=4)
    engine = "native" if "native" in ENGINES else "reference"
    runner = with_pellucid.Runner(workload, synthetic(workload, "float32"), "float32", 1, engine)
    seconds, losses = runner.epochs(4, lambda epoch: np.arange(40))
    assert len(seconds) == len(losses) == 4 and min(seconds) > 0
    assert losses[-1] < losses[0]


def small(workload: Workload, batch: int, steps: int) -> Workload:
    """With fewer examples in a batch, each of which then counts no more than before."""
    rate = replace(workload.optimizer, lr=workload.optimizer.lr * batch / workload.batch)
    return replace(workload, batch=batch, examples=batch * steps, optimizer=rate)


def test_operations_of_a_step_counted_by_hand():
    # Forward and the weights' gradient of both products, the inputs' gradient of the second alone.
    assert training_step(find("W1")) == 2 * 100 * (2 * (784 * 50 + 50 * 10) + 50 * 10)
    assert training_step(find("W2")) == 2 * 10 * (2 * (784 * 30 + 30 * 10) + 30 * 10)
    convolution, hidden, last = 24 * 24 * 30 * 25, 4320 * 100, 100 * 10
    assert training_step(find("W3")) == 2 * 100 * (2 * convolution + 3 * (hidden + last))
    assert training_step(find("W6")) == 2 * 128 * (2 * 784_000 + 3 * (1_000_000 + 10_000))
    assert forward(find("W1")) == 2 * (784 * 50 + 50 * 10)


def test_operations_of_the_deep_network_follow_its_maps():
    assert multiply_adds(find("W4").layers, (1, 28, 28)) == [
        28 * 28 * 16 * 9,
        28 * 28 * 16 * 16 * 9,
        14 * 14 * 32 * 16 * 9,
        16 * 16 * 32 * 32 * 9,  # padding 2
        8 * 8 * 64 * 32 * 9,
        8 * 8 * 64 * 64 * 9,
        1024 * 50,
        50 * 10,
    ]


def test_operations_of_resnet20():
    same = [32 * 32 * 16 * 16 * 9] * 6 + [16 * 16 * 32 * 32 * 9] * 5 + [8 * 8 * 64 * 64 * 9] * 5
    across = [16 * 16 * 32 * 16 * (9 + 1), 8 * 8 * 64 * 32 * (9 + 1)]
    assert sum(multiply_adds(find("W5").layers, (3, 32, 32))) == 32 * 32 * 16 * 27 + sum(same) + sum(across) + 640
    assert multiply_adds(find("W5").layers, (3, 32, 32))[0] == 32 * 32 * 16 * 27


def test_operations_inside_a_residual():
    layers = (Residual((Conv(4, 8, 3, padding=1, stride=2),), (Conv(4, 8, 1, stride=2),)), Mean(), Linear(8, 10))
    assert sorted(multiply_adds(layers, (4, 6, 6))) == [80, 9 * 8 * 4, 9 * 8 * 4 * 9]


def test_a_network_can_be_named_by_its_sizes():
    workload = find("784-30-20-10@64")
    assert workload.batch == 64 and workload.examples % 64 == 0
    assert [layer for layer in workload.layers if isinstance(layer, Linear)] == [
        Linear(784, 30),
        Linear(30, 20),
        Linear(20, 10),
    ]


@pytest.mark.parametrize("name", ["W7", "784-10", "100-10@5"])
def test_other_names_are_refused(name):
    there = "there is W1, W2, W3, W4, W5, W6, or sizes such as 784-50-10@64"
    with pytest.raises(ValueError, match=f"^workloads: there is no {name!r}; {there}$"):
        find(name)


def test_a_job_may_have_fewer_steps_and_another_batch():
    assert Job("torch", "W3", 1).task() == find("W3")
    task = Job("torch", "W3", 1, steps=3, batch=7).task()
    assert (task.steps, task.batch, task.examples) == (3, 7, 21)


@pytest.mark.parametrize("name", TABLE)
def test_epochs_are_whole_batches(name):
    assert find(name).examples % find(name).batch == 0


@pytest.mark.parametrize("name", TABLE)
def test_the_weights_fit_the_network(name):
    model = with_pellucid.network(find(name).layers)
    parameters = {key: parameter.shape for key, parameter in model.named_parameters()}
    assert {key: array.shape for key, array in initial_weights(find(name), "float32").items()} == parameters


def test_resnet20_is_as_large_as_in_the_paper():
    weights = initial_weights(find("W5"), "float32")
    shortcuts = (32 * 16 + 2 * 32) + (64 * 32 + 2 * 64)  # which the paper's option A lacks
    assert sum(array.size for array in weights.values()) - shortcuts == 269_722


def test_examples_are_the_same_each_time():
    workload = replace(find("W1"), examples=50)
    first, second = synthetic(workload, "float32"), synthetic(workload, "float32")
    assert first.x.dtype == np.uint8 and first.x.shape == (50, 1, 28, 28) and first.t is first.labels
    np.testing.assert_array_equal(first.x, second.x)


def test_squared_error_has_one_hot_targets():
    problem = synthetic(replace(find("W2"), examples=20), "float64")
    assert problem.t.dtype == np.float64 and problem.t.shape == (20, 10)
    np.testing.assert_array_equal(problem.t.argmax(axis=1), problem.labels)


def test_digits_fill_the_images():
    problem = digits(replace(find("W5"), examples=128), "float32")
    assert problem.x.shape == (128, 3, 32, 32) and set(np.unique(problem.x)) == {0, 255}


def test_layers_have_the_keys_of_pytorch():
    keys = [key for key, _ in workloads.named(find("W5").layers)]
    assert keys[:8] == ["0", "1", "2", "3.body.0", "3.body.1", "3.body.2", "3.body.3", "3.body.4"]
    assert "6.shortcut.0" in keys
