"""Any array is read right: shapes, strides, dtypes, and outputs that share memory."""

import numpy as np
import pytest
from catalogue import DTYPES, ELEMENTWISE, arrays, assert_same_bits, method, outputs, ready
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracles import ORACLES

import fastloss as fl

EVERY_LOSS = pytest.mark.parametrize("name", ELEMENTWISE)
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
INTEGERS = [f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64)]


def assert_reads(name, views, contiguous, **keywords):
    """The views give the bits of their contiguous copies, for every output and reduction."""
    loss = ready(name)
    for output in outputs(name):
        run = method(loss, output)
        assert_same_bits(run(*views, **keywords), run(*contiguous, **keywords))
    assert loss(*views, reduction="sum") == loss(*contiguous, reduction="sum")


# ---- shapes and strides --------------------------------------------------------------------

VIEWS = {
    "reversed": lambda x: x[::-1, ::-1],
    "every third": lambda x: x[::3, 1::2],
    "backwards by two": lambda x: x[::-2, ::-1],
    "transposed": lambda x: x.T,
    "fortran": np.asfortranarray,
    "one column": lambda x: x[:, 3],
    "one row": lambda x: x[5],
    "strides of zero": lambda x: np.broadcast_to(x[:, :1], (len(x), 50)),
    "three axes": lambda x: x.reshape(20, 50, -1).transpose(2, 0, 1)[:, ::-1],
    "axes of one": lambda x: x[:, None, :, None],
    "a window": lambda x: np.lib.stride_tricks.sliding_window_view(x[0], 7),
}


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("view", VIEWS)
def test_views(name, view, dtype):
    seen = [VIEWS[view](array) for array in arrays(name, (100, 90), dtype)]
    assert_reads(name, seen, [np.ascontiguousarray(array) for array in seen])


@EVERY_DTYPE
def test_large_views_cross_blocks(dtype):
    (x,) = arrays("huber", (300, 700), dtype)
    for view in (x.T, x[::-1], x[:, ::-3], x[::7, 1:-1]):
        assert_reads("huber", [view], [np.ascontiguousarray(view)])


@given(
    shape=hnp.array_shapes(max_dims=4, max_side=9, min_side=0),
    steps=st.lists(st.sampled_from([-3, -2, -1, 1, 2, 3]), min_size=4, max_size=4),
    order=st.permutations(range(4)),
    dtype=st.sampled_from(DTYPES),
    name=st.sampled_from(ELEMENTWISE),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_view(shape, steps, order, dtype, name):
    axes = [axis for axis in order if axis < len(shape)]
    index = tuple(slice(None, None, step) for step in steps[: len(shape)])
    seen = [array[index].transpose(axes) for array in arrays(name, shape, dtype)]
    assert_reads(name, seen, [np.ascontiguousarray(array) for array in seen])


@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=9),
    order=st.permutations(range(3)),
    steps=st.lists(st.sampled_from([-2, -1, 1, 2]), min_size=3, max_size=3),
    dtype=st.sampled_from(DTYPES),
    by_column=st.booleans(),
    name=st.sampled_from([name for name in ELEMENTWISE if fl.get(name).domains]),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_layout_of_parameters(shape, order, steps, dtype, by_column, name):
    """A setting drawn for each element or column, in arrays of any strides."""
    axes = [axis for axis in order if axis < len(shape)]
    index = tuple(slice(None, None, step) for step in steps[: len(shape)])

    def view(array):
        return array[index].transpose(axes)

    seen, cases = [view(array) for array in arrays(name, shape, dtype)], ORACLES[name].cases
    columns = seen[0].shape[-1]
    drawn = np.random.default_rng(0).integers(0, len(cases), 2 * columns if by_column else shape)
    values = {key: np.array([case[key] for case in cases])[drawn] for key in cases[0]}
    laid_out = {key: array[::-2] if by_column else view(array) for key, array in values.items()}
    copies = {key: np.broadcast_to(array, seen[0].shape).copy() for key, array in laid_out.items()}
    for output in outputs(name):
        run = method(fl.get(name), output)
        assert_same_bits(run(*seen, **laid_out), run(*map(np.ascontiguousarray, seen), **copies))


@EVERY_LOSS
def test_scalars_and_arrays_without_axes(name):
    points = arrays(name, 1)
    want = ready(name)(*points)[0]
    for numbers in (
        [array.reshape(()) for array in points],
        [array[0] for array in points],
        [float(array[0]) for array in points],
    ):
        got = ready(name)(*numbers)
        assert np.shape(got) == ()
        assert got == want
        assert ready(name)(*numbers, reduction="sum") == want


