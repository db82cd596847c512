"""What a program finds around it, what is shown of its failure, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from pellucid.book import typed
from pellucid.book.typed.aliases import NUMPY
from pellucid.cli import main
from pellucid.errors import DataError
from tests.book.typed.typists import Run, mended, programs


def test_a_program_gets_its_arguments(run: Run) -> None:
    ended = run("import sys; print(sys.argv, __name__)", "-x", "--json", "7")
    assert ended.out == "['typed.py', '-x', '--json', '7'] __main__\n"


@pytest.mark.parametrize(("end", "code"), [("", 0), ("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('no')", 1)])
def test_a_program_chooses_its_exit_code(end: str, code: int, run: Run) -> None:
    ended = run(f"import sys\n{end}")
    assert ended.code == code and ended.err == ("no\n" if code == 1 else "")


def test_a_failure_shows_the_programs_lines_only(run: Run) -> None:
    ended = run("import numpy as np\ndef f(x):\n    return np.dot(x, x)\nf(np.zeros((2, 3)))\n")
    assert ended.code == 1
    assert [x for x in ended.err.splitlines() if x.startswith("  File")] == [
        '  File "typed.py", line 4, in <module>',
        '  File "typed.py", line 3, in f',
    ]
    assert ended.err.splitlines()[-1].startswith("ValueError: shapes (2,3) and (2,3) not aligned")


def test_debug_shows_all_lines(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("")
    Path("typed.py").write_text("import missing_module")
    assert main(["book", "run", "--debug", "typed.py"]) == 1
    assert "run.py" in capsys.readouterr().err


def test_ctrl_c_says_where(run: Run) -> None:
    ended = run("x = 1\nraise KeyboardInterrupt")
    assert ended.code == 130
    assert ended.err == "pellucid: interrupted in line 2 of typed.py\n"


def test_ctrl_c_in_differences_says_what_is_faster(run: Run) -> None:
    ended = run("def numerical_gradient(f, x):\n    raise KeyboardInterrupt\nnumerical_gradient(1, 2)")
    assert "`gradient` of chapter 5 gives the same at once" in ended.err


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"^book run: there is no file nowhere\.py$"):
        typed.run("nowhere.py")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["book", "run"], "pellucid: book run: which program? pellucid book run SCRIPT.py\n"),
        (["book", "rum"], "pellucid: book: there is no program 'rum', did you mean 'run'?\n"),
    ],
)
def test_a_command_line_that_cannot_be(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == said


def test_nothing_of_a_program_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 5")
    before = (
        list(sys.path),
        sys.argv,
        sys.modules["__main__"],
        pickle.load,
        dict(vars(np)),
        dict(os.environ),
        sys.meta_path[:],
    )
    text = "import sys, helper, common.functions, common.layers\nsys.path.append('..')\n1/0"
    assert run(text).code == 1
    after = (sys.path, sys.argv, sys.modules["__main__"], pickle.load, vars(np), dict(os.environ), sys.meta_path)
    assert before[:4] == after[:4] and before[5:] == after[5:]
    assert set(before[4]) == set(after[4])
    assert not {"helper", "common", "common.functions", "common.layers"} & set(sys.modules)


# ---- modules


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from common.functions import *", "np sigmoid softmax cross_entropy_error relu identity_function"),
        ("from common.gradient import *", "np numerical_gradient"),
        ("from common.layers import *", "np Affine Relu Sigmoid SoftmaxWithLoss Dropout BatchNormalization softmax"),
        ("from common.layers import *", "Convolution Pooling im2col col2im"),
        ("from common.optimizer import *", "np SGD Momentum Nesterov AdaGrad RMSprop Adam"),
        ("from common.util import *", "np smooth_curve shuffle_dataset conv_output_size im2col col2im"),
        ("from common.trainer import *", "Trainer SGD"),
        ("from common.multi_layer_net import *", "np MultiLayerNet OrderedDict numerical_gradient"),
        ("from common.multi_layer_net_extend import MultiLayerNetExtend", "MultiLayerNetExtend"),
        ("from dataset.mnist import *", "load_mnist"),
        ("from two_layer_net import *", "np TwoLayerNet OrderedDict Affine numerical_gradient"),
        ("from simple_convnet import SimpleConvNet", "SimpleConvNet"),
        ("from deep_convnet import *", "DeepConvNet pickle"),
        ("from and_gate import AND; from or_gate import OR; from nand_gate import NAND", "AND OR NAND"),
        ("from layer_naive import *", "MulLayer AddLayer"),
    ],
)  # fmt: skip
def test_the_books_modules_have_the_books_names(line: str, names: str, run: Run) -> None:
    ended = run(f"{line}\nprint([x for x in {names.split()} if x not in globals()])")
    assert (ended.code, ended.out) == (0, "[]\n"), ended.err


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("network", "Network"),
        ("network2", "Network"),
        ("mnist_loader", "load_data_wrapper"),
        ("expand_mnist", "expand_mnist"),
        ("mnist_average_darkness", "main"),
        ("mnist_average_darkness", "avg_darknesses"),
        ("mnist_average_darkness", "guess_digit"),
        ("mnist_svm", "svm_baseline"),
    ],
)
def test_nielsens_modules(name: str, wanted: str, run: Run) -> None:
    ended = run(f"import {name}\nprint({name}.{wanted}.__name__)")
    assert (ended.code, ended.out) == (0, f"{wanted}\n"), ended.err
    assert run(f"print({name}.{wanted})").hint == f"{name} is not defined; `import {name}` brings it"


@pytest.mark.skipif("PELLUCID_DATA" not in os.environ, reason="needs MNIST: set PELLUCID_DATA to its folder")
def test_the_average_darkness_says_what_the_book_says(run: Run) -> None:
    ended = run("import mnist_average_darkness\nmnist_average_darkness.main()")
    assert ended.out == "Baseline classifier using average darkness of image.\n2225 of 10000 values correct.\n"


def test_an_own_module_wins_and_the_rest_is_ours(run: Run, tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common/functions.py").write_text("def softmax(x): return 'mine'")
    ended = run(
        "from common.functions import softmax\nfrom common.util import im2col\nprint(softmax(0), im2col.__name__)"
    )
    assert ended.out == "mine im2col\n"


def test_an_own_module_in_the_folder_above_wins(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two_layer_net.py").write_text("TwoLayerNet = 'mine'")
    (tmp_path / "ch05").mkdir()
    monkeypatch.chdir(tmp_path / "ch05")
    text = "import sys, os\nsys.path.append(os.pardir)\nfrom two_layer_net import TwoLayerNet\nprint(TwoLayerNet)"
    assert run(text).out == "mine\n"


def test_pandas_may_be_imported_but_not_used(run: Run) -> None:
    assert run("import pandas as pd\nprint(1)").out == "1\n"
    if not _installed("pandas"):
        ended = run("import pandas as pd\npd.DataFrame()")
        assert ended.hint == "pandas is not installed; `pip install pandas` brings it"


def _installed(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


# ---- names, pictures, pickles


@pytest.mark.parametrize("name", NUMPY)
def test_numpys_dropped_names_are_there(name: str, run: Run) -> None:
    assert run(f"import numpy as np\nprint(np.{name} is not None)").out == "True\n"


def test_pillows_dropped_names_are_there(run: Run) -> None:
    assert (
        run("from PIL import Image\nprint(Image.new('L', (2, 2)).resize((4, 4), Image.ANTIALIAS).size)").out
        == "(4, 4)\n"
    )


def test_pictures_are_saved_and_it_is_said_once(run: Run, tmp_path: Path) -> None:
    ended = run(
        "import matplotlib.pyplot as plt\nfrom PIL import Image\n"
        "plt.plot([1, 2])\nplt.show()\nImage.new('L', (2, 2)).show()\nplt.plot([2, 1])\nplt.figure()\nplt.plot([3])\n"
    )
    assert ended.err == f"There is no screen: pictures are saved as {tmp_path}/typed-1.png and so on.\n"
    assert sorted(x.name for x in tmp_path.glob("*.png")) == [f"typed-{i}.png" for i in (1, 2, 3, 4)]


def test_a_backend_that_needs_a_screen(run: Run) -> None:
    ended = run("import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n")
    assert ended.code == 0 or ended.hint.startswith("there is no screen for this backend")


def test_a_books_file_cannot_run_anything(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sample_weight.pkl").write_bytes(pickle.dumps(print))
    ended = run("import pickle\nwith open('sample_weight.pkl', 'rb') as f:\n    pickle.load(f)")
    assert "holds a reference to builtins.print" in ended.err


def test_other_pickles_are_read_as_ever(run: Run) -> None:
    lines = (
        "import pickle",
        "class A: pass",
        "with open('a.pkl', 'wb') as f: pickle.dump(A(), f)",
        "with open('a.pkl', 'rb') as f: print(type(pickle.load(f)).__name__)",
    )
    assert run("\n".join(lines)).out == "A\n"


# ---- notebooks


def test_a_notebook_runs_and_shows_last_values(run: Run) -> None:
    sources = [
        "%matplotlib inline\nx = 3\nx + 1",
        ["def f():\n", "    return 1/0\n", "None"],
        "x;",
        "if x:\n    !ls\nf()",
    ]
    cells = [{"cell_type": "code", "source": x} for x in sources] + [{"cell_type": "markdown", "source": "# text"}]
    ended = run(json.dumps({"cells": cells}), name="notes.ipynb")
    assert ended.code == 1 and ended.out == "4\n"
    assert 'File "notes.ipynb (cell 2)", line 2, in f\n    return 1/0\n' in ended.err
    assert "left out '%matplotlib inline'" in ended.notes and "left out '!ls'" in ended.notes


def test_a_slip_in_a_notebook_is_named_with_its_cell(run: Run) -> None:
    cells = [{"cell_type": "code", "source": x} for x in ("h = 1e-4", "\nf = abs\n(f(h) - f(-h)) / 2*h")]
    assert run(json.dumps({"cells": cells}), name="notes.ipynb").notes.startswith("cell 2, line 3: `/ 2*h` divides")


def test_a_slip_in_a_module_beside_the_program_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "network.py").write_text(programs("nielsen_post")["feedforward"].partition("net = ")[0])
    ended = run("import network\nimport numpy as np\nnetwork.Network([2, 3, 1]).feedforward(np.ones((2, 1)))")
    assert 'network.py", line 10, in feedforward' in ended.err
    assert ended.hint.endswith("did you mean `b`?")


def test_a_program_in_another_encoding(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("")
    Path("typed.py").write_bytes("print('数')".encode("gbk"))
    assert main(["book", "run", "typed.py"]) == 1
    assert "typed.py is not UTF-8" in capsys.readouterr().err
    Path("typed.py").write_bytes("# coding: gbk\nprint('数')".encode("gbk"))
    assert main(["book", "run", "typed.py"]) == 0
    assert capsys.readouterr().out == "数\n"


def test_a_damaged_notebook(run: Run) -> None:
    assert run("{", name="notes.ipynb").err.startswith("pellucid: book run: notes.ipynb is damaged or not a notebook")


def test_a_remainder_over_two_lines_is_no_command_to_a_notebook(run: Run) -> None:
    assert run("print(7\n% 4)").out == "3\n"


def test_a_plain_program_shows_no_values(run: Run) -> None:
    assert run("1 + 1").out == ""


@pytest.mark.skipif("PELLUCID_DATA" not in os.environ, reason="needs MNIST: set PELLUCID_DATA to its folder")
def test_a_typed_training_program_learns_mnist(run: Run) -> None:
    ended = run(mended(programs("summary")["training"], ("iters_num = 10000", "iters_num = 1201")))
    assert ended.code == 0
    assert float(ended.out.split()[-1]) > 0.9


# ---- interactive sessions

SESSION = """\
Python 3.11.2 (main, Apr 28 2025, 14:11:48) [GCC 12.2.0] on linux
Type "help", "copyright", "credits" or "license" for more information.
>>> import numpy as np
>>> for i in range(2):
...     print(i)
...
0
1
>>> np.eye(2) + (
...     1)
array([[2., 1.],
       ...,
       [1., 2.]])
