"""Calls in which one allocation fails, the first, the second, and so on: the right result, or a MemoryError.

Python's own objects are allocated by malloc here (PYTHONMALLOC), so that they fail too. What Python and NumPy do then
is theirs; a process that ends by a signal is a finding all the same, and its trace says whose.
"""

import os
import subprocess
import sys
from pathlib import Path

import fastloss as fl

from .finding import require
from .shims import compiled

__all__ = ["trial"]

SECONDS = 100


def trial(seed):
    root = Path(fl.__file__).parents[1]
    here = Path(__file__).parents[1]
    paths = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (root, here, here / "support"))),
        "PYTHONMALLOC": "malloc",
        "LD_PRELOAD": str(compiled("failures")),
    }
    command = [sys.executable, "-X", "faulthandler", "-m", "attack.starved", seed]
    try:
        run = subprocess.run(command, env=paths, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        require(False, "hang", str(error))
    require(run.returncode == 0, "ended", f"exit code {run.returncode}\n{run.stdout[-500:]}{run.stderr[:1500]}")
    return {"allocations": int(run.stdout.split()[-1])}
