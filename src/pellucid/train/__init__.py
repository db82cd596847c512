"""Training: the loop, what watches it, and the files that it leaves."""

from pellucid.train.callbacks import Callback, EarlyStopping
from pellucid.train.checkpoint import load, save
from pellucid.train.history import History
from pellucid.train.metrics import accuracy, confusion_matrix, top_k
from pellucid.train.position import Position
from pellucid.train.trainer import Trainer

__all__ = [
    "Callback",
    "EarlyStopping",
    "History",
    "Position",
    "Trainer",
    "accuracy",
    "confusion_matrix",
    "load",
    "save",
    "top_k",
]
