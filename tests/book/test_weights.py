"""The books' files of weights, written for the books' programs and read with no power given to them."""

import pickle

import numpy as np
import pytest

from pellucid.book import load_params, save_params
from pellucid.errors import DataError

PARAMS = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.zeros(3, np.float32)}


def test_what_was_saved_is_loaded_also_by_pickle_itself(tmp_path):
    file = tmp_path / "params.pkl"
    save_params(PARAMS, file)
    for found in (load_params(file), pickle.loads(file.read_bytes())):
        assert list(found) == ["W1", "b1"]
        for key, array in PARAMS.items():
            np.testing.assert_array_equal(found[key], array)
            assert found[key].dtype == array.dtype
    load_params(file)["W1"][0] = 1  # the caller's own
    assert [path.name for path in tmp_path.iterdir()] == ["params.pkl"]


def test_files_of_the_books_own_programs_are_read(tmp_path):
    file = tmp_path / "sample_weight.pkl"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        file.write_bytes(pickle.dumps(PARAMS, protocol))
        np.testing.assert_array_equal(load_params(str(file))["W1"], PARAMS["W1"])


REFUSED = [
    (pickle.dumps([1, 2]), "load_params: {file} holds no dictionary of arrays but a list"),
    (pickle.dumps({"W1": "text"}), "load_params: {file} holds 'W1': str; only arrays by name are weights"),
    (
        b"cos\nsystem\n(S'true'\ntR.",
        (
            "load_pickle: {file} holds a reference to os.system; "
            "only numbers, text, arrays of numbers, and containers of them are read"
        ),
    ),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_other_files_are_refused(content, message, tmp_path):
    file = tmp_path / "params.pkl"
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_params(file)
    assert str(caught.value) == message.format(file=file)


def test_only_arrays_of_numbers_are_saved(tmp_path):
    with pytest.raises(DataError) as caught:
        save_params({"W1": ["a"]}, tmp_path / "params.pkl")
    assert str(caught.value) == "save_params: params['W1'] is <U1; give arrays of numbers"
    assert not list(tmp_path.iterdir())
