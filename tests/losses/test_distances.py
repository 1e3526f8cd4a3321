"""Losses of embeddings that are beside each other: accuracy, special values, what a call may be given."""

import math
from functools import partial

import ml_dtypes
import numpy as np
import pytest
from catalogue import DTYPES, EMBEDDINGS, FMA_ISAS, assert_same_bits, each_isa
from oracles.distances import DISTANCES, exact_rows

import fastloss as fl
from fastloss.core.distance_loss import DistanceLoss

INF, NAN = math.inf, math.nan
EPS = float(np.finfo(float).eps)  # of what is computed in, whatever is stored
NAMES = [name for name in EMBEDDINGS if isinstance(fl.get(name), DistanceLoss)]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
EVERY_LOSS = pytest.mark.parametrize("name", NAMES)
CASES = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{k}", marks=() if k else pytest.mark.quick)
        for name in NAMES
        if name in DISTANCES
        for k, case in enumerate(DISTANCES[name].cases)
    ],
)


@EVERY_LOSS
def test_has_an_oracle(name):
    assert name in DISTANCES, f"{name} has no line in DISTANCES of tests/oracles/distances.py"


def arguments(name, rows, width, dtype, seed=0):
    """Arrays and a target of some rows."""
    rng = np.random.default_rng((seed, rows, width))
    arrays = [rng.standard_normal((rows, width)).astype(dtype) for _ in range(DISTANCES[name].arrays)]
    if name == "center":
        return arrays[0], rng.standard_normal((4, width)).astype(dtype), rng.integers(0, 4, rows)
    if name == "feature_distance":
        return [arrays[0]], [arrays[1]]
    target = DISTANCES[name].target(rng, rows)
    return arrays if target is None else [*arrays, target.astype(dtype)]


def flat(grads):
    """Gradients as a list of arrays, those of feature maps too."""
    return [g for grad in grads for g in (grad if isinstance(grad, list) else [grad])]


def scaled(name, points, factor):
    """The same call with embeddings `factor` as large."""
    *arrays, last = points
    if name == "feature_distance":
        return [[x * factor for x in maps] for maps in points]
    if fl.get(name).target_name is None:
        return [x * factor for x in points]
    return [*(x * factor for x in arrays), last]


# ---- accuracy ------------------------------------------------------------------------------


@CASES
@EVERY_DTYPE
@pytest.mark.parametrize("width", [1, 7, 37])
def test_value_and_gradients_are_exact(name, case, dtype, width):
    """On each instruction set, of which the exact ones know nothing: they take the time."""
    points, oracle = arguments(name, 3, width, dtype), DISTANCES[name]
    results = [fl.get(name).value_and_grad(*points, **case) for _ in each_isa()]
    assert all(array.dtype == dtype for value, grads in results for array in (value, *flat(grads)))
    eps = float(np.finfo(dtype).eps)
    sums = None
    for r in range(3):
        function = partial(oracle.value, **case)
        if name == "center":
            rows = [points[0][r], points[1][points[2][r]]]
        elif name == "feature_distance":
            rows, function = [points[0][0][r], points[1][0][r]], lambda a, b: oracle.value(a, b, width)
        else:
            rows = [x[r] for x in points[: oracle.arrays]]
            if len(points) > oracle.arrays:
                function = lambda *x, y=float(points[-1][r]): oracle.value(*x, y, **case)  # noqa: E731
        want, want_grads = exact_rows(function, rows)
        size = 2 + sum(float(np.linalg.norm(row)) for row in rows)  # of the terms that may cancel
        for value, _ in results:
            assert abs(value[r] - want) <= 2 * eps * abs(want) + 4 * EPS * size, (r, value[r], want)
        inverse = max(1 / float(np.linalg.norm(row)) for row in rows)  # of a norm: terms of a cosine's gradient
        for j, wanted in enumerate(want_grads):
            if name == "center" and j == 1:  # summed below
                sums = np.zeros((4, width)) if sums is None else sums
                sums[points[2][r]] += wanted
                continue
            for _, grads in results:
                np.testing.assert_allclose(flat(grads)[j][r], wanted, rtol=4 * eps, atol=8 * EPS * (size + inverse))
    if sums is not None:
        for _, grads in results:
            np.testing.assert_allclose(grads[1], sums, rtol=8 * eps, atol=8 * eps * np.abs(sums).max())


