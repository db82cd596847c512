"""Adam: a step size of its own for every weight, from running means of its gradient."""

from __future__ import annotations

from pellucid.ops.arithmetic import maximum
from pellucid.ops.elementwise import sqrt
from pellucid.optim.groups import Group
from pellucid.optim.optimizer import Optimizer, Params, State, counter, full, like, with_decay
from pellucid.tensor import Tensor


class Adam(Optimizer):
    """Steps along a running mean of the gradient, divided by the root of a running mean of its square.

    Math:      g ← ∂L/∂w + weight_decay·w,  t ← t + 1
               m ← m + (1 - β₁)·(g - m)
               v ← β₂·v + (1 - β₂)·g²;  with amsgrad the largest v so far takes its place below
               w ← w - lr · m̂ / (√v̂ + eps), where m̂ = m/(1 - β₁ᵗ), v̂ = v/(1 - β₂ᵗ)
    Raises:    OptionError for a negative option or a beta outside 0..1
    Note:      m̂ and v̂ are m and v without their bias towards the zeros that they start from.
               The last line is computed as w - (lr·c/(1 - β₁ᵗ)) · m / (√v + eps·c) with c = √(1 - β₂ᵗ): both
               corrections are then numbers, not arrays. t counts the gradients that the parameter has had.
    Reference: D. Kingma, J. Ba, "Adam: A method for stochastic optimization", 2015, section 2;
               amsgrad: S. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", 2018

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([100.0, -0.01])
    >>> Adam([w], lr=0.5).step()
    >>> w.numpy().round(3)
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def new_state(self, w: Tensor, group: Group) -> State:
        largest = {"max_exp_avg_sq": full(w)} if group.uses("amsgrad") else {}
        return {"step": counter(), "exp_avg": full(w), "exp_avg_sq": full(w), **largest}

    def update(self, w: Tensor, g: Tensor, state: State, group: Group) -> None:
        start, g = self.decay(w, g, group)
        t = state["step"].assign(state["step"] + 1)
        beta1, beta2 = group.read("beta1"), group.read("beta2")
        m, v = state["exp_avg"], state["exp_avg_sq"]
        m.assign(m + like(1 - beta1, w) * (g - m))
        v.assign(like(beta2, w) * v + like(1 - beta2, w) * (g * g))
        if group.uses("amsgrad"):
            v = state["max_exp_avg_sq"].assign(maximum(state["max_exp_avg_sq"], v))
        c = sqrt(1 - beta2**t)
        rate, eps = group.read("lr") * c / (1 - beta1**t), group.read("eps") * c
        w.assign(start - like(rate, w) * (m / (sqrt(v) + like(eps, w))))

    def decay(self, w: Tensor, g: Tensor, group: Group) -> tuple[Tensor, Tensor]:
        """Where the update starts from, and the gradient, after weight decay."""
        return w, with_decay(w, g, group)
