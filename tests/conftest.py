"""Fixtures: each instruction set in turn, and threads left as they were."""

import pytest

import fastloss as fl


@pytest.fixture(params=fl.isas())
def isa(request):
    """The test runs once with every instruction set that this machine has."""
    before = fl.isa()
    fl.use_isa(request.param)
    yield request.param
    fl.use_isa(before)


@pytest.fixture(autouse=True)
def _threads_as_before():
    before = fl.get_num_threads()
    yield
    fl.set_num_threads(before)
