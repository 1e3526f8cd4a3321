/* The general robust loss of float32 for one alpha from 0 to 1.25, computed in float32 with tables of that alpha.
 *
 *   s = alpha / 2,  w = x^2 / (scale^2 b),  1 + w = 2^e c (1 + f),  c = 1 or 4 / 3,  0 <= f < 1/2
 *
 *   T = (2^e c)^s,  C = (b / 2) T,  B = (b / 2) (T - 1) / s,  Q = ((1 + f)^s - 1) / (s f)
 *   value  = B + C f Q
 *   weight = (2 C / (scale^2 b)) (1 + s f Q) / (1 + w)
 *
 * Nothing is divided by alpha, and no exponential is taken. T is a product of two numbers from tables of eight, by c
 * and e mod 4 and by e / 4, and B = B1 T2 + B2 likewise. The polynomial for Q is made for this alpha: its coefficients
 * are polynomials of s. What the entries of the tables lost by rounding is added to the derivatives; the value can do
 * without. Lanes beyond the tables, 1 + w >= 2^32, have `needs_exact`.
 */

/* The vectors that a loop reads before its first element: tables of eight numbers, by the lower and the upper half of a
 * place, and numbers that are the same everywhere */
enum {
    ROBUST_RATIO, /* 1 / c */
    ROBUST_C_LOW,
    ROBUST_B_LOW,
    ROBUST_LOST_LOW,
    ROBUST_C_HIGH,
    ROBUST_B_HIGH,
    ROBUST_LOST_HIGH,
    ROBUST_TABLES,
    ROBUST_S = EIGHT * ROBUST_TABLES,
    ROBUST_INVERSE,      /* 1 / (scale^2 b) */
    ROBUST_INVERSE_LOST, /* what its rounding lost */
    ROBUST_Q,
    robust_table_count = ROBUST_Q + ROBUST_COEFFICIENTS
};

/* T and (T - 1) / s of a number, and of its product with another. Sums and products alone are the same everywhere. */
typedef struct {
    double power, slope;
} robust_power;

/* of e^log, |s log| < 1/2, by Taylor's series */
static robust_power robust_power_of(double s, double log) {
    const double inverses[] = {1. / 14, 1. / 13, 1. / 12, 1. / 11, 1. / 10, 1. / 9, 1. / 8,
                               1. / 7,  1. / 6,  1. / 5,  1. / 4,  1. / 3,  1. / 2};
    double sum = 1;
    for (size_t k = 0; k < sizeof inverses / sizeof *inverses; k++) sum = 1 + sum * (s * log * inverses[k]);
    return (robust_power){1 + s * (sum * log), sum * log};
}

static robust_power robust_power_product(robust_power a, robust_power b) {
    return (robust_power){a.power * b.power, a.slope * b.power + b.slope};
}

/* Eight powers times `factor`, and their slopes times b / 2, to the tables from `first` on */
static void robust_fill_tables(vec *constants, int first, const robust_power *p, double factor, double half_b) {
    float powers[8], slopes[8], lost[8];
    for (int k = 0; k < 8; k++) {
        double exact = factor * p[k].power;
        powers[k] = (float)exact;
        slopes[k] = (float)(half_b * p[k].slope);
        lost[k] = (float)((exact - powers[k]) / exact);
    }
    load_eight(constants + EIGHT * first, powers);
    load_eight(constants + EIGHT * (first + 1), slopes);
    load_eight(constants + EIGHT * (first + 2), lost);
}

