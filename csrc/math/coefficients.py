"""The text of csrc/math/coefficients.h: the minimax polynomials of the vectors' elementary functions and of the losses.

    python tools/generate.py coefficients

Each polynomial P minimises max |P(x) - f(x)| * |weight(x)| over an interval by the Remez exchange
algorithm (E. Ya. Remez, 1934) at 60 digits; `weight` turns the absolute error of P into the relative error of the
function that is built from it. A coefficient is printed as the nearest value of the type that uses it.
Needs mpmath.
"""

from functools import partial

from mpmath import mp, mpf

mp.dps = 60


def remez(f, weight, lo, hi, degree, rounds=12):
    """Return (coefficients, low order first; weighted error) of the minimax polynomial of f."""
    n = degree + 2
    nodes = chebyshev(lo, hi, n)
    for _ in range(rounds):
        rows = [[x**k for k in range(degree + 1)] + [(-1) ** i / weight(x)] for i, x in enumerate(nodes)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) for x in nodes]))
        coefficients = list(solution[: degree + 1])
        extrema = _extrema(lambda x, c=coefficients: (mp.polyval(c[::-1], x) - f(x)) * weight(x), lo, hi, n)
        if extrema == nodes:
            break
        nodes = extrema
    error = max(abs((mp.polyval(coefficients[::-1], x) - f(x)) * weight(x)) for x in nodes)
    return coefficients, error


def chebyshev(lo, hi, n):
    """The n points of an interval at which a polynomial of degree n - 1 is best fitted."""
    return [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]


def _extrema(error, lo, hi, n, samples=600):
    """The n alternating extrema of the error curve: the largest sample between sign changes."""
    grid = [lo + (hi - lo) * (1 - mp.cos(mp.pi * i / samples)) / 2 for i in range(samples + 1)]
    runs = []
    for x in grid:
        e = error(x)
        if runs and (runs[-1][0] > 0) == (e > 0):
            if abs(e) > abs(runs[-1][0]):
                runs[-1] = (e, x)
        else:
            runs.append((e, x))
    while len(runs) > n:
        runs.pop(0 if abs(runs[0][0]) < abs(runs[-1][0]) else -1)
    if len(runs) < n:
        raise ArithmeticError(f"the error curve alternates {len(runs)} times, not {n}")
    return [x for _, x in runs]


def expm1_tail(r):
    """q of expm1(r) = r + r^2 q(r)."""
    if abs(r) < mpf(10) ** -15:
        return mpf(1) / 2 + r / 6
    return (mp.expm1(r) - r) / r**2


def exp_quotient(r):
    """q of exp(r) = 1 + r q(r)."""
    return 1 + r / 2 if abs(r) < mpf(10) ** -15 else mp.expm1(r) / r


def exp2m1_tail(r):
    """q of 2^r - 1 = r ln 2 + r^2 q(r)."""
    ln2 = mp.log(2)
    if abs(r) < mpf(10) ** -15:
        return ln2**2 / 2 + ln2**3 * r / 6
    return (mp.expm1(r * ln2) - r * ln2) / r**2


def log_tail(z):
    """P of log((1+s)/(1-s)) = 2 s + s z P(z), z = s^2: the tail of the inverse hyperbolic tangent."""
    if z < mpf(10) ** -20:
        return mpf(2) / 3 + 2 * z / 5
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / (s * z)


def sin_tail(z):
    """P of sin(y) = y + y z P(z), z = y^2."""
    if z < mpf(10) ** -20:
        return -mpf(1) / 6 + z / 120
    y = mp.sqrt(z)
    return (mp.sin(y) - y) / (y * z)


def cos_tail(z):
    """P of cos(y) = 1 - z/2 + z^2 P(z), z = y^2."""
    if z < mpf(10) ** -10:
        return mpf(1) / 24 - z / 720
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def atan_tail(z):
    """P of atan(t) = t + t z P(z), z = t^2."""
    if z < mpf(10) ** -20:
        return -mpf(1) / 3 + z / 5
    t = mp.sqrt(z)
    return (mp.atan(t) - t) / (t * z)


