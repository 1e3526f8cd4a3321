"""The heads: against exact losses and gradients, and what holds for all of them."""

import numpy as np
import pytest
from catalogue import DTYPES, FMA_ISAS, assert_same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles.embeddings import HEADS, exact_numbers, gradient, head_losses

import fastloss as fl

NAMES = tuple(HEADS)
CASES = [pytest.param(name, case, id=f"{name}-{k}") for name in NAMES for k, case in enumerate(HEADS[name].cases)]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
EVERY_HEAD = pytest.mark.parametrize("name", NAMES)
EVERY_CASE = pytest.mark.parametrize(("name", "case"), CASES)
WITH_BIAS = tuple(name for name in NAMES if "bias" in fl.get(name).domains)


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(60):
        yield


def data(name, rows, width, classes, dtype="float64", seed=0, **others):
    """(x, w, labels) and the keyword bias where it is taken"""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((rows, width)), rng.standard_normal((classes, width))
    keywords = {"bias": rng.standard_normal(classes).astype(dtype)} if name in WITH_BIAS else {}
    return (x.astype(dtype), w.astype(dtype), rng.integers(0, classes, rows)), {**keywords, **others}


def exact(name, points, keywords, factors=None):
    """(losses, [derivatives by x, w, bias]), of the sum of the losses times `factors`"""
    x, w, labels = points
    in_force = {**fl.get(name).parameters, **keywords}
    dtype = np.result_type(x, w)
    numbers = {k: dtype.type(v) if isinstance(v, float) else v for k, v in in_force.items()}
    ignored = numbers.pop("ignore_index")
    labels = [-1 if label == ignored else int(label) for label in labels]
    x, w = exact_numbers(x), exact_numbers(w)
    bias = numbers.pop("bias", None)
    bias = exact_numbers([np.zeros(len(w)) if bias is None else bias])
    weights = numbers.pop("class_weight")
    weights = None if weights is None else exact_numbers([weights])[0]

    def losses():
        return head_losses(name, x, w, labels, bias=bias[0], class_weight=weights, **numbers)

    def total():
        return sum(f * loss for f, loss in zip(factors or [1] * len(x), losses()[0], strict=True))

    found, z = losses()
    by = [gradient(total, matrix) for matrix in (x, w, bias)]
    return np.array(found, float), np.array(z, float), [np.array(g, float) for g in by]


def tolerance(name, points, keywords, z):
    """What the losses of rows may be off: the contract's for the logits, twice, and that of cross-entropy."""
    x, w, _ = points
    in_force = {**fl.get(name).parameters, **keywords}
    own = {k: in_force[k] for k in ("margin",) if k in in_force}
    scale = in_force.get("scale", 1) / in_force.get("temperature", 1)
    lengths = [np.linalg.norm(side.astype(float), axis=1).max() if c else 1
               for c, side in zip(HEADS[name].lengths, (x, w), strict=True)]  # fmt: skip
    eps = np.finfo(x.dtype).eps
    logit = (x.shape[1] + 4) * eps * scale * np.prod(lengths) * HEADS[name].steepness(**own) + eps * abs(z).max()
    return 2 * logit + 8 * eps * max(1, abs(z).max())


@EVERY_DTYPE
@EVERY_CASE
@pytest.mark.parametrize("width", [1, 2, 5, 19])
def test_values_and_gradients_are_exact(name, case, width, dtype):
    points, keywords = data(name, 3, width, 4, dtype, seed=width, **case)
    values, z, by = exact(name, points, keywords)
    got, grads = fl.get(name).value_and_grad(*points, **keywords)
    assert got.dtype == dtype
    allowed = tolerance(name, points, keywords, z)
    np.testing.assert_allclose(got, values, rtol=0, atol=allowed)
    for want, grad in zip(by, grads, strict=False):
        assert grad.dtype == dtype
        np.testing.assert_allclose(grad, want.reshape(grad.shape), rtol=0, atol=20 * allowed * max(1, abs(want).max()))


