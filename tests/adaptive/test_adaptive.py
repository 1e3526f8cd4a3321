"""The density of the general robust loss, and its alpha and scale learned from residuals."""

import doctest
import math

import numpy as np
import pytest
from mpmath import besselk, inf, mp, mpf
from partition import exact_log_partition

import fastloss as fl
from fastloss import adaptive
from fastloss.adaptive import data

ALPHAS = (0.0, 0.5, 1.0, 1.5, 2.0)
EVERY_ALPHA = pytest.mark.parametrize("alpha", ALPHAS)


@pytest.mark.parametrize("name", adaptive.__all__)
def test_examples_of_the_docstring(name):
    examples = doctest.DocTestFinder(recurse=False).find(getattr(adaptive, name), name)
    runner = doctest.DocTestRunner(verbose=False)
    report = []
    for example in examples:
        runner.run(example, out=report.append)
    assert not report, "".join(report)


# ---- partition function --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "known"),
    [
        (0, mp.pi * mp.sqrt(2)),
        (1, 2 * mp.e * besselk(1, 1)),
        (2, mp.sqrt(2 * mp.pi)),
        (4, mp.exp(mpf(1) / 4) * besselk(mpf(1) / 4, mpf(1) / 4)),
        (inf, mpf("2.0243734685084868")),
    ],
)
def test_partition_functions_that_are_known(alpha, known):
    assert abs(exact_log_partition(mpf(alpha))[0] - mp.log(known)) < 1e-15
    assert abs(adaptive.log_partition(float(alpha)) - mp.log(known)) < 1e-15


def test_log_partition_and_its_derivative_everywhere():
    rng = np.random.default_rng(1)
    beside_two = 2.0 ** rng.uniform(-51, 0, 25)
    places = np.array([0.0, 1e-300, 1e-9, 0.125, 1.0, np.nextafter(2, 0), np.nextafter(2, 3), 3.0, 4.0, 1e30, 1e300])
    alphas = np.concatenate([places, rng.uniform(0, 2, 25), 2 - beside_two, 2 + beside_two, 4 / rng.uniform(0, 2, 20)])
    value, slope = adaptive.log_partition(alphas), adaptive.log_partition_grad(alphas)
    for k, alpha in enumerate(alphas):
        exact, exact_slope = exact_log_partition(mpf(float(alpha)))
        assert abs(value[k] - exact) < 2e-15, alpha
        assert abs(slope[k] - exact_slope) < 2e-15 * max(1, abs(exact_slope)), alpha
        assert adaptive.log_partition(float(alpha)) == value[k]


def test_log_partition_at_its_singular_points():
    assert adaptive.log_partition(np.inf) == adaptive.log_partition(1e300)
    assert adaptive.log_partition_grad(np.inf) == 0
    assert adaptive.log_partition_grad(2.0) == adaptive.log_partition_grad(np.nextafter(2, 0))
    assert adaptive.log_partition(np.zeros((2, 0))).shape == (2, 0)


@pytest.mark.parametrize("function", [adaptive.log_partition, adaptive.log_partition_grad])
def test_log_partition_refuses(function):
    with pytest.raises(ValueError, match=r"^alpha must be >= 0, got -1\.0$"):
        function([0.0, -1.0])
    with pytest.raises(ValueError, match=r"^alpha must not be NaN$"):
        function(math.nan)


@EVERY_ALPHA
@pytest.mark.parametrize("scale", [0.1, 30.0])
def test_the_density_integrates_to_one(alpha, scale):
    """By the trapezoid rule in t, where r = scale sinh(t): the integrand falls exponentially and is analytic."""
    t = np.linspace(-42.0, 42.0, 4001)
    density = np.exp(-fl.robust_nll(scale * np.sinh(t), alpha=alpha, scale=scale))
    total = (density * scale * np.cosh(t)).sum() * (t[1] - t[0])
    assert abs(total - 1) < 1e-10


# ---- robust_nll ----------------------------------------------------------------------------


def test_robust_nll_is_robust_and_a_constant():
    r = np.linspace(-5, 5, 101)
    constant = math.log(0.3) + adaptive.log_partition(0.7)
    np.testing.assert_allclose(fl.robust_nll(r, alpha=0.7, scale=0.3), fl.robust(r, alpha=0.7, scale=0.3) + constant)
    for output in ("grad", "hess", "weight"):
        one, two = (getattr(loss, output)(r, alpha=0.7, scale=0.3) for loss in (fl.robust_nll, fl.robust))
        np.testing.assert_array_equal(one, two)