def log_cosh_tail(z):
    """P of log cosh a = z P(z), z = a^2."""
    if z < mpf(10) ** -20:
        return mpf(1) / 2 - z / 12
    return mp.log(mp.cosh(mp.sqrt(z))) / z


def log1p_tail(w):
    """P of log1p(w) = w - w^2 P(w)."""
    if w < mpf(10) ** -20:
        return mpf(1) / 2 - w / 3
    return (w - mp.log1p(w)) / w**2


HALF_LN2 = mp.log(2) / 2 * (1 + mpf(2) ** -10)
QUARTER_PI = mp.pi / 4 * (1 + mpf(2) ** -10)
T_MAX = mpf(1) / 2 * (1 + mpf(2) ** -10)
S_MAX = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * (1 + mpf(2) ** -10)

# robust_float_exp subtracts from hi + lo the integer nearest to its rounded sum: what is left may exceed 1/2.
HALF = mpf(1) / 2 * (1 + mpf(2) ** -7)
S_EXACT = mpf(1) / 5 * (1 + mpf(2) ** -10)

# The weights vanish at 0, where the first term of the function is exact; Remez needs them positive.
FLOOR = mpf(1) / 64

# name, function, weight (to the relative error of the result), interval, degrees for float32, float64, wide (None where
# it is not used)
POLYNOMIALS = [
    ("EXPM1", expm1_tail, lambda r: abs(r) * mp.exp(-r / 2) + FLOOR, -HALF_LN2, HALF_LN2, (5, 9, 4)),
    ("EXP", exp_quotient, lambda r: abs(r) * mp.exp(-r) + FLOOR / 64, -HALF_LN2, HALF_LN2, (5, 10, None)),
    ("EXP2M1", exp2m1_tail, lambda r: (abs(r) + FLOOR) * mpf(2) ** (-r / 2), -HALF, HALF, (4, None, None)),
    ("LOG", log_tail, lambda z: z / 2 + FLOOR / 16, mpf(0), S_MAX**2, (2, 6, 2)),
    ("SIN", sin_tail, lambda z: z + FLOOR, mpf(0), QUARTER_PI**2, (2, 5, 2)),
    ("COS", cos_tail, lambda z: z**2 / mp.cos(mp.sqrt(z)) + FLOOR, mpf(0), QUARTER_PI**2, (2, 5, 2)),
    ("ATAN", atan_tail, lambda z: z + FLOOR, mpf(0), T_MAX**2, (5, 12, 5)),
    # for 1 + f in [1, 2]
    ("LOG_UNIT", log_tail, lambda z: z / 2 + FLOOR / 16, mpf(0), mpf(1) / 9, (4, 9, 3)),
    # for f in [-1/4, 1/2)
    # log cosh up to 0.8, and e^(-2 a) beyond: the loss is more than 0.1 there
    ("LOG_COSH", log_cosh_tail, lambda z: 1 / log_cosh_tail(z), mpf(0), mpf("0.8") ** 2, (6, None, None)),
    ("LOG1P", log1p_tail, lambda w: 10 * w**2 + FLOOR / 16, mpf(0), mp.exp(mpf("-1.6")), (5, None, None)),
    ("LOG_EXACT", log_tail, lambda z: z / 2 + FLOOR / 16, mpf(0), S_EXACT**2, (2, None, None)),
]


# robust_table.h and robust_double.h, by column: s, half of alpha; the f of 1 + w = 2^e c (1 + f); the degrees in f, s
ROBUST = {
    0: ((-mpf(1) / 2, mpf(5) / 8), mpf(1) / 2 * (1 + mpf(2) ** -10), (6, 7)),
    1: ((mpf(0), mpf(5) / 8), mpf(1) / 4 * (1 + mpf(2) ** -10), (11, 10)),
}


