"""The contrastive losses: against exact losses and gradients, and what holds for all of them."""

import numpy as np
import pytest
from catalogue import DTYPES, FMA_ISAS, assert_same_bits
from mpmath import mp, mpf
from oracles.embeddings import drawn_losses, exact_numbers, gradient, info_nce

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
SIMILAR = ({}, {"similarity": "dot", "temperature": 0.7})
CASES = [
    *((name, {**case, **more}) for name, others in (
        ("info_nce", ({}, {"symmetric": True}, {"negatives": 2}, {"negatives": 3})),
        ("nt_xent", ({}, {"self_similarity": True})),
        ("sup_con", ({},)),
    ) for case in SIMILAR for more in others)
]  # fmt: skip
EVERY_CASE = pytest.mark.parametrize(("name", "case"), CASES)


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(60):
        yield


def data(name, rows, width, dtype, case, seed=0):
    """(positional arguments, keywords); `negatives` is of so many dimensions."""
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal((rows, width)).astype(dtype) for _ in range(2))
    keywords = dict(case)
    if "negatives" in case:
        shape = (5, width) if case["negatives"] == 2 else (rows, 4, width)
        keywords["negatives"] = rng.standard_normal(shape).astype(dtype)
    points = (a, rng.integers(0, max(1, rows // 3), rows)) if name == "sup_con" else (a, b)
    return points, keywords


def exact(name, points, keywords):
    """(losses, [derivatives]) of the sum"""
    dtype = points[0].dtype
    temperature = mpf(float(dtype.type(keywords.get("temperature", 0.1))))
    kind = keywords.get("similarity", "cosine")
    x = exact_numbers(points[0])
    if name == "sup_con":
        losses = lambda: drawn_losses(x, list(points[1]), True, kind, temperature)  # noqa: E731
        matrices = [x]
    elif name == "nt_xent":
        b, groups = exact_numbers(points[1]), [*range(len(x))] * 2
        losses = lambda: drawn_losses([*x, *b], groups, not keywords.get("self_similarity"), kind, temperature)  # noqa: E731
        matrices = [x, b]
    else:
        key, negatives, matrices = exact_numbers(points[1]), keywords.get("negatives"), []
        if negatives is not None and negatives.ndim == 3:
            negatives = [exact_numbers(own) for own in negatives]
            matrices = [[row for own in negatives for row in own]]
        elif negatives is not None:
            negatives = exact_numbers(negatives)
            matrices = [negatives]
        losses = lambda: info_nce(x, key, negatives, temperature, kind, keywords.get("symmetric", False))  # noqa: E731
        matrices = [x, key, *matrices]
    by = [gradient(lambda: sum(losses()), matrix) for matrix in matrices]
    return np.array(losses(), float), [np.array(grad, float) for grad in by]


@EVERY_DTYPE
@EVERY_CASE
@pytest.mark.parametrize("shape", [(4, 3), (7, 1)])
def test_values_and_gradients_are_exact(name, case, shape, dtype):
    points, keywords = data(name, *shape, dtype, case)
    values, by = exact(name, points, keywords)
    got, grads = getattr(fl, name).value_and_grad(*points, **keywords)
    assert got.dtype == dtype
    allowed = 200 * np.finfo(dtype).eps / keywords.get("temperature", 0.1)
    np.testing.assert_allclose(got, values, rtol=0, atol=allowed)
    for want, grad in zip(by, grads, strict=True):
        assert grad.dtype == dtype
        np.testing.assert_allclose(grad, want.reshape(grad.shape), rtol=0, atol=20 * allowed * max(1, abs(want).max()))


@EVERY_DTYPE
@EVERY_CASE
def test_same_bits_on_any_threads_and_isa(name, case, dtype):
    points, keywords = data(name, 330, 23, dtype, case)
    loss, first = getattr(fl, name), None
    for isa in FMA_ISAS:
        fl.use_isa(isa)
        for threads in (1, 2, 3):
            value, grads = loss.value_and_grad(*points, **keywords, num_threads=threads, reduction="mean")
            found = (value, loss(*points, **keywords, num_threads=threads), *grads)
            first = first or found
            for got, want in zip(found, first, strict=True):
                assert_same_bits(got, want)


@EVERY_CASE
def test_large_batches_are_what_small_formulas_say(name, case):
    """Over several tiles, beside NumPy in float64."""
    points, keywords = data(name, 300, 40, "float64", case)
    value, grads = getattr(fl, name).value_and_grad(*points, **keywords)
    narrow = [array.astype("float32") if array.dtype == float else array for array in points]
    keywords32 = {k: v.astype("float32") if isinstance(v, np.ndarray) else v for k, v in keywords.items()}
    value32, grads32 = getattr(fl, name).value_and_grad(*narrow, **keywords32)
    np.testing.assert_allclose(value, plain(name, points, keywords), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(value32, value, rtol=1e-3, atol=1e-3)
    for one, two in zip(grads32, grads, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4 * abs(two).max())


def plain(name, points, keywords):
    """The losses with all logits stored"""
    is_cosine = keywords.get("similarity", "cosine") == "cosine"

    def unit(x):
        return x / np.linalg.norm(x, axis=-1, keepdims=True) if is_cosine else x

    temperature = keywords.get("temperature", 0.1)
    if name == "info_nce":
        q, k = map(unit, points)
        if "negatives" in keywords:
            own, n = (q * k).sum(axis=1), unit(keywords["negatives"])
            others = q @ n.T if n.ndim == 2 else np.einsum("nd,nmd->nm", q, n)
            z = np.column_stack([own, others]) / temperature
            return fl.cross_entropy(z, np.zeros(len(q), int))
        z, rows = q @ k.T / temperature, np.arange(len(q))
        forth = fl.cross_entropy(z, rows)
        return (forth + fl.cross_entropy(z.T, rows)) / 2 if keywords.get("symmetric") else forth
    x = unit(np.concatenate(points) if name == "nt_xent" else points[0])
    z = x @ x.T / temperature
    groups = np.tile(np.arange(len(x) // 2), 2) if name == "nt_xent" else points[1]
    if not keywords.get("self_similarity"):
        np.fill_diagonal(z, -np.inf)
    drawn = (groups[:, None] == groups) & ~np.eye(len(x), dtype=bool)
    means = np.array([z[i, drawn[i]].mean() if drawn[i].any() else np.nan for i in range(len(x))])
    return np.where(drawn.any(axis=1), fl.logsumexp(z) - means, 0)


def test_check_values():
    e = np.eye(4, dtype="float32")
    for temperature, nce, nt, with_self in (
        (0.07, 1.87462e-6, 3.74924e-6, 0.693149),
        (1.0, 0.743668, 1.16542, 1.43682),
    ):
        keywords = {"temperature": temperature, "reduction": "mean"}
        assert fl.info_nce(e, e, **keywords) == pytest.approx(nce, rel=1e-5)
        assert fl.nt_xent(e, e, **keywords) == pytest.approx(nt, rel=1e-5)
        assert fl.nt_xent(e, e, self_similarity=True, **keywords) == pytest.approx(with_self, rel=1e-5)
        assert fl.sup_con(np.tile(e, (2, 1)), [0, 1, 2, 3] * 2, **keywords) == pytest.approx(nt, rel=1e-5)


def test_rows_without_others_do_not_count():
    x = np.random.default_rng(0).standard_normal((6, 4))
    labels = [3, 3, 1, 2, 1, 9]
    values, (by_x,) = fl.sup_con.value_and_grad(x, labels)
    assert (values[[3, 5]] == 0).all() and (values[[0, 1, 2, 4]] > 0).all()
    assert by_x[3].any()  # others are pushed away from it
    mean, (by_mean,) = fl.sup_con.value_and_grad(x, labels, reduction="mean")
    assert mean == pytest.approx(values.sum() / 4)
    np.testing.assert_allclose(by_mean, by_x / 4, rtol=1e-12)
    none, (by_none,) = fl.sup_con.value_and_grad(x, np.arange(6), reduction="mean")
    assert np.isnan(none) and not by_none.any()


@EVERY_CASE
def test_sample_weights(name, case):
    points, keywords = data(name, 9, 5, "float64", case)
    loss = getattr(fl, name)
    values = loss(*points, **keywords)
    weight = np.linspace(0, 2, len(values))
    np.testing.assert_allclose(loss(*points, **keywords, sample_weight=weight), weight * values, rtol=1e-13)
    counted = weight[values != 0].sum()
    mean, grads = loss.value_and_grad(*points, **keywords, sample_weight=weight, reduction="mean")
    assert mean == pytest.approx((weight * values).sum() / counted)
    sums = loss.grad(*points, **keywords, sample_weight=weight)
    for one, two in zip(grads, sums, strict=True):
        np.testing.assert_allclose(one * counted, two, rtol=1e-10, atol=1e-12)


@EVERY_CASE
def test_wrt_changes_no_bit(name, case):
    points, keywords = data(name, 50, 6, "float32", case)
    loss = getattr(fl, name)
    value, grads = loss.value_and_grad(*points, **keywords)
    names = ("x",) if name == "sup_con" else ("a", "b") if name == "nt_xent" else ("query", "key", "negatives")
    assert_same_bits(loss(*points, **keywords), value)
    for one, grad in zip(names, grads, strict=False):
        assert_same_bits(loss.grad(*points, **keywords, wrt=one)[0], grad)


@EVERY_DTYPE
@EVERY_CASE
def test_equal_opposite_and_zero_vectors(name, case, dtype):
    points, keywords = data(name, 6, 4, dtype, case)
    a = points[0]
    a[1], a[2], a[3] = a[0], -a[0], 0
    if name != "sup_con":
        points[1][:4] = a[0], a[0], a[0], 0 * a[0]
    value, grads = getattr(fl, name).value_and_grad(*points, **keywords)
    assert np.isfinite(value).all() and all(np.isfinite(grad).all() for grad in grads)
    if "similarity" not in case:
        assert not grads[0][3].any()


@EVERY_CASE
def test_without_rows_and_with_one(name, case):
    for rows in (0, 1):
        points, keywords = data(name, rows, 3, "float64", case)
        value, grads = getattr(fl, name).value_and_grad(*points, **keywords, reduction="sum")
        assert value == 0 or "negatives" in case or case.get("self_similarity")
        assert np.isfinite(value) and all(np.isfinite(grad).all() for grad in grads)


def test_errors_name_argument_and_fix():
    a = np.ones((4, 3))
    for loss, names in ((fl.info_nce, "query.*key"), (fl.nt_xent, "a of.*b of")):
        with pytest.raises(ValueError, match=names + ".*pairs"):
            loss(a, a[:3])
        with pytest.raises(ValueError, match=names + ".*width"):
            loss(a, a[:, :2])
        with pytest.raises(TypeError, match="requires"):
            loss(a)
    with pytest.raises(ValueError, match=r"symmetric.*negatives"):
        fl.info_nce(a, a, negatives=a, symmetric=True)
    with pytest.raises(ValueError, match="at least one negative"):
        fl.info_nce(a, a, negatives=a[:0])
    with pytest.raises(ValueError, match=r"negatives.*\(3, 2, 3\).*\(4, M, 3\)"):
        fl.info_nce(a, a, negatives=np.ones((3, 2, 3)))
    with pytest.raises(ValueError, match=r"negatives.*\(4,\)"):
        fl.info_nce(a, a, negatives=np.ones(4))
    with pytest.raises(ValueError, match=r"labels.*\(3,\).*\(4,\)"):
        fl.sup_con(a, [1, 2, 3])
    with pytest.raises(ValueError, match=r"labels 0\.5 at row 1"):
        fl.sup_con(a, [1, 0.5, 3, 1])
    with pytest.raises(ValueError, match="similarity"):
        fl.nt_xent(a, a, similarity="l2")
    with pytest.raises(ValueError, match="temperature"):
        fl.nt_xent(a, a, temperature=0.0)
    with pytest.raises(TypeError, match="self_similarity"):
        fl.nt_xent(a, a, self_similarity=1)
