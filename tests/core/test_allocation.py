"""The memory of results: arrays like any others, begun at a line of the cache, whose memory is used again."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fastloss.core.allocation import LEAST_BYTES

import fastloss as fl

SIZES = (LEAST_BYTES // 4, 50_000, 300_000)  # float32: the first two are plain calls, the last has threads
EVERY_SIZE = pytest.mark.parametrize("size", SIZES)


def address(array):
    return array.ctypes.data


@EVERY_SIZE
def test_results_own_memory_that_begins_at_a_line_or_a_page(size):
    x = np.ones(size, np.float32)
    for result in (
        *fl.huber.value_and_grad(x),
        fl.huber(x),
        fl.cross_entropy.grad(x.reshape(-1, 2), x[::2].astype(int)),
    ):
        assert result.flags.owndata
        assert result.flags.writeable
        assert address(result) % (4096 if result.nbytes >= 1 << 20 else 64) == 0


@EVERY_SIZE
def test_memory_is_used_again(size):
    x = np.ones(size, np.float32)
    value, grad = fl.huber.value_and_grad(x)
    before = {address(value), address(grad)}
    del value, grad
    value, grad = fl.huber.value_and_grad(x)
    assert {address(value), address(grad)} == before


def test_only_memory_that_was_given_back():
    """Results that are kept hold what they held, whatever goes and comes meanwhile."""
    rng, held = np.random.default_rng(0), {}
    for turn in range(500):
        size = int(rng.integers(1, 4) * LEAST_BYTES // 4 + rng.integers(0, 100))
        held[turn] = fl.half_squared_error.grad(np.full(size, turn, np.float32), num_threads=1)
        if len(held) > 30:
            del held[int(rng.choice(list(held)))]
        if turn % 10 == 0:
            for key, array in held.items():
                assert (array == key).all()


def test_in_threads():
    def run(k):
        x = np.full(20_000, k, np.float32)
        return all((fl.half_squared_error.grad(x, num_threads=1) == k).all() for _ in range(100))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(16)))


def test_arrays_change_their_size():
    result = fl.half_squared_error.grad(np.arange(50_000.0))
    result.resize(200_000, refcheck=False)
    np.testing.assert_array_equal(result[:50_000], np.arange(50_000.0))
    assert not result[50_000:].any()
    result.resize(10, refcheck=False)
    np.testing.assert_array_equal(result, np.arange(10.0))


def test_copies_and_pickles():
    result = fl.half_squared_error.grad(np.arange(50_000.0))
    for other in (result.copy(), pickle.loads(pickle.dumps(result)), result.astype(np.float32)):
        np.testing.assert_array_equal(other, result)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_most_memory_is_given_back_to_the_system():
    """What stays of large results, up to 256 MiB, the system may take: it counts it as LazyFree, in MiB here."""
    code = """
import numpy as np, fastloss as fl
def memory():
    lines = open("/proc/self/smaps_rollup").read().splitlines()[1:]
    table = {line.split()[0]: int(line.split()[1]) >> 10 for line in lines}
    return np.array([table["Rss:"], table["LazyFree:"]])
x = np.ones(5_000_000)
fl.huber(x[:1000])
before = memory()
results = [fl.huber(x) for _ in range(10)]
resident, lent = memory() - before
assert resident > 350 and lent == 0, (resident, lent)
del results
resident, lent = memory() - before
assert 200 < lent <= 256 and resident - lent < 50, (resident, lent)
values = fl.huber(x)
assert (memory() - before)[1] < lent - 30
assert (values == 0.5).all()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
