"""Metrics against counting by hand."""

import numpy as np
import pytest

from pellucid import Tensor
from pellucid.errors import OptionError, ShapeError
from pellucid.train import accuracy, confusion_matrix, top_k

OUTPUT = Tensor([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
T = Tensor([1, 1, 0])


def test_accuracy_is_one_where_the_largest_output_is_at_the_label():
    assert accuracy(OUTPUT, T).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(("k", "found"), [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1])])
def test_top_k_finds_the_label_among_the_k_largest(k, found):
    assert top_k(k)(OUTPUT, T).tolist() == found


def test_top_k_of_nothing_is_refused():
    with pytest.raises(OptionError) as error:
        top_k(0)
    assert str(error.value) == "top_k: k=0 is no number of outputs; give 1 or more"


def test_accuracy_refuses_one_hot_targets():
    with pytest.raises(ShapeError) as error:
        accuracy(OUTPUT, Tensor(np.eye(3)))
    assert str(error.value) == "accuracy: needs outputs (N, classes) and labels (N,), got (3, 3) and (3, 3)"


def test_the_confusion_matrix_has_a_row_for_each_true_class():
    predicted, t = np.array([0, 2, 2, 1]), np.array([0, 1, 2, 1])
    assert confusion_matrix(predicted, t, 3).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
