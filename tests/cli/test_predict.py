"""`pellucid predict`: images of every kind, through a model trained on the embedded digits."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pellucid import data
from pellucid.cli.drawing import picture, probabilities
from tests.cli.conftest import Call


def digit(label: int) -> Image.Image:
    """One test digit, large: light strokes on black, with much room around it."""
    _, test = data.digits()
    pixels = Image.fromarray(test.x[np.flatnonzero(test.t == label)[3], 0])
    page = Image.new("L", (300, 220), 0)
    page.paste(pixels.resize((120, 120), Image.Resampling.BICUBIC), (40, 60))
    return page


def inverted(image: Image.Image) -> Image.Image:
    return image.point(lambda level: 255 - level)


def transparent(image: Image.Image, ink: int) -> Image.Image:
    """Strokes of one brightness on nothing."""
    flat = Image.new("L", image.size, ink)
    return Image.merge("RGBA", (flat, flat, flat, image))


def coloured(image: Image.Image) -> Image.Image:
    """Dark blue on yellowish paper under a lamp from one side, with a camera's noise."""
    noise = np.random.default_rng(0).normal(0, 5, (image.height, image.width, 1))
    lamp = np.linspace(0, 25, image.width)[None, :, None]
    part = np.asarray(image, np.float32)[..., None] / 255
    pixels = (1 - part) * np.array([220, 210, 180]) + part * np.array([30, 30, 120]) + lamp + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