@EVERY_LOSS
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 5)])
def test_empty_arrays(name, shape):
    for output in outputs(name):
        got = method(ready(name), output)(*arrays(name, shape, "float32"))
        assert got.shape == shape
        assert got.dtype == np.float32


def test_huge_strides():
    far = np.zeros(1 << 22, np.float32)[:: 1 << 20]
    far[:] = [1, -2, 3, -4]
    assert_reads("huber", [far], [far.copy()])
    assert_reads("huber", [far[::-1]], [far[::-1].copy()])
    wide = np.broadcast_to(np.float32(3), (3000, 1000))
    assert fl.huber(wide, reduction="sum") == 2.5 * 3_000_000


@EVERY_DTYPE
def test_memory_off_its_alignment(dtype):
    """A buffer that begins on an odd byte, as records and files have them."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros(1001 * size + 1, np.uint8)
    odd = raw[1 : 1 + 1000 * size].view(dtype)
    odd[:] = arrays("huber", 1000, dtype)[0]
    assert not odd.flags.aligned
    assert_reads("huber", [odd], [odd.copy()])
    out = raw.copy()[1 : 1 + 1000 * size].view(dtype)
    fl.huber(odd.copy(), out=out)
    assert_same_bits(out.copy(), fl.huber(odd))
    record = np.zeros(100, [("flag", "u1"), ("x", dtype)])
    record["x"] = odd[:100]
    assert_reads("huber", [record["x"]], [odd[:100].copy()])


@EVERY_DTYPE
def test_read_only(dtype, tmp_path):
    (x,) = arrays("huber", 5000, dtype)
    x.flags.writeable = False
    assert_reads("huber", [x], [x.copy()])
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert_reads("huber", [mapped], [x.copy()])
    logits = mapped.reshape(500, 10)
    labels = np.arange(500) % 10
    labels.flags.writeable = False
    assert_same_bits(fl.cross_entropy(logits, labels), fl.cross_entropy(np.array(logits), np.array(labels)))


@EVERY_DTYPE
@EVERY_LOSS
def test_foreign_byte_order(name, dtype):
    points = arrays(name, 5000, dtype)
    foreign = [array.astype(array.dtype.newbyteorder()) for array in points]
    loss = ready(name)
    assert_reads(name, foreign, points)
    weights = np.random.default_rng(0).uniform(0, 1, 5000)
    assert_same_bits(
        loss(*points, sample_weight=weights.astype(weights.dtype.newbyteorder())),
        loss(*points, sample_weight=weights),
    )


# ---- views of rows -------------------------------------------------------------------------


def assert_reads_rows(logits, target, **keywords):
    plain = (np.ascontiguousarray(logits), np.ascontiguousarray(target))
    got = fl.cross_entropy.value_and_grad(logits, target, **keywords)
    want = fl.cross_entropy.value_and_grad(*plain, **keywords)
    for result, wanted in zip(got, want, strict=True):
        assert_same_bits(result, wanted)


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [3, 40])
def test_views_of_rows(classes, dtype):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2 * classes)).astype(dtype)
    labels = rng.integers(0, classes, 400)
    for logits in (x[::-1, :classes], x[::2, ::2], x[:, ::-2], np.asfortranarray(x[:, :classes])):
        for view in (labels, labels[::2], labels[::-1]):
            assert_reads_rows(logits, view[: len(logits)])
        soft = rng.dirichlet(np.ones(classes), 200).astype(dtype)
        assert_reads_rows(logits, np.asfortranarray(soft)[: len(logits)])
        for function in (fl.logsumexp, fl.softmax, fl.log_softmax):
            assert_same_bits(function(logits), function(np.ascontiguousarray(logits)))


def test_one_row_without_other_axes():
    logits = np.array([0.5, 2.0, -1.0])
    value = fl.cross_entropy(logits, np.array(1))
    assert np.shape(value) == ()
    assert value == fl.cross_entropy(logits[None], np.array([1]))[0]
    assert np.shape(fl.logsumexp(logits)) == ()
    assert_same_bits(fl.softmax(logits), fl.softmax(logits[None])[0])


# ---- dtypes --------------------------------------------------------------------------------


def calls(name, pred, target):
    """The ways to give a loss its arguments."""
    if not ready(name).requires_target:
        yield (pred,)
    if ready(name).takes_target:
        yield pred, target


@EVERY_LOSS
@pytest.mark.parametrize("kind", [*INTEGERS, "bool"])
def test_integers_are_converted_to_double(name, kind):
    x = np.arange(-5, 100).astype(kind)
    y = np.arange(3, 108).astype(kind)
    for output in outputs(name):
        run = method(ready(name), output)
        for points in calls(name, x, y):
            assert_same_bits(run(*points), run(*(array.astype(np.float64) for array in points)))


@EVERY_LOSS
@EVERY_DTYPE
def test_integer_targets_and_weights_take_the_dtype_of_pred(name, dtype):
    loss, x = ready(name), arrays(name, 50, dtype)[0]
    for kind in (*INTEGERS, "bool"):
        integers = np.arange(50).astype(kind)
        for points in calls(name, x, integers):
            floats = [array.astype(dtype) for array in points]
            assert_same_bits(loss(*points), loss(*floats))
            weighted = loss(*points, sample_weight=integers)
            assert_same_bits(weighted, loss(*floats, sample_weight=integers.astype(dtype)))


@EVERY_LOSS
def test_mixed_floats_compute_in_double(name):
    if not ready(name).takes_target:
        pytest.skip(f"{name} has one argument")
    single, double = (np.random.default_rng(k).standard_normal(50) for k in (0, 1))
    single = single.astype(np.float32)
    loss = ready(name)
    assert_same_bits(loss(single, double), loss(single.astype(float), double))
    assert_same_bits(loss(double, single), loss(double, single.astype(float)))
    integers = np.arange(50)
    assert_same_bits(loss(integers, single), loss(integers.astype(float), single.astype(float)))


def test_int64_beyond_the_digits_of_float64_is_a_rounded_number():
    big = np.array([2**62 + 1, -(2**62) - 1])
    assert_same_bits(fl.squared_error(big), fl.squared_error(big.astype(float)))


def nearest(value, dtype):
    """A number as the loops read it beside arrays of the dtype: NumPy's promotion, integers with floats as ever."""
    is_weak = not isinstance(value, np.generic | np.ndarray) or value.dtype.kind in "iub"
    return np.dtype(dtype) if is_weak else np.result_type(dtype, value.dtype)


