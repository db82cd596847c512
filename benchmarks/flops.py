"""How many floating-point operations a training step needs in products and convolutions.

A multiply-add counts as two. The forward pass, the weights' gradient and the inputs' gradient need the same number;
the first layer's input needs no gradient. Padding is multiplied like pixels. Additions of biases, activations,
pooling, normalisation, losses and updates are not counted: they are none of the machine's best work.
"""

from __future__ import annotations

from benchmarks.workloads import Conv, Flatten, Layer, Layers, Linear, MaxPool, Mean, Residual, Shape, Workload


def training_step(workload: Workload) -> int:
    """The operations of one step: a batch forward and back."""
    products = multiply_adds(workload.layers, workload.image)
    return 2 * workload.batch * (3 * sum(products) - products[0])


def forward(workload: Workload) -> int:
    """The operations of the forward pass of one example."""
    return 2 * sum(multiply_adds(workload.layers, workload.image))


def multiply_adds(layers: Layers, shape: Shape) -> list[int]:
    """What each product or convolution needs for one example, in order, the first of which sees the input."""
    counts: list[int] = []
    for layer in layers:
        shape = _through(layer, shape, counts)
    return counts


def _through(layer: Layer, shape: Shape, counts: list[int]) -> Shape:
    """The shape after the layer; appends what it needs."""
    match layer:
        case Linear(inputs, outputs):
            counts.append(inputs * outputs)
            return (outputs,)
        case Conv(inputs, outputs, kernel, padding, stride):
            height, width = ((n + 2 * padding - kernel) // stride + 1 for n in shape[1:])
            counts.append(height * width * outputs * inputs * kernel * kernel)
            return (outputs, height, width)
        case MaxPool():
            return (shape[0], shape[1] // 2, shape[2] // 2)
        case Mean():
            return shape[:1]
        case Flatten():
            return (shape[0] * shape[1] * shape[2],) if len(shape) == 3 else shape
        case Residual(body, shortcut):
            counts += multiply_adds(shortcut, shape)
            inside = shape
            for inner in body:
                inside = _through(inner, inside, counts)
            return inside
    return shape