KINDS = {
    "light-on-dark": lambda image: image,
    "dark-on-light": inverted,
    "faint": lambda image: image.point(lambda level: 180 - level // 4),
    "photo": coloured,
    "black-ink-on-nothing": lambda image: transparent(image, 0),
    "white-ink-on-nothing": lambda image: transparent(image, 255),
    "huge": lambda image: inverted(image).resize((1500, 1100), Image.Resampling.BICUBIC),
    "tiny": lambda image: image.crop((40, 60, 160, 180)).resize((16, 16), Image.Resampling.BOX),
    "one-bit": lambda image: image.point(lambda level: 255 * (level > 100)).convert("1"),
    "palette": lambda image: inverted(image).convert("P"),
    "sixteen-bits": lambda image: Image.fromarray(np.asarray(image, np.uint16) * 200),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_of_any_kind_is_recognised(kind: str, call: Call, trained: Path, tmp_path: Path) -> None:
    for label in (0, 4, 7):
        KINDS[kind](digit(label)).save(tmp_path / f"{label}.png")
    called = call("predict", trained, "0.png", "4.png", "7.png", "--json")
    assert (called.code, [x["class"] for x in called.json["predictions"]]) == (0, ["0", "4", "7"])


def test_the_orientation_that_a_camera_noted_is_honoured(call: Call, trained: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held turned: show it a quarter turn clockwise
    inverted(digit(4)).rotate(90, expand=True).save(tmp_path / "turned.jpg", exif=exif)
    assert call("predict", trained, "turned.jpg", "--json").json["predictions"][0]["class"] == "4"


def test_the_json_line_has_the_probabilities_of_all_classes(call: Call, trained: Path, tmp_path: Path) -> None:
    digit(0).save(tmp_path / "0.png")
    called = call("predict", trained, "0.png", "--json")
    assert (called.out.count("\n"), list(called.json)) == (1, ["run", "predictions"])
    found = called.json["predictions"][0]
    assert list(found) == ["image", "class", "probability", "probabilities"]
    assert list(found["probabilities"]) == list("0123456789")
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert found["probability"] == max(found["probabilities"].values())


def test_image_and_bars_stand_side_by_side(call: Call, trained: Path, tmp_path: Path) -> None:
    digit(0).save(tmp_path / "0.png")
    lines = call("predict", trained, "0.png").out.splitlines()
    assert re.fullmatch(r"  0\.png: 0, \d+\.\d %", lines[1])
    assert len(lines) == 3 + 10
    assert all(re.fullmatch(r"  [ ░▒▓█]{16}   \d  .{24} +\d+\.\d %", line) for line in lines[3:])


def test_a_file_that_is_no_image_is_told_and_the_others_are_shown(call: Call, trained: Path, tmp_path: Path) -> None:
    digit(0).save(tmp_path / "0.png")
    (tmp_path / "notes.txt").write_text("no image")
    called = call("predict", trained, "notes.txt", "0.png", "--json")
    assert called.code == 1
    sentence = "predict: notes.txt is no image that Pillow can read; take it out or replace it"
    assert called.err.startswith(f"pellucid: {sentence}\n")
    assert [x["image"] for x in called.json["predictions"]] == ["0.png"]


def test_other_files_that_cannot_be_taken_are_told(call: Call, trained: Path, tmp_path: Path) -> None:
    Image.new("RGB", (50, 50), "white").save(tmp_path / "blank.png")
    digit(0).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:300])
    (tmp_path / "folder").mkdir()
    sentences = {
        "blank.png": "blank.png is blank: nothing on it stands out from its border",
        "missing.png": "there is no file missing.png",
        "folder": "folder is a folder; give image files, such as folder/*.png",
        "cut.png": "cut.png is a damaged image",
    }
    for name, sentence in sentences.items():
        called = call("predict", trained, name)
        assert (called.code, called.out, called.err.count("\n")) == (1, "", 1)
        assert called.err.startswith(f"pellucid: predict: {sentence}")
    assert "Traceback" in call("predict", trained, "missing.png", "--debug").err


def test_noise_alone_is_blank(call: Call, trained: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(200, 4, (100, 100)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "paper.png")
    assert "paper.png is blank" in call("predict", trained, "paper.png").err


def test_a_run_on_rows_of_numbers_takes_no_images(call: Call, tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{i % 3},{i % 2}\n" for i in range(30))
    (tmp_path / "rows.csv").write_text(rows)
    assert call("train", "--data", "rows.csv", "--model", "perceptron", "--epochs", 1, "--out", "r").code == 0
    digit(0).save(tmp_path / "0.png")
    called = call("predict", "r", "0.png")
    sentence = "0.png cannot be converted: the run was trained on examples of 2 numbers, not images of 1 or 3 channels"
    assert (called.code, called.err) == (1, f"pellucid: predict: {sentence}\n")


def test_a_run_without_weights_is_told(call: Call, run: Path) -> None:
    (run / "model.safetensors").unlink()
    (run / "checkpoint.safetensors").unlink()
    called = call("predict", run, "0.png")
    sentence = f"{run} holds no weights yet; train on with --resume --out {run}"
    assert (called.code, called.err) == (1, f"pellucid: {sentence}\n")


# ---- drawing


def test_in_colour_two_rows_of_pixels_share_a_line() -> None:
    pixels = np.zeros((3, 4, 16), np.uint8)
    pixels[0, 0, 0], pixels[2, 1, 0] = 255, 128
    text = picture(pixels, colour=True)
    assert text.plain == "▀" * 16 + "\n" + "▀" * 16
    style = text.spans[0].style
    assert str(style) == "rgb(255,0,0) on rgb(0,0,128)"


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 101, 300), (1, 1, 1), (1, 300, 7)])
def test_no_image_is_wider_than_28_columns(shape: tuple[int, ...]) -> None:
    for colour in (True, False):
        lines = picture(np.full(shape, 200, np.uint8), colour).plain.split("\n")
        assert len({len(line) for line in lines}) == 1
        assert 1 <= len(lines[0]) <= 28


def test_of_many_classes_the_likeliest_are_shown() -> None:
    values = np.arange(100) / 4950
    lines = probabilities([f"class {i}" for i in range(100)], values).plain.split("\n")
    assert len(lines) == 10
    assert lines[0].startswith("class 99")
