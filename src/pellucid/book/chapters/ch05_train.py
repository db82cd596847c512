"""The two-layer network learns MNIST by backpropagation: 10,000 steps.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 5.7.4
"""

from __future__ import annotations

import time

import numpy as np

from pellucid.book import Trainer, TwoLayerNet, load_mnist
from pellucid.book.chapters import plain
from pellucid.book.chapters.page import Page

SEEDS = 5


def run(page: Page) -> None:
    # Batches of 100 images, a learning rate of 0.1, and after every 600 steps, an epoch, the accuracy on all images.
    # The network computes in float32, which is what the images are.
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
    np.random.seed(page.seed)
    network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float32)
    steps = 1_800 if page.quick else 10_000
    trainer = Trainer(
        *(network, x_train, t_train, x_test, t_test),
        epochs=steps / 600,  # the book counts steps here
        optimizer_param={"lr": 0.1},
        verbose=False,
    )
    start = time.perf_counter()
    trainer.train()
    seconds, looks = time.perf_counter() - start, len(trainer.train_acc_list)
    print(f"{trainer.max_iter} steps in {seconds:.1f} s, {looks} looks at all images included")
    for train, test in zip(trainer.train_acc_list, trainer.test_acc_list, strict=True):
        print(f"train {train:.4f}, test {test:.4f}")

    # Both curves rise together: what it learns from the training images holds for others too.
    page.beside("test accuracy", network.accuracy(x_test, t_test), "0.97", at_least=0.91 if page.quick else 0.965)
    with page.picture("ch05-train") as ax:
        ax.plot(trainer.train_acc_list, marker="o", label="train")
        ax.plot(trainer.test_acc_list, marker="s", linestyle="--", label="test")
        ax.set(xlabel="epochs", ylabel="accuracy", ylim=(0, 1))
        ax.locator_params(axis="x", integer=True)
        ax.legend(loc="lower right")

    # The book's code makes the same steps in NumPy, in float64. A part of them is timed here, on the same machine, and
    # tells how long all of them would take if nothing else kept the machine busy. Our seconds are those that passed.
    by_numpy = plain.training_seconds(
        *(network.params, (x_train, t_train), (x_test, t_test), trainer.max_iter, looks),
        part=100 if page.quick else 1_000,
    )
    book = f"{by_numpy:.1f}, its own code here"
    page.beside(f"seconds for {trainer.max_iter:,} steps", round(seconds, 2), book)
    page.beside("times as fast", round(by_numpy / seconds, 1), 1)
