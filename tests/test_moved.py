"""Modules under the names that they had before they moved, and pickles that hold these names."""

import base64
import importlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastloss as fl
from fastloss._moved import MOVED
from fastloss.files import ScoringError, Spec, Summary, batch_function
from fastloss.files.dataset import Fragment, Task
from fastloss.files.engines.job import Job

# Written before the modules moved
PICKLES = {
    name: base64.b64decode(text)
    for name, text in json.loads(Path(__file__).with_name("pickles.json").read_text(encoding="utf-8")).items()
}
HUBER = fl.huber.bind(delta=2.0)
SPEC = Spec.of(HUBER, "p", "t", emit=("value", "grad"), by="g")
LOADED = {
    "huber": HUBER,
    "cross_entropy": fl.cross_entropy.bind(label_smoothing=0.1),
    "robust_nll": fl.robust_nll,
    "softmax": fl.softmax,
    "get": fl.get,
    "spec": SPEC,
    "job": Job(SPEC, 3, 1, True),
    "batch_function": batch_function(SPEC),
}


@pytest.mark.parametrize("old", MOVED)
def test_the_old_name_is_the_same_module(old):
    pytest.importorskip({"dask": "distributed", "spark": "pyspark"}.get(old.rpartition(".")[2], "pyarrow"))
    assert importlib.import_module(old) is importlib.import_module(MOVED[old])


@pytest.mark.parametrize(
    ("old", "name"),
    [("readers", "open_source"), ("reading", "MAX_ROWS"), ("npy_reader", "NpySource"), ("output", "open_output"),
     ("table_reader", "ParquetSource"), ("writers", "ParquetSink"), ("csv_reader", "CsvSource"),
     ("csv_writer", "CsvSink"), ("csv_text", "CsvText"), ("csv_types", "Column"), ("csv_blocks", "OpenQuote")],
)  # fmt: skip
def test_a_renamed_module_holds_what_it_held(old, name):
    pytest.importorskip("pyarrow")
    assert hasattr(importlib.import_module(f"fastloss.scoring.{old}"), name)


def test_the_old_name_of_files():
    """Each way to import from it, in a process that has imported nothing."""
    code = """
import fastloss as fl
assert fl.scoring.score is fl.score
from fastloss.scoring import ENGINES, ScoringError, Spec, csv_options, score
import fastloss.scoring.writers as writers
from fastloss import files
assert (Spec, score) == (files.Spec, fl.score)
assert csv_options is files.csv.options and fl.scoring.csv_options is csv_options
assert writers is files.writers.sinks and writers.__name__ == writers.__spec__.name == "fastloss.files.writers.sinks"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", LOADED)
def test_an_old_pickle_loads(name):
    assert pickle.loads(PICKLES[name]) == LOADED[name]


def test_an_old_pickle_of_a_summary_with_weights_has_no_squares_of_them():
    with pytest.raises(ValueError, match="is of an earlier version"):
        pickle.loads(PICKLES["summary"])
    summary = Summary.of(np.array([0.5, 1.5, np.nan]), sample_weight=np.array([1.0, 2.0, 3.0]))
    assert pickle.loads(pickle.dumps(summary)) == summary


def test_old_pickles_of_tasks_groups_and_errors_load():
    task, grouped, error = (pickle.loads(PICKLES[name]) for name in ("task", "grouped", "error"))
    assert isinstance(task, Task) and isinstance(task.fragments[0], Fragment) and task.name == "in.parquet"
    assert {key: group.mean for key, group in grouped.groups.items()} == {"a": 0.5, "b": 1.5}
    assert type(error) is ScoringError and str(error) == "bad"
    assert set(PICKLES) == {*LOADED, "summary", "task", "grouped", "error"}


def test_an_old_pickle_loads_in_a_process_that_has_imported_nothing():
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()))"
    done = subprocess.run([sys.executable, "-c", code], input=PICKLES["job"], check=True, capture_output=True)
    assert done.stdout.startswith(b"Job(spec=Spec(loss=huber(delta=2.0)")