ONES = [0.3, 1, True, np.float32(0.3), np.float64(0.3), np.int8(1), np.array(0.3), np.array(0.3, np.float32)]


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("one", ONES, ids=lambda one: f"{type(one).__name__}-{getattr(one, 'dtype', one)}")
def test_one_target_and_one_weight_for_all(name, one, dtype):
    """As NumPy broadcasts and promotes them: a Python number does not widen float32."""
    loss = ready(name)
    (x, *_), full = arrays(name, (300, 40), dtype), np.full((300, 40), one, nearest(one, dtype))
    for points, plain in zip(calls(name, x, one), calls(name, x, full), strict=True):
        for output in outputs(name):
            run = method(loss, output)
            assert_same_bits(run(*points), run(*plain))
            assert_same_bits(run(*points, sample_weight=one), run(*plain, sample_weight=full))
        for reduction in ("sum", "mean"):
            got, want = (loss(*p, sample_weight=w, reduction=reduction) for p, w in ((points, one), (plain, full)))
            assert_same_bits(got, want)  # NaN where it is no target of the loss
        if loss.param_grads:
            got, want = (loss.param_grad(*p, sample_weight=w) for p, w in ((points, one), (plain, full)))
            for key, grad in want.items():
                assert_same_bits(got[key], grad)


def test_one_number_beside_integers_and_halves():
    integers = np.arange(5)
    assert_same_bits(fl.huber(integers, 0.3), fl.huber(integers, np.full(5, 0.3)))
    assert_same_bits(fl.huber(integers.astype(np.float16), 0.3), fl.huber(integers.astype("f4"), np.full(5, 0.3, "f4")))


def half_types():
    yield pytest.param(np.dtype(np.float16), id="float16")
    try:
        import ml_dtypes
    except ImportError:
        reason = "ml_dtypes is not installed"
        yield pytest.param(None, id="bfloat16", marks=pytest.mark.skip(reason=reason))
    else:
        yield pytest.param(np.dtype(ml_dtypes.bfloat16), id="bfloat16")


HALF = pytest.mark.parametrize("half", [*half_types()])


