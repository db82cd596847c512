"""Names that the books' programs use and that NumPy and Pillow have dropped since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

NUMPY: dict[str, Any] = {
    "bool": bool, "int": int, "float": float, "complex": complex, "object": object, "str": str,
    "float_": np.float64, "complex_": np.complex128, "unicode_": np.str_, "string_": np.bytes_, "bool8": np.bool_,
    "int0": np.intp, "infty": np.inf, "Inf": np.inf, "Infinity": np.inf, "PINF": np.inf, "NINF": -np.inf,
    "NaN": np.nan, "NAN": np.nan,
    "asscalar": lambda a: np.asarray(a).item(), "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype),
    "product": np.prod, "cumproduct": np.cumprod, "sometrue": np.any, "alltrue": np.all, "round_": np.round,
    "row_stack": np.vstack, "mat": np.asmatrix, "trapz": np.trapezoid,
    "in1d": lambda ar1, ar2, **options: np.isin(np.ravel(ar1), ar2, **options),
}  # fmt: skip


def pillow() -> dict[str, Any]:
    """Pillow's dropped names for ways to resize."""
    from PIL.Image import Resampling

    return {"ANTIALIAS": Resampling.LANCZOS, "LINEAR": Resampling.BILINEAR, "CUBIC": Resampling.BICUBIC}


@contextmanager
def dropped_names() -> Iterator[None]:
    """The names are there while a program runs; those that the library still has are left alone."""
    from PIL import Image

    with ExitStack() as back:
        for module, names in ((np, NUMPY), (Image, pillow())):
            for name, value in names.items():
                if name not in vars(module):
                    setattr(module, name, value)
                    back.callback(delattr, module, name)
        yield
