"""Every program of the texts about the books, typed in with its slips: it runs, or a hint names the slip."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from tests.book.typed.typists import Run, mended, programs

pytestmark = [
    pytest.mark.usefixtures("small_mnist"),
    pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning"),
]

SUMMARY = programs("summary")

# What a program of the summary prints, in part.
PRINTS = {
    "and by a threshold": "1 0",
    "gates": "[0, 1, 1, 0]",
    "step function": "",
    "step function of the first edition": "[0 1]",
    "sigmoid": "[0.26894142 0.73105858 0.88079708]",
    "sigmoid drawn": "",
    "relu": "[0. 2.]",
    "shapes": "2\n(2, 2)",
    "product": "[[19 22]\n [43 50]]",
    "two layers": "[0.62624937 0.7710107 ]",
    "softmax by lines": "[0.01821127 0.24519181 0.73659691]",
    "softmax that overflows": "[nan nan nan]",
    "softmax": "[0.01821127 0.24519181 0.73659691]",
    "mnist": "(300, 784)\n(300,)\n(200, 784)\n(200,)",
    "image": "(784,)\n(28, 28)",
    "losses": "0.09750000000000003\n0.510825457099338\n0.5975\n2.302584092994546",
    "loss of a batch": "0.693146",
    "loss of labels": "0.693146",
    "slope": "0.1999999999990898\n6.00000000000378",
    "gradient and descent": "[6. 8.]\n[-6.11110793e-10  8.14814391e-10]",
    "simpleNet": "",
    "two_layer_net": "(784, 100)\n(100,)\n(100, 10)\n(10,)",
    "apples and oranges": "220.00000000000003\n(2.2, 110.00000000000001) 200\n715.0000000000001\n",
    "layers": "[5 7 9]\n(2, 2)\n(2, 2)\n(2, 2)\n(2, 2)",
    "layers of two_layer_net": "True",
    "gradient check": "W1:",
    "optimizers": "True\nTrue\nTrue",
    "activations": "",
    "convolution and pooling": "(2, 4, 8, 8)\n(2, 4, 4, 4)",
}


@pytest.mark.parametrize("name", PRINTS)
def test_a_program_of_the_summary_runs(name: str, run: Run) -> None:
    ended = run(SUMMARY[name])
    assert ended.code == 0, ended.err
    assert PRINTS[name] in ended.out
    assert "Hint" not in ended.err


# The hint for a program of the summary that fails.
HINTS = {
    "xor alone": "NAND is not defined; the book has it in and_gate (chapter 2): `from and_gate import NAND`",
    "indentation lost": "what belongs to `def`, `class`, `for` or `if` stands four spaces further in than that line",
    "three layers": "network has no 'w1' but 'W1': keys differ by case",
    "inference": "sample_weight.pkl is not here: it lies in ch03/ of",
    "inference in batches": "sample_weight.pkl is not here: it lies in ch03/ of",
    "descent alone": "numerical_gradient is not defined; the book has it in common.gradient (section 4.4): ",
    "oranges alone": "MulLayer is not defined; the book has it in common.layers (chapter 5): ",
    "softmax with loss": "softmax is not defined; the book has it in common.functions (chapters 3 and 4): ",
    "gradient check as printed": "a backslash ends its line; what follows belongs into the next line",
    "im2col": "np is not defined; `import numpy as np` brings it",
    "SimpleConvNet": "softmaxwithloss is not defined; did you mean 'SoftmaxWithLoss'?",
}


@pytest.mark.parametrize("name", HINTS)
def test_a_slip_of_the_summary_is_named(name: str, run: Run) -> None:
    ended = run(SUMMARY[name])
    assert ended.code == 1
    assert ended.hint.startswith(HINTS[name])


def test_every_program_of_the_summary_is_tried() -> None:
    assert set(SUMMARY) == {*PRINTS, *HINTS, "training"}


def test_the_summarys_training_runs(run: Run) -> None:
    ended = run(mended(SUMMARY["training"], ("iters_num = 10000", "iters_num = 7")))
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 3


def test_the_summarys_convolutional_network_fails_twice(run: Run) -> None:
    program = mended(SUMMARY["SimpleConvNet"], ("softmaxwithloss", "SoftmaxWithLoss"))
    assert run(program).hint == "SimpleConvNet has no 'lastLayer'; did you mean 'last_layer'?"
    assert "'W1': (30, 1, 5, 5)" in run(mended(program, ("last_layer", "lastLayer"))).out


def test_pooling_with_a_pad_is_named(run: Run) -> None:
    program = mended(SUMMARY["convolution and pooling"], ("stride=2, pad=0)", "stride=2, pad=1)"))
    assert run(program).hint == "out_h in line 26 leaves out the padding (pad=1): `+ 2*self.pad` is missing"


@pytest.mark.parametrize("name", ["inference", "inference in batches"])
def test_inference_reads_weights_safely(name: str, run: Run, tmp_path: Path) -> None:
    shapes = {"W1": (784, 50), "W2": (50, 100), "W3": (100, 10), "b1": 50, "b2": 100, "b3": 10}
    weights = {key: np.random.randn(*np.atleast_1d(shape)) for key, shape in shapes.items()}
    (tmp_path / "sample_weight.pkl").write_bytes(pickle.dumps(weights))
    ended = run(SUMMARY[name])
    assert ended.code == 0 and ended.out.startswith("Accuracy:0.")
    assert ("over the whole batch" in ended.notes) == ("batches" in name)


def test_labels_as_factors_are_named(run: Run) -> None:
    assert "multiplied by 't'" in run(SUMMARY["loss of labels"]).notes


# ---- the Chinese notebook on chapter 4


def test_a_gradient_divided_wrongly_is_named(run: Run) -> None:
    ended = run(programs("chapter4_notebook")["gradient"])
    assert ended.code == 0
    assert "array([6.e-08, 0.e+00])\narray([-2.99999994,  3.99999992])" in ended.out
    assert "`/ 2*h` divides by 2 and multiplies by h" in ended.notes and "write `/ (2*h)`" in ended.notes


NOTEBOOK = mended(
    programs("chapter4_notebook")["network"], ("(iters_num)", "(iters_num)[:1]"), ("= 10000\nlr", "= 10\nlr")
)


def test_the_notebooks_network_trains_and_a_note_says_for_how_long(run: Run) -> None:
    ended = run(mended(NOTEBOOK, ("iters_num = 10000", "iters_num = 100")))
    assert ended.code == 0
    assert ended.out == "(784, 100)\n(100,)\n(100, 10)\n(10,)\n"


def test_the_notebooks_commented_lines_fail_with_hints(run: Run) -> None:
    program = mended(NOTEBOOK, ("#     if", "    if"), ("#         ", "        "))
    ended = run(program)
    assert "`iter_per_epoch = max(train_size / batch_size, 1)` above the loop" in ended.hint
    assert "`1 % iter_per_epoch` is the same in every step" in ended.notes


# ---- the Korean notebook


def test_the_korean_notebook_fails_seven_times(run: Run) -> None:
    cuts = (("hidden_size=50", "hidden_size=1"), ("range(iters_num)", "range(1)"))
    program = mended(programs("korean_notebook")["training"], *cuts)
    for hint, *mends in (
        ("iter_per_epoch is not defined; the book sets ", ("batch_size = 100", "batch_size = 100; iter_per_epoch = 1")),
        ("the keyword 'aixs' is unknown to argmax; did you mean 'axis'?", ("aixs", "axis")),
        ("t_test is not defined; ", ("y_test", "t_test")),
        ("train_acc_list is not defined; the book sets ", ("list = []", "list, train_acc_list = [], []")),
        ("test_acc_list is not defined; the book sets ", ("= [], []", "= [], []; test_acc_list = []")),
        ("train_ac is not defined; did you mean 'train_acc'?", ("train_ac)", "train_acc)")),
        ("plt is not defined; `import matplotlib.pyplot as plt`", ("sys, os", "sys, matplotlib.pyplot as plt")),
    ):  # fmt: skip
        ended = run(program)
        assert ended.code == 1
        assert ended.hint.startswith(hint)
        program = mended(program, *mends)
    ended = run(program)
    assert ended.code == 0
    assert "'loss' is one number, of which plot shows nothing; did you mean 'train_loss_list'?" in ended.notes


# ---- the German post


def test_the_german_post_fails_twice_and_then_draws(run: Run, tmp_path: Path) -> None:
    program = programs("german_post")["training"]
    cut = mended(program, ("hidden_size=50", "hidden_size=1"), ("range(iters_num)", "range(2)"))
    assert run(cut).hint == (
        "numerical_gradient2 is indented into the class TwoLayerNet, so that only `self.numerical_gradient2` finds it; "
        "move it to the margin, outside of the class"
    )
    with_self = mended(cut, ("= numerical_gradient2", "= self.numerical_gradient2"))
    assert run(with_self).hint.startswith(
        "numerical_gradient2 is indented into the class TwoLayerNet but has no `self`"
    )
    ended = run(mended(with_self, ("gradient2(f, x)", "gradient2(self, f, x)")))
    assert ended.code == 0 and "iter=1 loss=" in ended.out
    assert (tmp_path / "typed-1.png").read_bytes().startswith(b"\x89PNG")


def test_the_german_posts_hundred_steps_are_announced(run: Run) -> None:
    ended = run(programs("german_post")["training"])
    assert "numerical_gradient in each of 100 steps takes long" in ended.notes


@pytest.mark.parametrize(
    ("part", "hint"),
    [
        ("methods alone", "the first line begins at the margin; a method needs its `class` line above it"),
        ("body alone", "load_mnist is not defined; the book has it in dataset.mnist (section 3.6): "),
        ("drawing alone", "np is not defined; `import numpy as np` brings it"),
    ],
)
def test_the_german_posts_parts_by_themselves(part: str, hint: str, run: Run) -> None:
    ended = run(programs("german_post")[part])
    assert ended.code == 1 and ended.hint.startswith(hint)


# ---- the post on Nielsen's first chapter

NIELSEN = programs("nielsen_post")


def test_the_post_on_nielsen_wants_his_file(run: Run, tmp_path: Path) -> None:
    hint = run(NIELSEN["pickle"]).hint
    assert hint.startswith(
        "`\\` separates folders on Windows only; write '../mnist.pkl.gz'. And mnist.pkl.gz is not here"
    )
    assert "`mnist_loader.load_data()` gives the same arrays" in hint


def test_the_post_on_nielsen_reads_his_file(run: Run, tmp_path: Path) -> None:
    import gzip

    parts = [(np.random.rand(n, 784).astype(np.float32), np.arange(n) % 10) for n in (5, 2, 2)]
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(pickle.dumps(tuple(parts), 2)))
    ended = run(mended(NIELSEN["pickle"], (r"r'..\mnist", "r'mnist")))
    assert ended.hint == "x is not defined; did you mean 'X'?"
    ended = run(mended(NIELSEN["pickle"], (r"r'..\mnist", "r'mnist"), ("print(x.", "print(X.")))
    assert ended.code == 0
    assert ended.out.endswith("(784, 1)\n(10, 1)\n(784, 1)\n(10, 1)\n")


@pytest.mark.parametrize(
    ("name", "prints"),
    [
        ("trying", "[0, 3, 6, 9]\n[3, 4, 5]\narray([ 0, 10,  2,  6])\n"),
        ("sigmoid", ""),
        ("sizes", "<__main__.Network object at"),
        ("shuffle", "[1, 2, 3, 4, 5]"),
        ("methods alone", ""),
    ],
)
def test_a_program_of_the_post_on_nielsen_runs(name: str, prints: str, run: Run) -> None:
    ended = run(NIELSEN[name])
    assert ended.code == 0, ended.err
    assert prints in ended.out


def test_a_list_for_its_item_is_named(run: Run) -> None:
    ended = run(NIELSEN["feedforward"])
    assert ended.hint == (
        "`self.biases` is the whole list, of which the loop goes through one `b` at a time; did you mean `b`?"
    )
    assert run(mended(NIELSEN["feedforward"], ("+ self.biases)", "+ b)"))).code == 0


@pytest.mark.parametrize("own", [True, False])
def test_the_posts_training_runs_with_its_own_network_and_with_ours(
    own: bool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = pytest.importorskip("pellucid.book.nielsen.mnist_loader")
    random = np.random.RandomState(0)
    train = [(random.rand(784, 1), np.eye(10)[[i % 10]].T) for i in range(40)]
    test = [(random.rand(784, 1), i % 10) for i in range(20)]
    monkeypatch.setattr(loader, "load_data_wrapper", lambda: (train, test, test))
    monkeypatch.setattr(loader.load_data_wrapper, "__module__", loader.__name__)
    if own:
        (tmp_path / "network.py").write_text(NIELSEN["network.py"])
    ended = run(mended(NIELSEN["test"], ("epochs=30", "epochs=2")), name="test.py")
    assert ended.code == 0, ended.err
    assert re.findall(r"Epoch \d:( ?)", ended.out) == (["", ""] if own else [" ", " "])
