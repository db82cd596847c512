"""What a support vector machine makes of the digits, straight out of the box.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 1
"""

from __future__ import annotations

from pellucid.book.chapters.page import Page
from pellucid.book.nielsen.mnist_loader import load_data
from pellucid.book.nielsen.mnist_svm import svm_baseline


def run(page: Page) -> None:
    # No network, and nobody has turned a knob: scikit-learn's support vector machine as it comes. It keeps those
    # training images that lie near a border between two digits, and compares each new image with all of them.
    (images, labels), _, (test_images, test_labels) = load_data()
    if page.quick:
        images, labels, test_images, test_labels = images[:2000], labels[:2000], test_images[:1000], test_labels[:1000]
    right = 100 * svm_baseline((images, labels), (test_images, test_labels)) / len(test_labels)
    page.beside("per cent right", right, 94.35, **({"at_least": 80} if page.quick else {"within": 0.01}))
    page.note(
        'gamma is 1/784, scikit-learn\'s default when the book was written and its "auto" today; left out, it would be '
        '"scale" now, which is another classifier'
    )
