"""The layers: by hand on arrays as in chapter 5, on Tensors, and compiled."""

import numpy as np
import pytest

import pellucid as pl
from pellucid import book
from pellucid.errors import GradientError, OptionError, ShapeError, TraceError
from tests.book import formulas

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture
def generator():
    return np.random.default_rng(0)


# ---- plain numbers


def test_apples_cost_what_they_cost_in_the_book():
    apples, tax = book.MulLayer(), book.MulLayer()
    price = tax.forward(apples.forward(100, 2), 1.1)
    dapples, dtax = tax.backward(1)
    dapple, dnumber = apples.backward(dapples)
    assert (price, dapple, dnumber, dtax) == pytest.approx((220, 2.2, 110, 200))
    assert type(dtax) is int and str(dapple) == "2.2"


def test_apples_and_oranges_cost_what_they_cost_in_the_book():
    apples, oranges, both, tax = book.MulLayer(), book.MulLayer(), book.AddLayer(), book.MulLayer()
    price = tax.forward(both.forward(apples.forward(100, 2), oranges.forward(150, 3)), 1.1)
    dboth, dtax = tax.backward(1)
    dapples, doranges = both.backward(dboth)
    dorange, dorange_number = oranges.backward(doranges)
    dapple, dapple_number = apples.backward(dapples)
    found = (price, dapple_number, dapple, dorange, dorange_number, dtax)
    assert found == pytest.approx((715, 110, 2.2, 3.3, 165, 650))
    assert type(dtax) is int


def test_lists_are_arrays_for_the_plain_layers_too():
    assert book.MulLayer().forward([1, 2], 3).tolist() == [3, 6]
    assert book.AddLayer().forward([1, 2], [3, 4]).tolist() == [4, 6]


# ---- activations