@EVERY_DTYPE
@EVERY_HEAD
@pytest.mark.parametrize("shape", [(70, 3, 300), (5, 530, 20)])
def test_what_counts_and_how_much(name, shape, dtype):
    """Over more than one tile: class weights, sample weights, ignored rows; the mean, of which one must add up."""
    rows, width, classes = shape
    points, keywords = data(name, rows, width, classes, dtype, class_weight=np.linspace(0, 2, classes))
    x, _, labels = points
    labels[labels == 0] = 1
    labels[1] = 0  # of weight 0
    labels[2] = -100
    weight = np.linspace(0, 3, rows).astype(dtype)
    x[:3] = [[np.nan], [np.inf], [np.nan]]
    loss = fl.get(name)
    values = loss(*points, **keywords, sample_weight=weight)
    assert (values[:3] == 0).all() and np.isfinite(values).all() and (values[3:] > 0).all()
    total = sum(weight[i] * keywords["class_weight"][labels[i]] for i in range(3, rows))
    mean, grads = loss.value_and_grad(*points, **keywords, sample_weight=weight, reduction="mean")
    assert mean == pytest.approx(values.sum(dtype=float) / total, rel=1e-6)
    sums = loss.grad(*points, **keywords, sample_weight=weight)
    for grad, by_sum in zip(grads, sums, strict=True):
        assert np.isfinite(grad).all()
        np.testing.assert_allclose(grad * total, by_sum, rtol=0, atol=1e-5 * abs(by_sum).max())
    assert (grads[0][:3] == 0).all()
    some = np.arange(3, rows)
    alone, by_alone = loss.value_and_grad(x[some], points[1], labels[some], **keywords, sample_weight=weight[some])
    assert_same_bits(alone, values[some])
    np.testing.assert_allclose(by_alone[1], sums[1], rtol=0, atol=1e-5 * abs(sums[1]).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keywords", [{}, {"label_smoothing": 0.2}, {"temperature": 0.5}, {"class_weight": None}])
def test_linear_is_cross_entropy_of_logits(keywords, dtype):
    (x, w, labels), bias = data("linear_cross_entropy", 300, 40, 700, dtype)
    if "class_weight" in keywords:
        keywords = {"class_weight": np.linspace(0.1, 2, 700)}
    z = (x.astype(float) @ w.T.astype(float) + bias["bias"]).astype(dtype)
    got = fl.linear_cross_entropy(x, w, labels, **bias, **keywords)
    np.testing.assert_allclose(got, fl.cross_entropy(z, labels, **keywords), rtol=200 * np.finfo(dtype).eps)
    _, (by_x, by_w, by_bias) = fl.linear_cross_entropy.value_and_grad(x, w, labels, **bias, **keywords)
    g = fl.cross_entropy.grad(z, labels, **keywords).astype(float)
    close = {"rtol": 0, "atol": 2000 * np.finfo(dtype).eps}
    np.testing.assert_allclose(by_x, g @ w, **close)
    np.testing.assert_allclose(by_w, g.T @ x, **close)
    np.testing.assert_allclose(by_bias, g.sum(axis=0), **close)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("sample_weight", [None, np.linspace(0, 3, 30)])
def test_mean_divides_by_the_class_weights_of_the_labels(sample_weight, smoothing):
    (x, w, labels), _ = data("linear_cross_entropy", 30, 4, 7, "float64")
    labels[::4] = -100
    keywords = {"class_weight": np.linspace(0.1, 2, 7), "label_smoothing": smoothing, "sample_weight": sample_weight}
    value, (by_x, _) = fl.linear_cross_entropy.value_and_grad(x, w, labels, **keywords, reduction="mean")
    want, g = fl.cross_entropy.value_and_grad(x @ w.T, labels, **keywords, reduction="mean")
    np.testing.assert_allclose(value, want, rtol=1e-13)
    np.testing.assert_allclose(by_x, g @ w, rtol=1e-12, atol=1e-14)


# ---- the same bits ------------------------------------------------------------------------------------------------


@EVERY_DTYPE
@EVERY_CASE
def test_same_bits_on_any_threads_and_isa(name, case, dtype):
    points, keywords = data(name, 450, 37, 600, dtype, **case)
    loss, first = fl.get(name), None
    for isa in FMA_ISAS:
        fl.use_isa(isa)
        for threads in (1, 2, 3, 7):
            value, grads = loss.value_and_grad(*points, **keywords, num_threads=threads, reduction="mean")
            alone = loss(*points, **keywords, num_threads=threads)
            first = first or (value, alone, *grads)
            for got, want in zip((value, alone, *grads), first, strict=True):
                assert_same_bits(got, want)


@EVERY_HEAD
def test_wrt_and_fusion_change_no_bit(name):
    points, keywords = data(name, 130, 21, 300, "float32")
    loss, names = fl.get(name), ("x", "weight", *keywords)
    value, grads = loss.value_and_grad(*points, **keywords)
    assert_same_bits(loss(*points, **keywords), value)
    for k, one in enumerate(names):
        (alone,) = loss.grad(*points, **keywords, wrt=one)
        assert_same_bits(alone, grads[k])
    for got, want in zip(loss.grad(*points, **keywords, wrt=names[::-1]), grads[::-1], strict=True):
        assert_same_bits(got, want)


@EVERY_HEAD
def test_layout_and_storage_change_no_bit(name):
    (x, w, labels), keywords = data(name, 90, 19, 280, "float16")
    want = fl.get(name).value_and_grad(x.astype("float32"), w.astype("float32"), labels, **keywords)
    wide = np.repeat(w.astype(">f4"), 2, axis=1)
    for x_as, w_as, labels_as in (
        (x, w, labels.astype("uint16")),
        (np.asfortranarray(x, "float32"), wide[:, ::2], labels[::-1].copy()[::-1]),
        (np.pad(x, 1)[1:-1, 1:-1], np.pad(w, 3)[3:-3, 3:-3], labels.astype(float)),
    ):
        value, grads = fl.get(name).value_and_grad(x_as, w_as, labels_as, **keywords)
        for got, right in zip((value, *grads), (want[0], *want[1]), strict=True):
            assert_same_bits(got, right)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(NAMES), rows=st.integers(0, 140), width=st.integers(1, 40), classes=st.integers(1, 530),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_any_shape(name, rows, width, classes, seed):
    """float32 is what float64 is, and one row what it is among others."""
    points, keywords = data(name, rows, width, classes, "float32", seed)
    wide = [points[0].astype(float), points[1].astype(float), points[2]]
    value, grads = fl.get(name).value_and_grad(*points, **keywords)
    right, exact_grads = fl.get(name).value_and_grad(*wide, **keywords)
    np.testing.assert_allclose(value, right, rtol=1e-3, atol=1e-3)
    for got, want in zip(grads, exact_grads, strict=True):
        shortest = min(np.linalg.norm(side, axis=1).min(initial=1) for side in wide[:2])
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3 * (1 / shortest + abs(want).max(initial=0)))
    if rows:
        row = seed % rows
        alone = fl.get(name)(points[0][row : row + 1], points[1], points[2][row : row + 1], **keywords)
        assert_same_bits(alone, value[row : row + 1])