def test_robust_nll_refuses_a_negative_alpha():
    for bad in (-1.0, [0.5, -1.0]):
        with pytest.raises(ValueError, match=r"^alpha must be >= 0 for robust_nll, got -1\.0$"):
            fl.robust_nll([0.1, 0.2], alpha=bad)


def test_robust_nll_at_infinity():
    """Beside mpmath; d/dalpha is 0 there."""
    r, scale = np.array([0.0, -0.3, 1.0, 2.5]), 0.75
    got = fl.robust_nll.evaluate(r, alpha=np.inf, scale=scale, outputs=("value", "grad", "hess", "weight"))
    slopes = fl.robust_nll.param_grad(r, alpha=np.inf, scale=scale)
    for k, x in enumerate(map(mpf, map(float, r))):
        z = (x / scale) ** 2
        power = mp.exp(z / 2)
        exact = (power - 1 + mp.log(scale * mpf("2.0243734685084868")), x * power / scale**2)
        exact += (power * (1 + z) / scale**2, power / scale**2)
        for value, expected in zip(got, exact, strict=True):
            assert value[k] == pytest.approx(float(expected), rel=1e-14, abs=1e-15)
        assert slopes["alpha"][k] == 0
        assert slopes["scale"][k] == pytest.approx(float((1 - z * power) / scale), rel=1e-14, abs=1e-14)
    assert fl.robust_nll.bind(alpha=np.inf)(0.0) == pytest.approx(float(mp.log(mpf("2.0243734685084868"))), abs=1e-15)


# ---- sampling ------------------------------------------------------------------------------


def cumulative(alpha, r):
    """The distribution function at r, by quadrature on a fine grid in t, r = sinh(t)."""
    t = np.linspace(-40, 40, 400_001)
    density = np.exp(-fl.robust_nll(np.sinh(t), alpha=alpha)) * np.cosh(t)
    return np.interp(np.arcsinh(r), t, np.cumsum((density + np.roll(density, 1)) / 2) * (t[1] - t[0]))


@pytest.mark.parametrize("alpha", [*ALPHAS, 1e-6, 1.9, 3.0, 16.0])
def test_samples_follow_the_density(alpha):
    """Kolmogorov and Smirnov; 1.95 is passed by one sample in a thousand."""
    n = 20_000
    at = cumulative(alpha, np.sort(adaptive.sample(alpha, 0.2, n, rng=7) / 0.2))
    distance = max((np.arange(1, n + 1) / n - at).max(), (at - np.arange(n) / n).max())
    assert distance * math.sqrt(n) < 1.95
    wrong = cumulative(alpha + 0.3, np.sort(adaptive.sample(alpha, 0.23, n, rng=7) / 0.2))
    assert np.abs(wrong - np.arange(n) / n).max() * math.sqrt(n) > 1.95  # the test can fail


def test_samples_broadcast():
    assert adaptive.sample([0.0, 1.0, 2.0], [[1.0], [2.0]], rng=1).shape == (2, 3)
    drawn = adaptive.sample([0.0, 2.0], [1.0, 100.0], (50_000, 2), rng=1)
    assert np.abs(drawn[:, 1]).max() < 600 < np.abs(drawn[:, 0]).max()
    np.testing.assert_array_equal(adaptive.sample(1.0, 1.0, 5, rng=3), adaptive.sample(1.0, 1.0, 5, rng=3))
    assert np.isfinite(adaptive.sample(np.inf, 1.0, 1000, rng=1)).all()
    with pytest.raises(ValueError, match="scale must be > 0 and finite, got 0"):
        adaptive.sample(1.0, 0.0)


# ---- fitting -------------------------------------------------------------------------------


@EVERY_ALPHA
@pytest.mark.parametrize("seed", range(4))
def test_fit_recovers_alpha_and_scale(alpha, seed):
    found = adaptive.fit(adaptive.sample(alpha, 0.3, 100_000, rng=seed), alpha_bounds=(0, 2))
    assert found.converged
    assert abs(found.alpha - alpha) <= 3 * found.alpha_stderr
    assert abs(found.scale - 0.3) <= 3 * found.scale_stderr
    assert found.n_iter <= 30


