"""network2.py of chapter 3: costs to choose from, better initial weights, L2 regularisation, monitors, early stopping.

>>> np.random.seed(0)
>>> net = Network([784, 30, 10], cost=CrossEntropyCost)
>>> f"{net.weights[0].std():.2f}, near 1/√784 = {784 ** -0.5:.2f}"
'0.04, near 1/√784 = 0.04'
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.book.nielsen import pairs
from pellucid.book.nielsen.base import SigmoidLayers, precision
from pellucid.book.nielsen.costs import COSTS, CrossEntropyCost, QuadraticCost
from pellucid.book.nielsen.descent import by_columns
from pellucid.book.nielsen.files import read_network, write_network
from pellucid.book.nielsen.functions import sigmoid, sigmoid_prime, vectorized_result
from pellucid.book.nielsen.monitors import Monitors, count_right
from pellucid.errors import OptionError
from pellucid.tensor import Tensor

__all__ = ["CrossEntropyCost", "Network", "QuadraticCost", "load", "sigmoid", "sigmoid_prime", "vectorized_result"]

Four = tuple[list[float], list[int], list[float], list[int]]


class Network(SigmoidLayers):
    """Sigmoid neurons under a cost to be chosen, the cross-entropy if none is.

    sizes: the neurons of each layer, such as [784, 30, 10]
    cost:  QuadraticCost, CrossEntropyCost, or a class of the reader's own with `fn(a, y)` and `delta(z, a, y)`
    Note:  biases and weights are drawn by np.random.randn in the book's order
    """

    def __init__(self, sizes: Sequence[int], cost: Any = CrossEntropyCost) -> None:
        if not (callable(getattr(cost, "fn", None)) and callable(getattr(cost, "delta", None))):
            raise OptionError(
                f"Network: cost={cost!r} has no functions fn(a, y) and delta(z, a, y); "
                "give QuadraticCost or CrossEntropyCost, the classes"
            )
        self.cost = cost
        super().__init__(sizes)
        self.default_weight_initializer()

    def default_weight_initializer(self) -> None:
        """Draw biases of standard deviation 1 and weights of 1/√inputs, under which no neuron starts saturated."""
        self._draw()
        self.weights = [w / np.sqrt(w.shape[1]) for w in self.weights]

    def large_weight_initializer(self) -> None:
        """Draw biases and weights of standard deviation 1, as chapter 1 has them."""
        self._draw()

    def SGD(  # noqa: N802 - the book's name
        self,
        training_data: pairs.Pairs,
        epochs: int,
        mini_batch_size: int,
        eta: float,
        lmbda: float = 0.0,
        evaluation_data: pairs.Pairs | None = None,
        monitor_evaluation_cost: bool = False,
        monitor_evaluation_accuracy: bool = False,
        monitor_training_cost: bool = False,
        monitor_training_accuracy: bool = False,
        early_stopping_n: int = 0,
        *,
        dtype: Any = None,
    ) -> Four:
        """Train on pairs (x, y); gives, by epoch, (evaluation cost, evaluation accuracy, training cost and accuracy).

        eta:              the learning rate
        lmbda:            the strength λ of L2 regularisation, λ/2n Σw² of the n examples
        evaluation_data:  pairs (x, label)
        monitor_...:      whether to measure and say it after each epoch; the list of one that is not asked for is
                          empty. Accuracies are numbers of examples.
        early_stopping_n: stop after so many epochs in which the evaluation accuracy has not become better; 0: never
        dtype:            in which the steps are computed, "float32" or "float64"; left out, that of the images (see
                          network.Network.SGD)
        Raises:           ShapeError when the data do not fit the network; DataError when there are none; OptionError
                          for evaluation without evaluation data
        Note:             the order is that of random.shuffle. Ctrl-C leaves the weights of the last whole epoch.
        """
        examples = pairs.listed("SGD: training_data", training_data)
        matrices = self._matrices("SGD: training_data", examples)
        monitors = Monitors(
            self,
            lmbda,
            matrices,
            None if evaluation_data is None else self._labelled("SGD: evaluation_data", list(evaluation_data)),
            evaluation_cost=monitor_evaluation_cost,
            evaluation_accuracy=monitor_evaluation_accuracy,
            training_cost=monitor_training_cost,
            training_accuracy=monitor_training_accuracy,
            early_stopping_n=early_stopping_n,
            dtype=precision(dtype, matrices[0]),
        )
        for j in self._epochs(examples, matrices, epochs, mini_batch_size, eta, lmbda, monitors.dtype):
            print(f"Epoch {j} training complete", flush=True)
            monitors.look()
            if monitors.stop:
                break
        return (
            monitors.evaluation_cost,
            monitors.evaluation_accuracy,
            monitors.training_cost,
            monitors.training_accuracy,
        )

    def update_mini_batch(self, mini_batch: pairs.Pairs, eta: float, lmbda: float, n: int) -> None:
        """One step of gradient descent on a mini-batch of pairs (x, y), of n examples in all."""
        self._step(mini_batch, eta, 1.0 - eta * (lmbda / n))

    def accuracy(self, data: pairs.Pairs, convert: bool = False) -> int:
        """How many of the pairs the network gets right.

        convert: whether the pairs have vectors, as training data, and not labels, as the other two
        """
        place, examples = "accuracy", pairs.listed("accuracy", data)
        x, y = self._matrices(place, examples) if convert else self._labelled(place, examples)
        return count_right(self._outputs(x), y.argmax(axis=1) if convert else y)

    def total_cost(self, data: pairs.Pairs, lmbda: float, convert: bool = False) -> float:
        """The cost over the pairs, with the penalty λ/2n Σw² of these n pairs.

        convert: whether the pairs have labels, as the evaluation data, and not vectors: the other way round than for
                 `accuracy`, as in the book
        """
        place, examples = "total_cost", pairs.listed("total_cost", data)
        x, y = self._labelled(place, examples) if convert else self._matrices(place, examples)
        return self._cost(self._outputs(x), np.eye(self.sizes[-1])[y] if convert else y, lmbda)

    def save(self, filename: str | os.PathLike[str]) -> None:
        """Write sizes, weights, biases and the name of the cost to a file, as JSON."""
        write_network(filename, self.sizes, self.weights, self.biases, self.cost.__name__)

    def _labelled(self, place: str, examples: Sequence[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """(N, inputs) and (N,) of pairs with labels."""
        examples = pairs.listed(place, examples)
        labels = pairs.labels(place, examples, self.sizes[-1])
        return pairs.images(place, examples, self.sizes[0]), labels

    def _cost(self, a: np.ndarray, y: np.ndarray, lmbda: float) -> float:
        """The cost of outputs a where y is wanted, both (N, outputs), with the penalty."""
        penalty = 0.5 * lmbda * sum(float(np.sum(w**2)) for w in self.weights)
        return (float(self.cost.fn(a.T, y.T)) + penalty) / len(a)

    def _delta(self, z: Tensor, a: Tensor, y: Tensor) -> Any:
        own = self.cost not in COSTS.values()
        return by_columns(self.cost.delta, z, a, y) if own else self.cost.delta(z, a, y)

    def _cost_rule(self) -> Any:
        return self.cost

    def _update(self, mini_batch: list[tuple[Any, Any]], eta: float, lmbda: float, n: int) -> None:
        self.update_mini_batch(mini_batch, eta, lmbda, n)


def load(filename: str | os.PathLike[str]) -> Network:
    """The network that `save` wrote.

    Raises: DataError when there is no file, or it is damaged, or its cost is not one of this module
    """
    sizes, weights, biases, cost = read_network(filename)
    net = Network(sizes, cost=cost)
    net.weights, net.biases = weights, biases
    return net
