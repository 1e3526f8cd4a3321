"""Arrays of other libraries are read right: buffers, protocols, tensors, and columns with nulls."""

import sys
from decimal import Decimal

import numpy as np
import pytest
from agreement import importing
from catalogue import ELEMENTWISE, ROWWISE, arrays, assert_same_bits, method, outputs, ready
from oracles.rows import ROWS

import fastloss as fl

EVERY_LOSS = pytest.mark.parametrize("name", ELEMENTWISE)


def assert_reads_owner(wrap):
    x, y = np.array([0.5, -2.0, 3.0]), np.array([1.0, 1.0, -4.0])
    got = fl.huber(wrap(x), wrap(y))
    assert isinstance(got, np.ndarray)
    assert_same_bits(got, fl.huber(x, y))
    single = x.astype(np.float32)
    assert_same_bits(fl.huber(wrap(single)), fl.huber(single))
    labels = np.array([0, 2])
    logits = np.arange(6.0).reshape(2, 3)
    assert_same_bits(fl.cross_entropy(logits, wrap(labels)), fl.cross_entropy(logits, labels))
    assert_same_bits(
        fl.huber(x, sample_weight=wrap(y * y), delta=wrap(y * y)),
        fl.huber(x, sample_weight=y * y, delta=y * y),
    )


def test_pandas():
    pandas = importing("pandas")
    assert_reads_owner(pandas.Series)
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 0.5]})
    assert_same_bits(fl.huber(frame), fl.huber(frame.to_numpy()))


def test_polars():
    polars = importing("polars")
    assert_reads_owner(polars.Series)


def test_pyarrow():
    pyarrow = importing("pyarrow")
    assert_reads_owner(pyarrow.array)
    assert_reads_owner(lambda x: pyarrow.chunked_array([x[:1], x[1:]]))


def test_torch():
    torch = importing("torch")
    assert_reads_owner(torch.from_numpy)


@pytest.fixture(params=["ml_dtypes", "no ml_dtypes"])
def torch(request, monkeypatch):
    if request.param == "no ml_dtypes":
        monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    else:
        importing("ml_dtypes")
    return importing("torch")


@EVERY_LOSS
def test_torch_bfloat16(name, torch):
    loss = ready(name)
    tensors = [torch.from_numpy(array).to(torch.bfloat16) for array in arrays(name, (40, 30))]
    weight = torch.rand(40, 30).to(torch.bfloat16)
    for points in (tensors, [t.T for t in tensors], [t[::3, 1::2] for t in tensors], [t[0, 0] for t in tensors]):
        plain = [t.float().numpy() for t in points]
        for output in outputs(name):
            run = method(loss, output)
            assert_same_bits(run(*points), run(*plain))
        assert loss(*points, reduction="mean") == loss(*plain, reduction="mean")
    plain = [t.float().numpy() for t in tensors]
    want = loss(*plain, sample_weight=weight.float().numpy())
    assert_same_bits(loss(*tensors, sample_weight=weight), want)
    assert_same_bits(loss(*plain, sample_weight=weight), want)


def test_torch_bfloat16_of_rows(torch):
    logits, labels = torch.randn(40, 5).to(torch.bfloat16), torch.arange(40) % 5
    plain, floats = logits.float().numpy(), labels.to(torch.bfloat16)
    assert_same_bits(fl.cross_entropy(logits, labels), fl.cross_entropy(plain, labels.numpy()))
    assert_same_bits(fl.cross_entropy(logits, floats), fl.cross_entropy(plain, labels.numpy()))
    soft = torch.softmax(logits, 1)
    assert_same_bits(fl.cross_entropy(logits, soft), fl.cross_entropy(plain, soft.float().numpy()))
    assert_same_bits(fl.distillation(logits, soft), fl.distillation(plain, soft.float().numpy()))
    assert_same_bits(fl.softmax(logits.T, axis=0), fl.softmax(plain.T, axis=0))
    weight = torch.ones(5, dtype=torch.bfloat16)
    assert_same_bits(fl.cross_entropy(logits, labels, class_weight=weight), fl.cross_entropy(plain, labels.numpy()))
    assert fl.accuracy(logits, floats) == fl.accuracy(plain, labels.numpy())
    assert_same_bits(fl.huber(plain, delta=weight), fl.huber(plain))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.requires_grad_(),
        lambda x: x.bfloat16().requires_grad_(),
        lambda x: x.to_sparse(),
        lambda x: x.bfloat16().to_sparse(),
        lambda x: x.to("meta"),
        lambda x: x.bfloat16().to("meta"),
        lambda x: x + 1j,
        lambda x: x.to(importing("torch").float8_e4m3fn),
    ],
    ids=["requires grad", "bfloat16 too", "sparse", "bfloat16 sparse", "no memory", "bfloat16 either", "complex", "8"],
)
def test_tensors_that_are_refused(change, torch):
    """Each with the reason, and none read wrongly; "meta" stands for any other device."""
    with pytest.raises(TypeError, match="'target'"):
        fl.huber(np.ones(3), change(torch.ones(3)))


