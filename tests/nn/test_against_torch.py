"""Every layer, loss and initialiser against PyTorch: outputs, gradients, running statistics, draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.engines import ENGINES
from pellucid.tensor import Tensor
from tests.agreement import assert_agrees, assert_all_agree, on_every_engine

torch = pytest.importorskip("torch", reason="PyTorch is the oracle; install the extra `parity`")

# PyTorch says that it copies, which is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
IMAGES, ROWS = (4, 6, 9, 8), (5, 6)

# name → (the layer, made with either library's `nn`, and the shape of its input)
LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "linear": (lambda nn: nn.Linear(6, 3), ROWS),
    "linear without bias": (lambda nn: nn.Linear(6, 3, bias=False), ROWS),
    "linear on a sequence": (lambda nn: nn.Linear(6, 3), (2, 4, 6)),
    "conv2d": (lambda nn: nn.Conv2d(6, 4, 3), IMAGES),
    "conv2d stride, padding": (lambda nn: nn.Conv2d(6, 4, (3, 5), (2, 1), (1, 2)), IMAGES),
    "conv2d dilation, groups": (lambda nn: nn.Conv2d(6, 4, 3, dilation=2, groups=2, bias=False), IMAGES),
    "conv2d depthwise": (lambda nn: nn.Conv2d(6, 12, 3, groups=6), IMAGES),
    "conv2d same": (lambda nn: nn.Conv2d(6, 4, 4, padding="same"), IMAGES),
    "conv2d valid": (lambda nn: nn.Conv2d(6, 4, 4, padding="valid"), IMAGES),
    "conv_transpose2d": (lambda nn: nn.ConvTranspose2d(6, 4, 3), IMAGES),
    "conv_transpose2d all": (lambda nn: nn.ConvTranspose2d(6, 4, 3, 2, 1, 1, 2, False, 2), IMAGES),
    "max_pool2d": (lambda nn: nn.MaxPool2d(2), IMAGES),
    "max_pool2d all": (lambda nn: nn.MaxPool2d(3, 2, 1, ceil_mode=True), IMAGES),
    "avg_pool2d": (lambda nn: nn.AvgPool2d(2), IMAGES),
    "avg_pool2d all": (lambda nn: nn.AvgPool2d((3, 2), 2, 1, True, False), IMAGES),
    "adaptive_avg_pool2d 1": (lambda nn: nn.AdaptiveAvgPool2d(1), IMAGES),
    "adaptive_avg_pool2d": (lambda nn: nn.AdaptiveAvgPool2d((4, 3)), IMAGES),
    "batch_norm1d": (lambda nn: nn.BatchNorm1d(6), ROWS),
    "batch_norm1d sequence": (lambda nn: nn.BatchNorm1d(6), (4, 6, 3)),
    "batch_norm2d": (lambda nn: nn.BatchNorm2d(6), IMAGES),
    "batch_norm2d options": (lambda nn: nn.BatchNorm2d(6, 1e-3, 0.3), IMAGES),
    "batch_norm2d cumulative": (lambda nn: nn.BatchNorm2d(6, momentum=None), IMAGES),
    "batch_norm2d plain": (lambda nn: nn.BatchNorm2d(6, affine=False), IMAGES),
    "batch_norm2d stateless": (lambda nn: nn.BatchNorm2d(6, track_running_stats=False), IMAGES),
    "layer_norm": (lambda nn: nn.LayerNorm(6), ROWS),
    "layer_norm of images": (lambda nn: nn.LayerNorm((6, 9, 8)), IMAGES),
    "layer_norm plain": (lambda nn: nn.LayerNorm(6, elementwise_affine=False), ROWS),
    "layer_norm without bias": (lambda nn: nn.LayerNorm(6, bias=False), ROWS),
    "local_response_norm": (lambda nn: nn.LocalResponseNorm(3), IMAGES),
    "local_response_norm all": (lambda nn: nn.LocalResponseNorm(4, 0.1, 0.5, 2.0), IMAGES),
    "dropout of nothing": (lambda nn: nn.Dropout(0.0), ROWS),
    "dropout of all": (lambda nn: nn.Dropout(1.0), ROWS),
    "flatten": (lambda nn: nn.Flatten(), IMAGES),
    "flatten some": (lambda nn: nn.Flatten(2, 3), IMAGES),
    "identity": (lambda nn: nn.Identity(), ROWS),
    "sigmoid": (lambda nn: nn.Sigmoid(), ROWS),
    "tanh": (lambda nn: nn.Tanh(), ROWS),
    "relu": (lambda nn: nn.ReLU(), ROWS),
    "relu in place": (lambda nn: nn.Sequential(nn.Linear(6, 3), nn.ReLU(inplace=True)), ROWS),
    "leaky_relu": (lambda nn: nn.LeakyReLU(0.2), ROWS),
    "elu": (lambda nn: nn.ELU(0.7), ROWS),
    "gelu": (lambda nn: nn.GELU(), ROWS),
    "gelu tanh": (lambda nn: nn.GELU("tanh"), ROWS),
    "silu": (lambda nn: nn.SiLU(), ROWS),
    "softplus": (lambda nn: nn.Softplus(2.0), ROWS),
    "softmax": (lambda nn: nn.Softmax(1), IMAGES),
    "log_softmax": (lambda nn: nn.LogSoftmax(dim=-1), ROWS),
    "a network": (
        lambda nn: nn.Sequential(
            nn.Conv2d(6, 8, 3, padding=1, bias=False),  # a bias there has the gradient 0, and rounding
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128, 7),
        ),
        IMAGES,
    ),
}

_numbers = np.random.default_rng(0)
CLASSES, OUTPUTS = _numbers.integers(0, 6, 5), _numbers.random(ROWS)
ONE_HOT, WEIGHTS = np.eye(6)[CLASSES], np.arange(1.0, 7.0)

# name → (the loss, made with either `nn` and a function that makes its arrays; the target; output in 0..1)
LOSSES: dict[str, tuple[Callable[[Any, Any], Any], np.ndarray, bool]] = {
    "cross_entropy": (lambda nn, a: nn.CrossEntropyLoss(), CLASSES, False),
    "cross_entropy sum": (lambda nn, a: nn.CrossEntropyLoss(reduction="sum"), CLASSES, False),
    "cross_entropy none": (lambda nn, a: nn.CrossEntropyLoss(reduction="none"), CLASSES, False),
    "cross_entropy one-hot": (lambda nn, a: nn.CrossEntropyLoss(), ONE_HOT, False),
    "cross_entropy weights": (lambda nn, a: nn.CrossEntropyLoss(a(WEIGHTS)), CLASSES, False),
    "cross_entropy ignore": (lambda nn, a: nn.CrossEntropyLoss(ignore_index=int(CLASSES[0])), CLASSES, False),
    "cross_entropy smooth": (lambda nn, a: nn.CrossEntropyLoss(label_smoothing=0.1), CLASSES, False),
    "cross_entropy smooth, weights": (
        lambda nn, a: nn.CrossEntropyLoss(a(WEIGHTS), label_smoothing=0.1),
        CLASSES,
        False,
    ),
    "mse": (lambda nn, a: nn.MSELoss(), OUTPUTS, False),
    "mse sum": (lambda nn, a: nn.MSELoss(reduction="sum"), OUTPUTS, False),
    "l1": (lambda nn, a: nn.L1Loss(), OUTPUTS, False),
    "bce": (lambda nn, a: nn.BCELoss(), OUTPUTS, True),
    "bce weights": (lambda nn, a: nn.BCELoss(a(WEIGHTS), reduction="none"), OUTPUTS, True),
    "bce with logits": (lambda nn, a: nn.BCEWithLogitsLoss(), OUTPUTS, False),
    "bce with logits, weights": (
        lambda nn, a: nn.BCEWithLogitsLoss(a(WEIGHTS), pos_weight=a(WEIGHTS)),
        OUTPUTS,
        False,
    ),
    "nll": (lambda nn, a: nn.NLLLoss(), CLASSES, False),
    "nll weights": (lambda nn, a: nn.NLLLoss(a(WEIGHTS), ignore_index=int(CLASSES[1])), CLASSES, False),
}


def test_no_layer_or_loss_is_left_out() -> None:
    cases = [make(nn) for make, _ in LAYERS.values()] + [make(nn, Tensor) for make, _, _ in LOSSES.values()]
    covered = {type(module).__name__ for case in cases for module in case.modules()}
    public = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    assert public - covered == {"Buffer", "Module", "ModuleList", "Parameter", "Step"}


def close(ours: Any, theirs: Any, dtype: str) -> None:
    """Equal to 1e-5 in float32 and 1e-10 in float64, by the largest number."""
    ours, theirs = np.asarray(ours), theirs.detach().numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    scale = max(1.0, float(np.abs(theirs).max(initial=0)))
    np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=TOLERANCE[dtype])


def pair(make: Callable[[Any], Any], dtype: str) -> tuple[nn.Module, Any]:
    """The same module in both libraries, PyTorch's weights in both."""
    theirs = make(torch.nn).to(getattr(torch, dtype))
    for parameter in theirs.parameters():  # no zeros and ones left, which would hide mistakes
        torch.nn.init.uniform_(parameter, 0.2, 1.0)
    ours = make(nn).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def inputs(shape: tuple[int, ...], dtype: str) -> tuple[Tensor, Any]:
    x = np.random.default_rng(1).normal(0.3, 1.0, shape).astype(dtype)
    return Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)


