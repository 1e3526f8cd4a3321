/* The distance |u - v|_p of two rows, and its derivatives, whatever the size of the numbers. */

enum { SQUARES, ABSOLUTES, LARGEST_ALONE, POWERS }; /* p = 2, 1, infinity, any other: constants where loops are made */

typedef struct {
    double p, scale, unit; /* the distance is root / unit / scale; unit = 1 but for POWERS */
    double sum, root, value;
    double factor; /* of the derivatives */
} distance;

/* x^p for finite x >= 0 and p > 0 */
INLINE vec power_of(vec x, double p) {
    vpair log = pair_log_sum(v_set(0), x * v_set(0x1p54), v_set(-54));
    return v_clear(v_le(x, v_set(0)), pair_exp(pair_times(log, v_set(p))).exp);
}

INLINE void squares_term(const vec *x, const void *call, vec *sum) {
    (void)call;
    vec d = x[0] - x[1];
    sum[0] = v_fma(d, d, sum[0]);
}

INLINE void absolutes_term(const vec *x, const void *call, vec *sum) {
    (void)call;
    sum[0] += v_abs(x[0] - x[1]);
}

INLINE void largest_difference_term(const vec *x, const void *call, vec *sum) {
    (void)call;
    sum[0] = largest_of(sum[0], v_abs(x[0] - x[1]));
}

/* Counts the differences that equal the largest, which is d->root. */
INLINE void ties_term(const vec *x, const void *call, vec *sum) {
    const distance *d = call;
    sum[0] += v_select(v_eq(v_abs(x[0] - x[1]), v_set(d->root)), v_set(1), v_set(0));
}

/* The powers of the differences relative to the largest: the logarithms of those that count are then small */
INLINE void powers_term(const vec *x, const void *call, vec *sum) {
    const distance *d = call;
    sum[0] += power_of(v_abs(x[0] - x[1]) * v_set(d->unit), d->p);
}

INLINE double sum_of(const row *r, int form, const distance *d) {
    double sum;
    if (form == SQUARES) sum_row(r, 2, 1, squares_term, NULL, 0, &sum);
    if (form == ABSOLUTES) sum_row(r, 2, 1, absolutes_term, NULL, 0, &sum);
    if (form == LARGEST_ALONE) sum_row(r, 2, 1, largest_difference_term, NULL, 1, &sum);
    if (form == POWERS) sum_row(r, 2, 1, powers_term, d, 0, &sum);
    return sum;
}

INLINE void take_powers(const row *r, distance *d) {
    double largest = sum_of(r, LARGEST_ALONE, d);
    d->root = largest;
    if (!(largest > 0 && largest < INFINITE)) return;
    d->unit = 1 / largest;
    d->sum = sum_of(r, POWERS, d); /* between 1 and the width */
    d->root = power_of(v_set(d->sum), 1 / d->p)[0];
}

INLINE distance measured(const row *all, int i, int j, int form, double p) {
    row r = {.x = {all->x[i], all->x[j]}, .width = all->width, .scale = {1, 1}};
    distance d = {.p = p, .scale = 1, .unit = 1};
    if (form != POWERS) d.sum = sum_of(&r, form, &d);
    if (!is_in_range(d.sum)) {
        double u = largest_in(&r, 0), v = largest_in(&r, 1);
        r.scale[0] = r.scale[1] = d.scale = scale_to_one(u < v || v != v ? v : u);
        if (form != POWERS) d.sum = sum_of(&r, form, &d);
    }
    if (form == POWERS)
        take_powers(&r, &d);
    else
        d.root = form == SQUARES ? __builtin_sqrt(d.sum) : d.sum;
    d.value = d.root / d.unit / d.scale;
    return d;
}

/* A function for each form, which all losses share */
#define DEFINE_DISTANCE(name, form)                                                                                    \
    static __attribute__((noinline)) distance name(const row *all, int i, int j, double p) {                           \
        return measured(all, i, j, form, p);                                                                           \
    }
DEFINE_DISTANCE(distance_of_squares, SQUARES)
DEFINE_DISTANCE(distance_of_absolutes, ABSOLUTES)
DEFINE_DISTANCE(distance_of_largest, LARGEST_ALONE)
DEFINE_DISTANCE(distance_of_powers, POWERS)

/* The distance between the rows of the arrays i and j */
INLINE distance distance_of(const row *all, int i, int j, int form, double p) {
    if (form == SQUARES) return distance_of_squares(all, i, j, p);
    if (form == ABSOLUTES) return distance_of_absolutes(all, i, j, p);
    if (form == LARGEST_ALONE) return distance_of_largest(all, i, j, p);
    return distance_of_powers(all, i, j, p);
}

/* Sets the factor with which `derivative` returns the loss's by u, given d1, the loss's derivative by the distance. */
INLINE void set_factor(distance *d, const row *all, int i, int j, int form, double d1) {
    row r = {.x = {all->x[i], all->x[j]}, .width = all->width, .scale = {d->scale, d->scale}};
    double ties = 1;
    if (form == LARGEST_ALONE) sum_row(&r, 2, 1, ties_term, d, 0, &ties);
    d->factor = d->root == 0 ? 0 : form == SQUARES ? d1 / d->root : d1 / ties;
}

/* The derivative by u; that by v is its negative. */
INLINE vec derivative(const distance *d, int form, vec u, vec v) {
    vec x = u * v_set(d->scale) - v * v_set(d->scale), factor = v_set(d->factor), size = v_abs(x);
    if (form == SQUARES) return x * factor;
    vec sign = v_select(v_lt(v_set(0), size), v_copysign(v_set(1), x), x) * factor;
    if (form == LARGEST_ALONE) return v_clear(v_lt(size, v_set(d->root)), sign);
    if (form == POWERS) return sign * power_of(size * v_set(d->unit / d->root), d->p - 1);
    return sign;
}
