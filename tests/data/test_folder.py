"""Images in class folders, of every kind that people have."""

import numpy as np
import pytest

from pellucid import data
from pellucid.errors import DataError, OptionError

Image = pytest.importorskip("PIL.Image", reason="Pillow reads the images")

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def save(path, pixels=GREY, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture
def root(tmp_path):
    save(tmp_path / "pets" / "dog" / "b.png", GREY + 1)
    save(tmp_path / "pets" / "cat" / "a.png")
    save(tmp_path / "pets" / "dog" / "a.png", GREY + 2)
    return tmp_path / "pets"


def refusal(root, **options):
    with pytest.raises(DataError) as caught:
        data.image_folder(root, **options)
    return str(caught.value)


def test_sub_folders_are_classes_in_sorted_order(root):
    (root / ".git").mkdir()
    (root / "cat" / "Thumbs.db").write_bytes(b"litter")
    (root / "readme.txt").write_text("files beside the class folders are no images")
    pets = data.image_folder(root)
    assert (pets.classes, pets.t.tolist(), pets.name) == (("cat", "dog"), [0, 1, 1], "pets")
    np.testing.assert_array_equal(pets.x[:, 0], [GREY, GREY + 2, GREY + 1])


def test_one_colour_image_makes_all_of_them_colour(root):
    colour = np.random.default_rng(0).integers(0, 256, (3, 4, 3)).astype(np.uint8)
    save(root / "cat" / "z.png", colour)
    pets = data.image_folder(root)
    assert pets.x.shape == (4, 3, 3, 4)
    np.testing.assert_array_equal(pets.x[1], colour.transpose(2, 0, 1))
    np.testing.assert_array_equal(pets.x[0], [GREY] * 3)
    assert data.image_folder(root, channels=1).x.shape == (4, 1, 3, 4)


def test_a_size_scales_them_all(root):
    save(root / "cat" / "large.png", np.full((9, 9), 50, np.uint8))
    assert data.image_folder(root, size=(5, 7), channels=3).x.shape == (4, 3, 5, 7)
    assert data.image_folder(root, size=8).x[1].tolist() == [[[50] * 8] * 8]


def test_transparency_lies_on_white(root):
    clear = np.zeros((3, 4, 2), np.uint8)
    clear[0, 0] = 7, 255
    save(root / "cat" / "clear.png", clear)
    image = data.image_folder(root).x[1, 0]
    assert image[0, 0] == 7
    assert image[1:].min() == 255


def test_sixteen_bits_become_eight(root):
    save(root / "cat" / "deep.png", GREY.astype(np.uint16) * 256 + 255)
    np.testing.assert_array_equal(data.image_folder(root).x[1, 0], GREY)


def test_a_photograph_is_turned_upright(root):
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held on its side
    save(root / "cat" / "photo.png", np.rot90(GREY), exif=turned)
    np.testing.assert_array_equal(data.image_folder(root).x[1, 0], GREY)


def test_differing_sizes_are_refused_by_name(root):
    save(root / "dog" / "c.png", np.zeros((5, 4), np.uint8))
    sizes = "cat/a.png is 3×4 pixels but dog/c.png is 5×4 pixels"
    assert refusal(root) == f"image_folder: {sizes}; give size=(3, 4) to scale them all"


def test_an_empty_class_folder_is_refused(root):
    (root / "eel").mkdir()
    fault = f"the class folder {root / 'eel'} is empty"
    assert refusal(root) == f"image_folder: {fault}; put images there or delete it"


def test_no_class_folders_are_refused(root):
    fault = f"{root / 'cat'} has no sub-folders"
    assert refusal(root / "cat") == f"image_folder: {fault}; put the images of each class into one of its own"


def test_a_missing_folder_is_refused(tmp_path):
    assert refusal(tmp_path / "no") == f"image_folder: there is no folder {tmp_path / 'no'}; check the path"


def test_what_is_no_image_is_refused_by_name(root):
    (root / "dog" / "notes.txt").write_text("woof")
    fault = f"{root / 'dog' / 'notes.txt'} is no image that Pillow can read"
    assert refusal(root) == f"image_folder: {fault}; take it out or replace it"


def test_a_truncated_image_is_refused_by_name(root):
    file = save(root / "dog" / "c.png", np.random.default_rng(0).integers(0, 256, (50, 50)).astype(np.uint8))
    file.write_bytes(file.read_bytes()[:-1000])
    message = refusal(root)
    assert message.startswith(f"image_folder: {file} is a damaged image (")
    assert message.endswith("); replace it")


def test_an_image_bomb_is_refused(root, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    fault = f"{root / 'cat' / 'a.png'} has too many pixels to be trusted"
    assert refusal(root) == f"image_folder: {fault}; scale it down"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 2}, "channels is 2; give 1, 3 or None"),
        ({"size": 0}, "size is 0; give (height, width) in pixels"),
        ({"size": (1, 2, 3)}, "size is (1, 2, 3); give (height, width) in pixels"),
    ],
)
def test_options_out_of_range_are_refused(root, options, message):
    with pytest.raises(OptionError) as caught:
        data.image_folder(root, **options)
    assert str(caught.value) == f"image_folder: {message}"