# ---- special vectors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [{}, {"beyond": "none"}, {"margin": 0.0}, {"margin": np.pi / 2}])
@EVERY_DTYPE
def test_arcface_of_aligned_and_opposite_pairs(dtype, case):
    """The angle is a multiple of an ulp; the gradient has the length scale sin(theta + margin) g, or is 0."""
    rng, eps = np.random.default_rng(3), float(np.finfo(dtype).eps)
    margin = case.get("margin", 0.5)
    for width in (2, 7, 64):
        for sign in (1, -1):
            for distance in (0, 1, 2, 100, 1e4):
                w = rng.standard_normal((3, width)).astype(dtype)
                w[1] = w[0] + (distance * eps * rng.standard_normal(width)).astype(dtype)
                x = sign * w[1:2] * dtype_of(dtype, 7)
                (value,), (by_x, by_w) = fl.arcface.value_and_grad(x, w[[0, 2]], [0], **case)
                length = np.linalg.norm(x.astype(float))
                cosine, other = (float(cosine_of(x[0], w[k])) for k in (0, 2))
                theta = float(mp.acos(max(mpf(-1), min(mpf(1), cosine_of(x[0], w[0])))))
                is_linear = theta + margin > np.pi and case.get("beyond") != "none"
                own = cosine - margin * np.sin(margin) if is_linear else np.cos(theta + margin)
                want = np.logaddexp(0, 64 * (other - own))
                # an angle of 100 ulps is one within 100 ulps; the cosine moves by the sine of the margin times that
                assert value == pytest.approx(want, abs=64 * (width + 200) * eps * 3, rel=1e3 * eps)
                g = 1 / (1 + np.exp(64 * (own - other)))
                assert np.isfinite(by_x).all() and np.isfinite(by_w).all()
                assert np.linalg.norm(by_x.astype(float)) <= 64 * g * 2.01 / length + 1e-30
                assert abs(by_x[0].astype(float) @ x[0].astype(float)) <= 1e3 * eps * 64
                if distance == 1e4 and not is_linear:
                    pull = 64 * g * abs(np.sin(theta + margin))
                    got = np.linalg.norm(by_x.astype(float) * length + pull_of_other(x[0], w[2], g))
                    assert got == pytest.approx(pull, rel=0.01, abs=1e-9)


