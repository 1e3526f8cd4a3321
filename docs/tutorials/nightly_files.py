"""
Scoring the files of every night
================================

A model writes its predictions into a new file each night. This job scores what is new, stops the pipeline when a night
is worse than the nights before, finds the rows to blame, and leaves a page to look at.
"""

# %%
# A month of nights
# -----------------
#
# Three nights to begin with: a prediction and what came true, for customers of two regions.

import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pyarrow as pa
from pyarrow import parquet

import fastloss as fl
from fastloss import plot

folder = Path(mkdtemp())
(folder / "nights").mkdir()


def write_night(day, noise):
    rng = np.random.default_rng(day)
    sold = rng.gamma(4.0, 25.0, 5000)
    predicted = sold + noise * rng.standard_t(3, 5000)
    region = np.where(rng.random(5000) < 0.7, "north", "south")
    rows = pa.table({"customer": np.arange(5000), "region": region, "predicted": predicted, "sold": sold})
    parquet.write_table(rows, folder / "nights" / f"2026-11-{day:02}.parquet")


for day in (1, 2, 3):
    write_night(day, noise=10.0)

# %%
# The job
# -------
#
# What a shell would be given, here with what it prints and its exit code. With ``--resume`` the same line is typed
# every night: files whose output is there and verifies are not scored again.


def shell(command):
    program, *arguments = shlex.split(command)
    done = subprocess.run([sys.executable, "-m", program, *arguments], cwd=folder, capture_output=True, text=True)
    print(done.stdout + done.stderr + f"exit code {done.returncode}")


JOB = "fastloss score nights -o scored/ --loss huber -p delta=15 --pred predicted --target sold --by region --resume"

shell(f"{JOB} --summary before.json")

# %%
# The summary is exact: sums are integers until they are read, and a run that was killed and resumed leaves the same
# bytes as one that was not. The columns of the input are kept, with the loss beside them:

print(parquet.read_table(folder / "scored" / "2026-11-01.parquet").slice(0, 3).to_pandas())

# %%
# A gate
# ------
#
# The fourth night is bad. ``new:`` holds only what this run scored against the bound: a tenth more than the mean of the
# nights before. The exit code 1 stops a pipeline, and what failed is one line on standard error.

write_night(4, noise=25.0)
shell(f"{JOB} --fail-if 'new:mean > 1.1 * before.json'")

# %%
# Which rows
# ----------
#
# ``worst`` keeps the rows of the largest losses, with their file and place; ``where`` looks at a part of the rows.

summary = fl.score(
    folder / "nights", loss="huber(delta=15)", pred="predicted", target="sold", worst=5, where="region == 'south'"
)
print(summary.worst.to_pandas().drop(columns="file"))
print({Path(name).name for name in summary.worst["file"].to_pylist()})

# %%
# A page to look at
# -----------------
#
# ``--report`` writes one file of HTML without scripts from elsewhere: histogram, quantiles, groups.

shell(f"{JOB} --report report.html")
print((folder / "report.html").stat().st_size // 1024, "KiB")

# %%
# Its histogram alone, as ``fastloss plot summary`` draws it from a summary:

picture = plot.summary(fl.score(folder / "nights", loss="huber(delta=15)", pred="predicted", target="sold"))
