/* The general robust loss of float64 for one alpha from 0 to 1.25, with a table of that alpha: as robust_table.h, but
 * with four steps a power of two, and one table of all of them.
 *
 *   s = alpha / 2,  w = x^2 / (scale^2 b),  1 + w = 2^e c (1 + f),  c = 1, 1.25, 1.5 or 1.75 and a little less,
 *   0 <= f < 1/4
 *
 *   T = (2^e c)^s,  C = (b / 2) T,  B = (b / 2) (T - 1) / s,  Q = ((1 + f)^s - 1) / (s f)
 *   value  = B + C f Q
 *   weight = (2 C / (scale^2 b)) (1 + s f Q) / (1 + w)
 *
 * C and B are computed as pairs; what C lost by rounding is added to the derivatives. Lanes beyond the table,
 * 1 + w >= 2^32, have `needs_exact`.
 */

enum {
    ROBUST_STEPS = 4, /* in a power of two */
    ROBUST_PLACES = 32 * ROBUST_STEPS,
    ROBUST_STEP_BITS = MANTISSA_BITS - 2 /* below those that tell the step */
};

/* An entry of the table: 2^-e / c, C, B, and what C lost relative to it */
typedef double robust_entry[4];

/* The vectors that a loop reads before its first element */
enum {
    ROBUST_DOUBLE_TABLE, /* where the table is */
    ROBUST_DOUBLE_S,
    ROBUST_DOUBLE_INVERSE, /* 1 / (scale^2 b) */
    ROBUST_DOUBLE_LOST,    /* what its rounding lost */
    ROBUST_DOUBLE_Q,
    robust_double_count = ROBUST_DOUBLE_Q + ROBUST_COEFFICIENTS
};

/* Pairs of scalars, for the table. Sums and products alone are the same everywhere. */
typedef struct {
    double hi, lo;
} dpair;

INLINE dpair dpair_sum(double hi, double lo) {
    double sum = hi + lo;
    return (dpair){sum, lo - (sum - hi)};
}

INLINE dpair dpair_product(dpair a, dpair b) {
    double product = a.hi * b.hi;
    return dpair_sum(product, __builtin_fma(a.hi, b.lo, a.lo * b.hi) + __builtin_fma(a.hi, b.hi, -product));
}

INLINE dpair dpair_add(dpair a, dpair b) {
    double sum = a.hi + b.hi, b_part = sum - a.hi;
    return dpair_sum(sum, (a.hi - (sum - b_part)) + (b.hi - b_part) + (a.lo + b.lo));
}

INLINE dpair dpair_quotient(dpair a, dpair b) {
    double quotient = a.hi / b.hi, rest = __builtin_fma(-quotient, b.hi, a.hi) + a.lo;
    return dpair_sum(quotient, __builtin_fma(-quotient, b.lo, rest) / b.hi);
}

/* T and (T - 1) / s of a number, and of its product with another */
typedef struct {
    dpair power, slope;
} robust_power;

/* of e^log, |s log| < 1/2, by Taylor's series */
INLINE robust_power robust_power_of(double s, dpair log) {
    dpair u = dpair_product((dpair){s, 0}, log), sum = {1, 0}, one = {1, 0};
    for (int k = 24; k > 1; k--) sum = dpair_add(one, dpair_product(sum, dpair_quotient(u, (dpair){k, 0})));
    dpair slope = dpair_product(sum, log);
    return (robust_power){dpair_add(one, dpair_product((dpair){s, 0}, slope)), slope};
}

INLINE robust_power robust_power_product(robust_power a, robust_power b) {
    return (robust_power){dpair_product(a.power, b.power), dpair_add(b.slope, dpair_product(a.slope, b.power))};
}

static __attribute__((noinline)) void robust_fill_table(double alpha, robust_entry *table) {
    const dpair ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
    /* numbers of eight bits a little above 1 / c, and the logarithms of their inverses */
    const double ratios[ROBUST_STEPS] = {1, 205. / 256, 171. / 256, 147. / 256};
    const dpair logs[ROBUST_STEPS] = {{0, 0},
                                      {0x1.c6ffbc6f00f71p-3, -0x1.8e58b2c57a4a5p-57},
                                      {0x1.9d32bea15ed3bp-2, 0x1.87bcbcfd3e187p-59},
                                      {0x1.1c07849ae6007p-1, 0x1.59bddae1ccce2p-56}};
    const double s = alpha / 2;
    const dpair half_b = {1 - s, (1 - (1 - s)) - s};
    robust_power steps[ROBUST_STEPS], two = robust_power_of(s, ln2), p = {{1, 0}, {0, 0}};
    double scale = 1;
    for (int c = 0; c < ROBUST_STEPS; c++) steps[c] = robust_power_of(s, logs[c]);
    for (int e = 0; e < ROBUST_PLACES / ROBUST_STEPS; e++) {
        for (int c = 0; c < ROBUST_STEPS; c++) {
            robust_power t = robust_power_product(p, steps[c]);
            dpair power = dpair_product(half_b, t.power), slope = dpair_product(half_b, t.slope);
            /* places are counted by the biased exponent */
            double *entry = table[((e + EXPONENT_BIAS) * ROBUST_STEPS + c) % ROBUST_PLACES];
            entry[0] = ratios[c] * scale, entry[1] = power.hi, entry[2] = slope.hi, entry[3] = power.lo / power.hi;
        }
        p = robust_power_product(p, two);
        scale /= 2;
    }
}