def dtype_of(dtype, number):
    return np.dtype(dtype).type(number)


def cosine_of(a, b):
    a, b = ([mpf(float(number)) for number in v] for v in (a, b))
    dot = sum(p * q for p, q in zip(a, b, strict=True))
    return dot / mp.sqrt(sum(p * p for p in a) * sum(q * q for q in b))


def pull_of_other(x, w, g):
    """What the gradient by x, times its length, lacks of the label's part"""
    x, w = (v.astype(float) / np.linalg.norm(v.astype(float)) for v in (x, w))
    return -64 * g * (w - (w @ x) * x)


@EVERY_DTYPE
@EVERY_HEAD
def test_tiny_and_huge_vectors(name, dtype):
    """Cosines do not depend on lengths: powers of two change no bit of the value. Nothing is NaN."""
    info = np.finfo(dtype)
    (x, w, labels), keywords = data(name, 20, 33, 40, dtype)
    x, w = np.float32(np.sign(x) * (1 + abs(x) % 1)).astype(dtype), w
    normalized = [not counts for counts in HEADS[name].lengths]
    value, _ = fl.get(name).value_and_grad(x, w, labels, **keywords)
    for exponent in (info.minexp + 25, info.maxexp - 4):
        power = dtype_of(dtype, 2.0) ** exponent
        scaled = (x * power if normalized[0] else x), (w * power if normalized[1] else w)
        got, grads = fl.get(name).value_and_grad(*scaled, labels, **keywords)
        np.testing.assert_allclose(got, value, rtol=1e3 * info.eps, atol=1e3 * info.eps)
        assert not any(np.isnan(grad).any() for grad in grads)
    if normalized[0]:
        tiny = np.full((1, 33), info.smallest_subnormal, dtype)
        got = fl.get(name)(tiny, w, labels[:1], **keywords)
        want = fl.get(name)(np.ones((1, 33), dtype), w, labels[:1], **keywords)
        np.testing.assert_allclose(got, want, rtol=1e3 * info.eps, atol=1e3 * info.eps)


@EVERY_HEAD
def test_vectors_of_length_0(name):
    (x, w, labels), keywords = data(name, 4, 5, 6)
    x[1], w[2] = 0, 0
    labels[:] = 0, 1, 2, 2
    value, (by_x, by_w, *_) = fl.get(name).value_and_grad(x, w, labels, **keywords)
    assert np.isfinite(value).all() and np.isfinite(by_x).all() and np.isfinite(by_w).all()
    normalized = [not counts for counts in HEADS[name].lengths]
    assert not normalized[0] or (by_x[1] == 0).all()
    assert not normalized[1] or (by_w[2] == 0).all()


