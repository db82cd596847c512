"""The native engine: plans that give what the reference gives, on any number of threads, in one call or in many."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import pellucid
from pellucid import nn, optim
from pellucid.data import ArrayDataset
from pellucid.engines import ENGINES, engine
from pellucid.engines.native.limits import limits
from pellucid.train import Trainer

native = pytest.importorskip("pellucid._native", reason="the compiled module was not built")
pytestmark = pytest.mark.skipif("native" not in ENGINES, reason="the native engine is not there")

NETWORKS = {
    "two-layer": lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 5)),
    "convolutional": lambda: nn.Sequential(
        *(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.Sigmoid()),
        *(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 5)),
    ),
    "normalised": lambda: nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.LeakyReLU(), nn.LocalResponseNorm(3), nn.Flatten()),
        *(nn.Linear(144, 16), nn.LayerNorm(16), nn.GELU(), nn.Dropout(0.3), nn.Linear(16, 5)),
    ),
}
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.01),
}


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return ArrayDataset(rng.integers(0, 256, (90, 1, 8, 8), dtype=np.uint8), rng.integers(0, 5, 90))


# The limits that the engine has, and such that even these networks run in chains of single rows.
LIMITS = {
    "whole": {},
    "rows": {"sharing": 0, "chain": 0, "two_blocks": 1e-3, "block_bytes": 64, "recompute_bytes": 0, "split_sum": 0},
}


def trained(images, network, optimizer, engine_name, dtype="float32", **changed):
    pellucid.seed(3)
    model = NETWORKS[network]().to(dtype)
    trainer = Trainer(model, nn.CrossEntropyLoss(), OPTIMIZERS[optimizer](model.parameters()))
    with engine(engine_name), limits(**changed):
        trainer.fit(images, epochs=2, batch_size=20, seed=1, progress=False)
        return {**model.state_dict(), "outputs": trainer.predict(images.x)}


@pytest.mark.parametrize("size", LIMITS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_training_in_float64_agrees_with_the_reference(images, network, optimizer, size):
    expected = trained(images, network, optimizer, "reference", "float64")
    found = trained(images, network, optimizer, "native", "float64", **LIMITS[size])
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("size", LIMITS)
@pytest.mark.parametrize("network", NETWORKS)
def test_any_number_of_threads_gives_the_same_bits(images, network, size):
    before, results = native.threads(), []
    try:
        for threads in (1, 2, 3, 8, 2):
            native.set_threads(threads)
            results.append(trained(images, network, "adam", "native", **LIMITS[size]))
    finally:
        native.set_threads(before)
    for result in results[1:]:
        for name, array in results[0].items():
            assert array.tobytes() == result[name].tobytes(), name


def test_a_scan_gives_the_bits_of_single_calls(images):
    def make():
        pellucid.seed(3)
        model = NETWORKS["normalised"]()
        return Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()))

    rows = np.random.default_rng(1).integers(0, 90, (7, 10))
    with engine("native"):
        once, singly = make(), make()
        pellucid.seed(4)
        losses, sums = once.run_steps(rows, images.x, images.t)
        pellucid.seed(4)
        for i, row in enumerate(rows):
            loss, counts = singly._compiled_step(images.x[row], images.t[row])
            assert (loss.item(), counts["accuracy"].item()) == (losses[i], sums["accuracy"][i])
    for name, array in once.model.state_dict().items():
        assert array.tobytes() == singly.model.state_dict()[name].tobytes(), name


def test_a_plan_can_be_called_from_several_threads_at_once():
    f = pellucid.compile(lambda x, w: (x @ w).relu().sum(1))
    rng = np.random.default_rng(0)
    w = rng.standard_normal((300, 200)).astype(np.float32)
    inputs = [rng.standard_normal((150, 300)).astype(np.float32) for _ in range(4)]
    with engine("native"):
        expected = [f(x, w).numpy().copy() for x in inputs]
    wrong = []

    def work(i):
        with engine("native"):
            found = [f(inputs[i], w).numpy().tobytes() for _ in range(50)]
        wrong.extend(x for x in found if x != expected[i].tobytes())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_it_runs_where_nothing_else_is_said():
    code = "from pellucid.engines import current_engine; print(current_engine().name)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "native\n"


def test_importing_pellucid_loads_neither_kernels_nor_passes():
    code = "import sys, pellucid; print(sorted(x for x in sys.modules if x.startswith('pellucid.engines.native.')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_where_the_module_is_broken_the_reference_runs_and_that_is_told(monkeypatch):
    monkeypatch.setattr("pellucid.engines.native.load", lambda: (None, "pellucid._native is broken"))
    double = pellucid.compile(lambda x: x * 2)
    with engine("native"), pytest.warns(UserWarning, match=r"^engine: pellucid\._native is broken$"):
        assert double(pellucid.Tensor([3.0])).tolist() == [6.0]


def test_outputs_are_the_callers_own():
    f = pellucid.compile(lambda x: (x, x.T, x[1:], x * 1))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    with engine("native"):
        outputs = [y.numpy().copy() for y in f(x)]
        kept = f(x)
        x[:] = 7
        for y, before in zip(kept, outputs, strict=True):
            np.testing.assert_array_equal(y.numpy(), before)


def endless(steps):
    """A function of a scan that takes minutes, and its arguments."""
    x = np.ones((1000, 300), np.float32)
    return pellucid.compile(lambda x: (x @ x.T).exp().sum()), np.zeros((steps, 1000), np.int64), x


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that raises a signal")
def test_ctrl_c_ends_a_scan_and_leaves_everything_usable():
    step, rows, x = endless(100_000)
    with engine("native"):
        expected = step.scan(rows[:2], x).numpy()
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                step.scan(rows, x)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert step.scan(rows[:2], x).numpy().tobytes() == expected.tobytes()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs to see how much memory a process has")
def test_memory_does_not_grow_with_the_steps():
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    x = np.ones((100, 20), np.float32)
    step = pellucid.compile(lambda x: (x @ x.T).sum())
    with engine("native"):
        step.scan(np.zeros((1000, 10), np.int64), x)
        before = resident()
        for _ in range(20):
            step.scan(np.zeros((1000, 10), np.int64), x)
            for _ in range(100):
                step(x)
    assert resident() - before < 2 << 20