@EVERY_LOSS
@EVERY_DTYPE
def test_huge_and_tiny_embeddings(name, dtype, isa):
    """Squares overflow and underflow, the losses that are in range do not."""
    points = arguments(name, 5, 24, "float64")
    limit = 100 if dtype == "float32" else 900
    for exponent in (-limit - 30, -limit, limit):
        factor = 2.0**exponent
        moved = scaled(name, points, factor)
        moved = scaled(name, moved, 1)
        cast = [[x.astype(dtype) for x in p] if isinstance(p, list) else p for p in moved]
        cast = [x.astype(dtype) if isinstance(x, np.ndarray) and x.ndim == 2 else x for x in cast]
        if name == "cosine_embedding":
            np.testing.assert_allclose(fl.get(name)(*cast), fl.get(name)(*points), rtol=3e-6, atol=1e-6)
        if name == "triplet":
            got, want = fl.triplet(*cast, margin=0.0), fl.triplet(*points, margin=0.0) * factor
            np.testing.assert_allclose(got, want, rtol=1e-3 if exponent < -limit else 1e-5)
            np.testing.assert_allclose(
                fl.triplet.grad(*cast, margin=0.0)[0], fl.triplet.grad(*points, margin=0.0)[0], rtol=1e-3, atol=1e-5
            )
        with np.errstate(over="ignore"):
            for grad in flat(fl.get(name).grad(*cast)):
                assert not np.isnan(grad).any()


@EVERY_DTYPE
def test_a_cosine_near_1_keeps_its_digits(dtype, isa):
    a = np.array([[3.0, 4.0, 12.0]], dtype)
    eps = np.finfo(dtype).eps
    b = (a * [[1, 1, 1 + 8 * eps]]).astype(dtype)
    want, (grad, _) = exact_rows(lambda a, b: DISTANCES["cosine_embedding"].value(a, b, 1), [a[0], b[0]])
    assert 0 < want < 100 * float(eps) ** 2
    value, grads = fl.cosine_embedding.value_and_grad(a, b, [1])
    np.testing.assert_allclose(value, want, rtol=0.1 if dtype == "float64" else 1e-6)
    np.testing.assert_allclose(grads[0][0], grad, atol=float(eps) * 1e-3 if dtype == "float32" else float(eps))
    for y, aligned, loss in ((1, a, 0.0), (1, -a, 2.0), (-1, a, 1.0), (-1, -a, 0.0)):
        value, grads = fl.cosine_embedding.value_and_grad(a, aligned, [y])
        np.testing.assert_allclose(value, loss, atol=float(eps) ** 2)
        assert all(np.abs(g).max() < eps for g in grads)


# ---- special values ------------------------------------------------------------------------


@EVERY_LOSS
@EVERY_DTYPE
def test_equal_and_zero_rows_have_gradients(name, dtype, isa):
    points = [
        np.zeros_like(x) if isinstance(x, np.ndarray) and x.ndim == 2 else x for x in arguments(name, 5, 6, dtype)
    ]
    points = [[np.zeros_like(x) for x in p] if isinstance(p, list) else p for p in points]
    value, grads = fl.get(name).value_and_grad(*points)
    assert np.isfinite(value).all()
    assert not any(g.any() for g in flat(grads))


@EVERY_LOSS
@EVERY_DTYPE
def test_nan_stays_in_its_row(name, dtype, isa):
    points = arguments(name, 9, 20, dtype)
    clean, clean_grads = fl.get(name).value_and_grad(*points)
    first = points[0][0] if name == "feature_distance" else points[0]
    first[4, 17] = NAN
    value, grads = fl.get(name).value_and_grad(*points)
    others = np.arange(9) != 4
    assert math.isnan(value[4])
    assert_same_bits(value[others], clean[others])
    assert np.isnan(flat(grads)[0][4]).any()
    assert_same_bits(flat(grads)[0][others], flat(clean_grads)[0][others])
    weight = others.astype(dtype)
    value, grads = fl.get(name).value_and_grad(*points, sample_weight=weight)
    assert value[4] == 0 and not flat(grads)[0][4].any()
    assert all(np.isfinite(g).all() for g in flat(grads))
    assert math.isfinite(fl.get(name)(*points, sample_weight=weight, reduction="mean"))


@pytest.mark.parametrize(
    ("name", "bad"), [("contrastive", (-0.5, 1.5, NAN)), ("cosine_embedding", (0, 2, -1.5, NAN, INF))]
)
def test_a_target_outside_its_domain_is_nan(name, bad):
    a, b, _ = arguments(name, len(bad), 3, "float64")
    value, grads = fl.get(name).value_and_grad(a, b, list(bad))
    assert np.isnan(value).all() and all(np.isnan(g).all() for g in grads)


def test_the_triplet_of_a_kink_and_of_norms():
    a, p, n = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 6.0]])
    value, grads = fl.triplet.value_and_grad(a, p, n, margin=1.0)
    assert value == 0 and not any(g.any() for g in grads)
    assert fl.triplet(a, p, n, p=1)[0] == 2.0
    assert fl.triplet(a, p, n, p=INF)[0] == 0.0
    ties = fl.triplet.grad(a, [[2.0, -2.0]], n, p=INF, margin=9.0, wrt="positive")[0]
    assert ties.tolist() == [[0.5, -0.5]]


