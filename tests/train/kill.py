"""Kills training runs with SIGKILL at random moments, resumes them, and compares the ends bit by bit.

    python tests/train/kill.py --runs 50

The run saves its checkpoint after every chunk of steps, so that many kills fall into the writing of one; it has
dropout, batch normalisation, Adam, a schedule, augmentation and early stopping, so that every kind of state is in it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pellucid.train.checkpoint import read_arrays

PROGRAM = """
import sys
import pellucid
from pellucid import data, nn, optim
from pellucid.train import EarlyStopping, Trainer

train, test = data.digits()
pellucid.seed(1)
model = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(36, 10)
)
optimizer = optim.Adam(model.parameters(), lr=0.01)
schedule = optim.CosineAnnealingLR(optimizer, T_max=60)
trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=schedule)
print("ready", flush=True)
trainer.fit(
    train, epochs=6, batch_size=144, validation=test, transform=[data.Shift(1)], early_stopping=EarlyStopping(3),
    checkpoint=sys.argv[1], checkpoint_every=0.0, resume=True, progress=False,
)
"""


def start(path: Path) -> subprocess.Popen[str]:
    """A run that saves to `path` and resumes from it; comes back when the first step is about to be made."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process: subprocess.Popen[str]) -> int:
    """Its exit code, once it has ended."""
    with process:
        process.communicate()
    return process.returncode


def killed_and_resumed(folder: Path, runs: int, seed: int) -> int:
    """How many of the `runs` were killed, resumed, and ended with the bits of one that was never interrupted."""
    generator = np.random.default_rng(seed)
    process, begun = start(folder / "whole"), time.monotonic()
    assert finish(process) == 0
    length = time.monotonic() - begun
    expected, same = read_arrays(folder / "whole")[0], 0
    for i in range(runs):
        path, killed = folder / f"run-{i}", False
        while not killed:  # one that ended before its moment came counts for nothing
            path.unlink(missing_ok=True)
            process = start(path)
            try:
                process.wait(timeout=float(generator.uniform(0.0, length)))
            except subprocess.TimeoutExpired:
                process.kill()
                killed = True
            finish(process)
        assert finish(start(path)) == 0
        found = read_arrays(path)[0]
        same += expected.keys() == found.keys() and all(
            array.tobytes() == found[name].tobytes() for name, array in expected.items()
        )
    return same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        same = killed_and_resumed(Path(folder), options.runs, options.seed)
    print(f"{options.runs} runs killed and resumed, {same} ended with the same bits")
    sys.exit(same != options.runs)


if __name__ == "__main__":
    main()
