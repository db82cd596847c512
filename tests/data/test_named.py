"""data.load: one way in for names, folders and files."""

import gzip
import pickle

import numpy as np
import pytest

from pellucid import data
from pellucid.errors import DataError


def refusal(source):
    with pytest.raises(DataError) as caught:
        data.load(source)
    return str(caught.value)


def images(folder, **counts):
    Image = pytest.importorskip("PIL.Image", reason="Pillow writes the images")
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(np.full((4, 4), number, np.uint8)).save(folder / label / f"{number}.png")
    return folder


def test_names_are_data_sets(real_data):
    assert [len(part) for part in data.load("digits")] == [1437, 360]
    assert [len(part) for part in data.load("mnist")] == [60_000, 10_000]
    assert data.load("fashion-mnist")[1].name == "fashion-mnist test"


def test_a_folder_without_a_test_part_is_cut_by_class(tmp_path):
    train, test = data.load(images(tmp_path / "pets", cat=10, dog=20))
    assert np.bincount(train.t).tolist() == [8, 16]
    assert np.bincount(test.t).tolist() == [2, 4]
    assert (train.name, test.name) == ("pets train", "pets test")
    np.testing.assert_array_equal(test.x, data.load(tmp_path / "pets")[1].x)


def test_a_folder_of_two_parts_keeps_them(tmp_path):
    images(tmp_path / "train", cat=3, dog=2)
    images(tmp_path / "test", cat=1, dog=1)
    assert [len(part) for part in data.load(tmp_path)] == [5, 2]


def test_parts_with_other_classes_are_refused(tmp_path):
    images(tmp_path / "train", cat=3, dog=2)
    images(tmp_path / "test", cat=1)
    fault = f"{tmp_path} has class folders in one of train/ and test/ only: dog"
    assert refusal(tmp_path) == f"data: {fault}; give both the same"


def test_files_are_read_by_their_kind(tmp_path):
    (tmp_path / "t.csv").write_text("".join(f"{n},{n % 2}\n" for n in range(10)))
    np.savez(tmp_path / "t.npz", x=np.zeros((5, 2)), t=np.linspace(0, 1, 5))
    np.savez(tmp_path / "u.npz", x_train=np.zeros(3), t_train=[0, 1, 2], x_test=np.zeros(1), t_test=[0])
    parts = tuple((np.zeros((n, 784), np.float32), np.arange(n)) for n in (5, 3, 2))
    (tmp_path / "n.pkl.gz").write_bytes(gzip.compress(pickle.dumps(parts)))
    found = {
        name: [len(part) for part in data.load(tmp_path / name)] for name in ("t.csv", "t.npz", "u.npz", "n.pkl.gz")
    }
    assert found == {"t.csv": [8, 2], "t.npz": [4, 1], "u.npz": [3, 1], "n.pkl.gz": [5, 2]}


def test_one_example_cannot_be_cut(tmp_path):
    (tmp_path / "t.csv").write_text("1,0\n")
    fault = "1 example cannot be split into a training and a test part"
    assert refusal(tmp_path / "t.csv") == f"t.csv: {fault}; give more"


def test_a_mistyped_name_is_helped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = "neither a data set (digits, mnist, fashion-mnist) nor a file or folder"
    assert refusal("minst") == f"data: minst is {known}, did you mean 'mnist'?"
    assert refusal("./no/where") == f"data: ./no/where is {known}; check the path"


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"")
    kind = "of a kind that is not read; give a folder, an .npz, .csv or .pkl.gz file"
    assert refusal(tmp_path / "t.xlsx") == f"data: {tmp_path / 't.xlsx'} is {kind}"