def test_relu_keeps_its_mask_and_leaves_dout_alone(generator):
    layer, x = book.Relu(), np.array([[1.0, -0.5], [-2.0, 0.0]])
    np.testing.assert_array_equal(layer.forward(x), [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(layer.mask, [[False, True], [True, True]])
    dout = np.full((2, 2), 3.0)
    np.testing.assert_array_equal(layer.backward(dout), [[3.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(dout, 3.0)


def test_sigmoid_keeps_its_output(generator):
    layer, x, dout = book.Sigmoid(), generator.normal(size=(3, 4)), generator.normal(size=(3, 4))
    out = layer.forward(x)
    np.testing.assert_allclose(out, 1 / (1 + np.exp(-x)), **CLOSE)
    assert layer.out is out
    np.testing.assert_allclose(layer.backward(dout), dout * out * (1 - out), **CLOSE)


# ---- Affine


def test_affine_is_the_books(generator):
    W, b, x, dout = (generator.normal(size=shape) for shape in ((3, 2), 2, (4, 3), (4, 2)))
    layer = book.Affine(W, b)
    assert layer.W is W and layer.b is b and layer.dW is None
    np.testing.assert_allclose(layer.forward(x), x @ W + b, **CLOSE)
    np.testing.assert_array_equal(layer.x, x)
    np.testing.assert_allclose(layer.backward(dout), dout @ W.T, **CLOSE)
    np.testing.assert_allclose(layer.dW, x.T @ dout, **CLOSE)
    np.testing.assert_allclose(layer.db, dout.sum(0), **CLOSE)
    layer.dW[:] = 0  # the caller's own
    layer.backward(dout)  # as often as is asked
    np.testing.assert_allclose(layer.dW, x.T @ dout, **CLOSE)


def test_affine_follows_weights_that_are_changed_in_place(generator):
    W, x = generator.normal(size=(3, 2)), generator.normal(size=(4, 3))
    layer = book.Affine(W, np.zeros(2))
    layer.forward(x)
    W *= 2
    np.testing.assert_allclose(layer.forward(x), x @ W, **CLOSE)


def test_affine_takes_images_and_gives_their_gradient_in_their_shape(generator):
    W, x, dout = generator.normal(size=(12, 5)), generator.normal(size=(2, 3, 2, 2)), generator.normal(size=(2, 5))
    layer = book.Affine(W, np.zeros(5))
    np.testing.assert_allclose(layer.forward(x), x.reshape(2, 12) @ W, **CLOSE)
    assert layer.x.shape == (2, 12) and layer.original_x_shape == (2, 3, 2, 2)
    np.testing.assert_allclose(layer.backward(dout), (dout @ W.T).reshape(2, 3, 2, 2), **CLOSE)


def test_affine_takes_one_example(generator):
    W, x, dout = generator.normal(size=(3, 2)), generator.normal(size=3), generator.normal(size=2)
    layer = book.Affine(W, np.ones(2))
    np.testing.assert_allclose(layer.forward(x), x @ W + 1, **CLOSE)
    np.testing.assert_allclose(layer.backward(dout), W @ dout, **CLOSE)
    np.testing.assert_allclose(layer.dW, np.outer(x, dout), **CLOSE)
    np.testing.assert_allclose(layer.db, dout, **CLOSE)


@pytest.mark.parametrize(
    ("given", "weights", "expected"),
    [("float32", "float64", "float64"), ("float32", "float32", "float32"), ("uint8", "float32", "float32")],
)
def test_dtypes_meet_as_in_numpy(given, weights, expected):
    layer = book.Affine(np.ones((3, 2), weights), np.zeros(2, weights))
    assert layer.forward(np.ones((4, 3), given)).dtype == expected
    assert layer.forward([[1, 2, 3]]).dtype == "float64"


# ---- SoftmaxWithLoss


@pytest.mark.parametrize("as_one_hot", [False, True])
def test_softmax_with_loss_is_the_books(as_one_hot, generator):
    x, labels = generator.normal(size=(5, 4)), np.array([3, 0, 1, 1, 2])
    rows = formulas.one_hot(labels, 4)
    layer, t = book.SoftmaxWithLoss(), rows if as_one_hot else labels
    loss = layer.forward(x, t)
    y = formulas.softmax(x)
    assert loss == layer.loss == pytest.approx(formulas.cross_entropy(y, labels), abs=1e-12)
    np.testing.assert_allclose(layer.y, y, **CLOSE)
    np.testing.assert_array_equal(layer.t, t)
    np.testing.assert_allclose(layer.backward(), (y - rows) / 5, **CLOSE)
    np.testing.assert_allclose(layer.backward(2), (y - rows) / 5 * 2, **CLOSE)


def test_softmax_with_loss_of_improbable_classes_has_the_books_loss_and_slope():
    """At a probability of 1e-9 the slope of log(y + 1e-7) would be a hundredth of the book's."""
    x, t = np.array([[0.0, 21.0]]), np.array([0])
    layer = book.SoftmaxWithLoss()
    assert layer.forward(x, t) == pytest.approx(-np.log(formulas.softmax(x)[0, 0] + 1e-7), abs=1e-12)
    np.testing.assert_allclose(layer.backward(), formulas.softmax(x) - [[1.0, 0.0]], **CLOSE)


def test_one_example_without_a_batch_axis(generator):
    x, layer = generator.normal(size=4), book.SoftmaxWithLoss()
    for t in (2, np.array([0, 0, 1, 0])):
        assert layer.forward(x, t) == pytest.approx(-np.log(formulas.softmax(x)[2] + 1e-7))
        np.testing.assert_allclose(layer.backward(), formulas.softmax(x) - [0, 0, 1, 0], **CLOSE)


# ---- Dropout


def test_dropout_draws_as_the_book_does(generator):
    x, dout, layer = generator.normal(size=(4, 6)), generator.normal(size=(4, 6)), book.Dropout(0.3)
    np.random.seed(5)
    kept = np.random.rand(4, 6) > 0.3
    np.random.seed(5)
    np.testing.assert_array_equal(layer.forward(x), x * kept)
    np.testing.assert_array_equal(layer.mask, kept)
    np.testing.assert_array_equal(layer.backward(dout), dout * kept)
    assert not np.array_equal(layer.forward(x), x * kept), "a mask of its own for each forward"
    np.testing.assert_allclose(layer.forward(x, train_flg=False), x * 0.7, **CLOSE)


def test_dropout_takes_a_mask_that_was_drawn_before(generator):
    x = generator.normal(size=(4, 6))
    mask = book.Dropout(0.5).draw((4, 6))
    layer = book.Dropout(0.5, mask=mask)
    np.testing.assert_array_equal(layer.forward(x), x * mask)
    np.testing.assert_array_equal(layer.forward(x), x * mask)
    compiled = pl.compile(lambda x, mask: book.Dropout(0.5, mask=mask).forward(x))
    np.testing.assert_array_equal(compiled(x, mask).numpy(), x * mask)
    np.testing.assert_array_equal(compiled(x, ~mask).numpy(), x * ~mask)


# ---- BatchNormalization


@pytest.mark.parametrize("shape", [(6, 8), (6, 2, 2, 2)])
def test_batch_normalization_is_the_books(shape, generator):
    gamma, beta = generator.normal(size=8), generator.normal(size=8)
    layer, expected = book.BatchNormalization(gamma, beta), formulas.BatchNorm(gamma, beta)
    for _ in range(3):
        x, dout = generator.normal(1.0, 2.0, shape), generator.normal(size=shape)
        out = expected.forward(x.reshape(6, 8)).reshape(shape)
        np.testing.assert_allclose(layer.forward(x), out, **CLOSE)
        dx, dgamma, dbeta = expected.backward(dout.reshape(6, 8))
        np.testing.assert_allclose(layer.backward(dout), dx.reshape(shape), **CLOSE)
        np.testing.assert_allclose(layer.dgamma, dgamma, **CLOSE)
        np.testing.assert_allclose(layer.dbeta, dbeta, **CLOSE)
    np.testing.assert_allclose(layer.running_mean, expected.mean, **CLOSE)
    np.testing.assert_allclose(layer.running_var, expected.var, **CLOSE)
    known = (x.reshape(6, 8) - expected.mean) / np.sqrt(expected.var + 1e-6) * gamma + beta
    np.testing.assert_allclose(layer.forward(x, train_flg=False), known.reshape(shape), **CLOSE)
    np.testing.assert_allclose(layer.running_mean, expected.mean, **CLOSE)


def test_batch_normalization_starts_from_running_values_that_it_is_given():
    x = np.random.default_rng(0).normal(size=(4, 2))
    layer = book.BatchNormalization(np.ones(2), np.zeros(2), 0.5, np.array([1.0, 2.0]), np.array([4.0, 9.0]))
    np.testing.assert_allclose(layer.forward(x, False), (x - [1, 2]) / np.sqrt([4 + 1e-6, 9 + 1e-6]), **CLOSE)
    layer.forward(x)
    np.testing.assert_allclose(layer.running_mean, 0.5 * np.array([1.0, 2.0]) + 0.5 * x.mean(0), **CLOSE)


def test_compiled_batch_normalization_gives_its_running_values_out(generator):
    x, gamma, beta = generator.normal(size=(6, 3)), np.ones(3), np.zeros(3)
    by_hand = book.BatchNormalization(gamma, beta)
    by_hand.forward(generator.normal(size=(6, 3)))

    @pl.compile
    def step(x, gamma, beta, mean, var):
        layer = book.BatchNormalization(gamma, beta, running_mean=mean, running_var=var)
        return layer.forward(x), layer.running_mean, layer.running_var

    out, mean, var = step(x, gamma, beta, by_hand.running_mean, by_hand.running_var)
    np.testing.assert_allclose(out.numpy(), by_hand.forward(x), **CLOSE)
    np.testing.assert_allclose(mean.numpy(), by_hand.running_mean, **CLOSE)
    np.testing.assert_allclose(var.numpy(), by_hand.running_var, **CLOSE)


# ---- on Tensors


def test_forward_and_backward_by_hand_are_those_of_a_compiled_network(generator):
    shapes = {"W1": (6, 5), "b1": 5, "gamma1": 5, "beta1": 5, "W2": (5, 4), "b2": 4}
    params = {key: generator.normal(size=shape) for key, shape in shapes.items()}
    x, t, mask = generator.normal(size=(7, 6)), generator.integers(0, 4, 7), generator.random((7, 5)) > 0.5

    def make_layers(params, mask):
        return [
            book.Affine(params["W1"], params["b1"]),
            book.BatchNormalization(params["gamma1"], params["beta1"]),
            book.Relu(),
            book.Dropout(0.5, mask=mask),
            book.Sigmoid(),
            book.Affine(params["W2"], params["b2"]),
        ]

    def loss_of(layers, last, x, t):
        for layer in layers:
            x = layer.forward(x)
        return last.forward(x, t)

    @pl.compile
    def compiled(params, x, t, mask):
        leaves = {key: w.detach() for key, w in params.items()}
        for w in leaves.values():
            w.requires_grad = True
        loss = loss_of(make_layers(leaves, mask), book.SoftmaxWithLoss(), x, t)
        return loss, dict(zip(leaves, pl.gradients(loss, list(leaves.values())), strict=True))

    layers, last = make_layers(params, mask), book.SoftmaxWithLoss()
    loss = loss_of(layers, last, x, t)
    dout = last.backward()
    for layer in reversed(layers):
        dout = layer.backward(dout)
    by_hand = {"W1": layers[0].dW, "b1": layers[0].db, "gamma1": layers[1].dgamma, "beta1": layers[1].dbeta}
    by_hand |= {"W2": layers[5].dW, "b2": layers[5].db}
    value, gradients = compiled(params, x, t, mask)
    assert value.item() == pytest.approx(loss, abs=1e-12)
    for key, expected in by_hand.items():
        np.testing.assert_allclose(gradients[key].numpy(), expected, **CLOSE)


def test_a_layer_whose_weights_are_tensors_gives_tensors(generator):
    W, x = pl.Parameter(generator.normal(size=(3, 2))), generator.normal(size=(4, 3))
    out = book.Affine(W, np.zeros(2)).forward(x)
    out.sum().backward()
    np.testing.assert_allclose(W.grad.numpy(), x.T @ np.ones((4, 2)), **CLOSE)


def test_gradients_are_those_of_differences_also_under_no_grad(generator):
    x, weights = generator.normal(size=(3, 4)), generator.normal(size=(3, 4))
    for layer in (book.Sigmoid(), book.Relu(), book.BatchNormalization(np.ones(4), np.zeros(4))):
        with pl.no_grad():
            layer.forward(x)
            dx = layer.backward(weights)
        expected = formulas.slopes(lambda x, layer=layer: np.sum(layer.forward(x) * weights), x)
        np.testing.assert_allclose(dx, expected, atol=1e-8)


# ---- errors

REFUSED = [
    (
        lambda: book.Relu().backward(np.ones(3)),
        GradientError,
        "Relu: backward needs a forward on arrays before it; call forward(x) first",
    ),
    (
        lambda: book.Affine(np.ones((3, 2)), np.zeros(2)).forward(np.ones((4, 5))),
        ShapeError,
        "Affine: x (4, 5) and W (3, 2) do not fit; W must be (D, M) for x (N, D)",
    ),
    (
        lambda: book.Affine(np.ones((3, 2)), np.zeros(3)).forward(np.ones((4, 3))),
        ShapeError,
        "Affine: b is (3,) but W (3, 2) has 2 columns; give (2,)",
    ),
    (
        lambda: book.SoftmaxWithLoss().forward(np.ones((3, 4)), np.zeros(2, int)),
        ShapeError,
        "SoftmaxWithLoss: y (3, 4) and t (2,) do not fit; give one-hot (3, 4) or labels (3,)",
    ),
    (
        lambda: book.Dropout(50),
        OptionError,
        "Dropout: dropout_ratio=50 is no probability; give a number from 0 to 1",
    ),
    (
        lambda: book.Dropout(mask=np.ones((2, 3))).forward(np.ones((4, 3))),
        ShapeError,
        "Dropout: x is (4, 3) but mask is (2, 3); the shapes must agree",
    ),
    (
        lambda: pl.compile(lambda x: book.Dropout().forward(x))(np.ones((4, 3))),
        TraceError,
        "Dropout: a compiled function would use one mask for ever; draw it outside, and give Dropout(ratio, mask=mask)",
    ),
    (
        lambda: book.BatchNormalization(np.ones(3), np.zeros(3)).forward(np.ones((2, 3, 4, 4))),
        ShapeError,
        "BatchNormalization: x (2, 3, 4, 4) has 48 numbers an example but gamma is (3,); give (48,)",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_does_not_fit_is_refused(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_a_dout_that_does_not_fit_is_refused():
    layer = book.Relu()
    layer.forward(np.ones((4, 3)))
    with pytest.raises(ShapeError) as caught:
        layer.backward(np.ones((3, 4)))
    assert str(caught.value) == "Relu: forward gave (4, 3) but dout is (3, 4); they must agree"