def backward(ours: Tensor, theirs: Any) -> None:
    """Through a sum with weights, so that no two gradients cancel."""
    weights = 1 + np.random.default_rng(2).random(ours.shape).astype(ours.dtype)
    (ours * Tensor(weights)).sum().backward()
    (theirs * torch.tensor(weights)).sum().backward()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_what_pytorch_computes(name: str, training: bool, dtype: str) -> None:
    make, shape = LAYERS[name]
    ours, theirs = pair(make, dtype)
    ours.train(training), theirs.train(training)
    for _ in range(2):  # the second time the running statistics have moved
        (x, x_torch) = inputs(shape, dtype)
        y, y_torch = ours(x), theirs(x_torch)
        close(y, y_torch, dtype)
    backward(y, y_torch)
    close(x.grad, x_torch.grad, dtype)
    expected = dict(theirs.named_parameters())
    assert [key for key, _ in ours.named_parameters()] == list(expected)
    for key, parameter in ours.named_parameters():
        close(parameter.grad, expected[key].grad, dtype)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        close(ours.state_dict()[key], value, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", LAYERS)
@on_every_engine
def test_a_compiled_layer_computes_what_an_eager_one_does(name: str, dtype: str, engine_name: str) -> None:
    make, shape = LAYERS[name]
    eager, _ = pair(make, dtype)
    compiled = make(nn).to(dtype)
    compiled.load_state_dict(eager.state_dict())
    x, _ = inputs(shape, dtype)

    def step(model: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        y = model(x)
        parameters = list(model.parameters())
        return y, pellucid.gradients((y * y).sum(), [x, *parameters])

    run = pellucid.compile(lambda x: step(compiled, x))
    for _ in range(2):
        y, slopes = step(eager, x)
        with pellucid.engine(engine_name):
            y_compiled, slopes_compiled = run(x)
        assert_all_agree([y_compiled, *slopes_compiled], [y, *slopes], engine_name)
        for key, value in eager.state_dict().items():
            assert_agrees(compiled.state_dict()[key], value, engine_name, what=key)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_computes_what_pytorch_computes(name: str, dtype: str) -> None:
    make, target, is_probability = LOSSES[name]
    target = target.astype(dtype) if target.dtype.kind == "f" else target
    ours = make(nn, lambda weights: Tensor(weights.astype(dtype)))
    theirs = make(torch.nn, lambda weights: torch.tensor(weights.astype(dtype)))
    x, x_torch = inputs(ROWS, dtype)
    y, y_torch = (x.sigmoid(), x_torch.sigmoid()) if is_probability else (x, x_torch)
    loss, loss_torch = ours(y, Tensor(target)), theirs(y_torch, torch.tensor(target))
    close(loss, loss_torch, dtype)
    compiled = pellucid.compile(lambda y, t: ours(y, t))
    for engine_name in ENGINES:
        with pellucid.engine(engine_name):
            assert_agrees(compiled(y, Tensor(target)), loss, engine_name)
    backward(loss, loss_torch)
    close(x.grad, x_torch.grad, dtype)


@pytest.mark.parametrize("name", LAYERS)
def test_a_state_dict_moves_to_pytorch(name: str) -> None:
    make, shape = LAYERS[name]
    ours, theirs = make(nn), make(torch.nn)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in ours.state_dict().items()})
    x, x_torch = inputs(shape, "float32")
    close(ours.eval()(x), theirs.eval()(x_torch), "float32")


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_prints_as_in_pytorch(name: str) -> None:
    make, _ = LAYERS[name]
    assert repr(make(nn)) == repr(make(torch.nn))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_prints_and_saves_as_in_pytorch(name: str) -> None:
    make, _, _ = LOSSES[name]
    ours, theirs = make(nn, Tensor), make(torch.nn, torch.tensor)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


