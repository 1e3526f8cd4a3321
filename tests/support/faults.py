"""A job whose tasks fail or kill their process as often as files in a directory say: what an engine has to survive."""

import glob
import os
import signal
from dataclasses import dataclass

from fastloss.files.engines.job import Job


@dataclass(frozen=True)
class FaultyJob(Job):
    """Before a task is done, one file `fail-NAME-*` or `kill-NAME-*` in `faults` is used up."""

    faults: str = ""

    def _do(self, task, progress, total, together):
        planted = sorted(glob.glob(os.path.join(self.faults, f"*-{os.path.basename(task.name)}-*")))
        if planted:
            os.unlink(planted[0])
            if os.path.basename(planted[0]).startswith("fail"):
                raise OSError("planted")
            progress = _kill  # in the middle: rows have been written
        return super()._do(task, progress, total, together)


def _kill(rows, share):
    os.kill(os.getpid(), signal.SIGKILL)
