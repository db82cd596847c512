"""Images in a folder, one sub-folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid.data.dataset import ArrayDataset
from pellucid.data.images import pixels_of, read_image
from pellucid.data.places import existing_folder
from pellucid.errors import DataError, OptionError

LITTER = {"Thumbs.db", "desktop.ini"}
"""Files that Windows leaves in folders of images; on other systems they begin with a dot."""


def image_folder(
    path: str | os.PathLike[str], *, size: int | tuple[int, int] | None = None, channels: int | None = None
) -> ArrayDataset:
    """The images in the sub-folders of `path`; each sub-folder, in sorted order, is a class.

    `size` (height, width, or one number for both) scales them all to it, without keeping their proportions.
    `channels` is 1 (grey) or 3 (red, green, blue); without it, 1 if all of them are grey, else 3.

    Shapes: x (N, channels, H, W) uint8, t (N,) int64
    Units:  pixels in 0..255; transparent ones lie on white; sixteen bits a pixel become eight
    Raises: DataError when there are no class folders, one is empty, an image cannot be read, or sizes differ
    """
    if channels not in (None, 1, 3):
        raise OptionError(f"image_folder: channels is {channels!r}; give 1, 3 or None")
    root = existing_folder("image_folder", path)
    files = {folder.name: _files(folder, root) for folder in _class_folders(root)}
    images = _Reader(root, _pair(size), channels).read([file for group in files.values() for file in group])
    labels = np.repeat(np.arange(len(files)), [len(group) for group in files.values()])
    return ArrayDataset(images, labels, classes=tuple(files), name=root.name)


def _class_folders(root: Path) -> list[Path]:
    folders = sorted(child for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
    if not folders:
        raise DataError(f"image_folder: {root} has no sub-folders; put the images of each class into one of its own")
    return folders


def _files(folder: Path, root: Path) -> list[Path]:
    found = sorted(child for child in folder.iterdir() if not child.name.startswith(".") and child.name not in LITTER)
    if not found:
        raise DataError(f"image_folder: the class folder {folder} is empty; put images there or delete it")
    return found


def _pair(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    pair = (size, size) if isinstance(size, int) else size
    if pair is not None and (len(pair) != 2 or min(pair) < 1):
        raise OptionError(f"image_folder: size is {size!r}; give (height, width) in pixels")
    return pair


@dataclass(frozen=True)
class _Reader:
    root: Path
    size: tuple[int, int] | None
    channels: int | None

    def read(self, files: Sequence[Path]) -> np.ndarray:
        """All of them as one array (N, C, H, W)."""
        images = [pixels_of(read_image("image_folder", file), self.channels, self.size) for file in files]
        for file, image in zip(files, images, strict=True):
            if image.shape[1:] != images[0].shape[1:]:
                sizes = f"{self._described(files[0], images[0])} but {self._described(file, image)}"
                height, width = images[0].shape[1:]
                raise DataError(f"image_folder: {sizes}; give size=({height}, {width}) to scale them all")
        channels = max(len(image) for image in images)
        return np.stack([np.broadcast_to(image, (channels, *image.shape[1:])) for image in images])

    def _described(self, file: Path, image: np.ndarray) -> str:
        return f"{file.relative_to(self.root)} is {image.shape[1]}×{image.shape[2]} pixels"