def test_standard_errors_are_those_of_many_fits():
    fits = [adaptive.fit(adaptive.sample(1.0, 2.0, 4000, rng=seed)) for seed in range(60)]
    for name in ("alpha", "scale"):
        spread = np.std([getattr(f, name) for f in fits])
        assert 0.75 < np.mean([getattr(f, f"{name}_stderr") for f in fits]) / spread < 1.3


def likelihood(r, alpha, scale, **weights):
    return fl.robust_nll(r, alpha=alpha, scale=scale, reduction="sum", **weights)


def datasets():
    rng = np.random.default_rng(5)
    return {
        "mixture": np.concatenate([rng.normal(0, 0.1, 900), rng.uniform(-5, 5, 100)]),
        "normal": rng.normal(0, 7, 500),
        "cauchy": rng.standard_cauchy(500),
        "few": np.array([0.3, -0.1, 2.0, 0.5]),
        "shifted": rng.normal(4, 0.1, 300),
        "two sizes": np.concatenate([rng.normal(0, 1e-4, 300), rng.normal(0, 1e3, 250)]),
        "quantized": np.round(rng.normal(0, 1.2, 1000)),
        "tiny": 1e-150 * rng.standard_t(3, 400),
    }


@pytest.mark.parametrize("name", datasets())
def test_fit_is_a_minimum(name):
    """No point of a grid, and none that a search from each of its best finds, is better."""
    r = datasets()[name]
    found = adaptive.fit(r)
    assert found.converged
    assert found.nll == pytest.approx(likelihood(r, found.alpha, found.scale), rel=1e-12)
    size = np.abs(r[r != 0])
    scales = np.geomspace(size.min() / 100, size.max() * 10, 120)
    for alpha in np.linspace(0.001, 1.999, 41):
        nll = fl.robust_nll(np.tile(r, (120, 1)), alpha=alpha, scale=scales[:, None]).sum(axis=1)
        assert nll.min() >= found.nll - 1e-9 * abs(found.nll)


@pytest.mark.peers
@pytest.mark.parametrize("name", datasets())
def test_fit_is_never_above_scipy(name):
    optimize = pytest.importorskip("scipy.optimize")
    r = datasets()[name]
    unit = np.median(np.abs(r[r != 0]))
    best = min(
        optimize.minimize(
            lambda p: likelihood(r, p[0], unit * math.exp(p[1])), (alpha, 0.0), bounds=[(0.001, 1.999), (-40, 40)]
        ).fun
        for alpha in (0.1, 1.0, 1.9)
    )
    assert adaptive.fit(r).nll <= best + 1e-9 * abs(best)


def test_fit_of_a_known_parameter():
    r = adaptive.sample(0.8, 2.0, 5000, rng=1)
    one = adaptive.fit(r, alpha=0.8)
    assert one.alpha == 0.8 and one.alpha_stderr == 0 and abs(one.scale - 2) < 3 * one.scale_stderr
    other = adaptive.fit(r, scale=2.0)
    assert other.scale == 2 and other.scale_stderr == 0 and abs(other.alpha - 0.8) < 3 * other.alpha_stderr
    both = adaptive.fit(r, alpha=2.0, scale=2.0)
    assert both.nll == pytest.approx(likelihood(r, 2.0, 2.0)) and both.converged
    assert adaptive.fit(r, alpha=2.0).scale == pytest.approx(np.sqrt(np.square(r).mean()))


def test_weights_count():
    r = adaptive.sample(0.8, 2.0, 2000, rng=1)
    counts = np.random.default_rng(2).integers(0, 4, 2000)
    weighted, repeated = adaptive.fit(r, sample_weight=counts), adaptive.fit(np.repeat(r, counts))
    for name in ("alpha", "scale", "nll", "alpha_stderr", "scale_stderr"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), rel=1e-6)


def test_nan_is_left_out():
    r = adaptive.sample(0.8, 2.0, 3000, rng=1)
    dirty = np.insert(r, [0, 100, 3000], np.nan)
    assert adaptive.fit(dirty).alpha == pytest.approx(adaptive.fit(r).alpha, rel=1e-9)
    weights = np.ones(3003)
    weights[200] = 0
    dirty[200] = np.inf
    assert math.isfinite(adaptive.fit(dirty, sample_weight=weights).nll)


