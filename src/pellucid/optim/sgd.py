"""Stochastic gradient descent, plain or with momentum."""

from __future__ import annotations

from pellucid.errors import OptionError
from pellucid.ops.comparison import where
from pellucid.optim.groups import Group
from pellucid.optim.optimizer import Optimizer, Params, State, counter, full, like, with_decay
from pellucid.tensor import Tensor


class SGD(Optimizer):
    """Steps against the gradient, or against a decaying sum of the gradients so far.

    Math:      g ← ∂L/∂w + weight_decay·w
               v ← momentum·v + (1 - dampening)·g, at the first step v ← g
               w ← w - lr·v; with nesterov w ← w - lr·(g + momentum·v); without momentum w ← w - lr·g
    Raises:    OptionError for a negative option, or nesterov without momentum or with dampening
    Note:      the books write v ← momentum·v - lr·g, w ← w + v: the same for a fixed rate; here a change
               of the rate acts at once, also on what is already in v.
    Reference: B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964;
               Y. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)",
               1983;
               in this form: I. Sutskever et al., "On the importance of initialization and momentum in deep
               learning", 2013

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([1.0, -1.0])
    >>> SGD([w], lr=0.5).step()
    >>> w.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    def check(self, group: Group) -> None:
        if group.uses("nesterov") and (not group.uses("momentum") or group.uses("dampening")):
            given = f"momentum={group['momentum']:g}, dampening={group['dampening']:g}"
            raise OptionError(f"{self.name}: nesterov needs a momentum above 0 and no dampening, got {given}")

    def new_state(self, w: Tensor, group: Group) -> State:
        if not group.uses("momentum"):
            return {}
        count = {"step": counter()} if group.uses("dampening") else {}
        return {"momentum_buffer": full(w), **count}

    def update(self, w: Tensor, g: Tensor, state: State, group: Group) -> None:
        g = with_decay(w, g, group)
        if group.uses("momentum"):
            v = self._velocity(g, state, group)
            g = g + like(group.read("momentum"), w) * v if group.uses("nesterov") else v
        w.assign(w - like(group.read("lr"), w) * g)

    def _velocity(self, g: Tensor, state: State, group: Group) -> Tensor:
        v = like(group.read("momentum"), g) * state["momentum_buffer"]
        if group.uses("dampening"):
            v = where(state["step"] == 0, g, v + (1 - group.read("dampening")) * g)
            state["step"].assign(state["step"] + 1)
        else:
            v = v + g
        return state["momentum_buffer"].assign(v)
