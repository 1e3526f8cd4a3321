"""Arrays of any kind, as inputs and outputs: the result of a plain copy, or an error."""

import array
import ctypes
import mmap
import tracemalloc

import numpy as np
import pytest
from catalogue import assert_same_bits
from numpy.lib.stride_tricks import as_strided

import fastloss as fl

X = np.random.default_rng(0).standard_normal((4, 6))
LABELS = np.array([0, 5, 2, 1])


class Subclass(np.ndarray):
    pass


def memory_map(x):
    memory = mmap.mmap(-1, x.nbytes)
    memory[:] = x.tobytes()
    return np.frombuffer(memory, x.dtype).reshape(x.shape)


def fields(x):
    records = np.zeros(x.shape, [("pad", "u1"), ("x", x.dtype), ("y", "f4")])
    records["x"] = x
    return records["x"]  # not aligned


def misaligned(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    memory[...] = x
    return memory


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


SAME = {
    "a subclass": lambda x: x.view(Subclass),
    "a matrix": lambda x: x.view(np.matrix),
    "a memory map": memory_map,
    "fields of records": fields,
    "misaligned": misaligned,
    "another byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "read-only": read_only,
    "columns first": np.asfortranarray,
    "backwards twice": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "lists": lambda x: x.tolist(),
    "a memoryview": lambda x: memoryview(x),
    "a memoryview of a slice": lambda x: memoryview(np.repeat(x, 2, 0))[::2],
    "of ctypes": lambda x: (ctypes.c_double * 6 * 4)(*map(tuple, x)),
    "a frame": lambda x: pytest.importorskip("pandas", reason="frames need pandas").DataFrame(x),
    "lists of arrays": lambda x: [array.array("d", row) for row in x],
    "a broadcast view": lambda x: np.broadcast_to(x, (1, *x.shape))[0],
    "overlapping windows": lambda x: as_strided(x.copy(), x.shape, x.strides),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_numbers(kind):
    x, weight = SAME[kind](X), SAME[kind](abs(X))
    assert_same_bits(fl.huber(x), fl.huber(X))
    assert_same_bits(fl.huber(X, x, sample_weight=weight), fl.huber(X, X, sample_weight=abs(X)))
    assert_same_bits(fl.huber.grad(X, delta=weight), fl.huber.grad(X, delta=abs(X)))
    assert_same_bits(fl.cross_entropy.grad(x, LABELS), fl.cross_entropy.grad(X, LABELS))
    assert_same_bits(fl.softmax(x, axis=0), fl.softmax(X, axis=0))
    assert_same_bits(fl.cross_entropy(x, weight), fl.cross_entropy(X, abs(X)))
    assert_same_bits(fl.contrastive(x, x, LABELS > 1), fl.contrastive(X, X, LABELS > 1))
    for got, want in zip(fl.arcface.grad(x, x, LABELS % 4), fl.arcface.grad(X, X, LABELS % 4), strict=True):
        assert_same_bits(got, want)


WRONG = {
    "long doubles": lambda x: x.astype(np.longdouble),
    "complex": lambda x: x.astype(complex),
    "objects": lambda x: x.astype(object),
    "text": lambda x: x.astype("U8"),
    "bytes": lambda x: x.astype("S8"),
    "times": lambda x: x.astype("m8[s]"),
    "dates": lambda x: x.astype("M8[s]"),
    "records": lambda x: np.zeros(x.shape, [("x", "f8")]),
    "no type": lambda x: np.zeros(x.shape, "V8"),
    "masked": np.ma.masked_array,
}


@pytest.mark.parametrize("kind", [kind for kind in WRONG if np.dtype(np.longdouble) != float or kind != "long doubles"])
def test_other_dtypes_are_refused(kind):
    wrong = WRONG[kind](X)
    for name, call in {
        "pred": lambda: fl.huber(wrong),
        "target": lambda: fl.huber(X, wrong),
        "sample_weight": lambda: fl.huber(X, sample_weight=wrong),
        "delta": lambda: fl.huber(X, delta=wrong),
        "logits": lambda: fl.softmax(wrong),
        "out": lambda: fl.huber(X, out=wrong),
        "x": lambda: fl.arcface(wrong, X, LABELS),
        "w": lambda: fl.arcface(X, wrong, LABELS),
    }.items():
        with pytest.raises(TypeError, match=name):
            call()


@pytest.mark.parametrize(
    "shape", [(), (0,), (1,), (0, 3), (3, 0), (1,) * 31 + (5,), (2,) + (1,) * 30 + (3,), (2, 1) * 5]
)
def test_shapes(shape):
    x = np.random.default_rng(1).standard_normal(shape)
    want = fl.huber(x.ravel()).reshape(shape)
    for view in (x, x.T, np.asfortranarray(x)):
        wanted = want.T if view is x.T else want
        np.testing.assert_array_equal(fl.huber(view), wanted if view.shape == shape else want.T)
    assert fl.huber(x, reduction="sum") == fl.huber(x.ravel(), reduction="sum")
    out = np.full(shape, 7.0)
    np.testing.assert_array_equal(fl.huber(x, out=out), want)
    if shape and shape[-1]:
        flat = fl.logsumexp(x.reshape(-1, shape[-1])).reshape(shape[:-1])
        np.testing.assert_array_equal(fl.logsumexp(x), flat)


def test_64_dimensions():
    if int(np.__version__.split(".")[0]) < 2:
        pytest.skip("this NumPy has 32 dimensions")
    x = np.arange(8.0).reshape((2,) + (1,) * 30 + (2,) + (1,) * 31 + (2,))
    np.testing.assert_array_equal(fl.huber(x).ravel(), fl.huber(np.arange(8.0)))
    np.testing.assert_array_equal(fl.huber(x.T, out=np.empty(x.shape).T).T.ravel(), fl.huber(np.arange(8.0)))


@pytest.mark.parametrize("shape", [(1 << 62,), (1 << 42, 1 << 20), (1 << 40, 3, 1 << 20)])
def test_arrays_of_one_number_and_of_more_elements_than_memory_has(shape):
    """Sizes in bytes are beyond 64 bits."""
    x, wide = np.broadcast_to(np.True_, shape), np.broadcast_to(np.True_, (1, 1 << 62))
    for call in (
        lambda: fl.huber(x),
        lambda: fl.huber(x, reduction="sum"),
        lambda: fl.huber.grad(x, x),
        lambda: fl.softmax(x, axis=0),
        lambda: fl.logsumexp(x, axis=0),
        lambda: fl.cross_entropy(x, x[..., 0]),
        lambda: fl.robust.param_grad(x, alpha=1, scale=2),
        lambda: fl.contrastive(wide, wide, [1]),
        lambda: fl.feature_distance([wide], [wide]),
        lambda: fl.arcface(wide, wide, [0]),
        lambda: fl.arcface([[1.0]], wide.T, [0]),
        lambda: fl.arcface(wide.T, np.ones((200, 1)), wide[0]),
    ):
        with pytest.raises((ValueError, MemoryError)):
            call()


def test_an_out_that_is_read_only():
    for out in (read_only(X), np.broadcast_to(np.zeros(6), (4, 6)), np.frombuffer(bytes(X.nbytes)).reshape(4, 6)):
        with pytest.raises(ValueError, match="out is read-only"):
            fl.huber(X, out=out)


@pytest.mark.parametrize("rows", [3, 16, 50])
def test_many_classes_along_the_first_axis_are_not_copied(rows):
    classes = 1 << 20
    logits = np.random.default_rng(0).random((classes, rows), np.float32)
    labels = np.arange(rows) * 7
    want = fl.cross_entropy(np.ascontiguousarray(logits.T), labels)
    tracemalloc.start()
    got = fl.cross_entropy(logits, labels, axis=0, num_threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert_same_bits(got, want)
    assert peak < logits.nbytes / 2
    grad = fl.cross_entropy.grad(logits[:, :3], labels[:3], axis=0)
    assert_same_bits(grad.T, fl.cross_entropy.grad(np.ascontiguousarray(logits.T)[:3], labels[:3]))
