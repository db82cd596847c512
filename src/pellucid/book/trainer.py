"""The books' Trainer: mini-batches, an optimiser, and how well the network does after each epoch.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, its common/trainer.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.book.networks.network import Network
from pellucid.book.optimizer import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop
from pellucid.book.steps import AT_ONCE, Steps
from pellucid.errors import OptionError, ShapeError, nearest

OPTIMIZERS = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "rmsprpo": RMSprop,  # the book's spelling
    "adam": Adam,
}


class Trainer:
    """Trains a network on mini-batches that np.random.choice draws.

    optimizer, optimizer_param:    a name such as "SGD" or "Adam", and its arguments
    evaluate_sample_num_per_epoch: measure accuracy on so many of the first examples only
    verbose:                       print the loss of each step and the accuracies of each epoch
    Raises: OptionError for an unknown optimiser; ShapeError where examples and labels are not as many

    train_loss_list, train_acc_list and test_acc_list grow while it trains.
    """

    def __init__(
        self,
        network: Network,
        x_train: np.ndarray,
        t_train: np.ndarray,
        x_test: np.ndarray,
        t_test: np.ndarray,
        epochs: float = 20,
        mini_batch_size: int = 100,
        optimizer: str = "SGD",
        optimizer_param: Mapping[str, Any] = {"lr": 0.01},
        evaluate_sample_num_per_epoch: int | None = None,
        verbose: bool = True,
    ) -> None:
        for name, x, t in (("train", x_train, t_train), ("test", x_test, t_test)):
            if len(x) != len(t):
                raise ShapeError(f"Trainer: x_{name} has {len(x)} examples but t_{name} has {len(t)}")
        if optimizer.lower() not in OPTIMIZERS:
            raise OptionError(f"Trainer: optimizer={optimizer!r} is unknown{nearest(optimizer, OPTIMIZERS)}")
        self.network, self.verbose = network, verbose
        self.x_train, self.t_train, self.x_test, self.t_test = x_train, t_train, x_test, t_test
        self.epochs, self.batch_size = epochs, mini_batch_size
        self.evaluate_sample_num_per_epoch = evaluate_sample_num_per_epoch
        self.optimizer = OPTIMIZERS[optimizer.lower()](**optimizer_param)
        self.train_size = len(x_train)
        self.iter_per_epoch = max(self.train_size / mini_batch_size, 1)
        self.max_iter = int(epochs * self.iter_per_epoch)
        self.current_iter = self.current_epoch = 0
        self.train_loss_list: list[float] = []
        self.train_acc_list: list[float] = []
        self.test_acc_list: list[float] = []

    def train_step(self) -> None:
        """One mini-batch; at the first one of an epoch also the accuracies."""
        chosen = np.random.choice(self.train_size, self.batch_size)
        x, t = self.x_train[chosen], self.t_train[chosen]
        self.optimizer.update(self.network.params, self.network.gradient(x, t))
        loss = float(self.network.loss(x, t))
        self.train_loss_list.append(loss)
        if self.verbose:
            print(f"train loss:{loss}")
        if self.current_iter % self.iter_per_epoch == 0:
            self._end_epoch()
        self.current_iter += 1

    def train(self) -> None:
        """All epochs, and the accuracy on all test data at the end."""
        whole = type(self).train_step is Trainer.train_step and Steps.fit(self.network, self.optimizer)
        steps = Steps(self.network, self.optimizer) if whole else None
        while self.current_iter < self.max_iter:
            if steps is None:
                self.train_step()
            else:
                self._train_until_measured(steps)
        accuracy = self.network.accuracy(self.x_test, self.t_test)
        if self.verbose:
            print("=============== Final Test Accuracy ===============")
            print(f"test acc:{accuracy}")

    def _train_until_measured(self, steps: Steps) -> None:
        """The same as train_step again and again, up to the next one that is followed by the accuracies."""
        ends = (i for i in range(self.current_iter, self.max_iter) if i % self.iter_per_epoch == 0)
        count = min(next(ends, self.max_iter - 1) + 1 - self.current_iter, AT_ONCE)
        # What np.random.choice(train_size, batch_size) draws for each step, in one call; it asks randint for it, too.
        rows = np.random.randint(0, self.train_size, (count, self.batch_size))
        losses = steps.run(self.x_train, self.t_train, rows)
        self.train_loss_list += losses
        if self.verbose:
            print(*(f"train loss:{loss}" for loss in losses), sep="\n")
        self.current_iter += count
        if (self.current_iter - 1) % self.iter_per_epoch == 0:
            self._end_epoch()

    def _end_epoch(self) -> None:
        self.current_epoch += 1
        count = self.evaluate_sample_num_per_epoch
        train = self.network.accuracy(self.x_train[:count], self.t_train[:count])
        test = self.network.accuracy(self.x_test[:count], self.t_test[:count])
        self.train_acc_list.append(train)
        self.test_acc_list.append(test)
        if self.verbose:
            print(f"=== epoch:{self.current_epoch}, train acc:{train}, test acc:{test} ===")