def robust_tail(f, s):
    """q of ((1 + f)^s - 1) / (s f) = 1 + f q(f)."""
    if f < mpf(10) ** -15:
        return (s - 1) / 2 + (s - 1) * (s - 2) * f / 6
    log = mp.log1p(f)
    return ((mp.expm1(s * log) / s if s else log) / f - 1) / f


def robust_weight(f, s):
    return f / (1 + f * robust_tail(f, s)) + FLOOR


def robust_rows(half_alphas, largest_f, degrees):
    """(rows, largest error): row j has the coefficients of s^j in those of the polynomial for robust_tail(f, s)."""
    degree, degree_of_s = degrees
    nodes = chebyshev(*half_alphas, degree_of_s + 1)
    fits = [remez(partial(robust_tail, s=s), partial(robust_weight, s=s), mpf(0), largest_f, degree) for s in nodes]
    powers = mp.matrix([[s**j for j in range(degree_of_s + 1)] for s in nodes])
    columns = [mp.lu_solve(powers, mp.matrix([c[k] for c, _ in fits])) for k in range(degree + 1)]
    return [[column[j] for column in columns] for j in range(degree_of_s + 1)], max(error for _, error in fits)


def literal(x, bits):
    """x rounded to `bits` of mantissa, exactly, as a hexadecimal C literal."""
    mantissa, exponent = mp.frexp(x)
    return f"{float.hex(float(mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), int(exponent) - bits)))}"


def split(x, high_bits):
    """x = hi + lo with hi of `high_bits` bits, so that a small integer times hi is exact."""
    mantissa, exponent = mp.frexp(x)
    hi = mp.ldexp(mp.floor(mp.ldexp(mantissa, high_bits)), int(exponent) - high_bits)
    return hi, x - hi


def header():
    """The text of the header."""
    return "\n".join(_lines()) + "\n"


def _lines():
    yield "/* Written by coefficients.py; do not edit. Errors are relative, of the function built from them. */"
    for bits, label, column, high_bits in (
        (24, "FL_ARITH == 32", 0, 15),
        (53, "FL_ARITH == 64", 1, 41),
        (53, "FL_ARITH == 3264", 2, 41),
    ):
        yield f"#{'if' if column == 0 else 'elif'} {label}"
        suffix = "f" if bits == 24 else ""
        hi, lo = split(mp.log(2), high_bits)
        yield f"#define LN2_HI {literal(hi, bits)}{suffix}"
        yield f"#define LN2_LO {literal(lo, bits)}{suffix}"
        log2e = 1 / mp.log(2)
        yield f"#define LOG2E {literal(log2e, bits)}{suffix}"
        if bits == 24:
            rest = log2e - mpf(float.fromhex(literal(log2e, bits)))
            yield f"#define LOG2E_LO {literal(rest, bits)}{suffix}"
        for part, value in zip(("HI", "LO"), split(mp.pi / 2, bits), strict=True):
            yield f"#define HALF_PI_{part} {literal(value, bits)}{suffix}"
        for name, f, weight, lo, hi, degrees in POLYNOMIALS:
            if degrees[column] is None:
                continue
            coefficients, error = remez(f, weight, lo, hi, degrees[column])
            terms = ", ".join(literal(c, bits) + suffix for c in coefficients)
            yield f"/* max error 2^{mp.nstr(mp.log(error, 2), 4)} */"
            yield f"#define {name}_POLYNOMIAL {terms}"
        if column in ROBUST:
            rows, error = robust_rows(*ROBUST[column])
            yield f"/* a row for each power of alpha / 2, in float64; max error 2^{mp.nstr(mp.log(error, 2), 4)} */"
            yield f"#define ROBUST_COEFFICIENTS {len(rows[0])}"
            yield "#define ROBUST_POLYNOMIALS \\"
            yield ", \\\n".join("    {" + ", ".join(literal(c, 53) for c in row) + "}" for row in rows)
    yield "#endif"