INITIALISERS: dict[str, Callable[[Any, Any], Any]] = {
    "uniform_": lambda init, w: init.uniform_(w, -0.3, 0.5),
    "normal_": lambda init, w: init.normal_(w, 0.5, 0.2),
    "xavier_uniform_": lambda init, w: init.xavier_uniform_(w, 1.5),
    "xavier_normal_": lambda init, w: init.xavier_normal_(w),
    "kaiming_uniform_": lambda init, w: init.kaiming_uniform_(w, math.sqrt(5)),
    "kaiming_uniform_ fan_out": lambda init, w: init.kaiming_uniform_(w, 0, "fan_out", "relu"),
    "kaiming_normal_": lambda init, w: init.kaiming_normal_(w, nonlinearity="relu"),
    "kaiming_normal_ tanh": lambda init, w: init.kaiming_normal_(w, 0.0, "fan_in", "tanh"),
    "orthogonal_": lambda init, w: init.orthogonal_(w, 1.5),
}


@pytest.mark.parametrize("shape", [(300, 400), (40, 30, 10, 10)], ids=str)
@pytest.mark.parametrize("name", INITIALISERS)
def test_an_initialiser_draws_from_pytorchs_distribution(name: str, shape: tuple[int, ...]) -> None:
    initialise = INITIALISERS[name]
    w, w_torch = Tensor(np.zeros(shape)), torch.zeros(shape, dtype=torch.float64)
    assert initialise(nn.init, w) is w
    ours, theirs = w.numpy(), initialise(torch.nn.init, w_torch).numpy()
    # Of 120,000 numbers, the mean errs by std/346 and the std by std/490; five times that may happen.
    std = theirs.std()
    assert abs(ours.mean() - theirs.mean()) < 5 * math.sqrt(2) * std / 346
    assert abs(ours.std() - std) < 5 * math.sqrt(2) * std / 490
    quantiles = np.linspace(0.01, 0.99, 25)
    ours_at, theirs_at = (np.quantile(x, quantiles) for x in (ours, theirs))
    np.testing.assert_allclose(ours_at, theirs_at, atol=0.05 * std)
    if "uniform" in name:
        np.testing.assert_allclose([ours.min(), ours.max()], [theirs.min(), theirs.max()], atol=1e-3 * std)