def test_confident_rows_keep_their_digits():
    x, w = np.float32([[50, 0]]), np.float32([[1, 0], [0, 1]])
    assert fl.linear_cross_entropy(x, w, [0])[0] == pytest.approx(np.exp(-50.0), rel=1e-6)
    by_x, _ = fl.linear_cross_entropy.grad(x, w, [0])
    np.testing.assert_allclose(by_x, np.exp(-50.0) * np.float32([[-1, 1]]), rtol=1e-6)


def test_a_class_may_be_excluded():
    (x, w, labels), _ = data("linear_cross_entropy", 5, 6, 17000)
    labels[:] = 3
    bias = np.where(np.arange(17000) < 5, 0.0, -np.inf)  # a span of tiles where nothing counts
    value, grads = fl.linear_cross_entropy.value_and_grad(x, w, labels, bias=bias)
    few, few_grads = fl.linear_cross_entropy.value_and_grad(x, w[:5], labels)
    np.testing.assert_allclose(value, few, rtol=1e-14)
    np.testing.assert_allclose(grads[1][:5], few_grads[1], rtol=1e-12)
    assert (grads[1][5:] == 0).all()
    assert np.isfinite(fl.linear_cross_entropy(x, w, labels, bias=bias[::-1])).sum() == 0


# ---- check values of the literature, errors -----------------------------------------------------------------------