@HALF
@EVERY_LOSS
def test_half_precision_is_widened(name, half, isa):
    points = [array.astype(half) for array in arrays(name, 5000)]
    wide = [array.astype(np.float32) for array in points]
    loss = ready(name)
    for output in outputs(name):
        run = method(loss, output)
        assert run(*points).dtype == np.float32
        assert_same_bits(run(*points), run(*wide))
    assert loss(*points, reduction="mean") == loss(*wide, reduction="mean")
    weights = np.random.default_rng(0).uniform(0, 1, 5000).astype(half)
    assert_same_bits(loss(*points, sample_weight=weights), loss(*wide, sample_weight=weights.astype("f4")))


@HALF
def test_every_half_number_is_widened_exactly(half, isa):
    x = np.arange(1 << 16, dtype=np.uint16).view(half)
    with np.errstate(invalid="ignore"):
        want = fl.robust(x.astype(np.float32), alpha=2.0)
    np.testing.assert_array_equal(fl.robust(x, alpha=2.0), want)


@HALF
@pytest.mark.parametrize("classes", [3, 40])
def test_half_precision_logits(half, classes, isa):
    rng = np.random.default_rng(1)
    logits = (3 * rng.standard_normal((200, classes))).astype(half)
    wide, labels = logits.astype(np.float32), rng.integers(0, classes, 200)
    soft = rng.dirichlet(np.ones(classes), 200).astype(half)
    for target in (labels, soft):
        plain = target.astype(np.float32) if target is soft else target
        got = fl.cross_entropy.value_and_grad(logits, target)
        for result, want in zip(got, fl.cross_entropy.value_and_grad(wide, plain), strict=True):
            assert_same_bits(result, want)
    for function in (fl.logsumexp, fl.softmax, fl.log_softmax):
        assert_same_bits(function(logits), function(wide))
    assert_same_bits(fl.cross_entropy(np.asfortranarray(logits), labels), fl.cross_entropy(wide, labels))


@HALF
def test_half_precision_beside_other_floats(half):
    x, y = np.array([1.5, -2.5], half), np.array([0.3, 0.1])
    assert_same_bits(fl.huber(x, y), fl.huber(x.astype(float), y))
    single = y.astype(np.float32)
    assert_same_bits(fl.huber(x, single), fl.huber(x.astype(np.float32), single))


@HALF
def test_half_precision_of_another_byte_order(half):
    native = np.random.default_rng(2).standard_normal((300, 6)).astype(half)
    other = native.byteswap().view(np.dtype(half).newbyteorder())
    assert not other.dtype.isnative
    for got, want in ((other, native), (other.T, native.T), (other[::-2], native[::-2])):
        wide = want.astype(np.float32)
        assert_same_bits(fl.huber(got), fl.huber(wide))
        assert_same_bits(fl.huber(wide, got), fl.huber(wide, wide))
        assert_same_bits(fl.huber(wide, sample_weight=got, delta=2), fl.huber(wide, sample_weight=wide, delta=2))
        assert_same_bits(fl.softmax(got), fl.softmax(wide))
        deltas = (abs(wide) + 1).astype(half)
        swapped = deltas.byteswap().view(other.dtype)
        assert_same_bits(fl.huber(wide, delta=swapped), fl.huber(wide, delta=deltas))
    assert_same_bits(
        fl.contrastive(other, other[::-1], np.ones(300)), fl.contrastive(native, native[::-1], np.ones(300))
    )
    labels = np.arange(300) % 6
    assert_same_bits(fl.cross_entropy(other, other), fl.cross_entropy(native, native))
    assert_same_bits(fl.arcface(other, other[:6], labels), fl.arcface(native, native[:6], labels))
    floats = labels.astype(half)
    assert_same_bits(fl.cross_entropy(native, floats.byteswap().view(other.dtype)), fl.cross_entropy(native, labels))


# ---- out -----------------------------------------------------------------------------------


@EVERY_DTYPE
@EVERY_LOSS
def test_out(name, dtype):
    points = arrays(name, (120, 70), dtype)
    loss = ready(name)
    for output in outputs(name):
        run = method(loss, output)
        want = run(*points)
        plain = np.full((120, 70), 7, dtype)
        assert run(*points, out=plain) is plain
        assert_same_bits(plain, want)
        for view in (
            np.full((70, 120), 7, dtype).T,
            np.full((120, 70), 7, dtype)[::-1, ::-1],
            np.full((120, 140), 7, dtype)[:, ::2],
        ):
            assert run(*points, out=view) is view
            assert_same_bits(view, want)


