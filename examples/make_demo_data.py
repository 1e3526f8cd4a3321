"""Make the two files that `fastloss demo` scores, from data sets that ship with scikit-learn.

    pip install scikit-learn pyarrow
    python examples/make_demo_data.py fastloss/cli/demo_data

Every prediction is out of fold: made by a model that has not seen the row.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def diabetes() -> pa.Table:
    """Disease progression of 442 patients after a year, and what ten measurements predict."""
    inputs, progression = load_diabetes(return_X_y=True)
    folds = KFold(10, shuffle=True, random_state=0)
    predicted = cross_val_predict(LinearRegression(), inputs, progression, cv=folds)
    return pa.table(
        {
            "patient": np.arange(len(progression), dtype=np.int16),
            "predicted": predicted.round(3),
            "progression": progression,
        }
    )


def digits() -> pa.Table:
    """Images of 1797 handwritten digits, as the logits of a linear classifier and the label."""
    inputs, label = load_digits(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    logits = cross_val_predict(model, inputs, label, cv=folds, method="decision_function")
    flat = pa.array(logits.round(3).astype(np.float32).reshape(-1))
    return pa.table(
        {
            "image": np.arange(len(label), dtype=np.int16),
            "logits": pa.FixedSizeListArray.from_arrays(flat, logits.shape[1]),
            "digit": label.astype(np.int8),
        }
    )


def main(directory: str) -> None:
    for make in (diabetes, digits):
        path = Path(directory) / f"{make.__name__}.parquet"
        pq.write_table(make(), path, compression="zstd", compression_level=19)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
