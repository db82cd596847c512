"""Where the books define the names that their programs use."""

from __future__ import annotations

from pellucid.book import ROOMS as BOOK

# Names of a program's own, and what the book's program says of them.
VARIABLES = {
    "self": "the line belongs into a method of a class: four spaces further in than its `def`",
    "iter_per_epoch": "the book sets `iter_per_epoch = max(train_size / batch_size, 1)` above the loop (section 4.5)",
    "train_loss_list": "the book sets `train_loss_list = []` above the loop (section 4.5)",
    "train_acc_list": "the book sets `train_acc_list = []` above the loop (section 4.5)",
    "test_acc_list": "the book sets `test_acc_list = []` above the loop (section 4.5)",
    "train_size": "the book sets `train_size = x_train.shape[0]` above the loop (section 4.5)",
    "batch_size": "the book sets `batch_size = 100` above the loop (section 4.5)",
    "learning_rate": "the book sets `learning_rate = 0.1` above the loop (section 4.5)",
    "iters_num": "the book sets `iters_num = 10000` above the loop (section 4.5)",
    "x_train": "`(x_train, t_train), (x_test, t_test) = load_mnist()` makes it (section 3.6)",
    "t_train": "`(x_train, t_train), (x_test, t_test) = load_mnist()` makes it (section 3.6)",
    "x_test": "`(x_train, t_train), (x_test, t_test) = load_mnist()` makes it (section 3.6)",
    "t_test": "`(x_train, t_train), (x_test, t_test) = load_mnist()` makes it (section 3.6)",
    "sigmoid_prime": "Nielsen defines it below the class Network: `return sigmoid(z) * (1 - sigmoid(z))`",
    "vectorized_result": "`from mnist_loader import vectorized_result` brings it",
    "xrange": "Python 3 calls it `range`",
    "raw_input": "Python 3 calls it `input`",
    "cPickle": "Python 3 calls it `pickle`: `import pickle`",
}

# Names that an import brings.
IMPORTS = {
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "os": "import os",
    "sys": "import sys",
    "pickle": "import pickle",
    "gzip": "import gzip",
    "json": "import json",
    "random": "import random",
    "pd": "import pandas as pd",
    "OrderedDict": "from collections import OrderedDict",
    "Image": "from PIL import Image",
    "Axes3D": "from mpl_toolkits.mplot3d import Axes3D",
    "network": "import network",
    "network2": "import network2",
    "mnist_loader": "import mnist_loader",
    "mnist_average_darkness": "import mnist_average_darkness",
    "mnist_svm": "import mnist_svm",
    "expand_mnist": "import expand_mnist",
}

# The module of the book's folders for each room of pellucid.book, and the chapter that explains it.
_MODULES = {
    "gates": ("and_gate", "chapter 2"),
    "functions": ("common.functions", "chapters 3 and 4"),
    "gradient": ("common.gradient", "section 4.4"),
    "util": ("common.util", "section 7.4"),
    "layers": ("common.layers", "chapter 5"),
    "image_layers": ("common.layers", "section 7.4"),
    "optimizer": ("common.optimizer", "section 6.1"),
    "networks.two_layer_net": ("two_layer_net", "section 5.7"),
    "networks.multi_layer_net": ("common.multi_layer_net", "chapter 6"),
    "networks.multi_layer_net_extend": ("common.multi_layer_net_extend", "chapter 6"),
    "networks.simple_convnet": ("simple_convnet", "section 7.5"),
    "networks.deep_convnet": ("deep_convnet", "section 8.1"),
    "trainer": ("common.trainer", "chapter 6"),
    "mnist": ("dataset.mnist", "section 3.6"),
}

# Each name of the book's own modules: its module and its chapter.
PLACES = {name: _MODULES[room] for room, names in BOOK.items() if room in _MODULES for name in names}


def where(name: str) -> str | None:
    """The end of a sentence about a name that a program does not have: how the books come by it.

    >>> where("softmax")
    'the book has it in common.functions (chapters 3 and 4): `from common.functions import softmax`'
    """
    if name in VARIABLES:
        return VARIABLES[name]
    if name in IMPORTS:
        return f"`{IMPORTS[name]}` brings it"
    if name in PLACES:
        module, chapter = PLACES[name]
        return f"the book has it in {module} ({chapter}): `from {module} import {name}`"
    return None


def all_names() -> list[str]:
    """Every name that `where` knows."""
    return [*VARIABLES, *IMPORTS, *PLACES]
