"""Fixtures: each instruction set in turn; threads and instruction set left as they were."""

import pytest

import fastloss as fl
from fastloss.core import threads


@pytest.fixture(params=fl.isas())
def isa(request):
    """The test runs once with every instruction set that this machine has."""
    fl.use_isa(request.param)
    return request.param


@pytest.fixture(autouse=True)
def _many_processors(monkeypatch):
    """Calls take as many threads as a test asks for, on a small machine and for little work, too."""
    monkeypatch.setattr(threads, "most_threads", lambda: 16)
    monkeypatch.setattr(threads, "SHORT", -1)


@pytest.fixture(autouse=True)
def _settings_as_before():
    num_threads, isa = fl.get_num_threads(), fl.isa()
    yield
    fl.set_num_threads(num_threads)
    fl.use_isa(isa)