@EVERY_DTYPE
@EVERY_LOSS
def test_out_may_be_the_input(name, dtype):
    for output in outputs(name):
        run, points = method(ready(name), output), arrays(name, 10_000, dtype)
        want = run(*points)
        run(*points, out=points[0], num_threads=2)
        assert_same_bits(points[0], want)


@EVERY_DTYPE
def test_outs(dtype):
    (x,) = arrays("huber", 5000, dtype)
    want = fl.huber.value_and_grad(x)
    outs = tuple(np.empty(5000, dtype) for _ in range(2))
    got = fl.huber.value_and_grad(x, out=outs)
    for result, out, wanted in zip(got, outs, want, strict=True):
        assert result is out
        assert_same_bits(out, wanted)
    fl.huber.value_and_grad(x, out=(x, outs[1]))
    assert_same_bits(x, want[0])
    assert_same_bits(outs[1], want[1])


def right_or_refused(run, want, out):
    """A result in memory that overlaps an input: right, or a ValueError that names out."""
    before = out.copy()
    try:
        run()
    except ValueError as error:
        assert "out" in str(error)  # noqa: PT017
        np.testing.assert_array_equal(out, before)
    else:
        np.testing.assert_array_equal(out, want)


@EVERY_DTYPE
@pytest.mark.parametrize("shift", [-4096, -1000, -3, -1, 1, 2, 17, 4096, 5000])
def test_out_overlaps_the_input(shift, dtype):
    size = 20_000
    for step in (1, -1, 2):
        buffer = arrays("huber", 4 * size, dtype)[0]
        x = buffer[size : size + 2 * size][::2] if step == 2 else buffer[size : 2 * size][::step]
        out = buffer[size + shift : 2 * size + shift]
        want = fl.huber(x.copy())
        right_or_refused(lambda x=x, out=out: fl.huber(x, out=out), want, out)


@EVERY_DTYPE
def test_out_overlaps_the_target_or_the_weights(dtype):
    buffer = arrays("huber", 30_000, dtype)[0]
    x = arrays("huber", 10_000, dtype, seed=1)[0]
    y, out = buffer[:10_000], buffer[1:10_001]
    want = fl.huber(x, y.copy())
    right_or_refused(lambda: fl.huber(x, y, out=out), want, out)
    weights, out = np.abs(buffer[:10_000]), buffer[:10_000]
    np.copyto(out, weights)
    want = fl.huber(x, sample_weight=out.copy())
    right_or_refused(lambda: fl.huber(x, sample_weight=out, out=out), want, out)
    deltas = np.abs(buffer[:10_001]) + 1
    view, out = deltas[:-1], deltas[1:]
    want = fl.huber(x, delta=view.copy())
    right_or_refused(lambda: fl.huber(x, delta=view, out=out), want, out)


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [4, 50])
def test_out_of_rows(classes, dtype):
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((3000, classes)).astype(dtype)
    labels = rng.integers(0, classes, 3000)
    value, grad = fl.cross_entropy.value_and_grad(logits, labels)
    outs = np.empty(3000, dtype), np.empty((3000, classes), dtype)
    got = fl.cross_entropy.value_and_grad(logits, labels, out=outs)
    assert got[0] is outs[0]
    assert_same_bits(outs[0], value)
    assert_same_bits(outs[1], grad)
    for function in (fl.softmax, fl.log_softmax):
        want, inplace = function(logits), logits.copy()
        assert function(inplace, out=inplace) is inplace
        assert_same_bits(inplace, want)
        buffer = np.concatenate([logits, logits])
        view, out = buffer[:3000], buffer[1:3001]
        right_or_refused(lambda f=function, v=view, o=out: f(v, out=o), want, out)
    inplace = logits.copy()
    fl.cross_entropy.grad(inplace, labels, out=inplace)
    assert_same_bits(inplace, grad)
    columns = np.empty((classes, 3000), dtype)
    fl.cross_entropy.grad(logits, labels, out=columns.T)
    assert_same_bits(columns.T.copy(), grad)
    values = np.empty((3000, 3), dtype)
    fl.cross_entropy(logits, labels, out=values[:, 1])
    assert_same_bits(values[:, 1].copy(), value)
    labels_and_out = labels.astype(np.int64)
    if dtype == "float64":
        out = labels_and_out.view(np.float64)
        right_or_refused(lambda: fl.cross_entropy(logits, labels_and_out, out=out), value, out)
