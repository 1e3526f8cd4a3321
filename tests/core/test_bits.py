"""The same bits for any threads, alignment, strides and FMA instruction set, and over time.

`python tools/generate.py hashes` writes the hashes of the outputs to hashes.json, for a loss that is new or changed on
purpose.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from catalogue import (
    DTYPES,
    ELEMENTWISE,
    FMA_ISAS,
    LOSSES,
    ROWWISE,
    arrays,
    assert_same_bits,
    cases,
    inputs,
    method,
    outputs,
    ready,
)
from oracles import ORACLES
from oracles.distances import DISTANCES
from oracles.embeddings import HEADS
from oracles.row_samples import target_of
from oracles.rows import ROWS

import fastloss as fl

HASHES = Path(__file__).parents[1] / "hashes.json"
EVERY_SETTING = pytest.mark.parametrize(("name", "case"), cases())
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
EVERY_ROW_LOSS = pytest.mark.parametrize("name", ROWWISE)
SIZES = (1, 17, 4095, 4096, 4097, 3 * 4096 + 5, 40_000)


def long_inputs(name, case, dtype, size):
    return tuple(np.resize(array, size) for array in inputs(name, dtype, case, seed=6))


def row_data(name, dtype, classes, rows=3000):
    rng = np.random.default_rng(classes)
    logits = (5 * rng.standard_normal((rows, classes))).astype(dtype)
    return logits, target_of(name, logits, rng.integers(0, classes, rows))


# ---- threads -------------------------------------------------------------------------------


@EVERY_DTYPE
@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("size", SIZES)
def test_any_number_of_threads(name, size, dtype):
    loss, points = ready(name), long_inputs(name, ready(name).parameters, dtype, size)
    weights = np.random.default_rng(1).uniform(0, 2, size).astype(dtype)
    want = loss.evaluate(*points, outputs=outputs(name), num_threads=1)
    for threads in (2, 3, 8, 64):
        got = loss.evaluate(*points, outputs=outputs(name), num_threads=threads)
        for result, wanted in zip(got, want, strict=True):
            assert_same_bits(result, wanted)
        for reduction in ("sum", "mean"):
            for keywords in ({}, {"sample_weight": weights}):
                keywords = {"reduction": reduction, **keywords}
                one = loss(*points, **keywords, num_threads=1)
                assert_same_bits(loss(*points, **keywords, num_threads=threads), one)
    fl.set_num_threads(3)
    assert fl.get_num_threads() == 3
    assert_same_bits(loss(*points), want[0])


@EVERY_DTYPE
@EVERY_ROW_LOSS
@pytest.mark.parametrize(("rows", "classes"), [(1, 5), (9000, 3), (3000, 10), (700, 100), (3, 70_000)])
def test_any_number_of_threads_over_rows(name, rows, classes, dtype):
    loss, points = fl.get(name), row_data(name, dtype, classes, rows)
    chosen = ("value", "grad", "hess")
    want = loss.evaluate(*points, outputs=chosen, num_threads=1)
    total = loss(*points, reduction="sum", num_threads=1)
    for threads in (2, 3, 8, 64):
        got = loss.evaluate(*points, outputs=chosen, num_threads=threads)
        for result, wanted in zip(got, want, strict=True):
            assert_same_bits(result, wanted)
        assert_same_bits(loss(*points, reduction="sum", num_threads=threads), total)


def test_param_grad_of_any_number_of_threads():
    (x,) = long_inputs("robust", {"alpha": 0.5, "scale": 1.0}, "float32", 60_000)
    x = x[np.abs(x) < 1e4]
    x = np.resize(x, (6000, 10))
    columns = np.linspace(-2, 3, 10)
    for alpha in (0.5, columns):
        for reduction in ("none", "sum", "mean"):
            call = {"alpha": alpha, "reduction": reduction}
            one = fl.robust.param_grad(x, **call, num_threads=1)
            for threads in (2, 7):
                many = fl.robust.param_grad(x, **call, num_threads=threads)
                for parameter, slope in one.items():
                    assert_same_bits(many[parameter], slope)


def test_calls_from_many_threads_at_once():
    (x,) = long_inputs("robust", {"alpha": 0.5, "scale": 1.0}, "float32", 50_000)
    want = fl.robust(x, alpha=0.5)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(fl.robust, x, alpha=0.5, num_threads=1 + k % 4) for k in range(64)]
        for call in calls:
            assert_same_bits(call.result(), want)


# ---- place in memory, place in the array ---------------------------------------------------


@EVERY_DTYPE
@EVERY_SETTING
def test_any_alignment_and_run(name, case, dtype, isa):
    """An element's bits do not depend on where it stands: each offset, each length of tail."""
    loss, points = fl.get(name, **case), long_inputs(name, case, dtype, 200)
    want = {output: method(loss, output)(*points) for output in outputs(name)}
    for output, whole in want.items():
        run = method(loss, output)
        for start in range(0, 20):
            part = slice(start, 200 - 3 * start)
            assert_same_bits(run(*(array[part] for array in points)), whole[part])
        assert_same_bits(run(*(array[77:78] for array in points)), whole[77:78])


