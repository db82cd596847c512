"""The package's names, which come when they are asked for."""

import subprocess
import sys

import pytest

from pellucid import book


def test_every_name_is_there():
    for room, names in book.ROOMS.items():
        for name in names:
            assert getattr(book, name) is not None, (room, name)
    assert set(book.__all__) <= set(dir(book))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'pellucid\.book' has no attribute 'Affin'"):
        book.Affin  # noqa: B018


def test_rooms_are_loaded_when_they_are_asked_for():
    program = (
        "import sys, pellucid\n"
        "assert 'pellucid.book' not in sys.modules\n"
        "pellucid.book.softmax\n"
        "assert 'pellucid.book.layers' not in sys.modules and 'pellucid.data' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
