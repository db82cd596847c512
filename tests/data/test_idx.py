"""The idx reader: every type, every way to be damaged."""

import gzip
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pellucid.data import read_idx
from pellucid.errors import DataError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def idx(array, order=">"):
    header = struct.pack(f"{order}{array.ndim}I", *array.shape)
    code = CODES[array.dtype.str[1:]]
    return bytes([0, 0, code, array.ndim]) + header + array.astype(array.dtype.newbyteorder(order)).tobytes()


IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def refusal(tmp_path, content, **options):
    file = tmp_path / "images"
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(file, **options)
    assert list(tmp_path.iterdir()) == [file]
    return str(caught.value).replace(str(file), "FILE")


@KEEP
@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda code: hnp.arrays(code, hnp.array_shapes(max_dims=4, min_side=0, max_side=4))
    ),
    packed=st.booleans(),
)
def test_what_is_written_is_read(tmp_path, array, packed):
    file = tmp_path / "array"
    file.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    read = read_idx(file)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype
    assert read.flags.writeable


@KEEP
@given(content=st.binary(max_size=40), place=st.integers(0, 39), packed=st.booleans())
def test_damage_anywhere_is_one_sentence_or_no_harm(tmp_path, content, place, packed):
    whole = gzip.compress(idx(IMAGES), mtime=0) if packed else idx(IMAGES)
    (tmp_path / "damaged").write_bytes(whole[:place] + content + whole[place + len(content) :])
    with suppress(DataError):
        read = read_idx(tmp_path / "damaged")
        assert read.size <= len(whole) + len(content)


def test_a_missing_path_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read_idx(tmp_path / "no")
    assert str(caught.value) == f"read_idx: there is no file {tmp_path / 'no'}; check the path"
    with pytest.raises(DataError) as caught:
        read_idx(tmp_path)
    assert str(caught.value) == f"read_idx: {tmp_path} is a folder; give the path of a file"


FOREIGN = "not 00 00, a type in 08 09 0b 0c 0d 0e and the number of dimensions"
CLAIM = struct.pack(">3I", 60_000, 28, 28)

DAMAGED = [
    (b"", f"is not idx: it begins with nothing, {FOREIGN}"),
    (b"PK\3\4", f"is not idx: it begins with 50 4b 03 04, {FOREIGN}"),
    (b"\0\0\7\1", f"is not idx: it begins with 00 00 07 01, {FOREIGN}"),
    (
        idx(IMAGES)[3::-1] + idx(IMAGES)[4:],
        "is little-endian; write its header and values in big-endian order",
    ),
    (b"\0\0\x08\0", "has 0 dimensions; 1 to 32 can be read"),
    (b"\0\0\x08\xff", "has 255 dimensions; 1 to 32 can be read"),
    (idx(IMAGES)[:9], "is truncated inside its header; get the file again"),
    (idx(IMAGES)[:-5], "is truncated after 19 of the 24 bytes of 2×3×4 values; get the file again"),
    (idx(IMAGES) + b"\0", "goes on after all of the 24 bytes of 2×3×4 values; get the file again"),
    (idx(IMAGES.astype("i4"), "<"), "has little-endian dimensions; write them in big-endian order"),
    (gzip.compress(idx(IMAGES), mtime=0)[:-9], "is truncated inside its gzip stream; get the file again"),
]


@pytest.mark.parametrize(("content", "fault"), DAMAGED)
def test_a_damaged_file_is_refused(tmp_path, content, fault):
    assert refusal(tmp_path, content) == f"read_idx: FILE {fault}"


def test_a_wrong_gzip_checksum_is_refused(tmp_path):
    packed = bytearray(gzip.compress(idx(IMAGES)))
    packed[-5] ^= 1
    message = refusal(tmp_path, bytes(packed))
    assert message.startswith("read_idx: FILE is a damaged gzip file (CRC check failed")


def test_a_claim_beyond_the_limit_is_refused_before_reading(tmp_path):
    claim = "claims 47,040,000 bytes for 60000×28×28 values, more than max_bytes=1,000"
    message = refusal(tmp_path, b"\0\0\x08\3" + CLAIM, max_bytes=1000)
    assert message == f"read_idx: FILE {claim}; raise it if you trust the file"


def test_a_gzip_bomb_is_read_no_further_than_its_header_claims(tmp_path):
    bomb = gzip.compress(idx(IMAGES) + bytes(50_000_000), compresslevel=1)
    fault = "goes on after all of the 24 bytes of 2×3×4 values"
    assert refusal(tmp_path, bomb) == f"read_idx: FILE {fault}; get the file again"