@pytest.mark.parametrize("offsets", [(3, 3), (1, 6)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "dtype"), [("huber", "float32"), ("poisson", "float32"), ("robust", "float64")])
def test_large_outputs_wherever_they_lie(name, dtype, weighted, offsets, isa):
    """Outputs of many megabytes go past the caches, in blocks that begin elsewhere."""
    loss, size = fl.get(name), 4_300_001 // (1 if dtype == "float32" else 2)
    points = arrays(name, size, dtype)
    weights = np.resize(np.linspace(0, 2, 1001, dtype=dtype), size)

    def run(part, **keywords):
        keywords |= {"sample_weight": weights[part]} if weighted else {}
        return loss.value_and_grad(*(point[part] for point in points), **keywords)

    memory = [np.zeros(size + 32, dtype) for _ in offsets]
    outs = tuple(m[offset : offset + size] for m, offset in zip(memory, offsets, strict=True))
    parts = [slice(start, start + (1 << 20)) for start in range(0, size, 1 << 20)]
    wanted = [run(part) for part in parts]
    for num_threads in (1, 2):
        run(slice(None), out=outs, num_threads=num_threads)
        for part, wants in zip(parts, wanted, strict=True):
            for out, want in zip(outs, wants, strict=True):
                assert_same_bits(out[part], want)
    for m, offset in zip(memory, offsets, strict=True):
        assert not m[:offset].any()
        assert not m[offset + size :].any()


@EVERY_DTYPE
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_sums_do_not_depend_on_alignment_or_strides(name, dtype, isa):
    loss = ready(name)
    points = long_inputs(name, loss.parameters, dtype, 10_000)
    want = loss(*points, reduction="sum")
    for offset in (1, 2, 3, 5):
        moved = [np.empty(10_000 + offset, dtype)[offset:] for _ in points]
        spread = [np.empty((10_000, offset + 1), dtype)[:, offset] for _ in points]
        for copies in (moved, spread):
            for copy, array in zip(copies, points, strict=True):
                copy[:] = array
            assert_same_bits(loss(*copies, reduction="sum"), want)


@EVERY_DTYPE
@EVERY_ROW_LOSS
@pytest.mark.parametrize("classes", [2, 3, 5, 10, 31, 32, 33, 100])
def test_rows_do_not_depend_on_their_neighbours(name, classes, dtype, isa):
    loss, (logits, target) = fl.get(name), row_data(name, dtype, classes, 100)
    value, grad = loss.value_and_grad(logits, target)
    for start in range(0, 20):
        part = slice(start, 100 - 3 * start)
        one, two = loss.value_and_grad(logits[part], target[part])
        assert_same_bits(one, value[part])
        assert_same_bits(two, grad[part])


# ---- instruction sets ----------------------------------------------------------------------


def on_each_fma_isa(run):
    before = fl.isa()
    results = {}
    try:
        for isa in FMA_ISAS:
            fl.use_isa(isa)
            results[isa] = run()
    finally:
        fl.use_isa(before)
    return results


@EVERY_DTYPE
@EVERY_SETTING
def test_fma_isas_share_every_bit(name, case, dtype):
    if len(FMA_ISAS) < 2:
        pytest.skip(f"this machine has one FMA instruction set at most: {FMA_ISAS}")
    loss, points = fl.get(name, **case), long_inputs(name, case, dtype, 10_000)
    everything = on_each_fma_isa(
        lambda: (
            *loss.evaluate(*points, outputs=outputs(name)),
            loss(*points, reduction="sum"),
            *(loss.param_grad(*points).values() if loss.param_grads else ()),
        )
    )
    first, *others = everything.values()
    for other in others:
        for one, two in zip(first, other, strict=True):
            assert_same_bits(one, two)


