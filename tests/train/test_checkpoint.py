"""Weights in safetensors files."""

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.errors import CheckpointError
from pellucid.train import load, save
from pellucid.train.checkpoint import join, part, read_arrays, write_arrays


def small_model(hidden=4):
    return nn.Sequential(nn.Linear(3, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, 2))


def test_weights_come_back_bit_for_bit(tmp_path):
    model, other = small_model(), small_model()
    pellucid.save(model, tmp_path / "m.safetensors")
    pellucid.load(other, tmp_path / "m.safetensors")
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, other.state_dict()[name])


def test_notes_are_kept_beside_the_arrays(tmp_path):
    write_arrays(tmp_path / "a", {"x": np.arange(3)}, {"epoch": 2, "loss": 0.1})
    arrays, notes = read_arrays(tmp_path / "a")
    assert arrays["x"].tolist() == [0, 1, 2]
    assert notes == {"epoch": 2, "loss": 0.1}


def test_arrays_that_are_not_contiguous_are_kept_whole(tmp_path):
    x = np.arange(12.0).reshape(3, 4).T
    write_arrays(tmp_path / "a", {"x": x})
    np.testing.assert_array_equal(read_arrays(tmp_path / "a")[0]["x"], x)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError) as error:
        load(small_model(), tmp_path / "none")
    assert str(error.value) == (
        f"load: there is no file {tmp_path / 'none'}; give a .safetensors file or the folder of a run"
    )


@pytest.mark.parametrize("keep", [0, 4, 40, -1])
def test_a_damaged_file_is_refused_and_the_model_unchanged(tmp_path, keep):
    path = tmp_path / "m.safetensors"
    model = small_model()
    save(model, path)
    path.write_bytes(path.read_bytes()[:keep])
    before = model.state_dict()
    with pytest.raises(
        CheckpointError,
        match=r"is damaged or no safetensors file .*; give a file that save wrote, or another copy of it$",
    ):
        load(model, path)
    for name, array in before.items():
        np.testing.assert_array_equal(array, model.state_dict()[name])


@pytest.mark.parametrize("start", [b"PK\x03\x04\x00\x00", b"\x80\x02}q\x00."])
def test_a_pickle_of_pytorch_is_told_from_a_damaged_file(tmp_path, start):
    path = tmp_path / "m.pt"
    path.write_bytes(start + bytes(100))
    with pytest.raises(CheckpointError) as error:
        load(small_model(), path)
    assert str(error.value) == (
        f"load: {path} is a pickle, as PyTorch writes it, which can run code when it is read; "
        "in PyTorch write its state_dict with safetensors.torch.save_file, and load that file"
    )


def test_a_header_whose_length_begins_as_a_pickle_does_is_read(tmp_path):
    for length in range(400):
        write_arrays(tmp_path / "a", {"x": np.arange(3)}, {"note": "a" * length})
        if (tmp_path / "a").read_bytes()[:1] == b"\x80":
            assert read_arrays(tmp_path / "a")[0]["x"].tolist() == [0, 1, 2]
            return
    pytest.fail("no header had this length")


def test_weights_of_another_model_are_refused_by_name(tmp_path):
    path = tmp_path / "m.safetensors"
    save(small_model(hidden=5), path)
    with pytest.raises(CheckpointError, match=r"m\.safetensors.*0\.weight"):
        load(small_model(), path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointError) as error:
        save(small_model(), tmp_path / "no" / "m")
    assert str(error.value) == (
        f"save: {tmp_path / 'no' / 'm'} cannot be written (No such file or directory); nothing was changed"
    )


def test_parts_are_joined_and_taken_apart():
    joined = join({"model": {"0.weight": 1}, "optimizer": {"step": 2}})
    assert joined == {"model.0.weight": 1, "optimizer.step": 2}
    assert part(joined, "model") == {"0.weight": 1}
