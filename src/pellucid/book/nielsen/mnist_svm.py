"""mnist_svm.py of chapter 1: how far one gets with a support vector machine."""

from __future__ import annotations

import numpy as np

from pellucid.book.nielsen.mnist_loader import load_data
from pellucid.errors import OptionError

Arrays = tuple[np.ndarray, np.ndarray]


def svm_baseline(training_data: Arrays | None = None, test_data: Arrays | None = None) -> int:
    """Say how many of the test images a support vector machine gets right, with scikit-learn's options of 2015.

    training_data, test_data: (images, labels) as `load_data` has them; left out, they are those of MNIST
    Raises: OptionError when scikit-learn is not there
    Note:   with all of MNIST it takes minutes. SVC's gamma was 1/pixels then, "auto"; since scikit-learn 0.22 it is
            "scale", 1/(pixels × their variance), when it is left out.
    """
    try:
        from sklearn.svm import SVC  # pyright: ignore[reportMissingImports] - optional, and slow to load
    except ImportError:
        raise OptionError("svm_baseline: it needs scikit-learn; pip install scikit-learn") from None
    if training_data is None or test_data is None:
        found, _, test = load_data()
        training_data, test_data = training_data or found, test_data or test
    machine = SVC(gamma="auto").fit(*training_data)
    images, labels = test_data
    right = int(np.sum(machine.predict(images) == labels))
    print("Baseline classifier using an SVM.")
    print(f"{right} of {len(labels)} values correct.")
    return right
