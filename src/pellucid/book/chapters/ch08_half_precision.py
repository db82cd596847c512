"""DeepConvNet with numbers of 16 bits: half the room, and as good.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 8.3
"""

from __future__ import annotations

import numpy as np

from pellucid.book import DeepConvNet, Dropout, load_mnist
from pellucid.book.arrays import widened
from pellucid.book.chapters.ch08_deep_convnet import teach, weights_name
from pellucid.book.chapters.page import Page
from pellucid.compile import compile


def run(page: Page) -> None:
    # The network that ch08-deep-convnet has taught; where its file is missing, a few steps must do.
    _, (x, t) = load_mnist(flatten=False)
    x, t = (x[:500], t[:500]) if page.quick else (x, t)
    file = page.left_by("ch08-deep-convnet") / weights_name(page)
    taught = file.exists()
    if taught:
        network = DeepConvNet()
        network.load_params(file)
    else:
        network = teach(page.seed, steps=60 if page.quick else 600)

    # Of a float's 32 bits 24 are for its digits, of 16 bits only 11: three decimals. Weights, images, and what each
    # layer gives are rounded to that, and so all that is kept takes half the room.
    page.beside("0.1 in half precision", float(np.float16(0.1)), 0.0999755859375, within=0)
    weights = sum(w.size for w in network.params.values())
    print(f"the weights: {4 * weights:,} bytes with 32 bits, {2 * weights:,} with 16")
    single, half = (_accuracy(network, x, t, kind) for kind in (np.float32, np.float16))
    enough = 0.5 if page.quick else 0.99 if taught else 0.9
    page.beside("test accuracy with 32 bits", single, "above 0.99", at_least=enough)
    page.beside("with 16 bits: how much more", round(half - single, 4), 0.0, within=0.002)
    page.note(
        "each layer computes in single precision here and what it gives is rounded, since the engine has no half "
        "precision; the book's program rounds images and weights only and computes in double precision"
    )


def _accuracy(network, x, t, kind):
    layers = network.make_layers({key: w.astype(kind) for key, w in network.params.items()})
    steps = [compile(lambda x, layer=layer: _through(layer, x)) for layer in layers.values()]
    right = 0
    for i in range(0, len(x), 100):
        y = x[i : i + 100].astype(kind)
        for step in steps:
            y = step(widened(y)).numpy().astype(kind)
        right += int(np.sum(y.argmax(axis=1) == t[i : i + 100]))
    return right / len(x)


def _through(layer, x):
    return layer.forward(x, train_flg=False) if isinstance(layer, Dropout) else layer.forward(x)
