"""Groups of parameters: which Tensors an optimiser changes, and with which options.

What never changes during training is a Python number and so a constant of a compiled step. What a schedule
changes, the learning rate first of all, is a float64 Buffer of shape () and so state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, OptionError, nearest
from pellucid.tensor import Buffer, Tensor, context

Number = float | Tensor


# ---- what an option may be


@dataclass(frozen=True)
class Rule:
    """A constraint on an option, and the words for it."""

    holds: Callable[[Any], bool]
    words: str


NUMBER = Rule(math.isfinite, "a finite number")
NOT_NEGATIVE = Rule(lambda x: 0 <= x < math.inf, "a finite number, 0 or more")
BELOW_ONE = Rule(lambda x: 0 <= x < 1, "a number from 0 to below 1")
UNIT = Rule(lambda x: 0 <= x <= 1, "a number from 0 to 1")
POSITIVE = Rule(lambda x: 0 < x < math.inf, "a finite number above 0")
SIZE = Rule(lambda x: x >= 0, "a number, 0 or more")
FLAG = Rule(lambda x: isinstance(x, bool), "True or False")

RULES = {
    "lr": NOT_NEGATIVE,
    "momentum": NOT_NEGATIVE,
    "dampening": NUMBER,
    "weight_decay": NOT_NEGATIVE,
    "nesterov": FLAG,
    "lr_decay": NOT_NEGATIVE,
    "initial_accumulator_value": NOT_NEGATIVE,
    "eps": NOT_NEGATIVE,
    "alpha": BELOW_ONE,
    "centered": FLAG,
    "beta1": BELOW_ONE,
    "beta2": BELOW_ONE,
    "amsgrad": FLAG,
}


def rule_of(name: str) -> Rule:
    """The rule of an option; one that only an optimiser of the user's own has may be any number."""
    return RULES.get(name, NUMBER)


def within(rule: Rule, owner: str, name: str, value: Any) -> Any:
    """The option as a Python float or bool.

    Raises: OptionError when the rule does not hold
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if (rule is not FLAG and not is_number) or not rule.holds(value):
        raise OptionError(f"{owner}: {name} is {value!r}; give {rule.words}")
    return value if rule is FLAG else float(value)


def whole(owner: str, name: str, value: Any) -> int:
    """The option as a whole number of steps.

    Raises: OptionError when it is none, or less than 1
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise OptionError(f"{owner}: {name} is {value!r}; give a whole number, 1 or more")
    return int(value)