# ---- calls ---------------------------------------------------------------------------------


@EVERY_LOSS
@EVERY_DTYPE
def test_reductions_and_weights(name, dtype):
    points, weight = arguments(name, 50, 9, dtype), np.linspace(0, 2, 50).astype(dtype)
    value, grads = fl.get(name).value_and_grad(*points)
    total = float(weight.sum(dtype="float64"))
    got, got_grads = fl.get(name).value_and_grad(*points, sample_weight=weight, reduction="mean")
    np.testing.assert_allclose(got, float((value * weight).sum(dtype="float64")) / total, rtol=1e-6)
    np.testing.assert_allclose(flat(got_grads)[0], flat(grads)[0] * weight[:, None] / total, rtol=1e-5, atol=1e-9)
    assert fl.get(name)(*points, reduction="sum") == pytest.approx(float(value.sum(dtype="float64")), rel=1e-6)
    assert isinstance(fl.get(name)(*points, reduction="sum"), float)


@EVERY_LOSS
def test_of_no_rows(name):
    points = arguments(name, 0, 3, "float32")
    value, grads = fl.get(name).value_and_grad(*points)
    assert value.shape == (0,) and flat(grads)[0].shape == (0, 3)
    assert fl.get(name)(*points, reduction="sum") == 0.0
    assert math.isnan(fl.get(name)(*points, reduction="mean"))


@EVERY_LOSS
@EVERY_DTYPE
def test_any_number_of_threads_and_any_strides(name, dtype):
    points = arguments(name, 3000, 70, dtype)
    want, want_grads = fl.get(name).value_and_grad(*points, num_threads=1)
    spread = [[spaced(x) for x in p] if isinstance(p, list) else spaced(p) for p in points]
    for threads, given in ((2, points), (3, points), (8, spread)):
        value, grads = fl.get(name).value_and_grad(*given, num_threads=threads)
        assert_same_bits(value, want)
        for got, wanted in zip(flat(grads), flat(want_grads), strict=True):
            assert_same_bits(got, wanted)


def spaced(x):
    if x.ndim < 2:
        return x
    wide = np.zeros((x.shape[0], 2 * x.shape[1]), x.dtype)
    wide[:, ::2] = x
    return wide[:, ::2]


@EVERY_LOSS
@EVERY_DTYPE
def test_fma_isas_share_every_bit_of_distances(name, dtype):
    if len(FMA_ISAS) < 2:
        pytest.skip(f"this machine has one FMA instruction set at most: {FMA_ISAS}")
    before, results = fl.isa(), []
    try:
        for isa in FMA_ISAS:
            fl.use_isa(isa)
            for case in DISTANCES[name].cases:
                value, grads = fl.get(name).value_and_grad(*arguments(name, 300, 45, dtype), **case)
                results.append([value, *flat(grads)])
    finally:
        fl.use_isa(before)
    half = len(results) // len(FMA_ISAS)
    for one, two in zip(results[:half], results[half : 2 * half], strict=True):
        for x, y in zip(one, two, strict=True):
            assert_same_bits(x, y)


@EVERY_LOSS
@pytest.mark.parametrize("half", [np.float16, ml_dtypes.bfloat16])
def test_halves_are_widened(name, half):
    points = arguments(name, 12, 33, "float32")
    rounded = [[x.astype(half) for x in p] if isinstance(p, list) else p for p in points]
    rounded = [x.astype(half) if isinstance(x, np.ndarray) and x.ndim == 2 else x for x in rounded]
    wide = [[x.astype("f4") for x in p] if isinstance(p, list) else p for p in rounded]
    wide = [x.astype("f4") if isinstance(x, np.ndarray) and x.ndim == 2 else x for x in wide]
    got, want = fl.get(name).value_and_grad(*rounded), fl.get(name).value_and_grad(*wide)
    assert_same_bits(got[0], want[0])
    for x, y in zip(flat(got[1]), flat(want[1]), strict=True):
        assert_same_bits(x, y)


def test_wrt_names_the_gradients():
    points = arguments("triplet", 4, 3, "float64")
    all_three = fl.triplet.grad(*points)
    assert len(all_three) == 3
    negative, anchor = fl.triplet.grad(*points, wrt=["negative", "anchor"])
    assert_same_bits(negative, all_three[2])
    assert_same_bits(anchor, all_three[0])
    for bad in ("row", [], ["anchor", "anchor"]):
        with pytest.raises(ValueError, match=r"^wrt must name each array once"):
            fl.triplet.grad(*points, wrt=bad)


