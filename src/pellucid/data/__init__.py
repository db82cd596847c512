"""Data sets, loaders and augmentation: what a training loop reads.

>>> from pellucid import data
>>> train, test = data.digits()
>>> x, t = next(iter(data.Loader(train, batch_size=100, shuffle=True)))
>>> x.shape, x.dtype, t.shape
((100, 1, 8, 8), dtype('uint8'), (100,))
"""

from pellucid.data.dataset import ArrayDataset
from pellucid.data.embedded import digits
from pellucid.data.folder import image_folder
from pellucid.data.idx import read_idx
from pellucid.data.known_sets import Entry, FileCheck, Location, catalogue, entry, fetch, verify
from pellucid.data.loader import Loader
from pellucid.data.mnist_like import fashion_mnist, idx_folder, mnist, nielsen_mnist
from pellucid.data.named import load
from pellucid.data.npz import load_npz
from pellucid.data.order import epoch_order
from pellucid.data.places import cache_folder, data_folder
from pellucid.data.safe_pickle import load_pickle
from pellucid.data.table import load_csv
from pellucid.data.transforms import Compose, Crop, Flip, Rotate, Shift

__all__ = [
    "ArrayDataset",
    "Compose",
    "Crop",
    "Entry",
    "FileCheck",
    "Flip",
    "Loader",
    "Location",
    "Rotate",
    "Shift",
    "cache_folder",
    "catalogue",
    "data_folder",
    "digits",
    "entry",
    "epoch_order",
    "fashion_mnist",
    "fetch",
    "idx_folder",
    "image_folder",
    "load",
    "load_csv",
    "load_npz",
    "load_pickle",
    "mnist",
    "nielsen_mnist",
    "read_idx",
    "verify",
]
