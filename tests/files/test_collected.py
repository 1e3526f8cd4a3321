"""The sums of a task are part of those of the job if it ends well, however many batches it has."""

import numpy as np
import pyarrow as pa
import pytest

import fastloss as fl
from fastloss.files import Spec
from fastloss.files.batch import score_each
from fastloss.files.collected import Collected
from fastloss.files.schemas import output_schema

SPEC = Spec.of(fl.huber, residual="r", emit=("value", "grad"), sample_weight="w")


def batch(rows, seed):
    rng = np.random.default_rng(seed)
    return pa.record_batch({"r": rng.standard_normal(rows), "w": rng.uniform(0, 2, rows)})


def add(part, *batches):
    part.expect(output_schema(batches[0].schema, SPEC))
    for one in batches:
        part.add(one, score_each(one, SPEC))


@pytest.mark.parametrize("sizes", [[7], [0], [0, 7], [7, 0], [7, 5], [3, 0, 4, 5]])
@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("left_out", [0, 4])
def test_parts_are_added(sizes, is_whole, left_out):
    batches = [batch(rows, seed) for seed, rows in enumerate(sizes)]
    expected, whole = Collected(SPEC), Collected(SPEC)
    add(expected, *batches)
    expected.leave_out(left_out)
    with whole.part(is_whole) as part:
        add(part, *batches)
        part.leave_out(left_out)
        assert part.rows == sum(sizes) + left_out
        if is_whole:
            assert part.summary() == expected.summary()
    assert whole.rows == sum(sizes) + left_out
    assert whole.summary() == expected.summary() and whole.summary().outputs["grad"].rows == sum(sizes) + left_out


@pytest.mark.parametrize("sizes", [[7], [7, 5]])
def test_nothing_of_a_part_that_fails_is_added(sizes):
    whole, expected = Collected(SPEC), Collected(SPEC)

    def fail():
        with whole.part(False) as part:
            add(part, *(batch(rows, 1) for rows in sizes))
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    with whole.part(False) as part:
        add(part, batch(9, 3))
    add(expected, batch(9, 3))
    assert whole.summary() == expected.summary()
