"""The rules, each by a program of a few lines."""

from __future__ import annotations

import pytest

from tests.book.typed.typists import Run

# A program that fails, and its hint or the beginning of it.
HINTS = {
    "import numpy as np\nnp.zeros(3, dtpye=int)": "the keyword 'dtpye' is unknown to zeros; did you mean 'dtype'?",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2], lable='x')":
        "the keyword 'lable' is unknown to plot; did you mean 'label'?",
    "from two_layer_net import TwoLayerNet\nTwoLayerNet(input_sise=3, hidden_size=2, output_size=1)":
        "the keyword 'input_sise' is unknown to TwoLayerNet; did you mean 'input_size'?",
    "d = {'W1': 1}\nd['W3']": "d has no 'W3'; it has 'W1'",
    "d = {'weights': 1}\nd['weigths']": "d has no 'weigths'; did you mean 'weights'?",
    "class A:\n    params = {'b1': 1}\n    def f(self):\n        return self.params['B1']\nA().f()":
        "self.params has no 'B1' but 'b1': keys differ by case",
    "print(f(1))\ndef f(x):\n    return x": "f is defined in line 2, below its use; move it up",
    "softmaxx([1])": "softmaxx is not defined; did you mean 'softmax'? If so, the book has it in common.functions",
    "for i in xrange(3): pass": "xrange is not defined; Python 3 calls it `range`",
    "import numpy as np\nnp.agrmax([1])": "numpy has no 'agrmax'; did you mean 'argmax'?",
    "from commom.functions import *": "there is no module commom; did you mean 'common'?",
    "import cPickle": "Python 3 calls it `pickle`: `import pickle`",
    "import nowhere_to_be_found":
        "nowhere_to_be_found is not installed; the program does not use it: take the line out",
    "from common.functions import numerical_gradient":
        "common.functions has no 'numerical_gradient'; the book has it in common.gradient (section 4.4)",
    "from common.functions import soft_max":
        "common.functions has no 'soft_max'; did you mean 'softmax'? the book has it",
    "open('params.pkl')": "params.pkl is not here: `network.save_params('params.pkl')`",
    "open('data\\\\x.txt')": "`\\` separates folders on Windows only; write 'data/x.txt'",
    "import matplotlib.pyplot as plt\nplt.style.use('seaborn-dark')": "matplotlib calls it 'seaborn-v0_8-dark' today",
    "x = (1，2)": "'，' looks like ',' but is another character; type ','",
    "x\u00a0= 1": "an invisible character stands there",
    "x = 1\nreturn x": "`return` has slid to the margin",
    "    # a method\n    def f(self):\n        return 1":
        "the first line begins at the margin; a method needs its `class` line above it",
    "self.params = {}": "self is not defined; the line belongs into a method of a class",
    "print 'Epoch'": "this is Python 2",
    "x = 1\n  y = 2": "lines of one block begin in the same column, with spaces only",
}  # fmt: skip


@pytest.mark.parametrize("program", HINTS)
def test_a_hint(program: str, run: Run) -> None:
    ended = run(program)
    assert ended.code == 1
    assert ended.hint.startswith(HINTS[program]), ended.err


@pytest.mark.parametrize(
    "program",
    [
        "1/0",
        "raise ValueError('x')",
        "{}[3, 4]",
        "raise KeyError([1])",
        "{}[0]",
        "import numpy as np\nnp.zeros(2) + np.zeros(3)",
    ],
)
def test_no_hint_where_nothing_is_known(program: str, run: Run) -> None:
    assert "Hint" not in run(program).err


# A program that runs, and what a note says of it; None for nothing.
NOTES = {
    "h, f = 1e-4, abs\n(f(3 + h) - f(3 - h)) / 2*h": "line 2: `/ 2*h` divides by 2 and multiplies by h",
    "h, f = 1e-4, abs\n(f(3 + h) - f(3 - h)) / (2*h)": None,
    "n = 8\n7 / 2*n": None,
    "for i in range(3):\n    n = 2\n    if 1 % n == 0: pass": "line 3: `1 % n` is the same in every step",
    "import matplotlib.pyplot as plt\nloss = 0.5\nplt.plot(loss)":
        "line 3: 'loss' is one number, of which plot shows nothing; give it a list",
    "import matplotlib.pyplot as plt\nloss = [0.5]\nplt.plot(loss)": None,
    "a = [1]\nfor x, y in zip(a, [2]):\n    x + y": None,
}  # fmt: skip


@pytest.mark.parametrize("program", NOTES)
def test_a_note(program: str, run: Run) -> None:
    ended, note = run(program), NOTES[program]
    assert ended.code == 0, ended.err
    assert ended.notes.startswith(note) if note else not ended.notes
