"""What all tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import settings

import pellucid

# Tests import `tests.ops.harness`, and pytest's import mode "importlib" puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent.parent))

# The same examples on every run and every machine, however slow it is.
settings.register_profile("pellucid", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("pellucid")


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Each test starts the default generator anew, whichever ran before."""
    pellucid.seed(0)
