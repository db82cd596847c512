"""The native runtime where things go wrong: forks, kills, too little memory, too many threads."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import pellucid
from pellucid.engines import ENGINES, engine
from pellucid.engines.native.engine import NativePlan

native = pytest.importorskip("pellucid._native", reason="the compiled module was not built")
pytestmark = pytest.mark.skipif("native" not in ENGINES, reason="the native engine is not there")

X = np.random.default_rng(0).standard_normal((400, 300)).astype(np.float32)
ROWS = np.random.default_rng(1).integers(0, 400, (20, 300))


def products():
    """A function of a scan that shares its work among the threads."""
    return pellucid.compile(lambda x: (x @ x.T).tanh().sum())


def bits(step, rows=ROWS) -> bytes:
    with engine("native"):
        return step.scan(rows, X).numpy().tobytes()


@pytest.fixture
def threads():
    before = native.threads()
    yield native.set_threads
    native.set_threads(before)


limits_memory = pytest.mark.skipif(
    not sys.platform.startswith("linux") or "PELLUCID_POISONED" in os.environ,  # a sanitizer needs more address space
    reason="needs a limit on a process's memory",
)


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_computes_the_same_bits(threads):
    threads(3)
    step = products()
    expected = bits(step)  # the pool is there now, and the plan
    for _ in range(3):
        read, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on Python warns of any thread
            child = os.fork()
        if child == 0:
            try:
                os.write(write, bits(step))
                os.write(write, bits(products()))
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            assert pipe.read() == expected * 2
        assert os.waitpid(child, 0)[1] == 0
        assert bits(step) == expected  # and the parent goes on


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_other_threads_run_the_plan_runs_it():
    """One that is forked at the wrong moment would wait for ever for a lock: such a moment comes once in 100 forks."""
    x, over = np.ones((4, 4), np.float32), threading.Event()
    plan = NativePlan(pellucid.compile(lambda x: x * 2.0 + 1.0).graph(x)).bound([x])

    def run_on():
        while not over.is_set():
            plan(())

    others = [threading.Thread(target=run_on) for _ in range(2)]
    for thread in others:
        thread.start()
    try:
        assert [forked(lambda: plan(())) for _ in range(500)] == [0] * 500
    finally:
        over.set()
        for thread in others:
            thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_another_thread_makes_a_plan_makes_its_own():
    begun = threading.Event()

    @pellucid.compile
    def slow(x):
        begun.set()
        time.sleep(0.2)
        return x * 2.0

    other = threading.Thread(target=slow, args=(X,))
    other.start()
    begun.wait()
    try:
        assert forked(lambda: pellucid.compile(lambda x: x * 3.0)(X)) == 0
    finally:
        other.join()


def forked(task) -> int:
    """Does the task in a forked child; how the child ended: 0, or by the alarm where it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        status = 1
        try:
            task()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_pool_of_forked_processes_computes_the_same_bits(threads):
    threads(2)
    expected = bits(products())
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_products_of, range(4)).get(60) == [expected] * 4


def _products_of(_: int) -> bytes:
    return bits(products())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_scan_leaves_nothing_behind(tmp_path):
    code = """if True:
        import numpy as np, pellucid
        x = np.ones((1000, 300), np.float32)
        print("begun", flush=True)
        pellucid.compile(lambda x: (x @ x.T).exp().sum()).scan(np.zeros((100_000, 1000), np.int64), x)
    """
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    shared = Path("/dev/shm")
    before = set(shared.iterdir()) if shared.is_dir() else set()
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        time.sleep(0.3)
        assert child.poll() is None
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
    left = set(shared.iterdir()) - before if shared.is_dir() else set()
    assert not [path for path in left if "pellucid" in path.name]


