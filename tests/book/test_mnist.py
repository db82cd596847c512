"""load_mnist and its three flags, on the real files."""

import os
from urllib.error import URLError

import numpy as np
import pytest

from pellucid.book import load_mnist
from pellucid.errors import DataError


@pytest.fixture
def official():
    if not os.environ.get("PELLUCID_DATA"):
        pytest.skip("PELLUCID_DATA is not set: the official files are not here")


@pytest.mark.usefixtures("official")
def test_by_default_images_are_rows_in_0_to_1():
    (x_train, t_train), (x_test, t_test) = load_mnist()
    assert (x_train.shape, t_train.shape) == ((60000, 784), (60000,))
    assert (x_test.shape, t_test.shape) == ((10000, 784), (10000,))
    assert (x_train.dtype, t_train.dtype) == (np.float32, np.uint8)
    assert (x_train.min(), x_train.max()) == (0.0, 1.0)
    assert t_train[:5].tolist() == [5, 0, 4, 1, 9] and t_test[:3].tolist() == [7, 2, 1]
    x_train[0] = 0  # the caller's own


@pytest.mark.usefixtures("official")
def test_flags_ask_for_pixels_images_and_one_hot_labels():
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False, flatten=False, one_hot_label=True)
    assert (x_train.shape, x_test.shape, t_train.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28), (60000, 10))
    assert (x_train.dtype, x_train.max(), t_train.dtype) == (np.uint8, 255, np.float64)
    assert t_test[0].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0] and (t_train.sum(1) == 1).all()


def test_files_that_are_nowhere_are_one_clear_error(tmp_path, monkeypatch):
    def no_network(*_args, **_options):
        raise URLError("no network here")

    monkeypatch.setenv("PELLUCID_DATA", str(tmp_path))
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pellucid.data.download.urlopen", no_network)
    with pytest.raises(DataError, match=r"mnist: .*train-images-idx3-ubyte\.gz.*PELLUCID_DATA"):
        load_mnist()
