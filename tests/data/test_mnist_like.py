"""MNIST, Fashion-MNIST, folders like theirs, and Nielsen's pickle."""

import gzip
import pickle
import struct

import numpy as np
import pytest

from pellucid import data
from pellucid.errors import DataError

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    return {name: generator.integers(0, 10, (6, 4, 5) if "images" in name else 6).astype(np.uint8) for name in NAMES}


def written(folder, arrays):
    folder.mkdir()
    for number, (name, array) in enumerate(arrays.items()):
        packed = number % 2 == 0  # half of them plain, half gzip
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    return folder


def test_a_folder_of_four_files_becomes_two_parts(tmp_path, arrays):
    train, test = data.idx_folder(written(tmp_path / "kana", arrays), classes=tuple("0123456789"))
    assert train.x.shape == (6, 1, 4, 5)
    np.testing.assert_array_equal(test.x[:, 0], arrays[NAMES[2]])
    np.testing.assert_array_equal(train.t, arrays[NAMES[1]])
    assert (train.name, test.name) == ("kana train", "kana test")


LABELS = "labels are 0 to 9, numbers to be fitted are floats"
WRONG = [
    (NAMES[1], [0, 1, 2, 3, 4, 12], f"kana train: label 12 of example 5 is out of range; {LABELS}"),
    (NAMES[3], [0] * 5, "kana test: x has 6 examples but t has 5; x (6, 1, 4, 5), t (5,)"),
    (NAMES[0], [[0] * 20] * 6, "kana train: images are (6, 20) uint8; give (N, H, W) uint8"),
    (NAMES[3], [[0]] * 6, "kana test: labels are (6, 1) uint8; give (N,) integers"),
]


@pytest.mark.parametrize(("name", "array", "message"), WRONG)
def test_files_that_do_not_fit_are_refused(tmp_path, arrays, name, array, message):
    with pytest.raises(DataError) as caught:
        data.idx_folder(
            written(tmp_path / "kana", arrays | {name: np.array(array, np.uint8)}),
            classes=tuple("0123456789"),
        )
    assert str(caught.value) == message


def test_a_missing_file_is_named(tmp_path, arrays):
    del arrays[NAMES[2]]
    folder = written(tmp_path / "kana", arrays)
    with pytest.raises(DataError) as caught:
        data.idx_folder(folder)
    fault = f"{folder} has no {NAMES[2]}, plain or .gz"
    assert str(caught.value) == f"idx_folder: {fault}; put the file there"


@pytest.mark.parametrize(("load", "label"), [(data.mnist, 5), (data.fashion_mnist, 9)])
def test_the_official_sets_in_two_or_three_parts(real_data, load, label):
    train, test = load()
    assert (train.x.shape, test.x.shape) == ((60_000, 1, 28, 28), (10_000, 1, 28, 28))
    assert (train.x.dtype, train.t.dtype, train.class_count) == (np.uint8, np.int64, 10)
    assert train.t[0] == label
    first, validation, _ = load(validation=True)
    assert (len(first), len(validation)) == (50_000, 10_000)
    np.testing.assert_array_equal(validation.x, train.x[50_000:])
    assert validation.name.endswith("mnist validation")


@pytest.fixture
def nielsen(tmp_path):
    def write(parts):
        path = tmp_path / "mnist.pkl.gz"
        path.write_bytes(gzip.compress(pickle.dumps(parts, 2)))
        return path

    return write


def test_nielsen_s_pickle_has_three_parts(nielsen):
    parts = tuple((np.full((n, 784), n / 10, np.float32), np.arange(n)) for n in (5, 3, 2))
    read = data.nielsen_mnist(nielsen(parts))
    assert [part.name for part in read] == ["mnist train", "mnist validation", "mnist test"]
    for part, (x, t) in zip(read, parts, strict=True):
        np.testing.assert_array_equal(part.x, x)
        np.testing.assert_array_equal(part.t, t)
        assert (part.x.dtype, part.class_count) == (np.float32, 10)


PAIR, NARROW = (np.zeros((1, 784), np.float32), np.zeros(1, int)), (np.zeros((1, 783)), np.zeros(1, int))


@pytest.mark.parametrize("parts", [{}, [1, 2, 3], (PAIR,) * 2, (NARROW,) * 3])
def test_another_pickle_is_refused(nielsen, parts):
    path = nielsen(parts)
    with pytest.raises(DataError) as caught:
        data.nielsen_mnist(path)
    assert str(caught.value) == f"nielsen_mnist: {path} does not hold three pairs of arrays (N, 784) and (N,)"
