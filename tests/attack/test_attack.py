"""Each attack for some seconds, always the same trials; and hypothesis over the calls, which finds a small case."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .attacks import ATTACKS
from .calls import attack

pytestmark = pytest.mark.attack

SEED = 20
# How much of each
SHORT = {"calls": 20_000, "files": 300, "kills": 12, "environments": 5000, "processes": 36, "allocations": 300}


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_is_found(name):
    print(f"seed {SEED}")
    tally = ATTACKS[name].run(SEED, SHORT[name])
    found = [f"python -m tests.attack --only {name} --trial {trial}\n{text}" for trial, text, _ in tally.kinds()]
    assert not found, "\n".join(found)
    assert tally.counts[ATTACKS[name].unit] >= SHORT[name]


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_calls_by_hypothesis(random):
    attack(random, variants=5)
