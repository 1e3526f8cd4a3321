"""Standard deviation, standard error, interval and perplexity of exact summaries, against high precision."""

import json
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from fastloss.exact.integers import root
from fastloss.files import Summary

SAMPLES = {
    "usual": lambda rng, n: (rng.standard_normal(n), rng.exponential(size=n)),
    "wide": lambda rng, n: (rng.standard_normal(n) * 10.0 ** rng.integers(-300, 308, n), rng.lognormal(0, 99, n)),
    "close": lambda rng, n: (1 + 1e-9 * rng.standard_normal(n), rng.exponential(size=n)),
    "an ulp": lambda rng, n: (1 + 2.0**-52 * rng.integers(0, 3, n), rng.integers(0, 3, n) + (np.arange(n) == 0)),
    "constant": lambda rng, n: (np.full(n, 0.1), rng.exponential(size=n)),
    "float32": lambda rng, n: (rng.lognormal(0, 9, n).astype(np.float32), rng.lognormal(0, 9, n).astype(np.float32)),
    "subnormal": lambda rng, n: (5e-324 * rng.integers(-9, 9, n), 5e-324 * rng.integers(0, 9, n) + 5e-324),
}


def deviations(values, weights):
    """std and stderr as they are defined, rounded once."""
    with mpmath.workprec(9000):
        losses, weights, n = list(map(mpmath.mpf, values)), list(map(mpmath.mpf, weights)), len(values)
        pairs, total = list(zip(weights, losses, strict=True)), mpmath.fsum(weights)
        mean = mpmath.fsum(w * loss for w, loss in pairs) / total
        variance = mpmath.fsum(w * (loss - mean) ** 2 for w, loss in pairs) / total * n / (n - 1)
        of_mean = mpmath.fsum(w**2 * (loss - mean) ** 2 for w, loss in pairs) * n / (n - 1)
        return float(mpmath.sqrt(variance)), float(mpmath.sqrt(of_mean) / total)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("n", [2, 3, 60])
def test_deviations_are_rounded_once_however_the_rows_are_cut(kind, n):
    values, weights = SAMPLES[kind](np.random.default_rng(n), n)
    whole, weighted = Summary.of(values), Summary.of(values, sample_weight=weights)
    assert (whole.std, whole.stderr) == deviations(values.tolist(), [1] * n)
    assert (weighted.std, weighted.stderr) == deviations(values.tolist(), weights.tolist())
    assert Summary.of(values, sample_weight=np.ones(n)).to_json() == whole.to_json()
    merged = Summary.of(values[1:], sample_weight=weights[1:]) | Summary.of(values[:1], sample_weight=weights[:1])
    assert merged == weighted and merged.to_json(state=True) == weighted.to_json(state=True)
    assert Summary.from_json(weighted.to_json(state=True)) == weighted
    mixed = Summary.of(values[1:]) | Summary.of(values[:1], sample_weight=weights[:1])
    assert (mixed.std, mixed.stderr) == deviations(values.tolist(), [*weights.tolist()[:1], *[1] * (n - 1)])


@pytest.mark.parametrize("exponent", [0, 5, -1000, 1000])
def test_sums_of_many_short_weights(exponent):
    """Of mantissas of ones, which fill the sums of weights that float32 holds fastest, more than these hold."""
    weight, last = math.ldexp((1 << 24) - 1, exponent), math.nextafter(2.0**8, 0)
    n = np.array([150_000, 70_000, 3])
    values = np.repeat([last, -last, math.inf], n)
    sums = Summary.of(values[::-1], sample_weight=np.full(len(values), weight)).weighted
    unit, w, v = Fraction(1 << 1074), Fraction(weight), Fraction(last)
    both, difference = 220_000, 80_000
    assert (sums.w, sums.ww) == (220_003 * w * unit, 220_003 * w**2 * unit**2)
    assert (sums.wl, sums.wwl) == (difference * w * v * unit**2, difference * w**2 * v * unit**3)
    assert (sums.wll, sums.wwll) == (both * w * v**2 * unit**3, both * (w * v) ** 2 * unit**4)
    assert (sums.positive, sums.negative) == (3, 0)


