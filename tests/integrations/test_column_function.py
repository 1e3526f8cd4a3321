"""Columns as libraries hand them over: as `batch_function` has them, wherever they and their nulls lie in memory."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

import fastloss as fl
from fastloss.files import ScoringError, Spec, batch_function
from fastloss.integrations._arrow import losses_alone

NAMES = ["p", "y"]
KINDS = [pa.float64(), pa.float32(), pa.float16(), pa.int8(), pa.uint64(), pa.bool_(), pa.decimal128(9, 2), pa.null()]


def check(spec, columns):
    expected = batch_function(spec)(pa.RecordBatch.from_arrays(columns, NAMES)).columns
    got = losses_alone(spec)(columns)
    for column, other in zip(got, expected, strict=True):
        column.validate(full=True)
        assert column.equals(other) and column.null_count == other.null_count, [c.type for c in columns]


def column(values, null, kind="float64"):
    if kind == pa.null():
        return pa.nulls(len(values))
    values = [None if missing else value for value, missing in zip(values.tolist(), null, strict=True)]
    return pa.array(values, pa.float64()).cast(kind)


@pytest.mark.parametrize("rows", [0, 1, 77])
def test_nulls_begin_anywhere_in_a_byte(rows):
    rng = np.random.default_rng(rows)
    spec = Spec.of(fl.huber, *NAMES, emit=("value", "grad"), keep="none")
    for starts in itertools.product([0, 1, 7, 8, 13], repeat=2):
        for shares in itertools.product([0, 0.3, 1], repeat=2):
            columns = [
                column(rng.standard_normal(start + rows + 5), rng.random(start + rows + 5) < share).slice(start, rows)
                for start, share in zip(starts, shares, strict=True)
            ]
            check(spec, columns)


def test_kinds_of_numbers():
    null = np.arange(20) % 5 == 0
    for pred, target in itertools.product(KINDS, repeat=2):
        columns = [column(np.arange(20) % 2, null, kind).slice(3) for kind in (pred, target)]
        check(Spec.of(fl.huber, *NAMES, keep="none"), columns)


def test_rows_and_what_is_no_number():
    labels, lists = pa.array([1, 0, None]), pa.array([[1.0, 2.0], None, [0.0, 1.0]])
    check(Spec.of(fl.cross_entropy, *NAMES, emit=("value", "grad"), keep="none"), [lists, labels])
    check(Spec.of(fl.huber, *NAMES, keep="none"), [lists, lists])
    with pytest.raises(ScoringError, match="column 'y': target 2 at row 1 is out of bounds for 2 classes"):
        losses_alone(Spec.of(fl.cross_entropy, *NAMES))([lists.slice(0, 2).fill_null([0.0, 0.0]), pa.array([0, 2])])
    with pytest.raises(TypeError, match="column 'y': expected numbers, got string"):
        losses_alone(Spec.of(fl.huber, *NAMES))([pa.array([1.0]), pa.array(["a"])])
