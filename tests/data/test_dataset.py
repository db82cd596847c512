"""ArrayDataset: what it takes, what it refuses, how it is cut."""

import numpy as np
import pytest

from pellucid.data import ArrayDataset
from pellucid.errors import DataError, OptionError


@pytest.fixture
def dataset():
    return ArrayDataset(np.arange(20).reshape(10, 2), np.arange(10) % 3, classes="abc", name="toy")


def test_an_int_a_slice_and_an_array_index_both_arrays(dataset):
    x, t = dataset[4]
    assert x.tolist() == [8, 9]
    assert t == 1
    assert dataset[:2][0].tolist() == [[0, 1], [2, 3]]
    assert dataset[np.array([9, 0])][1].tolist() == [0, 0]
    assert [t for _, t in dataset] == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_the_arrays_are_kept_and_integer_targets_become_int64():
    x, t = np.zeros((2, 1, 3, 3), np.uint8), np.array([1, 0], np.uint8)
    dataset = ArrayDataset(x, t)
    assert dataset.x is x
    assert dataset.t.dtype == np.int64
    assert dataset.has_labels
    assert dataset.class_count == 2


def test_floats_are_targets_to_be_fitted():
    dataset = ArrayDataset(np.zeros((2, 3), np.float32), np.array([[0.5], [1.5]], np.float32))
    assert not dataset.has_labels
    assert dataset.class_count is None
    assert dataset.t.dtype == np.float32


def test_classes_count_even_where_none_of_theirs_is_there():
    assert ArrayDataset(np.zeros((1, 2)), [0], classes=["a", "b", "c"]).class_count == 3


def test_a_subset_keeps_classes_and_name(dataset):
    part = dataset.subset([3, 1])
    assert part.x.tolist() == [[6, 7], [2, 3]]
    assert (part.classes, part.name) == (("a", "b", "c"), "toy")
    assert len(dataset.subset(dataset.t == 2)) == 3


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize(("held_out", "count"), [(0.3, 3), (4, 4), (np.int64(1), 1)])
def test_a_split_is_a_partition_in_order(dataset, held_out, count, stratified):
    rest, part = dataset.split(held_out, seed=5, stratified=stratified)
    assert len(part) == count
    assert sorted([*rest.x[:, 0], *part.x[:, 0]]) == list(range(0, 20, 2))
    assert np.all(np.diff(rest.x[:, 0]) > 0)


def test_a_split_depends_on_its_seed_alone():
    dataset = ArrayDataset(np.arange(100), np.zeros(100, int))
    first, again, other = (dataset.split(0.5, seed=seed)[1].x.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_a_stratified_split_gives_every_class_its_share():
    dataset = ArrayDataset(np.zeros(100), np.repeat([0, 1, 2], [70, 20, 10]))
    rest, part = dataset.split(0.1, stratified=True)
    assert np.bincount(part.t).tolist() == [7, 2, 1]
    assert np.bincount(rest.t).tolist() == [63, 18, 9]


REFUSED = [
    ({"x": np.zeros((3, 2)), "t": [0]}, "x has 3 examples but t has 1; x (3, 2), t (1,)"),
    (
        {"x": np.zeros((2, 2)), "t": [0, -1]},
        "label -1 of example 1 is out of range; labels are at least 0, numbers to be fitted are floats",
    ),
    (
        {"x": np.zeros((2, 2)), "t": [0, 2], "classes": ["a", "b"]},
        "label 2 of example 1 is out of range; labels are 0 to 1, numbers to be fitted are floats",
    ),
    ({"x": [[0.0, np.nan]], "t": [0]}, "x of example 0 holds nan; only finite numbers will do"),
    ({"x": [[0.0]], "t": [np.inf]}, "t of example 0 holds inf; only finite numbers will do"),
    ({"x": ["a"], "t": [0]}, "x is (1,) <U1; give an array of numbers with a row an example"),
    ({"x": 1.0, "t": [0]}, "x is () float64; give an array of numbers with a row an example"),
    ({"x": [[1], [1, 2]], "t": [0, 0]}, "x has rows of differing shapes; make them equal"),
    (
        {"x": [1], "t": np.array([2**63], np.uint64)},
        "t holds 9223372036854775808, too large for an int64 label",
    ),
    ({"x": [1], "t": [0.5], "classes": "a"}, "classes need t to be integer labels (N,), not (1,) float64"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_arrays_are_refused(arguments, message):
    with pytest.raises(DataError) as caught:
        ArrayDataset(**arguments)
    assert str(caught.value) == f"ArrayDataset: {message}"


@pytest.mark.parametrize("held_out", [0, 10, 1.0, 0.01, -0.5])
def test_a_split_that_leaves_a_part_empty_is_refused(dataset, held_out):
    with pytest.raises(OptionError) as caught:
        dataset.split(held_out)
    fault = f"holding out {held_out} of 10 examples leaves no two parts"
    assert str(caught.value) == f"toy: {fault}; give a fraction such as 0.2 or a count such as 100"


def test_a_stratified_split_needs_labels():
    with pytest.raises(OptionError) as caught:
        ArrayDataset([1.0, 2.0], [1.0, 2.0]).split(1, stratified=True)
    assert str(caught.value) == "ArrayDataset: stratified needs integer labels (N,), not t (2,) float64"
