"""Every elementwise loss of the registry beside its NumPy twin; they must agree to be timed.

    pytest bench --benchmark-only

A loss without a twin is timed alone.
"""

import data
import pytest
from twins import OUTPUTS, agree, kernel, twin

import fastloss as fl

SIZE = 1 << 20
KERNELS = [
    (name, output, dtype)
    for name in fl.list_losses()
    if not fl.get(name).is_rowwise
    for output in OUTPUTS
    for dtype in ("float32", "float64")
]
EVERY_KERNEL = pytest.mark.parametrize(("name", "output", "dtype"), KERNELS)
EVERY_TWIN = pytest.mark.parametrize(
    ("name", "output", "dtype"), [(name, output, dtype) for name, output, dtype in KERNELS if twin(name, output)]
)


def describe(benchmark, name, output, dtype):
    benchmark.group = f"{name} {output} {dtype}"
    benchmark.extra_info["elements"] = SIZE


@EVERY_KERNEL
def test_kernel(benchmark, name, output, dtype):
    run, plain, arguments = kernel(name, output), twin(name, output), data.points(name, SIZE, dtype)
    if plain is not None:
        agree(run(*arguments), plain(*arguments))
    describe(benchmark, name, output, dtype)
    benchmark(run, *arguments, num_threads=1)


@EVERY_TWIN
def test_numpy(benchmark, name, output, dtype):
    describe(benchmark, name, output, dtype)
    benchmark(twin(name, output), *data.points(name, SIZE, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_copy(benchmark, dtype):
    describe(benchmark, "copy", "of the input", dtype)
    benchmark(data.residuals(SIZE, dtype).copy)
