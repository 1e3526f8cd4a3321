"""The demo: two real data sets scored end to end, a picture, and the next command to type."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib import resources

import pyarrow.parquet

import fastloss
from fastloss.cli.options import command_line
from fastloss.core.installing import install_extra
from fastloss.exact.summary import Summary
from fastloss.files.errors import escaped

SCALE = 57.0  # of the residuals: 1.4826 times the median distance from their median
DATA = ("diabetes.parquet", "digits.parquet")


def run(directory: str, show: Callable[[Summary, str], None]) -> None:
    """Score the demo data into `directory`; `show` prints a summary under a title."""
    os.makedirs(directory, exist_ok=True)
    for name in DATA:
        with resources.as_file(resources.files("fastloss.cli") / "demo_data" / name) as file:
            shutil.copyfile(file, os.path.join(directory, name))
    diabetes, digits = (os.path.join(directory, name) for name in DATA)

    robust = fastloss.robust.bind(alpha=-2.0, scale=SCALE)
    columns = {"pred": "predicted", "target": "progression"}
    scored = os.path.join(directory, "diabetes-scored.parquet")
    summary = fastloss.score(diabetes, scored, loss=robust, **columns, emit=("value", "weight"))
    show(summary, f"442 patients, disease progression against its prediction: {robust!r}")

    scored_digits = os.path.join(directory, "digits-scored.parquet")
    entropy = fastloss.cross_entropy
    summary = fastloss.score(digits, scored_digits, loss=entropy, pred="logits", target="digit")
    print()
    show(summary, f"1797 handwritten digits, logits of ten classes: {entropy!r}")

    print(f"\nwritten: {escaped(scored)}\n         {escaped(scored_digits)}")
    picture = os.path.join(directory, "residuals.png")
    if _draw(diabetes, robust, picture):
        print(f"         {escaped(picture)}")
    else:
        print(f"no picture: for one, {install_extra('plot')}")
    command = ["fastloss", "score", diabetes, "-o", os.path.join(directory, "huber.parquet")]
    command += ["--loss", "huber", "-p", "delta=76.7"]  # 1.345 scales
    command += ["--pred", "predicted", "--target", "progression", "--emit", "value,grad,weight"]
    print(f"\nNext, another loss on the same file:\n\n  {command_line(command)}")


def _draw(path: str, loss, picture: str) -> bool:
    """Draw the residuals with their weights; False if matplotlib is not there."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    from fastloss.plot import residual_weights
    from fastloss.plot.pictures import save

    with open(path, "rb") as file:
        table = pyarrow.parquet.read_table(file)
    predicted, measured = (table[n].to_numpy() for n in ("predicted", "progression"))
    title = "Disease progression of 442 patients: residuals and how much they count"
    figure = residual_weights(predicted, predicted - measured, loss, title, "(progression score)")
    save(figure, picture)
    return True