def test_columns_are_fitted_separately():
    columns = adaptive.sample([0.1, 1.0, 1.8], [1.0, 5.0, 0.01], (3000, 3), rng=1)
    found = adaptive.fit(columns, axis=0)
    for k in range(3):
        one = adaptive.fit(columns[:, k].copy())
        for name in ("alpha", "scale", "nll", "n_iter", "converged", "alpha_stderr", "scale_stderr"):
            assert getattr(found, name)[k] == getattr(one, name)
    known = adaptive.fit(columns, axis=0, alpha=[0.0, 1.0, 2.0])
    np.testing.assert_array_equal(known.alpha, [0, 1, 2])
    assert adaptive.fit(columns.reshape(1000, 3, 3), axis=0).alpha.shape == (3, 3)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
def test_any_dtype(dtype):
    r = (100 * adaptive.sample(1.0, 1.0, 5000, rng=1)).clip(-5000, 5000).astype(dtype)
    found = adaptive.fit(r)
    assert found.alpha == adaptive.fit(r.astype("float64")).alpha
    assert type(found.alpha) is type(found.scale) is type(found.nll) is float


def test_batches():
    r = adaptive.sample(0.8, 2.0, 5000, rng=1)
    whole = adaptive.fit(r)
    pieces = adaptive.fit(iter(np.array_split(r, 7)))
    assert (pieces.alpha, pieces.scale, pieces.nll) == (whole.alpha, whole.scale, whole.nll)
    weighted = adaptive.fit((part, np.ones(len(part))) for part in np.array_split(r, 7))
    assert weighted.alpha == pytest.approx(whole.alpha, rel=1e-9)
    columns = adaptive.fit(iter(np.array_split(r.reshape(-1, 2), 3)), axis=0)
    np.testing.assert_array_equal(columns.alpha, adaptive.fit(r.reshape(-1, 2), axis=0).alpha)
    with pytest.raises(ValueError, match="does not go with those before it"):
        adaptive.fit(iter([r, r.reshape(-1, 2)]))


def test_any_number_of_threads():
    r = adaptive.sample(0.8, 2.0, 300_000, rng=1)
    one, many = adaptive.fit(r, num_threads=1), adaptive.fit(r, num_threads=5)
    assert (one.alpha, one.scale, one.nll) == (many.alpha, many.scale, many.nll)


def test_passes_over_many_residuals(monkeypatch):
    """Few, however many residuals: starts are found on a sample."""
    read = 0
    chunk = data.Residuals.chunk

    def counted(self, k):
        nonlocal read
        values, weights = chunk(self, k)
        read += values.size
        return values, weights

    monkeypatch.setattr(data.Residuals, "chunk", counted)
    n = 1_000_000
    r = adaptive.sample(0.8, 2.0, n, rng=1).astype(np.float32)
    read = 0
    found = adaptive.fit(r)
    assert found.n_iter <= read / n <= 30 - 4


