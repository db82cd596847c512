"""AdamW: Adam with weight decay beside the gradient, not in it."""

from __future__ import annotations

from pellucid.optim.adam import Adam
from pellucid.optim.groups import Group
from pellucid.optim.optimizer import Params, like
from pellucid.tensor import Tensor


class AdamW(Adam):
    """Adam, but every weight shrinks by the same factor, however large its gradients are.

    Math:      w ← (1 - lr·weight_decay)·w, then as `Adam` without weight decay
    Reference: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019

    >>> from pellucid.tensor import Parameter
    >>> w = Parameter([1.0])
    >>> w.grad = Tensor([0.0])
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.numpy()
    array([0.75], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def decay(self, w: Tensor, g: Tensor, group: Group) -> tuple[Tensor, Tensor]:
        if not group.uses("weight_decay"):
            return w, g
        return w * like(1 - group.read("lr") * group.read("weight_decay"), w), g
