"""Makes the modules of tests/ importable: the benches use its twins, oracles and arrays."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

import reference

__all__ = ["reference"]