def test_statistics_are_derivatives():
    r, step = adaptive.sample(0.8, 2.0, 500, rng=1), 1e-5
    for alpha in (0.001, 0.4, 1.0, 1.7, 1.999, 3.0):
        at = adaptive.statistics(r, alpha, 2.0)
        assert at.nll == pytest.approx(likelihood(r, alpha, 2.0), rel=1e-13)
        h = step * abs(alpha - 2)
        low, high = (adaptive.statistics(r, a, 2.0) for a in (alpha - h, alpha + h) if a >= 0)
        np.testing.assert_allclose((high.nll - low.nll) / (2 * h), at.gradient[0], rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose((high.gradient - low.gradient) / (2 * h), at.hessian[0], rtol=1e-3, atol=1e-2)
        low, high = (adaptive.statistics(r, alpha, 2 * math.exp(t)) for t in (-step, step))
        np.testing.assert_allclose((high.nll - low.nll) / (2 * step), at.gradient[1], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose((high.gradient - low.gradient) / (2 * step), at.hessian[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_statistics_of_batches_add_up(weighted):
    r, weights = adaptive.sample(0.8, 2.0, 700, rng=1), np.random.default_rng(0).random(700) if weighted else None
    whole = adaptive.statistics(r, 0.7, 1.5, weights)
    parts = [slice(0, 100), slice(100, 101), slice(101, 101), slice(101, 700)]
    each = [adaptive.statistics(r[p], 0.7, 1.5, None if weights is None else weights[p]) for p in parts]
    added = each[0] + each[1] + (each[2] + each[3])
    for name in ("weight", "nll", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(added, name), getattr(whole, name), rtol=1e-6, err_msg=name)
    assert whole.weight == pytest.approx(weights.sum() if weighted else 700)


# ---- sizes far from 1 ----------------------------------------------------------------------


def students(size=2000):
    return np.random.default_rng(0).standard_t(2, size)


@pytest.mark.parametrize("exponent", [-1020, -530, -400, 400, 530, 1010])
@pytest.mark.parametrize("given", [{}, {"alpha": 0.5}, {"axis": 0}])
def test_the_unit_of_the_residuals_is_that_of_the_scale(exponent, given):
    r = students()
    near, far = adaptive.fit(r, **given), adaptive.fit(np.ldexp(r, exponent), **given)
    assert far.converged
    assert far.alpha == pytest.approx(near.alpha, rel=1e-6)
    assert np.ldexp(far.scale, -exponent) == pytest.approx(near.scale, rel=1e-6)
    assert np.ldexp(far.scale_stderr, -exponent) == pytest.approx(near.scale_stderr, rel=1e-6)
    assert far.nll == pytest.approx(near.nll + len(r) * exponent * math.log(2), rel=1e-12)


@pytest.mark.parametrize("unit", [-1060, -1000, 1000, 1010])
def test_the_unit_of_the_weights_is_that_of_the_likelihood(unit):
    r = students()
    near = adaptive.fit(r, sample_weight=np.ones(len(r)))
    for found in (
        adaptive.fit(r, sample_weight=np.full(len(r), math.ldexp(1.0, unit))),
        adaptive.fit((r, np.full(len(r), math.ldexp(1.0, unit))) for _ in range(1)),
    ):
        assert (found.alpha, found.scale) == pytest.approx((near.alpha, near.scale), rel=1e-9)
        assert found.nll == pytest.approx(math.ldexp(near.nll, unit), rel=1e-4)  # a subnormal number has few digits
        assert found.alpha_stderr * 2.0 ** (unit / 2) == pytest.approx(near.alpha_stderr, rel=1e-6)


def exact_nll(r, alpha, scale):
    """In high precision, from the formula for alpha < 2."""
    curve = 2 - mpf(alpha)
    terms = [((mpf(float(x)) / mpf(scale)) ** 2 / curve + 1) ** (mpf(alpha) / 2) - 1 for x in r]
    constant = mp.log(mpf(scale)) + mpf(float(adaptive.log_partition(alpha)))
    return curve / mpf(alpha) * mp.fsum(terms) + len(r) * constant


@pytest.mark.parametrize("far", [[1e50], [1e100], [-1e200], [1e300, -1e250], [1e308] * 5 + [-1e308] * 3])
def test_a_residual_that_is_far_out(far):
    """Alpha falls to its bound, and the scale is the most likely one there: no other is better in high precision."""
    r = np.append(students(200), far)
    found = adaptive.fit(r)
    assert found.converged and found.alpha == 0.001
    best = exact_nll(r, 0.001, found.scale)
    assert found.nll == pytest.approx(float(best), rel=1e-12)
    for factor in (0.9999, 1.0001):
        assert exact_nll(r, 0.001, found.scale * factor) > best


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0])
def test_the_scale_of_a_known_alpha_with_a_residual_that_is_far_out(alpha):
    """Which owns it: n = |2 - alpha|^(1 - alpha / 2) (|r| / scale)^alpha."""
    n = 100
    found = adaptive.fit(np.append(students(n - 1), 1e200), alpha=alpha)
    owned = 1e200 * ((2 - alpha) ** (1 - alpha / 2) / n) ** (1 / alpha)
    assert found.converged and found.scale == pytest.approx(owned, rel=1e-3)


def test_residuals_that_span_more_than_floats_do():
    with pytest.raises(ValueError, match="the residuals lie too far apart: their likelihood is no finite number"):
        adaptive.fit(1e160 * students(), scale=1e-160)
    assert adaptive.fit([1e-160, 3e160, 2.0]).converged


# ---- what cannot be fitted -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("residuals", "given", "message"),
    [
        ([], {}, "there are no residuals"),
        (iter(()), {}, "there are no residuals"),
        ([np.nan, np.nan], {}, "all residuals are NaN or of weight 0"),
        ([1.0, 2.0], {"sample_weight": [0.0, 0.0]}, "all residuals are NaN or of weight 0"),
        ([1.0, np.inf], {}, "there is an infinite residual"),
        ([0.0, 0.0, 0.0], {}, "all residuals are 0: they have no scale"),
        ([3.0, 3.0, np.nan], {}, "all residuals are 3: they have no scale"),
        ([0.0] * 6 + [1.0, 2.0, 3.0, 4.0], {}, "60% of the residuals are 0"),
        ([0.0] * 5 + [1.0, 2.0, 3.0, 4.0, 5.0], {"alpha": 0}, "50% of the residuals are 0: the scale collapses"),
        ([7.0] * 6 + [1.0, 2.0, 3.0, 4.0], {}, "60% of the residuals are 7: more than half are identical"),
        ([0.0, 1.0, 2.0], {"sample_weight": [3, 1, 1]}, "60% of the residuals are 0"),
        ([1.0, 2.0, 0.0], {"sample_weight": [1, 3, 1]}, "60% of the residuals are 2: more than half are identical"),
        ([1.0, 2.0], {"alpha": -1.0}, "alpha must be >= 0, got -1.0"),
        ([1.0, 2.0], {"scale": 0.0}, "scale must be > 0 and finite, got 0.0"),
        ([1.0, 2.0], {"scale": [1.0, 2.0]}, "expected one number, got shape"),
        ([1.0, 2.0], {"alpha_bounds": (1.0, 1.0)}, "alpha_bounds must be finite, >= 0 and rising"),
        ([1.0, 2.0], {"sample_weight": [1.0, -2.0]}, "sample_weight must be >= 0 and finite, got -2.0 at row 1"),
        ([1.0, 2.0], {"sample_weight": [1.0]}, "sample_weight of shape"),
        ([1.0, 2.0], {"num_threads": 0}, "num_threads must be an integer >= 1"),
        ([1.0, 2.0], {"axis": 1}, "axis must be None, or 0"),
        ([[1.0, 2.0], [1.0, 3.0]], {"axis": 0}, "all residuals in column 0 are 1"),
    ],
)
def test_fit_refuses(residuals, given, message):
    with pytest.raises(ValueError, match=message):
        adaptive.fit(residuals, **given)


def test_zeros_with_a_known_alpha_have_a_scale():
    r = np.array([0.0] * 6 + [1.0, 2.0, 3.0, 4.0])
    found = adaptive.fit(r, alpha=1.0)
    assert found.converged and 0.01 < found.scale < 4


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("value", [0.0, -2.5])
def test_identical_residuals_are_found_over_all_batches(monkeypatch, value, weighted):
    """Wherever they are; 40% of them do no harm, nor do as many in a batch as it has."""
    monkeypatch.setattr(data, "CHUNK", 100)
    rng = np.random.default_rng(0)
    others = rng.normal(0, 1, 1000)
    for share, order in [(0.6, np.sort), (0.6, rng.permutation), (0.501, np.sort), (0.501, rng.permutation)]:
        r = np.concatenate([np.full(int(1000 * share), value), others[: 1000 - int(1000 * share)]])
        given = {"sample_weight": np.full(1000, 0.3)} if weighted else {}
        with pytest.raises(ValueError, match=rf"^{100 * share:g}% of the residuals are {value:g}: "):
            adaptive.fit(iter(np.array_split(order(r), 7)) if not given else order(r), **given)
    for share, order in [(0.4, np.sort), (0.4, rng.permutation), (0.5, np.sort)]:
        r = np.concatenate([np.full(int(1000 * share), value), others[: 1000 - int(1000 * share)]])
        found = adaptive.fit(order(r), alpha_bounds=(0.001, 1.9))
        assert found.converged and found.scale > 1e-4


def test_a_batch_of_another_value_does_not_hide_them(monkeypatch):
    """The first votes are for 1, but 54% of all are 2."""
    monkeypatch.setattr(data, "CHUNK", 100)
    others = np.random.default_rng(0).normal(0, 1, (9, 40))
    r = np.concatenate([np.ones(100), np.column_stack([np.full((9, 60), 2.0), others]).ravel()])
    with pytest.raises(ValueError, match=r"^54% of the residuals are 2: "):
        adaptive.fit(r)
