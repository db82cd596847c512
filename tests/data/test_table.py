"""CSV files, with and without a header, the label anywhere."""

import numpy as np
import pytest

from pellucid import data
from pellucid.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "toy.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


READ = [
    ("1,2,0\n3,4,1\n", {}, [[1, 2], [3, 4]], [0, 1], None),
    ("a,b,kind\n1,2,0\n3,4,1\n", {}, [[1, 2], [3, 4]], [0, 1], None),
    ("kind,a,b\n1,2,3\n", {"label": "first"}, [[2, 3]], [1], None),
    ("a,kind,b\n1,2,3\n", {"label": "kind"}, [[1, 3]], [2], None),
    ("1,2,dog\n3,4,cat\n5,6,dog\n", {}, [[1, 2], [3, 4], [5, 6]], [1, 0, 1], ("cat", "dog")),
    ("1,0.5\n2,1\n", {}, [[1], [2]], [0.5, 1], None),
    ("1,2,0\n", {"header": False}, [[1, 2]], [0], None),
    ("1,2,0\n3,4,1\n", {"header": True}, [[3, 4]], [1], None),
    ('\ufeff"a";"b"\r\n\r\n 1e3 ;7\r\n', {"delimiter": ";"}, [[1000]], [7], None),
    ("0,last\n1,5\n", {}, [[0], [1]], [1, 0], ("5", "last")),
]


@pytest.mark.parametrize(("text", "options", "x", "t", "classes"), READ)
def test_rows_become_examples(write, text, options, x, t, classes):
    table = data.load_csv(write(text), **options)
    assert (table.x.tolist(), table.t.tolist(), table.classes) == (x, t, classes)
    assert table.x.dtype == np.float32
    assert table.t.dtype == (np.float32 if 0.5 in t else np.int64)


REFUSED = [
    ("", {}, "is empty; give a row an example"),
    ("a,b\n", {}, "has a header but no rows; give a row an example"),
    ("a,b,t\n1,x,0\n", {}, "row 2, column 'b' holds 'x'; give a finite number"),
    ("1,2,0\n\n1,,0\n", {}, "row 3, column 2 holds ''; give a finite number"),
    ("1,x,0\n", {}, "row 1, column 2 holds 'x'; give a finite number"),
    ("t,a,b\n0,1,nan\n", {"label": "t"}, "row 2, column 'b' holds 'nan'; give a finite number"),
    ("1e39,0\n", {}, "row 1, column 1 holds '1e39'; give a finite number"),
    ("1,0.5\n2,inf\n", {}, "row 2, column 2 holds 'inf'; give a finite number"),
    ("1,dog\n2,\n", {}, "row 2, column 2 holds ''; give a finite number"),
    ("1,2,0\n1,2\n", {}, "row 2 has 2 cells but the first has 3; give all rows the same"),
    ("a,b\n1,2\n", {"label": "c"}, "has no column 'c'; its first row is a, b"),
    ("a,a\n1,2\n", {"label": "a"}, "has 2 columns 'a'; give them different names"),
    ("1;0\n", {}, "has one column; give the inputs and a label, separated by delimiter=','"),
    ('1,"0\n', {}, "is not CSV (unexpected end of data); save it again"),
    (b"1,\xff\n", {}, "is not UTF-8 text (byte 2); save it as UTF-8"),
]


@pytest.mark.parametrize(("text", "options", "fault"), REFUSED)
def test_bad_tables_are_refused(write, text, options, fault):
    path = write(text)
    with pytest.raises(DataError) as caught:
        data.load_csv(path, **options)
    assert str(caught.value) == f"load_csv: {path} {fault}"


def test_a_negative_label_is_refused(write):
    with pytest.raises(DataError) as caught:
        data.load_csv(write("1,-1\n2,1\n"))
    fault = "label -1 of example 0 is out of range"
    assert str(caught.value) == f"toy.csv: {fault}; labels are at least 0, numbers to be fitted are floats"