/* The table and the polynomial of a thread's last alpha are kept: to make them takes as long as a thousand elements. */
static void robust_double_constants(const double *p, vec *constants) {
    static _Thread_local struct {
        int is_filled;
        double alpha, q[ROBUST_COEFFICIENTS];
        robust_entry table[ROBUST_PLACES];
    } last;
    const double polynomials[][ROBUST_COEFFICIENTS] = {ROBUST_POLYNOMIALS};
    const double alpha = p[0], s = alpha / 2, scale = p[1];
    if (!last.is_filled || last.alpha != alpha) {
        robust_fill_table(alpha, last.table);
        for (int k = 0; k < ROBUST_COEFFICIENTS; k++) last.q[k] = 0;
        for (int j = (int)(sizeof polynomials / sizeof *polynomials) - 1; j >= 0; j--)
            for (int k = 0; k < ROBUST_COEFFICIENTS; k++) last.q[k] = __builtin_fma(last.q[k], s, polynomials[j][k]);
        last.alpha = alpha, last.is_filled = 1;
    }
    const double b = 2 - alpha, square = scale * scale;
    dpair divisor = dpair_product((dpair){square, __builtin_fma(scale, scale, -square)}, (dpair){b, (2 - b) - alpha});
    dpair inverse = dpair_quotient((dpair){1, 0}, divisor);
    const robust_entry *table = last.table;
    memcpy(constants + ROBUST_DOUBLE_TABLE, &table, sizeof table);
    constants[ROBUST_DOUBLE_S] = v_set(s);
    constants[ROBUST_DOUBLE_INVERSE] = v_set(inverse.hi);
    constants[ROBUST_DOUBLE_LOST] = v_set(inverse.lo);
    for (int k = 0; k < ROBUST_COEFFICIENTS; k++) constants[ROBUST_DOUBLE_Q + k] = v_set(last.q[k]);
}

INLINE jet robust_double(vec x, const vec *c) {
    const vec end = v_set(0x1p32f);
    const double *table;
    memcpy(&table, c + ROBUST_DOUBLE_TABLE, sizeof table);
    vec y = v_fma(x, c[ROBUST_DOUBLE_INVERSE], x * c[ROBUST_DOUBLE_LOST]), sum = v_fma(x, y, v_set(1));
    uvec at = ((uvec)sum >> (ROBUST_STEP_BITS - 2)) & (4 * (ROBUST_PLACES - 1));
    vec power, coefficient, base, lost;
    v_pick_pairs(table, at, &power, &coefficient);
    v_pick_pairs(table + 2, at, &base, &lost);

    vec f = v_fma(x * power, y, power - v_set(1)), q = c[robust_double_count - 1];
    for (int k = robust_double_count - 2; k >= ROBUST_DOUBLE_Q; k--) q = v_fma(q, f, c[k]);
    vec rise = v_fma(q * f, f, f);

    /* twice y is x / (scale^2 b / 2) */
    vec slope = (y + y) * coefficient / sum, change = v_fma(c[ROBUST_DOUBLE_S], rise, lost);
    /* what the product lost is added, so that the weight is 1 / scale^2 at 0 */
    vec twice = v_set(2) * c[ROBUST_DOUBLE_INVERSE], product = twice * coefficient;
    vec rest = v_fma(twice, coefficient, -product), ratio = c[ROBUST_DOUBLE_LOST] / c[ROBUST_DOUBLE_INVERSE];
    vec weight = (product + v_fma(product, change + ratio, rest)) / sum;
    return (jet){
        .value = v_fma(coefficient, rise, base),
        .grad = v_fma(slope, change, slope),
        .hess = weight * robust_ordinary_curvature(x * y, v_set(2) * c[ROBUST_DOUBLE_S]),
        .weight = weight,
        .needs_exact = v_not_lt(sum, end),
    };
}
