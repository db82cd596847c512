"""Momentum and Nesterov: SGD under the names of the books."""

from __future__ import annotations

from pellucid.optim.optimizer import Params
from pellucid.optim.sgd import SGD


class Momentum(SGD):
    """A ball that rolls down the slope of the loss: `SGD` with momentum.

    Math:      v ← momentum·v + g, w ← w - lr·v
    Reference: B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964;
               K. Saitoh, "Deep Learning from Scratch", 2016, section 6.1.4

    >>> from pellucid.tensor import Parameter, Tensor
    >>> w = Parameter([1.0])
    >>> optimizer = Momentum([w], lr=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     w.grad = Tensor([1.0])
    ...     optimizer.step()
    >>> w.numpy()
    array([-0.25], dtype=float32)
    """

    def __init__(self, params: Params, lr: float = 0.01, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr, momentum, weight_decay=weight_decay)


class Nesterov(SGD):
    """Momentum that looks ahead: the gradient counts as it would be one roll further on.

    Math:      v ← momentum·v + g, w ← w - lr·(g + momentum·v)
    Reference: Y. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)",
               1983

    >>> from pellucid.tensor import Parameter, Tensor
    >>> w = Parameter([1.0])
    >>> w.grad = Tensor([1.0])
    >>> Nesterov([w], lr=0.5, momentum=0.5).step()
    >>> w.numpy()
    array([0.25], dtype=float32)
    """

    def __init__(self, params: Params, lr: float = 0.01, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr, momentum, weight_decay=weight_decay, nesterov=True)