def split_betas(owner: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with PyTorch's pair `betas` as `beta1` and `beta2`."""
    options = dict(options)
    if "betas" in options:
        betas = options.pop("betas")
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise OptionError(f"{owner}: betas is {betas!r}; give two numbers such as (0.9, 0.999)")
        options["beta1"], options["beta2"] = betas
    return options


# ---- a group


class Group(Mapping[str, Any]):
    """Some parameters and their options; reads and writes like the dictionaries in PyTorch's `param_groups`.

    >>> group = Group("SGD", [], {"lr": 0.1, "momentum": 0.9})
    >>> group["lr"] = 0.01
    >>> group["lr"], group["momentum"]
    (0.01, 0.9)
    """

    def __init__(
        self,
        owner: str,
        params: list[Tensor],
        options: Mapping[str, Any],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.owner, self.params, self._changed = owner, params, changed
        self._fixed = {name: within(rule_of(name), owner, name, value) for name, value in options.items()}
        self.varying: dict[str, Buffer] = {}
        self.vary("lr")
        self.initial_lr = Buffer(np.float64(self["lr"]))

    def read(self, name: str) -> Any:
        """An option as an update uses it: a Python value, or a float64 Tensor where it is state."""
        return self.varying[name] if name in self.varying else self._fixed[name]

    def uses(self, name: str) -> bool:
        """Whether an option is other than 0 and False, now or later."""
        return name in self.varying or bool(self._fixed[name])

    def vary(self, name: str) -> None:
        """Make an option state, so that a schedule can change it inside a compiled step."""
        if name not in self.varying:
            self.varying[name] = Buffer(np.float64(self._fixed.pop(name)))
            self._changed()

    def guard(self) -> None:
        """While a step is being compiled: it holds only as long as the fixed options stay as they are."""
        if context.trace is not None:
            context.trace.guard(lambda: dict(self._fixed), dict(self._fixed), [self._fixed])

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self.params
        if name == "betas" and "beta2" in self._fixed:
            return self["beta1"], self["beta2"]
        return self.varying[name].item() if name in self.varying else self._fixed[name]

    def __setitem__(self, name: str, value: Any) -> None:
        options = split_betas(self.owner, {name: value})
        refuse_unknown(self.owner, options, [*self._fixed, *self.varying])
        new = {key: within(rule_of(key), self.owner, key, x) for key, x in options.items()}
        for key, x in new.items():
            self._write(key, x)

    def _write(self, name: str, value: Any) -> None:
        if name in self.varying:
            self.varying[name].assign(Tensor(np.float64(value)))
            if name == "lr":
                self.initial_lr.assign(Tensor(np.float64(value)))
            return
        before, self._fixed[name] = self._fixed[name], value
        try:
            self._changed()
        except OptionError:
            self._fixed[name] = before
            raise

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self.varying, *self._fixed])

    def __len__(self) -> int:
        return 1 + len(self.varying) + len(self._fixed)


def refuse_unknown(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """One sentence about the first option that is not known, with the nearest one that is."""
    words = list(known)
    for name in given:
        if name not in words:
            raise OptionError(f"{owner}: there is no option {name!r}{nearest(name, words)}")


# ---- what a user gives for `params`


def read_params(owner: str, params: Any) -> list[dict[str, Any]]:
    """A list of Tensors, or of dictionaries {"params": ..., option: ...}, as such dictionaries, checked.

    Raises: OptionError for no parameters, one given twice, or one that is computed; DTypeError for integers
    """
    if isinstance(params, Tensor):
        raise OptionError(f"{owner}: got one Tensor; give a list of them, such as model.parameters()")
    if callable(getattr(params, "parameters", None)):
        raise OptionError(f"{owner}: got a {type(params).__name__}; give model.parameters()")
    if not isinstance(params, Iterable):
        raise OptionError(f"{owner}: got {params!r}; give a list of Tensors, such as model.parameters()")
    given = list(params)
    groups = given if given and all(isinstance(x, Mapping) for x in given) else [{"params": given}]
    if not all("params" in group for group in groups):
        raise OptionError(f'{owner}: a group has no "params"; give {{"params": [...], "lr": ...}}')
    found = [{**group, "params": _as_list(group["params"])} for group in groups]
    _check_params(owner, [x for group in found for x in group["params"]])
    return found


def _as_list(params: Any) -> list[Any]:
    return [params] if isinstance(params, Tensor) else list(params)


def _check_params(owner: str, params: list[Any]) -> None:
    if not params:
        raise OptionError(
            f"{owner}: there are no parameters to train; give some, such as model.parameters(); "
            "layers in a plain list belong in nn.ModuleList"
        )
    seen: dict[int, int] = {}
    for i, x in enumerate(params):
        this = f"{owner}: parameter {i}"
        if not isinstance(x, Tensor):
            raise OptionError(f"{this} is a {type(x).__name__}; give Tensors, such as model.parameters()")
        if x.dtype.kind != "f":
            raise DTypeError(f"{this} is {x.dtype}, which has no gradient; give float32 or float64")
        if not x.is_leaf:
            raise OptionError(f"{this} was computed from others; give those that it was computed from")
        if id(x) in seen:
            raise OptionError(f"{this} is parameter {seen[id(x)]} again; give each one once")
        seen[id(x)] = i