def test_many_centers():
    """More than are summed at a time, and rows in an order that is not that of the centers."""
    rng = np.random.default_rng(0)
    x, centers = rng.standard_normal((2000, 40)), rng.standard_normal((30_000, 40))
    labels = rng.integers(0, 30_000, 2000)
    labels[:50] = 29_999
    _, got = fl.center.grad(x, centers, labels)
    want = np.zeros_like(centers)
    np.add.at(want, labels, centers[labels] - x)
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-13)


A, B = np.zeros((3, 2)), np.ones((3, 2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: fl.triplet(A, B, B[:, :1]),
            ValueError,
            r"anchor and negative must have equal shapes, got \(3, 2\) and",
        ),
        (lambda: fl.center(A, B[:, :1], [0, 0, 0]), ValueError, r"x and centers must have equal widths, got \(3, 2\)"),
        (lambda: fl.center(A, B, [0, 3, 0]), IndexError, "labels 3 at row 1 is out of bounds for 3 centers"),
        (lambda: fl.center(A, B, [0, 0.5, 0]), ValueError, "labels 0.5 at row 1 is not a whole number"),
        (lambda: fl.center(A, B, [0, 1]), ValueError, r"labels has shape \(2,\), expected \(3,\)"),
        (lambda: fl.triplet(A, B), TypeError, "triplet requires negative"),
        (lambda: fl.triplet(A, B, B, B), TypeError, "triplet takes anchor, positive, negative by position"),
        (lambda: fl.triplet(A, B, B, anchor=A), TypeError, "triplet got anchor by position and by name"),
        (lambda: fl.triplet(A, B, B, p=0.5), ValueError, "p must be >= 1, got 0.5"),
        (lambda: fl.triplet(A, B, B, p=NAN), ValueError, "p must not be NaN"),
        (lambda: fl.triplet(A, B, B, swap=1), TypeError, "swap must be True or False, got 1"),
        (lambda: fl.triplet(A, B, B, margn=1), TypeError, "triplet has no parameter 'margn'; did you mean: margin"),
        (lambda: fl.triplet(A[0], B[0], B[0]), ValueError, r"anchor must hold rows, shape \(N, D\), got shape \(2,\)"),
        (lambda: fl.contrastive(A, B, [1, 0]), ValueError, r"y has shape \(2,\), expected \(3,\)"),
        (lambda: fl.contrastive(A, B, 1, margin=-1), ValueError, "margin must be >= 0, got -1.0"),
        (lambda: fl.cosine_embedding(A, B, 1, margin=2), ValueError, "margin must be >= -1 and <= 1, got 2.0"),
        (lambda: fl.cosine_embedding(A, B, 1, sample_weight=[1]), ValueError, r"sample_weight has shape \(1,\)"),
        (lambda: fl.feature_distance(A, B), TypeError, "a must be a list of feature maps"),
        (lambda: fl.feature_distance([A], [B, B]), ValueError, "a and b must hold as many feature maps"),
        (lambda: fl.feature_distance([A], [B[:, :1]]), ValueError, r"a\[0\] and b\[0\] must have equal shapes"),
        (lambda: fl.feature_distance([A], [B], layer_weights=[1, 2]), ValueError, "layer_weights must hold one number"),
        (lambda: fl.triplet(A, B, B + 1j), TypeError, "unsupported dtype complex128 for 'negative'"),
        (lambda: fl.triplet.hess(A, B, B), TypeError, "triplet has no second derivative"),
        (lambda: fl.triplet(A, B, B, reduction="man"), ValueError, "reduction must be one of"),
        (lambda: fl.triplet(A, B, B, num_threads=0), ValueError, "num_threads must be an integer >= 1"),
    ],
)
def test_errors_name_argument_value_and_fix(call, error, words):
    with pytest.raises(error, match=f"^{words}"):
        call()


def test_feature_maps_of_several_layers():
    rng = np.random.default_rng(1)
    a = [rng.standard_normal((2, 3, 4, 5)).astype("f4"), rng.standard_normal((2, 7)).astype("f4")]
    b = [rng.standard_normal(x.shape).astype("f4") for x in a]
    value, (da, db) = fl.feature_distance.value_and_grad(a, b, layer_weights=(0.5, 2))
    want = 0.5 * ((a[0] - b[0]) ** 2).mean(axis=(1, 2, 3)) + 2 * ((a[1] - b[1]) ** 2).mean(axis=1)
    np.testing.assert_allclose(value, want, rtol=1e-6)
    assert [g.shape for g in da] == [x.shape for x in a]
    np.testing.assert_allclose(da[0], 2 * 0.5 * (a[0] - b[0]) / 60, rtol=1e-6)
    np.testing.assert_array_equal(db[1], -da[1])
