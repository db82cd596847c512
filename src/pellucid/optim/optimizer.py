"""What all optimisers share: parameters, options, state, and how they are saved.

An update is an expression of Tensor operations that ends in `assign`, so a step runs eagerly or inside a
compiled function, with the same bits. For that, all that changes from step to step (learning rate, step
count, moments) is kept in Buffers, and every Buffer is made before the first step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

import pellucid.ops  # noqa: F401 - the operators that updates are written with
from pellucid.errors import DTypeError, TraceError
from pellucid.optim.groups import Group, Number, read_params, refuse_unknown, split_betas
from pellucid.optim.state import fitting, put, take
from pellucid.tensor import Buffer, Tensor, context, no_grad

Params = Iterable[Tensor] | Iterable[Mapping[str, Any]]
State = dict[str, Buffer]


class Optimizer:
    """The base of all optimisers. One of your own needs `update`, and `new_state` if it remembers anything.

    params: Tensors, or groups of them with options of their own: [{"params": [...], "lr": 0.1}, ...]
    Raises: OptionError for options out of their range, no parameters, or one given twice

    >>> from pellucid.ops.elementwise import sign
    >>> from pellucid.tensor import Parameter
    >>> class SignDescent(Optimizer):
    ...     def update(self, w, g, state, group):
    ...         w.assign(w - like(group.read("lr"), w) * sign(g))
    >>> w = Parameter([1.0, 2.0])
    >>> w.grad = Tensor([3.0, -4.0])
    >>> SignDescent([w], lr=0.5).step()
    >>> w.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(self, params: Params, **defaults: Any) -> None:
        if context.trace is not None:
            raise TraceError(f"compile: {self.name} is made inside a compiled function; make it before, outside")
        defaults = split_betas(self.name, defaults)
        self.state: dict[Tensor, State] = {}
        self.schedule: Any = None  # the latest that was made for it, which sets its rates
        self._dtypes: dict[Tensor, np.dtype] = {}  # in which the state of each parameter was made
        self.param_groups: list[Group] = []
        for given in read_params(self.name, params):
            options = split_betas(self.name, {key: x for key, x in given.items() if key != "params"})
            refuse_unknown(self.name, options, defaults)
            group = Group(self.name, given["params"], {**defaults, **options}, self._prepare)
            self.param_groups.append(group)
        self._prepare()

    @property
    def name(self) -> str:
        return type(self).__name__

    # ---- what an optimiser defines

    def update(self, w: Tensor, g: Tensor, state: State, group: Group) -> None:
        """Change the parameter w by its gradient g, and the state with it."""
        raise NotImplementedError(f"{self.name} has no update()")

    def new_state(self, w: Tensor, group: Group) -> State:
        """The Buffers that a parameter needs under the options of its group, before the first step."""
        return {}

    def check(self, group: Group) -> None:
        """Raise an OptionError where options do not go together."""

    # ---- what a user calls

    def step(self) -> None:
        """Update every parameter that has a gradient.

        Raises: DTypeError when a parameter was converted after the state that belongs to it was made
        """
        with no_grad():
            for group in self.param_groups:
                group.guard()
                for w in group.params:
                    g = w.grad
                    if g is not None:
                        self._check_dtype(w)
                        self.update(w, g, self.state[w], group)

    def zero_grad(self) -> None:
        """Forget all gradients: `.grad` is None until the next backward."""
        for w in self.params():
            w.grad = None

    @property
    def lr(self) -> float:
        """The learning rate, of the first group where there are several; setting it sets it for all.

        Note: a rate that is set is also the rate from which a schedule starts.
        """
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, lr: float) -> None:
        for group in self.param_groups:
            group["lr"] = lr

    def params(self) -> Iterator[Tensor]:
        """All parameters, in the order in which they were given."""
        return (w for group in self.param_groups for w in group.params)

    def state_dict(self) -> dict[str, np.ndarray]:
        """All state by name: "lr.0" for the first group, "momentum_buffer.3" for the fourth parameter..."""
        return take(self._buffers())

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Put back what `state_dict` gave: all of it, or nothing.

        Raises: CheckpointError when it does not fit these parameters and options
        """
        put(self._buffers(), fitting(self.name, self._buffers(), arrays))

    def __repr__(self) -> str:
        options = [f"{key}={value}" for key, value in self.param_groups[0].items() if key != "params"]
        return f"{self.name}({', '.join(options)})"

    def _buffers(self) -> dict[str, Buffer]:
        named: dict[str, Buffer] = {}
        for i, group in enumerate(self.param_groups):
            named |= {f"{name}.{i}": buffer for name, buffer in group.varying.items()}
            named[f"initial_lr.{i}"] = group.initial_lr
        for i, w in enumerate(self.params()):
            named |= {f"{name}.{i}": buffer for name, buffer in self.state[w].items()}
        return named

    def _check_dtype(self, w: Tensor) -> None:
        if self.state[w] and w.dtype != self._dtypes[w]:
            i = next(i for i, x in enumerate(self.params()) if x is w)
            raise DTypeError(
                f"{self.name}: parameter {i} is {w.dtype}, but was {self._dtypes[w]} when its state was made; "
                "convert the model first and make the optimizer then"
            )

    def _prepare(self) -> None:
        """Make the state that the options ask for, and keep what is there."""
        for group in self.param_groups:
            self.check(group)
        for group in self.param_groups:
            for w in group.params:
                before, new = self.state.get(w, {}), self.new_state(w, group)
                self.state[w] = {name: before.get(name, buffer) for name, buffer in new.items()}
                self._dtypes.setdefault(w, w.dtype)


# ---- for writing updates


def like(x: Number, w: Tensor) -> Any:
    """A float64 Tensor in w's dtype; a Python number takes it by itself.

    Note: rates and corrections are computed in float64 and rounded once, here.
    """
    return x.to(w.dtype) if isinstance(x, Tensor) else x


def full(w: Tensor, value: float = 0.0) -> Buffer:
    """A Buffer of w's shape and dtype."""
    return Buffer(np.full(w.shape, value, w.dtype))


def counter() -> Buffer:
    """A count of steps. float64 holds whole numbers exactly up to 2⁵³ and needs no cast in a formula."""
    return Buffer(np.float64(0))


def with_decay(w: Tensor, g: Tensor, group: Group) -> Tensor:
    """The gradient with that of the penalty weight_decay/2 · |w|² added."""
    return g + group.read("weight_decay") * w if group.uses("weight_decay") else g
