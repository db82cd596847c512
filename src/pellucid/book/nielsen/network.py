"""network.py of chapter 1: layers of sigmoid neurons that learn by stochastic gradient descent.

>>> np.random.seed(0)
>>> net = Network([2, 3, 1])
>>> [w.shape for w in net.weights], [b.shape for b in net.biases]
([(3, 2), (1, 3)], [(3, 1), (1, 1)])
>>> net.feedforward(np.array([[0.5], [1.0]])).shape
(1, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.book.nielsen import pairs
from pellucid.book.nielsen.base import SigmoidLayers, precision
from pellucid.book.nielsen.descent import by_columns
from pellucid.book.nielsen.functions import sigmoid, sigmoid_prime
from pellucid.book.nielsen.monitors import count_right
from pellucid.tensor import Tensor

__all__ = ["Network", "sigmoid", "sigmoid_prime"]


class Network(SigmoidLayers):
    """Sigmoid neurons under the quadratic cost ½ |a - y|², from normal random weights and biases.

    sizes: the neurons of each layer, such as [784, 30, 10]
    Note:  biases and then weights are drawn by np.random.randn, so np.random.seed gives the book's own numbers
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__(sizes)
        self._draw()

    def SGD(  # noqa: N802 - the book's name
        self,
        training_data: pairs.Pairs,
        epochs: int,
        mini_batch_size: int,
        eta: float,
        test_data: pairs.Pairs | None = None,
        *,
        dtype: Any = None,
    ) -> None:
        """Train on pairs (x, y); with test data, pairs (x, label), say after each epoch how many are right.

        eta:    the learning rate
        dtype:  in which the steps are computed: "float32" or "float64". Left out, it is that of the images: those of
                `load_data_wrapper` are float32, which takes half the time.
        Shapes: x (inputs, 1), y (outputs, 1)
        Raises: ShapeError when the data do not fit the network; DataError when there are none
        Note:   the order is that of random.shuffle. Ctrl-C leaves the weights of the last whole epoch. In float64 the
                weights are those of the book's own code to 1e-9 for some 2,000 steps with η = 3; then they part,
                as those of the book's code do from themselves where one last digit is changed.
        """
        examples = pairs.listed("SGD: training_data", training_data)
        matrices = self._matrices("SGD: training_data", examples)
        dtype = precision(dtype, matrices[0])
        if test_data is None or (isinstance(test_data, list | tuple) and not test_data):
            test = []
        else:
            test = pairs.listed("SGD: test_data", test_data)
        counted = self._test_matrices("SGD: test_data", test) if test else None
        for j in self._epochs(examples, matrices, epochs, mini_batch_size, eta, 0.0, dtype):
            if counted is None:
                print(f"Epoch {j} complete", flush=True)
            else:
                right = self.evaluate(test) if self._changed("evaluate") else self._right(*counted, dtype)
                print(f"Epoch {j}: {right} / {len(test)}", flush=True)

    def update_mini_batch(self, mini_batch: pairs.Pairs, eta: float) -> None:
        """One step of gradient descent on a mini-batch of pairs (x, y)."""
        self._step(mini_batch, eta)

    def evaluate(self, test_data: pairs.Pairs) -> int:
        """How many of the pairs (x, label) the network gets right: the neuron that is most active has the say.

        Raises: ShapeError when the data do not fit the network, or have vectors for labels
        """
        test = pairs.listed("evaluate", test_data)
        return self._right(*self._test_matrices("evaluate", test), np.float64)

    def cost_derivative(self, output_activations: Any, y: Any) -> Any:
        """The slope of the cost of one example by the outputs: a - y.

        Note: training takes it from here, so a subclass with another one trains another cost
        """
        return output_activations - y

    def _test_matrices(self, place: str, test: Sequence[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
        return pairs.images(place, test, self.sizes[0]), pairs.labels(place, test, self.sizes[-1])

    def _right(self, x: np.ndarray, labels: np.ndarray, dtype: Any) -> int:
        return count_right(self._outputs(x, dtype), labels)

    def _delta(self, z: Tensor, a: Tensor, y: Tensor) -> Any:
        own = self._changed("cost_derivative")
        return (by_columns(self.cost_derivative, a, y) if own else self.cost_derivative(a, y)) * sigmoid_prime(z)

    def _cost_rule(self) -> Any:
        return self.cost_derivative

    def _update(self, mini_batch: list[tuple[Any, Any]], eta: float, lmbda: float, n: int) -> None:
        self.update_mini_batch(mini_batch, eta)