def test_of_more_rows_than_a_sum_of_128_bits_holds():
    """Mantissas of 53 ones, which fill the sums fastest, and in both halves of a merge."""
    last = math.nextafter(2.0**8, 0)
    part = Summary.of(np.array([last] * 300 + [1.0]), sample_weight=np.full(301, last))
    merged = part
    for _ in range(40):
        merged |= merged
    n, times = 301 << 40, Fraction(1 << 40)
    sums = [times * (300 * Fraction(last) ** k + 1) for k in (1, 2)]
    variance = (sums[1] - sums[0] ** 2 / n) / (n - 1)
    assert merged.std == root(variance.numerator, variance.denominator)


@pytest.mark.parametrize(
    ("values", "weights"),
    [([], None), ([1.0], None), ([1.0, math.nan], None), ([1.0, math.inf], None), ([1.0, 2.0], [0, 0])],
)
def test_where_there_are_none(values, weights):
    got = Summary.of(np.array(values), sample_weight=weights)
    assert (got.std, got.stderr, got.interval) == (None, None, None)
    assert Summary.of(np.array([1.0, math.inf, 3.0]), sample_weight=np.array([1.0, 0.0, 1.0])).std is None


def test_the_interval_and_the_keys_of_json():
    got = Summary.of(np.array([1.0, 2.0, 6.0]), sample_weight=[1, 2, 1])
    assert got.interval == (got.weighted_mean - 1.959963984540054 * got.stderr,
                            got.weighted_mean + 1.959963984540054 * got.stderr)  # fmt: skip
    shown = json.loads(got.to_json())
    assert list(shown)[-4:] == ["weighted_mean", "std", "stderr", "interval"]
    assert shown["interval"] == list(got.interval)
    assert got.perplexity is got.perplexity_interval is got.bits is None


@pytest.mark.parametrize("loss", ["cross_entropy", "nll", "linear_cross_entropy"])
def test_perplexity_of_entropies(loss):
    got = Summary.of(np.array([1.0, 2.0, 6.0])).of_loss(f"{loss}(ignore_index=-100, class_weight=[1.0, 2.0])")
    assert (got.perplexity, got.bits) == (math.exp(3), 3 / math.log(2))
    assert got.perplexity_interval == tuple(map(math.exp, got.interval))
    shown = json.loads(got.to_json())
    assert list(shown)[-5:] == ["interval", "perplexity", "perplexity_interval", "bits", "loss"]
    one = Summary.of(np.array([1e4])).of_loss(got.loss)
    assert (one.perplexity, one.perplexity_interval, json.loads(one.to_json())["perplexity"]) == (math.inf, None, "inf")
    nothing = Summary().of_loss(got.loss)
    assert nothing.perplexity is nothing.bits is None
    for other in (f"{got.loss}.grad", f"{got.loss} + huber(delta=1.0)", f"0.5 * {got.loss}", "huber(delta=1.0)"):
        assert Summary.of(np.array([1.0])).of_loss(other).perplexity is None


def test_roots_are_the_nearest_floats():
    rng = np.random.default_rng(0)
    for bits in rng.integers(1, 400, (500, 2)).tolist():
        a, b = (int.from_bytes(rng.bytes(n // 8 + 1), "little") + 1 for n in bits)
        with mpmath.workprec(500):
            assert root(a, b) == float(mpmath.sqrt(mpmath.mpf(a) / b))
    tie = (1 << 53) + 1  # of 54 bits: half a unit in the last place
    assert root(tie * tie, 1 << 2) == (tie - 1) / 2 and root(tie * tie + 1, 1 << 2) == (tie + 1) / 2
    assert root(0, 3) == 0.0 and root(1 << 3000, 1) == math.inf
    for units in (-700, -3, 1, 64, 2000):
        assert root(12345, 77, units) == root(12345 << max(-units, 0), 77 << max(units, 0))