def test_check_values():
    x, w = [[0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    assert fl.cosface(x, w, [0])[0] == pytest.approx(35.2, rel=1e-14)
    assert fl.arcface(x, w, [0])[0] == pytest.approx(42.0474171999449, rel=1e-14)
    assert fl.sphereface(x, w, [0])[0] == pytest.approx(2.2845967516012, rel=1e-13)


@pytest.mark.parametrize(("margin", "psi"), [(2, (1, 0.62, -0.5, -1, -1.5, -3)), (4, (1, -0.2312, -1.5, -3, -4.5, -7))])
def test_psi(margin, psi):
    for c, want in zip((1, 0.9, 0.5, 0, -0.5, -1), psi, strict=True):
        x, w = [[c, np.sqrt(1 - c * c)]], [[1.0, 0.0], [0.0, 0.0]]
        got = -np.log(np.expm1(fl.sphereface(x, w, [0], margin=margin)[0]))
        assert got == pytest.approx(want, abs=1e-13)


def test_sequences_are_flattened_by_the_caller():
    with pytest.raises(ValueError, match=r"^x must have shape .*, got shape \(2, 3, 4\): give x\.reshape\(-1, 4\)$"):
        fl.linear_cross_entropy(np.ones((2, 3, 4)), np.ones((5, 4)), np.zeros((2, 3), int))


def refused(error, *pieces):
    return pytest.raises(error, match="(?s)" + ".*".join(pieces))


@EVERY_HEAD
def test_errors_name_argument_and_fix(name):
    loss = fl.get(name)
    (x, w, labels), _ = data(name, 4, 3, 5)
    with refused(ValueError, r"x of shape \(4, 3\)", r"w of shape \(5, 2\)", "width"):
        loss(x, w[:, :2], labels)
    with refused(ValueError, "x", r"\(3,\)"):
        loss(x[0], w, labels)
    with refused(ValueError, "at least one class", r"\(0, 3\)"):
        loss(x, w[:0], labels)
    with refused(IndexError, "target 5 at row 2", "5 classes"):
        loss(x, w, [0, 1, 5, 2])
    with refused(TypeError, "target", "probabilities"):
        loss(x, w, np.full((4, 5), 0.2))
    with refused(ValueError, "target", r"\(3,\)", r"\(4,\)"):
        loss(x, w, labels[:3])
    with refused(ValueError, "wrt", "'logits'"):
        loss.grad(x, w, labels, wrt="logits")
    with refused(ValueError, "wrt", "once"):
        loss.grad(x, w, labels, wrt=("x", "x"))
    with refused(ValueError, "wrt", "at least one"):
        loss.grad(x, w, labels, wrt=())
    with refused(ValueError, "sample_weight", r"\(3,\)"):
        loss(x, w, labels, sample_weight=np.ones(3))
    with refused(ValueError, "class_weight", r"\(4,\)", r"\(5,\)"):
        loss(x, w, labels, class_weight=np.ones(4))
    with refused(ValueError, "reduction", "average"):
        loss(x, w, labels, reduction="average")
    with refused(TypeError, "no parameter 'marginn'"):
        loss(x, w, labels, marginn=1)
    with refused(TypeError, "no second derivative"):
        loss.hess(x, w, labels)


def test_domains_of_parameters():
    (x, w, labels), _ = data("arcface", 4, 3, 5)
    for keywords, error in (
        ({"margin": 2.0}, ValueError), ({"margin": np.nan}, ValueError), ({"beyond": "linar"}, ValueError),
        ({"scale": 0.0}, ValueError), ({"straight_through": 1}, TypeError), ({"scale": "2"}, TypeError),
    ):  # fmt: skip
        with refused(error, *keywords):
            fl.arcface(x, w, labels, **keywords)
    with refused(ValueError, "scale", "float32"):
        fl.arcface(x.astype("f4"), w.astype("f4"), labels, scale=1e39)
    with refused(ValueError, "margin", "integer >= 1"):
        fl.l_softmax(x, w, labels, margin=0)
    with refused(TypeError, "margin", "integer"):
        fl.l_softmax(x, w, labels, margin=1.5)


def test_straight_through_takes_the_margin_for_a_constant():
    (x, w, labels), _ = data("arcface", 6, 4, 5)
    value, grads = fl.arcface.value_and_grad(x, w, labels, straight_through=True)
    assert_same_bits(value, fl.arcface(x, w, labels))
    cosines = (x / np.linalg.norm(x, axis=1)[:, None]) @ (w / np.linalg.norm(w, axis=1)[:, None]).T
    rows = np.arange(6)
    z = 64 * cosines
    z[rows, labels] = 64 * np.cos(np.arccos(cosines[rows, labels]) + 0.5)
    g = fl.cross_entropy.grad(z, labels) * 64
    unit = w / np.linalg.norm(w, axis=1)[:, None]
    along = g @ unit - (g * cosines).sum(axis=1)[:, None] * x / np.linalg.norm(x, axis=1)[:, None]
    np.testing.assert_allclose(grads[0], along / np.linalg.norm(x, axis=1)[:, None], rtol=1e-10, atol=1e-12)


@EVERY_HEAD
def test_without_rows_and_with_one_class(name):
    (x, w, labels), keywords = data(name, 3, 4, 1)
    value, grads = fl.get(name).value_and_grad(x, w, labels, **keywords)
    assert (value == 0).all() and not any(grad.any() for grad in grads)
    none = np.empty((0, 4)), w, np.empty(0, int)
    assert fl.get(name)(*none).shape == (0,)
    assert fl.get(name)(*none, reduction="sum") == 0
    mean, grads = fl.get(name).value_and_grad(*none, reduction="mean")
    assert np.isnan(mean) and not any(grad.any() for grad in grads)


def test_parts_too_small_to_count_are_left_out():
    """They change no digit of the gradients, which float64 has in full."""
    rng = np.random.default_rng(0)
    x, w = 30 * rng.standard_normal((20, 8)), rng.standard_normal((400, 8))
    labels = rng.integers(0, 400, 20)
    wide = fl.linear_cross_entropy.grad(x, w, labels)
    narrow = fl.linear_cross_entropy.grad(x.astype("float32"), w.astype("float32"), labels)
    for got, want in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-3 * abs(want).max())
    confident = fl.linear_cross_entropy.grad(np.float32([[85, 0]]), np.float32([[1, 0], [0, 1]]), [0])
    np.testing.assert_allclose(confident[0], np.exp(-85.0) * np.float32([[-1, 1]]), rtol=1e-5)


@pytest.mark.parametrize("name", ["normalized_softmax", "cosface", "arcface"])
def test_a_zero_vector_turns_nothing(name, isa):
    """It has no angle: the gradient by the vector that it is compared with is 0, not what rounding leaves."""
    w = np.random.default_rng(0).standard_normal((3, 5))
    _, by_classes = fl.get(name).grad(np.zeros((1, 5)), w, [0])
    assert not by_classes.any()
