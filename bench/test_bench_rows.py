"""Every row loss of the registry beside its NumPy twin; they must agree to be timed.

    pytest bench --benchmark-only

A loss without a twin is timed alone.
"""

import data
import pytest
from twins import OUTPUTS, agree, kernel, twin

import fastloss as fl

SHAPES = ((100_000, 10), (1_000, 1_000), (8, 128_000))
EVERY_KERNEL = pytest.mark.parametrize(
    ("name", "output", "dtype", "shape"),
    [
        (name, output, dtype, shape)
        for name in fl.list_losses()
        if fl.get(name).is_rowwise
        for output in OUTPUTS
        for dtype in ("float32", "float64")
        for shape in SHAPES
    ],
)


def describe(benchmark, name, output, dtype, shape):
    benchmark.group = f"{name} {output} {dtype} {shape[0]}x{shape[1]}"
    benchmark.extra_info["elements"] = shape[0] * shape[1]


@EVERY_KERNEL
def test_kernel(benchmark, name, output, dtype, shape):
    run, plain, arguments = kernel(name, output), twin(name, output), data.row_points(name, shape, dtype)
    if plain is not None:
        agree(run(*arguments), plain(*arguments))
    describe(benchmark, name, output, dtype, shape)
    benchmark(run, *arguments, num_threads=1)


@EVERY_KERNEL
def test_numpy(benchmark, name, output, dtype, shape):
    plain = twin(name, output)
    if plain is None:
        pytest.skip(f"tests/reference.py has no {output} of {name}")
    describe(benchmark, name, output, dtype, shape)
    benchmark(plain, *data.row_points(name, shape, dtype))
