"""Adagrad: the more a weight has been changed, the smaller its steps become."""

from __future__ import annotations

from pellucid.ops.elementwise import sqrt
from pellucid.optim.groups import Group
from pellucid.optim.optimizer import Optimizer, Params, State, counter, full, like, with_decay
from pellucid.tensor import Tensor


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    Math:      g ← ∂L/∂w + weight_decay·w,  h ← h + g²  (h starts at initial_accumulator_value)
               w ← w - lr/(1 + t·lr_decay) · g/(√h + eps), t steps having been made before
    Raises:    OptionError for a negative option
    Reference: J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic
               optimization", 2011

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([100.0, -0.01])
    >>> Adagrad([w], lr=0.5).step()
    >>> w.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def new_state(self, w: Tensor, group: Group) -> State:
        count = {"step": counter()} if group.uses("lr_decay") else {}
        return {"sum": full(w, group["initial_accumulator_value"]), **count}

    def update(self, w: Tensor, g: Tensor, state: State, group: Group) -> None:
        g = with_decay(w, g, group)
        h = state["sum"].assign(state["sum"] + g * g)
        w.assign(w - like(self._rate(state, group), w) * (g / (sqrt(h) + group.read("eps"))))

    def _rate(self, state: State, group: Group) -> Tensor:
        if not group.uses("lr_decay"):
            return group.read("lr")
        rate = group.read("lr") / (1 + state["step"] * group.read("lr_decay"))
        state["step"].assign(state["step"] + 1)
        return rate


AdaGrad = Adagrad