def test_memory_of_a_device_is_refused():
    class Owner:
        def __dlpack__(self, **keywords):
            raise BufferError("not on this device")

        def __dlpack_device__(self):
            return 2, 0  # CUDA

    with pytest.raises(TypeError, match="'pred' cannot be read as an array"):
        fl.huber(Owner())


def test_jax():
    jax = importing("jax")
    for dtype in ("float32", "bfloat16", "float16"):
        x = jax.numpy.asarray([1.5, -0.25, 300.0], dtype)
        assert_same_bits(fl.huber(x), fl.huber(np.array(x, np.float32)))


# ---- columns: nulls, and numbers that NumPy has no dtype for --------------------------------


def columns():
    """(maker of a column, the array that it stands for) of pyarrow, polars and pandas, where they are installed."""
    nan, decimals = np.nan, [Decimal("1.5"), None, Decimal("-2.25")]
    floats, integers, booleans = [1.5, None, -2.25], [3, None, -4], [True, None, False]
    of_floats, of_integers, of_booleans = [1.5, nan, -2.25], [3.0, nan, -4.0], [1.0, nan, 0.0]
    lists, of_lists = [[1.5, None], None, [0.25, 2]], [[1.5, nan], [nan, nan], [0.25, 2]]
    made = {
        "pyarrow": {
            "double": (lambda pa: pa.array(floats), of_floats),
            "float": (lambda pa: pa.array(floats, pa.float32()), np.float32(of_floats)),
            "int64": (lambda pa: pa.array(integers), of_integers),
            "int8": (lambda pa: pa.array(integers, pa.int8()), of_integers),
            "bool": (lambda pa: pa.array(booleans), of_booleans),
            "decimal": (lambda pa: pa.array(decimals), of_floats),
            "dictionary": (lambda pa: pa.array(floats).dictionary_encode(), of_floats),
            "null": (lambda pa: pa.nulls(2), [nan, nan]),
            "chunks": (lambda pa: pa.chunked_array([booleans[:1], booleans[1:]]), of_booleans),
            "lists": (lambda pa: pa.array(lists), of_lists),
            "float lists": (lambda pa: pa.array(lists, pa.list_(pa.float32(), 2)), np.float32(of_lists)),
            "lists in chunks": (lambda pa: pa.chunked_array([lists[:1], lists[1:]]), of_lists),
            "lists of integers": (lambda pa: pa.array([[1, 2], None, [3, 4]]), [[1, 2], [nan, nan], [3, 4]]),
            "lists of decimals": (lambda pa: pa.array([decimals, decimals]), [of_floats, of_floats]),
        },
        "polars": {
            "Float64": (lambda pl: pl.Series(floats), of_floats),
            "Float32": (lambda pl: pl.Series(floats, dtype=pl.Float32), np.float32(of_floats)),
            "Int64": (lambda pl: pl.Series(integers), of_integers),
            "Int8": (lambda pl: pl.Series(integers, dtype=pl.Int8), of_integers),
            "Boolean": (lambda pl: pl.Series(booleans), of_booleans),
            "Decimal": (lambda pl: pl.Series(decimals), of_floats),
            "List": (lambda pl: pl.Series(lists, dtype=pl.List(pl.Float64)), of_lists),
            "List of Float32": (lambda pl: pl.Series(lists, dtype=pl.List(pl.Float32)), np.float32(of_lists)),
            "Array": (lambda pl: pl.Series(lists, dtype=pl.Array(pl.Float64, 2)), of_lists),
            "frame": (lambda pl: pl.DataFrame({"a": floats, "b": integers}), list(zip(of_floats, of_integers))),  # noqa: B905
        },
        "pandas": {
            "Float64": (lambda pd: pd.Series(floats, dtype="Float64"), of_floats),
            "Float32": (lambda pd: pd.Series(floats, dtype="Float32"), np.float32(of_floats)),
            "Int64": (lambda pd: pd.Series(integers, dtype="Int64"), of_integers),
            "boolean": (lambda pd: pd.Series(booleans, dtype="boolean"), of_booleans),
            "Int8": (lambda pd: pd.array(integers, dtype="Int8"), of_integers),
            "category": (lambda pd: pd.Series(floats, dtype="category"), of_floats),
            "object": (lambda pd: pd.Series(decimals), of_floats),
            "lists": (lambda pd: pd.Series([[1.5, nan], None, [0.25, 2]]), of_lists),
            "frame": (
                lambda pd: pd.DataFrame({"a": pd.array(integers), "b": of_floats}),
                list(zip(of_integers, of_floats)),  # noqa: B905
            ),
            "pyarrow's": (lambda pd: pd.Series(integers, dtype="int64[pyarrow]"), of_integers),
            "pyarrow's bool": (lambda pd: pd.Series(booleans, dtype="bool[pyarrow]"), of_booleans),
        },
    }
    for library, kinds in made.items():
        for kind, (make, want) in kinds.items():
            yield pytest.param(library, make, np.asarray(want), id=f"{library}-{kind}")