static __attribute__((noinline)) void robust_fill(double alpha, double scale, vec *constants) {
    const double polynomials[][ROBUST_COEFFICIENTS] = {ROBUST_POLYNOMIALS};
    const float ratios[8] = {1, 0.75f, 1, 0.75f, 1, 0.75f, 1, 0.75f};
    double s = alpha / 2, b = 2 - alpha, inverse = 1 / (scale * scale * b), q[ROBUST_COEFFICIENTS] = {0};
    robust_power two = robust_power_of(s, 0x1.62e42fefa39efp-1 /* ln 2 */), low[8], high[8];
    robust_power step = robust_power_of(s, 0x1.269621134db92p-2 /* ln 4/3 */), p = {1, 0}, sixteen;
    for (int e = 0; e < 4; e++) {
        low[2 * e] = p;
        low[2 * e + 1] = robust_power_product(p, step);
        p = robust_power_product(p, two);
    }
    sixteen = p;
    p = (robust_power){1, 0};
    for (int k = 0; k < 8; k++) {
        high[k] = p;
        p = robust_power_product(p, sixteen);
    }
    load_eight(constants + EIGHT * ROBUST_RATIO, ratios);
    robust_fill_tables(constants, ROBUST_C_LOW, low, b / 2, b / 2);
    robust_fill_tables(constants, ROBUST_C_HIGH, high, 1, b / 2);
    constants[ROBUST_S] = v_set((float)s);
    constants[ROBUST_INVERSE] = v_set((float)inverse);
    constants[ROBUST_INVERSE_LOST] = v_set((float)(inverse - (float)inverse));
    for (int j = (int)(sizeof polynomials / sizeof *polynomials) - 1; j >= 0; j--)
        for (int k = 0; k < ROBUST_COEFFICIENTS; k++) q[k] = q[k] * s + polynomials[j][k];
    for (int k = 0; k < ROBUST_COEFFICIENTS; k++) constants[ROBUST_Q + k] = v_set((float)q[k]);
}

/* The constants of a thread's last alpha and scale are kept: to make them takes as long as a hundred elements. */
static void robust_table_constants(const double *p, vec *constants) {
    static _Thread_local struct {
        double alpha, scale;
        vec constants[robust_table_count];
    } last;
    if (last.alpha != p[0] || last.scale != p[1]) {
        robust_fill(p[0], p[1], last.constants);
        last.alpha = p[0], last.scale = p[1];
    }
    memcpy(constants, last.constants, sizeof last.constants);
}

INLINE jet robust_table(vec x, const vec *c) {
    const uvec one = (uvec)v_set(1);
    const vec end = v_set(0x1p32f);
    vec y = v_fma(x, c[ROBUST_INVERSE], x * c[ROBUST_INVERSE_LOST]), sum = v_fma(x, y, v_set(1));
    /* the exponent, and the first bit of the mantissa, which tells c */
    uvec place = (uvec)sum - one, low = place >> (MANTISSA_BITS - 1), high = place >> (MANTISSA_BITS + 2);
    vec power = (vec)((uvec)v_pick(c + EIGHT * ROBUST_RATIO, low) - (place & (uvec)v_set(INFINITE)));
    vec f = v_fma(x * power, y, power - v_set(1));

    vec factor = v_pick(c + EIGHT * ROBUST_C_HIGH, high), coefficient = v_pick(c + EIGHT * ROBUST_C_LOW, low) * factor;
    vec base = v_fma(factor, v_pick(c + EIGHT * ROBUST_B_LOW, low), v_pick(c + EIGHT * ROBUST_B_HIGH, high));
    vec q = c[robust_table_count - 1];
    for (int k = robust_table_count - 2; k >= ROBUST_Q; k--) q = v_fma(q, f, c[k]);
    vec rise = v_fma(q * f, f, f);

    /* twice y is x / (scale^2 b / 2) */
    vec slope = (y + y) * coefficient / sum, weight = v_set(2) * c[ROBUST_INVERSE] * coefficient / sum;
    vec lost = v_pick(c + EIGHT * ROBUST_LOST_LOW, low) + v_pick(c + EIGHT * ROBUST_LOST_HIGH, high);
    vec change = v_fma(c[ROBUST_S], rise, lost);
    weight = v_fma(weight, change + c[ROBUST_INVERSE_LOST] / c[ROBUST_INVERSE], weight);
    return (jet){
        .value = v_fma(coefficient, rise, base),
        .grad = v_fma(slope, change, slope),
        .hess = weight * robust_ordinary_curvature(x * y, v_set(2) * c[ROBUST_S]),
        .weight = weight,
        .needs_exact = v_not_lt(sum, end),
    };
}
