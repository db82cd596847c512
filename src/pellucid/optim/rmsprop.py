"""RMSprop: Adagrad that forgets."""

from __future__ import annotations

from pellucid.ops.arithmetic import maximum
from pellucid.ops.elementwise import sqrt
from pellucid.optim.groups import Group
from pellucid.optim.optimizer import Optimizer, Params, State, full, like, with_decay
from pellucid.tensor import Tensor


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradients.

    Math:      g ← ∂L/∂w + weight_decay·w,  v ← alpha·v + (1 - alpha)·g²
               d ← g / (√v + eps); centered: g / (√(v - m²) + eps) with m ← m + (1 - alpha)·(g - m)
               w ← w - lr·d; with momentum b ← momentum·b + d, w ← w - lr·b
    Raises:    OptionError for a negative option or an alpha outside 0..1
    Note:      v - m² is a variance, but rounding can make it negative where g hardly changes: held at 0.
    Reference: G. Hinton, "Neural networks for machine learning", lecture 6e, 2012;
               centered: A. Graves, "Generating sequences with recurrent neural networks", 2013

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([100.0, -0.01])
    >>> RMSprop([w], lr=0.5, alpha=0.0).step()
    >>> w.numpy().round(3)
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    def new_state(self, w: Tensor, group: Group) -> State:
        state = {"square_avg": full(w)}
        if group.uses("centered"):
            state["grad_avg"] = full(w)
        if group.uses("momentum"):
            state["momentum_buffer"] = full(w)
        return state

    def update(self, w: Tensor, g: Tensor, state: State, group: Group) -> None:
        g = with_decay(w, g, group)
        d = g / (sqrt(self._mean_square(g, state, group)) + group.read("eps"))
        if group.uses("momentum"):
            b = state["momentum_buffer"]
            d = b.assign(like(group.read("momentum"), w) * b + d)
        w.assign(w - like(group.read("lr"), w) * d)

    def _mean_square(self, g: Tensor, state: State, group: Group) -> Tensor:
        alpha, v = group.read("alpha"), state["square_avg"]
        v.assign(alpha * v + (1 - alpha) * (g * g))
        if not group.uses("centered"):
            return v
        m = state["grad_avg"]
        m.assign(m + (1 - alpha) * (g - m))
        return maximum(v - m * m, 0.0)
