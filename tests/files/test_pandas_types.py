"""Intervals and periods of pandas in conditions and in CSV: as pandas prints them, in files and in memory."""

import operator
import subprocess
import sys

import pytest

import fastloss as fl
from fastloss.files.errors import ColumnTypeError

pd = pytest.importorskip("pandas", reason="it has intervals and periods")

OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ROWS = 40


@pytest.fixture
def frame():
    """Ten rows a row group, whose ordinals have nothing to do with the numbers in their texts."""
    days = pd.date_range("2025-12-20", periods=ROWS, freq="3D")
    frame = pd.DataFrame({"r": [0.1 * row for row in range(ROWS)], "month": pd.PeriodIndex(days, freq="M")})
    frame["quarter"], frame["week"] = pd.PeriodIndex(days, freq="Q"), pd.PeriodIndex(days, freq="W")
    frame["whole"] = pd.arrays.IntervalArray.from_breaks(range(ROWS + 1), closed="left")
    frame["bin"] = pd.arrays.IntervalArray(pd.cut(frame["r"] - 2, [-3.0, 0.0, 1.0, 9.0]))
    frame.loc[5, ["month", "bin"]] = None
    return frame


@pytest.fixture(params=[".parquet", ".feather", "frame"])
def given(request, frame, tmp_path):
    """A frame, in a file or as it is."""
    if request.param == "frame":
        return frame
    path = str(tmp_path / ("in" + request.param))
    frame.to_feather(path) if request.param == ".feather" else frame.to_parquet(path, row_group_size=10)
    return path


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize(
    ("column", "value"), [("month", "2026-02"), ("quarter", "2026Q1"), ("week", "2026-01-12/2026-01-18")]
)
def test_periods_compare_in_their_order(given, frame, column, op, value):
    period = pd.Period(value.partition("/")[0], freq=frame[column].dtype.freq)
    want = [not pd.isna(one) and bool(OPERATORS[op](one, period)) for one in frame[column]]
    summary = fl.score(given, loss="huber", residual="r", where=f"{column} {op} {value}")
    assert 0 < summary.count == sum(want) < ROWS and summary.ignored == ROWS - sum(want)


@pytest.mark.parametrize(("column", "value"), [("whole", "[9, 10)"), ("bin", "(0.0, 1.0]")])
def test_intervals_are_equal_or_not(given, frame, column, value):
    is_one = frame[column].astype(str) == value
    counts = [
        fl.score(given, loss="huber", residual="r", where=f"{column} {rest}").count
        for rest in (f"== '{value}'", f"!= '{value}'", f"in ['{value}', other]")
    ]
    assert counts == [is_one.sum(), (~is_one & frame[column].notna()).sum(), is_one.sum()] and is_one.any()


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_intervals_have_no_order(given, op):
    """As texts they have a wrong one: (10, 11] is before (9, 10]."""
    with pytest.raises(ColumnTypeError, match="'whole' holds intervals, which ==, != and in compare"):
        fl.score(given, loss="huber", residual="r", where=f"whole {op} '[9, 10)'")


def test_csv_has_them_as_pandas_prints_them(given, frame, tmp_path):
    out = tmp_path / "out.csv"
    fl.score(given, out, loss="huber", residual="r")
    found = pd.read_csv(out, dtype=str)
    for name in ("month", "quarter", "week", "whole", "bin"):
        want = [None if pd.isna(one) else str(one) for one in frame[name]]
        assert [None if pd.isna(one) else one for one in found[name]] == want, name


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_they_are_the_same_before_pandas_is_imported(frame, tmp_path, monkeypatch, ending):
    """Arrow knows their types only once it has been."""
    monkeypatch.chdir(tmp_path)
    getattr(frame, f"to_{ending}")(f"in.{ending}")
    program = (
        "import sys, fastloss as fl\n"
        "assert 'pandas' not in sys.modules\n"
        f"summary = fl.score('in.{ending}', sys.argv[1], loss='huber', residual='r',\n"
        "                   where=['month >= 2026-02', \"bin == '(0.0, 1.0]'\"])\n"
        "assert summary.count == 10, summary.count"
    )
    subprocess.run([sys.executable, "-c", program, "before.csv"], check=True)
    subprocess.run(
        [
            sys.executable,
            "-c",
            program.replace("assert", "import pandas; assert", 1).replace(" not in", " in", 1),
            "after.csv",
        ],
        check=True,
    )
    assert (tmp_path / "before.csv").read_bytes() == (tmp_path / "after.csv").read_bytes()
