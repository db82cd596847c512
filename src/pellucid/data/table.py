"""Numbers in a CSV file, an example a row."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from pellucid.data.dataset import ArrayDataset
from pellucid.data.places import existing_file
from pellucid.errors import DataError

Row = tuple[int, list[str]]
"""A row's line number in the file, from 1, and its cells."""


def load_csv(
    path: str | os.PathLike[str], *, label: str = "last", header: bool | None = None, delimiter: str = ","
) -> ArrayDataset:
    """The rows of a CSV file (UTF-8) as a data set.

    `label` is the column of targets: its name in the header, or "first" or "last". Whole numbers are labels,
    other numbers are targets to be fitted, and words are classes, numbered in sorted order. `header` says
    whether the first row holds names; by itself it does if none of its cells, save the label's, is a number.

    Shapes: x (N, columns - 1) float32, t (N,) int64, or float32 for numbers to be fitted
    Raises: DataError when a cell is no finite number, rows differ in length, or there is no such column
    """
    file = existing_file("load_csv", path)
    rows = _rows(file, delimiter)
    first = next(rows, None)
    if first is None:
        raise DataError(f"load_csv: {file} is empty; give a row an example")
    table = _table(file, first[1], label, header)
    return table.dataset(chain([] if table.has_header else [first], rows))


@dataclass(frozen=True)
class _Table:
    file: Path
    columns: list[str]
    label: int
    has_header: bool

    def dataset(self, rows: Iterator[Row]) -> ArrayDataset:
        lines, features, cells = [], [], []
        for line, row in rows:
            self._check_length(line, row)
            features.append(self._features(line, row))
            cells.append(row[self.label])
            lines.append(line)
        if not lines:
            raise DataError(f"load_csv: {self.file} has a header but no rows; give a row an example")
        t, classes = self._targets(lines, cells)
        return ArrayDataset(np.stack(features), t, classes=classes, name=self.file.name)

    def _check_length(self, line: int, row: list[str]) -> None:
        if len(row) != len(self.columns):
            fault = f"row {line} has {len(row)} cells but the first has {len(self.columns)}"
            raise DataError(f"load_csv: {self.file} {fault}; give all rows the same")

    def _features(self, line: int, row: list[str]) -> np.ndarray:
        cells = row[: self.label] + row[self.label + 1 :]
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which is told below
            numbers = _numbers(cells).astype(np.float32)
        if not np.isfinite(numbers).all():
            wrong = int(np.argmin(np.isfinite(numbers)))
            raise self._fault(line, wrong + (wrong >= self.label), cells[wrong])
        return numbers

    def _targets(self, lines: list[int], cells: list[str]) -> tuple[np.ndarray, list[str] | None]:
        if "" in cells:
            raise self._fault(lines[cells.index("")], self.label, "")
        if all(_is_whole(cell) for cell in cells):
            return np.array([int(cell) for cell in cells]), None
        if not all(_is_number(cell) for cell in cells):
            classes, t = np.unique(cells, return_inverse=True)
            return t, classes.tolist()
        numbers = _numbers(cells)
        if not np.isfinite(numbers).all():
            wrong = int(np.argmin(np.isfinite(numbers)))
            raise self._fault(lines[wrong], self.label, cells[wrong])
        return numbers.astype(np.float32), None

    def _fault(self, line: int, column: int, cell: str) -> DataError:
        where = f"row {line}, column {self.columns[column]}"
        return DataError(f"load_csv: {self.file} {where} holds {cell!r}; give a finite number")


def _rows(file: Path, delimiter: str) -> Iterator[Row]:
    """The rows that are not blank, their cells without the spaces around them."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError as error:
        raise DataError(f"load_csv: {file} is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"load_csv: {file} is not CSV ({error}); save it again") from error
    except OSError as error:
        raise DataError(f"load_csv: {file} cannot be read ({error.strerror}); check the file") from error


def _table(file: Path, first: list[str], label: str, header: bool | None) -> _Table:
    position = _position(file, first, label, header)
    others = first[:position] + first[position + 1 :]
    if not others:
        raise DataError(f"load_csv: {file} has one column; give the inputs and a label, separated by delimiter=','")
    has_header = header if header is not None else not any(_is_number(cell) for cell in others)
    names = [repr(cell) for cell in first] if has_header else [str(number + 1) for number in range(len(first))]
    return _Table(file, names, position, has_header)


def _position(file: Path, first: list[str], label: str, header: bool | None) -> int:
    """Where the label's column is, from 0."""
    if header is not False and first.count(label) > 1:
        raise DataError(f"load_csv: {file} has {first.count(label)} columns {label!r}; give them different names")
    if header is not False and label in first:
        return first.index(label)
    if label in ("first", "last"):
        return 0 if label == "first" else len(first) - 1
    raise DataError(f"load_csv: {file} has no column {label!r}; its first row is {', '.join(first)}")


def _is_whole(cell: str) -> bool:
    digits = cell.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19  # int64 holds every number of 18 digits


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(cells: list[str]) -> np.ndarray:
    """The cells in float64; what is no number is NaN."""
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        return np.array([float(cell) if _is_number(cell) else np.nan for cell in cells])
