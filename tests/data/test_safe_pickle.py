"""The pickle reader: arrays from every Python and protocol get in, nothing else does."""

import collections
import gzip
import io
import os
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.data import load_pickle
from pellucid.errors import DataError

ADMITTED = "only numbers, text, arrays of numbers, and containers of them are read"
FOUR_FLOATS = np.array([[0.5, 1.5], [-2.0, 300.0]], np.float32)

# What Python 2 writes for that array, in its protocols 0 and 2.
PYTHON_2 = {
    0: b"cnumpy.core.multiarray\n_reconstruct\np1\n(cnumpy\nndarray\np2\n(I0\ntS'b'\ntRp3\n(I1\n(I2\nI2\nt"
    b"cnumpy\ndtype\np4\n(S'f4'\nI0\nI1\ntRp5\n(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n"
    b"S'\\x00\\x00\\x00?\\x00\\x00\\xc0?\\x00\\x00\\x00\\xc0\\x00\\x00\\x96C'\ntb.",
    2: b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
    b"(K\x01K\x02K\x02\x86cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05"
    b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10" + FOUR_FLOATS.tobytes() + b"tb.",
}


def load(tmp_path, content, **options):
    file = tmp_path / "weights.pkl"
    file.write_bytes(content)
    return load_pickle(file, **options)


def refusal(tmp_path, content, **options):
    with pytest.raises(DataError) as caught:
        load(tmp_path, content, **options)
    return str(caught.value).replace(str(tmp_path / "weights.pkl"), "FILE")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("packed", [False, True])
def test_arrays_in_containers_come_back_from_every_protocol(tmp_path, protocol, packed):
    held = {
        "W1": FOUR_FLOATS,
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big": np.arange(3, dtype=">i2"),
        "empty": np.zeros((0, 4), bool),
        "list": [1, 2.5, "text", None, True, b"bytes", 2**70],
        "tuple": (np.uint8(3), np.float64(0.5)),
        5: collections.OrderedDict(b=np.arange(2)),
    }
    content = pickle.dumps(held, protocol=protocol)
    read = load(tmp_path, gzip.compress(content) if packed else content)
    assert list(read) == list(held)
    for key in ("W1", "fortran", "big", "empty"):
        np.testing.assert_array_equal(read[key], held[key])
        assert read[key].dtype == held[key].dtype.newbyteorder("=")
        assert read[key].flags.writeable
    assert read["list"] == held["list"]
    assert read["tuple"] == held["tuple"]
    np.testing.assert_array_equal(read[5]["b"], [0, 1])


@pytest.mark.parametrize("protocol", PYTHON_2)
def test_arrays_come_back_from_python_2(tmp_path, protocol):
    np.testing.assert_array_equal(load(tmp_path, PYTHON_2[protocol]), FOUR_FLOATS)


def test_what_stands_in_two_places_is_made_once(tmp_path):
    first, second = load(tmp_path, pickle.dumps([FOUR_FLOATS] * 2))
    assert first is second


class Caller:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


LOOP = []
LOOP.append(LOOP)

REFUSED = [
    (pickle.dumps(Caller(os.system, "exit 1")), f"a reference to {os.name}.system"),
    (pickle.dumps(Caller(eval, "1")), "a reference to builtins.eval"),
    (pickle.dumps(Caller(np.load, "x")), "a reference to numpy.load"),
    (b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.sum\x93.", "a reference to numpy.ndarray.sum"),
    (pickle.dumps(Caller), f"a reference to {Caller.__module__}.Caller"),
    (pickle.dumps(np.array([None])), "values of type 'O8'"),
    (pickle.dumps(np.zeros(2, complex)), "values of type 'c16'"),
    (pickle.dumps(np.zeros(2, [("a", "i4")])), "values of type 'V4'"),
    (pickle.dumps({1, 2}, 4), "a set"),
    (pickle.dumps({(1, 2): 3}), "a dictionary whose key is a tuple"),
    (pickle.dumps(deep(40)), "containers more than 32 deep"),
    (pickle.dumps(LOOP), "containers more than 32 deep"),
    (pickle.dumps(np.float32), "a reference to numpy.float32"),
    (b"cnumpy\nndarray\n.", "a type"),
    (b"c_codecs\nencode\n.", "a Function"),
    (b"c_codecs\nencode\n}X\x01\0\0\0aNsb.", "a changed function"),
    (b"c_codecs\nencode\n(X\x01\0\0\0xX\x04\0\0\0rot0tR.", "text in the encoding 'rot0'"),
]


@pytest.mark.parametrize(("content", "what"), REFUSED, ids=[what for _, what in REFUSED])
def test_everything_else_is_refused(tmp_path, content, what):
    assert refusal(tmp_path, content) == f"load_pickle: FILE holds {what}; {ADMITTED}"


def test_a_refused_call_never_happens(tmp_path):
    witness = tmp_path / "witness"
    refusal(tmp_path, pickle.dumps(Caller(os.mkdir, str(witness))))
    assert not witness.exists()


LYING = bytearray(PYTHON_2[2])
LYING[LYING.index(b"K\x02K\x02\x86") + 1] = 9

DAMAGED = [
    b"",
    b"not a pickle",
    PYTHON_2[2][:-20],
    bytes(LYING),
    b"\x80\x02]r\xff\xff\xff\x7f",  # a note with a number that would make a table of 16 GiB
    b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b"x.",  # a byte array of 4 EiB
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_pickle_is_refused(tmp_path, content):
    message = refusal(tmp_path, content)
    assert message.startswith("load_pickle: FILE is damaged or not a pickle (")
    assert message.endswith("); get the file again")


def test_a_lying_shape_is_named(tmp_path):
    fault = "an array (9, 2) of float32 with 16 bytes"
    expected = f"load_pickle: FILE is damaged or not a pickle ({fault}); get the file again"
    assert refusal(tmp_path, bytes(LYING)) == expected


def test_a_gzip_bomb_is_refused(tmp_path):
    expected = "load_pickle: FILE unpacks to more than 1,000 bytes; raise max_bytes if you trust the file"
    assert refusal(tmp_path, gzip.compress(bytes(10_000_000)), max_bytes=1000) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(content=st.binary(min_size=1, max_size=6), data=st.data())
def test_damage_anywhere_is_one_sentence_or_no_harm(tmp_path, content, data):
    whole = data.draw(st.sampled_from([*PYTHON_2.values(), pickle.dumps({"a": FOUR_FLOATS, "b": [1, "x"]})]))
    place = data.draw(st.integers(0, len(whole)))
    with suppress(DataError):
        load(tmp_path, whole[:place] + content + whole[place + len(content) :])


def test_the_oracle_agrees_with_the_python_2_pickles():
    for content in PYTHON_2.values():
        loaded = pickle.load(io.BytesIO(content.replace(b"numpy.core", b"numpy._core")), encoding="latin1")
        np.testing.assert_array_equal(loaded, FOUR_FLOATS)
