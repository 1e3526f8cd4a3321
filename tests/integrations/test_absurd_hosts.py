"""What the modules around other libraries take as none of their arguments: one line that names the argument."""

import numpy as np
import pyarrow as pa
import pytest
from absurd import ABSURD
from test_integrations import framed, library

import fastloss as fl
from fastloss.files import ScoringError, Spec, batch_function

SPEC = Spec.of(fl.huber, residual="r")
VALUES = ABSURD | {"None": None, "5": 5, "bytes": b"r", "loss": fl.huber, "spec": SPEC, "types": ["DOUBLE"], "0": 0}
EMPTY = ("list", "of no axis")


def polars(**given):
    library("polars")[1].expression(**{"spec": SPEC} | given)


def pandas(**given):
    frame, module = framed("pandas", {"r": [1.0]})
    module.score(**{"frame": frame, "spec": SPEC} | given)


def dask(**given):
    frame, module = framed("dask", {"r": [1.0]})
    module.score(**{"frame": frame, "spec": SPEC} | given)


def duckdb(**given):
    package, module = library("duckdb")
    module.register(**{"connection": package.connect(), "name": "huber", "spec": SPEC} | given)


def datafusion(**given):
    library("datafusion")[1].function(**{"name": "huber", "spec": SPEC} | given)


def spark(**given):
    library("spark")[1].score(**{"frame": pa.table({"r": [1.0]}), "spec": SPEC} | given)


HOSTS = [
    *[(host, "spec") for host in (polars, pandas, dask, duckdb, datafusion, batch_function)],
    *[(host, "frame") for host in (pandas, dask, spark)],
    *[(host, argument) for host in (duckdb, datafusion) for argument in ("name", "types")],
    (duckdb, "connection"),
    *[(batch_function, argument) for argument in ("classes", "num_threads")],
]


def is_right(host, argument, what):
    if argument in ("classes", "num_threads"):
        return what in ("None", "5", "huge", "of 5000 digits")
    if argument == "types":
        return what == "list" or (what == "types" and host is duckdb)
    if argument == "name":
        return what in ("text", "empty text", "a word of NumPy")
    return what == argument


@pytest.mark.integrations
@pytest.mark.parametrize(("host", "argument"), HOSTS)
def test_hosts(host, argument):
    for what, value in VALUES.items():
        given = {argument: value} if host is not batch_function else {"spec": SPEC, argument: value}
        try:
            host(**given)
        except (ScoringError, TypeError, ValueError) as error:
            assert f"{argument} must be" in str(error) or what == "nested", f"{what}: {type(error).__name__}: {error}"  # noqa: PT017
            assert "\n" not in str(error) and len(str(error)) < 1000  # noqa: PT017
            assert not is_right(host, argument, what), error  # noqa: PT017
        else:
            assert is_right(host, argument, what), f"{argument}={what} was taken"


@pytest.mark.parametrize("argument", ["loss", "emit", "multioutput", "dtype", "csv", "head"])
def test_specs(argument):
    for what, value in VALUES.items():
        if what == "None" and argument in ("dtype", "head"):
            continue
        try:
            Spec.of(**{"loss": fl.huber, "residual": "r"} | {argument: value})
        except (ScoringError, TypeError, ValueError) as error:
            assert argument in str(error), f"{what}: {type(error).__name__}: {error}"  # noqa: PT017
        else:
            assert (argument, what) == ("loss", "loss"), f"{argument}={what} was taken"


def test_sets_have_no_order():
    for role in ("pred", "target", "residual"):
        with pytest.raises(ScoringError, match=f"{role} must be the name of a column, or a list of names, got {{"):
            Spec.of(fl.huber, **{role: {"a", "b"}})
    assert Spec.of(fl.huber, residual="r", keep={"b", "a"}).keep == ("a", "b")


def test_names_that_are_not_text():
    spec = Spec.of(fl.huber, pred=(0, 1.5), target=[np.int64(2), ("a", "b")], keep=[3], by=4)
    assert spec.pred + spec.target + spec.keep + (spec.by,) == ("0", "1.5", "2", "('a', 'b')", "3", "4")