@pytest.mark.parametrize(("library", "make", "want"), [*columns()])
def test_a_null_is_nan(library, make, want):
    column = make(importing(library))
    assert_same_bits(fl.squared_error(column), fl.squared_error(want))
    ones = np.ones(want.shape, want.dtype)
    assert_same_bits(fl.huber.grad(column, ones), fl.huber.grad(want, ones))
    assert_same_bits(fl.squared_error(ones, column), fl.squared_error(ones, want))
    assert_same_bits(fl.squared_error(ones, sample_weight=column), fl.squared_error(ones, sample_weight=want))
    assert_same_bits(fl.softmax(column), fl.softmax(want))
    if want.ndim == 1:
        with pytest.raises(ValueError, match=r"target (nan at row [01] is not a whole number, it is NaN or null|1.5 )"):
            fl.nll(np.zeros((len(want), 5)), column)


@pytest.mark.parametrize(
    ("library", "make", "message"),
    [
        ("pyarrow", lambda pa: pa.array(["a"]), "holds 'a' at row 0, which is no number"),
        ("pyarrow", lambda pa: pa.array([[1.0, 2.0], [1.0]]), "unequal lengths: 2, and 1 at row 1"),
        ("polars", lambda pl: pl.Series([[1.0, 2.0], None, [1.0]]), "unequal lengths: 2, and 1 at row 2"),
        ("polars", lambda pl: pl.Series(["1", None]), "holds '1' at row 0, which is no number"),
        ("pandas", lambda pd: pd.Series([1.5, "2"], dtype=object), "holds '2' at row 1, which is no number"),
        ("pandas", lambda pd: pd.Series([None, pd.Timestamp(0)], dtype=object), "at row 1, which is no number"),
    ],
)
def test_columns_that_are_refused(library, make, message):
    column = make(importing(library))
    with pytest.raises((TypeError, ValueError), match=message):
        fl.softmax(column)


@pytest.mark.parametrize("name", ROWWISE)
def test_labels_of_decimals_and_nullable_columns(name):
    pa, pd, pl = map(importing, ("pyarrow", "pandas", "polars"))
    logits, labels = np.arange(20.0).reshape(4, 5) % 7, [0, 3, -100, 4]
    decimals = [Decimal(label) for label in labels]
    loss = fl.get(name)
    call = loss if ROWS[name].targets != "logits" else lambda x, y: loss(x, x[::-1], labels=y)
    want = call(logits, np.array(labels))
    for column in (
        pa.array(decimals, pa.decimal128(5, 0)),
        pl.Series(decimals),
        pd.Series(labels, dtype="Int64"),
        pd.Series(labels, dtype="Float64"),
        pd.Series(decimals),
        np.array(labels, np.float32),
    ):
        assert_same_bits(call(logits, column), want)


def test_buffers():
    from array import array

    x = [0.5, -2.0, 3.0]
    want = fl.huber(np.array(x))
    assert_same_bits(fl.huber(array("d", x)), want)
    assert_same_bits(fl.huber(memoryview(array("d", x))), want)
    assert_same_bits(fl.huber(memoryview(array("f", x))), fl.huber(np.array(x, np.float32)))


@pytest.mark.parametrize("protocol", ["__array__", "__array_interface__", "__dlpack__"])
def test_protocols(protocol):
    x = np.array([0.5, -2.0, 3.0])

    class Owner:
        pass

    if protocol == "__array__":
        Owner.__array__ = lambda self, dtype=None, copy=None: x
    elif protocol == "__array_interface__":
        Owner.__array_interface__ = property(lambda self: x.__array_interface__)
    else:
        Owner.__dlpack__ = lambda self, **keywords: x.__dlpack__(**keywords)
        Owner.__dlpack_device__ = lambda self: x.__dlpack_device__()
    assert_same_bits(fl.huber(Owner()), fl.huber(x))


def test_lists_are_right_or_refused():
    for numbers in ([0.5, -2.0], [[1, 2], [3, 4]], [], (1.5, 2.5), [True, False], [1, 2.5]):
        try:
            got = fl.huber(numbers)
        except TypeError:
            continue
        np.testing.assert_array_equal(got, fl.huber(np.array(numbers, float)))
    for wrong in ([1, "2"], [None, 1.0], [1.0, [2.0]], ["a"], [1j]):
        with pytest.raises((TypeError, ValueError)):
            fl.huber(wrong)