@EVERY_DTYPE
@EVERY_ROW_LOSS
@pytest.mark.parametrize("classes", [2, 3, 10, 32, 33, 1000])
def test_fma_isas_share_every_bit_of_rows(name, classes, dtype):
    if len(FMA_ISAS) < 2:
        pytest.skip(f"this machine has one FMA instruction set at most: {FMA_ISAS}")
    points = row_data(name, dtype, classes, 200)
    everything = on_each_fma_isa(
        lambda: (
            *fl.get(name).evaluate(*points, outputs=("value", "grad", "hess")),
            fl.get(name)(*points, reduction="sum"),
            fl.logsumexp(points[0]),
            fl.softmax(points[0]),
            fl.log_softmax(points[0]),
        )
    )
    first, *others = everything.values()
    for other in others:
        for one, two in zip(first, other, strict=True):
            assert_same_bits(one, two)


# ---- committed hashes ----------------------------------------------------------------------


def numbers(size, salt):
    """float64 in (-8, 8) from integer arithmetic alone: the same on every machine and NumPy."""
    k = np.arange(1, size + 1, dtype=np.uint64) * np.uint64(2654435761 + 2 * salt)
    k ^= k >> np.uint64(15)
    k *= np.uint64(2246822519)
    return ((k >> np.uint64(8)) % np.uint64(1 << 24)).astype(np.float64) / 2.0**20 - 8


def digest(name):
    """A short hash of the outputs of a loss, both dtypes, and of its sum."""
    seen, loss = hashlib.sha256(), fl.get(name)
    for dtype in DTYPES:
        if loss.family == "embeddings":
            for case in DISTANCES[name].cases if name in DISTANCES else ({},):
                _absorb_embeddings(seen, loss, embeddings(name, dtype), case)
        elif loss.is_rowwise:
            for classes in (3, 100):
                logits = numbers(100 * classes, 1).reshape(100, classes).astype(dtype)
                teacher = numbers(100 * classes, 2).reshape(100, classes).astype(dtype)
                labels = np.arange(100) * 7 % classes
                points = logits, teacher if ROWS[name].targets == "logits" else labels
                _absorb(seen, loss, points, ("value", "grad", "hess"), {})
        else:
            folded = ORACLES[name].fold(numbers(5000, 1), numbers(5000, 2))
            points = [array.astype(dtype) for array in folded]
            for case in ORACLES[name].cases:
                _absorb(seen, loss, points, outputs(name), case)
    return seen.hexdigest()[:16]


def embeddings(name, dtype):
    """Arguments of a loss of embeddings: 50 rows of 45 numbers, or 4 for labels to pick from."""
    a, b, c = (numbers(50 * 45, salt).reshape(50, 45).astype(dtype) for salt in (1, 2, 3))
    k = np.arange(50)
    classes = numbers(300 * 45, 4).reshape(300, 45).astype(dtype)  # more than a tile
    if name in HEADS:
        return a, classes, k * 7 % 300
    return {
        "info_nce": (a, b),
        "nt_xent": (a, b),
        "sup_con": (classes, np.arange(300) * 7 % 90),
        "triplet": (a, b, c),
        "contrastive": (a, b, k % 3 / 2),
        "cosine_embedding": (a, b, 1 - 2 * (k % 2)),
        "center": (a, b[:4], k * 7 % 4),
        "feature_distance": ([a, b[:, :9]], [b, c[:, :9]]),
    }[name]


def _absorb_embeddings(seen, loss, points, case):
    value, grads = loss.value_and_grad(*points, **case)
    for output in (value, *(g for grad in grads for g in (grad if isinstance(grad, list) else [grad]))):
        seen.update(output.tobytes())
    seen.update(np.float64(loss(*points, reduction="sum", **case)).tobytes())


def _absorb(seen, loss, points, chosen, case):
    for output in loss.evaluate(*points, outputs=chosen, **case):
        # NaNs carry no promise about their payload
        seen.update(np.where(np.isnan(output), output.dtype.type(np.nan), output).tobytes())
    seen.update(np.float64(loss(*points, reduction="sum", **case)).tobytes())


@pytest.mark.quick
@pytest.mark.parametrize("name", LOSSES)
def test_hash(name):
    committed = json.loads(HASHES.read_text(encoding="utf-8"))
    assert name in committed, f"{name} has no hash: run python tools/generate.py hashes"
    if not FMA_ISAS:
        pytest.skip("this machine has no FMA instruction set")
    for isa, got in on_each_fma_isa(lambda: digest(name)).items():
        assert got == committed[name], f"the bits of {name} have changed on {isa}"


def test_no_hash_is_left_over():
    assert set(json.loads(HASHES.read_text(encoding="utf-8"))) == set(LOSSES)


def hashes():
    """The text of hashes.json."""
    fl.use_isa(FMA_ISAS[0])
    return json.dumps({name: digest(name) for name in sorted(LOSSES)}, indent=1) + "\n"
