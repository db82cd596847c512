"""Arrays in .npz files."""

from contextlib import suppress

import numpy as np
import pytest

from pellucid import data
from pellucid.errors import DataError

X, T = np.arange(12.0).reshape(4, 3), np.array([0, 1, 1, 0])


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        data.load_npz(path, **options)
    return str(caught.value).replace(str(path), "FILE")


def test_x_and_t_are_one_data_set(tmp_path):
    np.savez(tmp_path / "toy.npz", x=X, t=T, classes=["a", "b"])
    whole, test = data.load_npz(tmp_path / "toy.npz")
    assert test is None
    np.testing.assert_array_equal(whole.x, X)
    assert (whole.t.tolist(), whole.classes, whole.name) == ([0, 1, 1, 0], ("a", "b"), "toy.npz")


def test_four_arrays_are_two_parts_and_grey_images_get_a_channel(tmp_path):
    images = np.zeros((4, 5, 6), np.uint8)
    np.savez_compressed(tmp_path / "k.npz", x_train=images, y_train=T, x_test=images[:2], y_test=T[:2])
    train, test = data.load_npz(tmp_path / "k.npz")
    assert (train.x.shape, test.x.shape) == ((4, 1, 5, 6), (2, 1, 5, 6))
    assert (train.name, test.name) == ("k.npz train", "k.npz test")


def test_missing_arrays_are_named(tmp_path):
    np.savez(tmp_path / "toy.npz", x_train=X, t_train=T, x_test=X)
    wanted = "save x and t, or x_train, t_train, x_test and t_test"
    assert refusal(tmp_path / "toy.npz") == f"load_npz: FILE has the arrays x_train, t_train, x_test; {wanted}"


def test_not_a_number_is_refused(tmp_path):
    np.savez(tmp_path / "toy.npz", x=np.where(X == 7, np.nan, X), t=T)
    assert refusal(tmp_path / "toy.npz") == "toy.npz: x of example 2 holds nan; only finite numbers will do"


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "toy.npz", x=np.array([{}, {}]), t=T[:2])
    fault = "holds an array that cannot be read (Object arrays cannot be loaded when allow_pickle=False)"
    assert refusal(tmp_path / "toy.npz") == f"load_npz: FILE {fault}; save plain numbers"


def test_no_zip_file_at_all_is_refused(tmp_path):
    (tmp_path / "toy.npz").write_bytes(b"x,t\n1,2\n")
    fault = "is damaged or not an npz file (File is not a zip file)"
    assert refusal(tmp_path / "toy.npz") == f"load_npz: FILE {fault}; get the file again"


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_damage_anywhere_is_one_sentence_or_no_harm(tmp_path, place):
    np.savez_compressed(tmp_path / "whole.npz", x=X, t=T)
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    content[place] ^= 0xFF
    (tmp_path / "toy.npz").write_bytes(content)
    with suppress(DataError):
        data.load_npz(tmp_path / "toy.npz")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "toy.npz", x=np.zeros(10_000), t=T)
    message = refusal(tmp_path / "toy.npz", max_bytes=1000)
    fault = "unpacks to 80,288 bytes, more than max_bytes=1,000"
    assert message == f"load_npz: FILE {fault}; raise it if you trust the file"


def test_a_missing_file_is_refused(tmp_path):
    assert refusal(tmp_path / "no.npz") == "load_npz: there is no file FILE; check the path"