def test_several_threads_scan_at_once(threads):
    threads(2)
    step = products()
    expected, found = bits(step), []
    others = [threading.Thread(target=lambda: found.extend(bits(step) for _ in range(3))) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    assert found == [expected] * 12


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that raises a signal")
def test_a_scan_may_be_interrupted_again_and_again(threads):
    threads(2)
    step, rows = products(), np.zeros((1_000_000, 300), np.int64)
    expected = bits(step)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(3):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                bits(step, rows)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert bits(step) == expected


@limits_memory
def test_too_little_memory_is_an_error_and_the_process_goes_on():
    code = """if True:
        import resource
        import numpy as np, pellucid
        step = pellucid.compile(lambda x: ((x @ x.T).exp() @ x).sum())
        small, large = np.ones((10, 10), np.float32), np.ones((20_000, 10), np.float32)
        expected = step(small).numpy().tobytes()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (600 << 20),) * 2)
        for _ in range(2):
            try:
                step(large)  # 1.6 GB between the two products
            except MemoryError as error:
                print(type(error).__name__)
        print(step(small).numpy().tobytes() == expected)
    """
    told = python(code, PELLUCID_THREADS="2")
    assert (told.stdout, told.stderr) == ("MemoryError\nMemoryError\nTrue\n", "")


@limits_memory
def test_times_are_those_of_the_threads_that_ran():
    """Without room for a second stack one thread does all: its time is not divided among those that did nothing."""
    code = """if True:
        import resource, time
        import numpy as np, pellucid
        from pellucid.engines.native.engine import NativePlan
        x = np.ones((400, 300), np.float32)
        plan = NativePlan(pellucid.compile(lambda x: (x @ x.T).tanh().sum()).graph(x))
        run, plan.native.timing, shares = plan.bound([x]), True, []
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 20),) * 2)
        for _ in range(20):
            begin = time.perf_counter()
            run(())
            shares.append(sum(plan.native.times()) / 1e9 / (time.perf_counter() - begin))
        print(max(shares))
    """
    told = python(code, PELLUCID_THREADS="2")
    assert told.stderr == ""
    assert 0.6 < float(told.stdout) <= 1


def test_the_number_of_threads_may_change_at_any_time(threads):
    step = products()
    expected = bits(step)
    for count in (1, 4, 2, 7, 3):
        threads(count)
        assert native.threads() == count
        assert bits(step) == expected
    # While another thread scans, too.
    found = []
    other = threading.Thread(target=lambda: found.extend(bits(step) for _ in range(20)))
    other.start()
    count = 1
    while other.is_alive():
        count = count % 4 + 1
        threads(count)
    other.join()
    assert found == [expected] * 20


def test_the_number_of_threads_changes_after_a_long_scan():
    # Whoever changes it waits for the scan, and the scan now and then for Python's own lock: not for each other.
    code = """if True:
        import threading, time
        import numpy as np, pellucid, pellucid._native as native
        step, x = pellucid.compile(lambda x: (x @ x.T).exp().sum()), np.ones((400, 300), np.float32)
        step.scan(np.zeros((1, 400), np.int64), x)
        begun = time.perf_counter()
        step.scan(np.zeros((20, 400), np.int64), x)
        steps = int(0.3 / (time.perf_counter() - begun) * 20) + 20
        other = threading.Thread(target=lambda: step.scan(np.zeros((steps, 400), np.int64), x))
        other.start()
        time.sleep(0.05)
        native.set_threads(3)
        other.join()
        print(native.threads())
    """
    told = python(code, PELLUCID_THREADS="2")
    assert (told.stdout, told.stderr) == ("3\n", "")


def test_no_threads_are_refused():
    with pytest.raises(ValueError, match=r"^threads: got 0; give 1 or more$"):
        native.set_threads(0)


@pytest.mark.parametrize("text", ["0", "-2", "two", "1.5", "2 3", " ", "99999999999999999999"])
def test_a_wrong_number_of_threads_gives_one_sentence(text):
    # In a process of its own, since the pool is made once: without pellucid, which takes longer to load than the rest.
    code = f"""if True:
        import importlib.util
        spec = importlib.util.spec_from_file_location("pellucid._native", {native.__file__!r})
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        try:
            module.threads()
        except ValueError as error:
            print(error)
    """
    told = python(code, PELLUCID_THREADS=text)
    assert (told.stdout, told.stderr) == (f"PELLUCID_THREADS: got {text}; give a number from 1 to 1024\n", "")


def test_more_threads_than_cores_come_to_an_end(threads):
    # The barrier gives its core up: were it to spin, 16 threads that wait for each other would not be done in a minute.
    step = products()
    expected = bits(step)
    threads(16)
    assert bits(step) == expected


@pytest.mark.skipif("PELLUCID_POISONED" not in os.environ, reason="needs the build of .ci/sanitize")
def test_what_was_never_written_is_nan():
    """A plan that reads a buffer which nobody writes: the copy shows the poison, in every run."""
    arena, output = (0, 0, 0, 0), (2, 0, 0, 0)  # space, index, offset, step
    line = ("copy_4", [output, arena], [1, 16, 1, 1])
    plan = native.Plan([(False, [(1, 1.0, [line])])], 64, 0, b"", [], [64])
    fill = ("fill_4", [arena], [0, 1, 16, 1])
    for _ in range(2):
        y = np.zeros(16, np.float32)
        plan.run([], [y])
        assert np.isnan(y).all()
    written = native.Plan([(False, [(1, 1.0, [fill]), (1, 1.0, [line])])], 64, 0, b"", [], [64])
    y = np.ones(16, np.float32)
    written.run([], [y])
    assert (y == 0).all()