DEFAULTS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda nn: nn.Linear(300, 400),
    "conv2d": lambda nn: nn.Conv2d(40, 60, 7),
    "conv2d groups": lambda nn: nn.Conv2d(40, 80, 7, groups=2),
    "conv_transpose2d": lambda nn: nn.ConvTranspose2d(40, 60, 7),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_layer_starts_within_pytorchs_bounds(name: str) -> None:
    ours, theirs = DEFAULTS[name](nn), DEFAULTS[name](torch.nn)
    bound = theirs.weight.abs().max().item()
    assert np.abs(ours.weight.numpy()).max() == pytest.approx(bound, rel=1e-3)
    assert ours.weight.numpy().std() == pytest.approx(theirs.weight.std().item(), rel=0.02)
    assert np.abs(ours.bias.numpy()).max() == pytest.approx(bound, rel=0.2)
    assert np.abs(ours.bias.numpy()).max() <= bound * 1.001


@pytest.mark.parametrize("name", ["linear", "conv2d", "tanh", "sigmoid", "relu", "leaky_relu", "selu"])
def test_a_gain_is_pytorchs(name: str) -> None:
    assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-12)


def test_a_parameter_of_pytorch_that_needs_a_gradient_loads() -> None:
    theirs = torch.nn.Linear(3, 2)
    ours = nn.Linear(3, 2)
    ours.load_state_dict(dict(theirs.named_parameters()))
    close(ours.weight, theirs.weight, "float32")
