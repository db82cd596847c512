"""Overfitting on 300 images, and what weight decay and dropout do about it.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import MultiLayerNetExtend, Trainer, load_mnist
from pellucid.book.chapters.page import Page

SEEDS = 3


def run(page: Page) -> None:
    # Seven layers see 300 images for 200 or 300 epochs: enough to know each by heart.
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
    x_train, t_train = x_train[:300], t_train[:300]
    if page.quick:
        x_test, t_test = x_test[:500], t_test[:500]
    ways = {
        "nothing": ({}, 201),
        "weight decay": ({"weight_decay_lambda": 0.1}, 201),
        "dropout": ({"use_dropout": True, "dropout_ration": 0.2}, 301),
    }
    curves = {}
    for name, (options, epochs) in ways.items():
        np.random.seed(page.seed)
        network = MultiLayerNetExtend(784, [100] * 6, 10, **options)
        for key, array in network.params.items():
            network.params[key] = array.astype(np.float32)  # as the images are
        epochs = epochs // 2 if page.quick else epochs
        trainer = Trainer(network, x_train, t_train, x_test, t_test, epochs=epochs, verbose=False)
        trainer.train()
        curves[name] = np.array(trainer.train_acc_list), np.array(trainer.test_acc_list)

    # Left alone it gets all 300 right, and a quarter of the others wrong. Both remedies keep the two curves together
    # longer; neither replaces more images.
    gaps = {name: float(train[-10:].mean() - test[-10:].mean()) for name, (train, test) in curves.items()}
    page.beside(
        "with nothing: accuracy on the 300",
        float(curves["nothing"][0][-1]),
        "1.0",
        at_least=0.95 if page.quick else 0.98,
    )
    page.beside("with nothing: train less test", round(gaps["nothing"], 3), "about 0.25", at_least=0.15, at_most=0.4)
    page.beside("with weight decay: train less test", round(gaps["weight decay"], 3), "less", at_most=gaps["nothing"])
    page.beside("with dropout: train less test", round(gaps["dropout"], 3), "less", at_most=gaps["nothing"])
    with page.picture("ch06-overfitting", columns=3, width=4) as axes:
        for ax, (name, (train, test)) in zip(axes, curves.items(), strict=True):
            ax.plot(train, label="train")
            ax.plot(test, "--", label="test")
            ax.set(title=name, xlabel="epochs", ylabel="accuracy", ylim=(0, 1.05))
        axes[0].legend(loc="lower right")