>>> x = 3
>>> x
3
"""


def test_a_pasted_session_runs_and_shows_its_values(run: Run) -> None:
    ended = run(SESSION)
    assert (ended.code, ended.out) == (0, "0\n1\narray([[2., 1.],\n       [1., 2.]])\n3\n"), ended.err
    said = "took the program for an interactive session: left out its prompts and its lines without one (6)"
    assert ended.notes == said


def test_a_pasted_session_of_ipython_runs(run: Run) -> None:
    ended = run("In [1]: def f(x):\n   ...:     return 2 * x\n   ...: \n\nIn [2]: f(4)\nOut[2]: 8\n\nIn [3]: f(5);\n")
    assert (ended.code, ended.out) == (0, "8\n"), ended.err


def test_a_function_above_a_session_is_code(run: Run) -> None:
    assert run("def f(x):\n    return 2 * x\n\n>>> f(4)\n8\n").out == "8\n"


def test_a_hint_in_a_session_names_its_line(run: Run) -> None:
    ended = run(SESSION + ">>> np.agrmax(x)\n")
    assert 'File "typed.py", line 17, in <module>\n    np.agrmax(x)\n' in ended.err
    assert ended.hint == "numpy has no 'agrmax'; did you mean 'argmax'?"
    ended = run(SESSION + ">>> h, f = 1e-4, abs\n>>> (f(h) - f(-h)) / 2*h\n0.0\n")
    assert "line 18: `/ 2*h` divides" in ended.notes


def test_what_does_not_parse_in_a_session_is_shown_with_its_line(run: Run) -> None:
    ended = run(">>> x = 3\n>>> x\n3\n>>> return x\n")
    assert 'File "typed.py", line 4\n' in ended.err
    assert ended.hint.startswith("`return` has slid to the margin")


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_examples_in_a_docstring_make_no_session(quotes: str, run: Run) -> None:
    ended = run(
        f"def f(x):\n    {quotes}Twice.\n\n    >>> f(1)\n    2\n    {quotes}\n    return 2 * x\nprint 'Epoch'\n"
    )
    assert 'File "typed.py", line 8\n' in ended.err
    assert ended.hint.startswith("this is Python 2") and not ended.notes


def test_the_results_of_a_pasted_notebook_are_left_out(run: Run) -> None:
    ended = run("In [1]:\nx = 3\nx + 1\nOut[1]:\n4 apples\n\nIn [2]:\nx\nOut[2]: 3\n")
    assert (ended.code, ended.out) == (0, "4\n3\n"), ended.err
