"""Makes the modules of tests/ importable: the benches use its twins, oracles and arrays."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path += [str(TESTS / "support"), str(TESTS)]

import reference  # noqa: E402  (found on the path above)

__all__ = ["reference"]
