"""How long an import takes in a fresh process, its bytecode being there from an earlier one."""

from __future__ import annotations

import os
import subprocess
import sys

# title, the package that must be there, what is run
IMPORTS: tuple[tuple[str, str, str], ...] = (
    ("NumPy", "numpy", "import numpy"),
    ("Pellucid", "pellucid", "import pellucid"),
    (
        "Pellucid, ready to train",
        "pellucid",
        "from pellucid import data, nn, optim; from pellucid.train import Trainer",
    ),
    ("PyTorch", "torch", "import torch"),
    ("JAX", "jax", "import jax, jax.numpy"),
    ("scikit-learn", "sklearn", "from sklearn.neural_network import MLPClassifier"),
    ("ONNX Runtime", "onnxruntime", "import onnxruntime"),
)


def import_seconds(statement: str) -> float:
    """The time of the statement alone, without the interpreter's own start.

    Raises: subprocess.CalledProcessError when it fails
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)
