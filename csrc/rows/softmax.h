/* The softmax of a row of logits x, and its cross-entropy with a target.
 *
 * The target gives each class a coefficient,
 *
 *   a_k = (keep * target_k + spread) * class_weight_k,    with labels: target = one-hot of the label,
 *
 * with label smoothing e over C classes keep = 1 - e and spread = e / C. Then hard labels, smoothed labels and
 * probabilities are one formula, the sum of -a_k log p_k:
 *
 *   loss = sum_k a_k (max - x_k) / T + sum_k a_k * log1p(rest),    rest = sum of exp((x_k - max) / T),
 *
 * where rest leaves out one class at the maximum, whose exponential is 1: log1p keeps the digits of a small rest.
 */

/* Flags of a variant: a temperature T != 1; smoothed labels or probabilities as the target; the loss is a function of
 * the cross-entropy (losses/softmax_focal.h) */
enum { TEMPERED = 1, SOFT = 2, FOCAL = 4 };

typedef struct {
    vec temperature, keep, spread;
    divisor over_temperature;
    vec small; /* a row whose factor is less is raised */
    double gamma;
} softmax_call;

typedef struct {
    vec max;       /* of the logits */
    vec rest;      /* as above, times 2^EMIT_SCALE: it may be subnormal, and is multiplied. NaN: the row has no loss */
    vec dot;       /* sum of a_k (max - x_k) */
    vec mass;      /* sum of a_k over the classes below the maximum: in the gradient at the maximum, the difference
                   sum(a) - a_k would lose its digits */
    vec peak_mass; /* sum of a_k over those at the maximum */
    vec own, own_kept, own_smoothed; /* the label's logit; of its a_k the parts of keep, and of spread */
    vec log, p, others;              /* log1p(rest); the largest probability p, and (1 - p) 2^EMIT_SCALE */
    vec d1, d2, own_hess; /* of a FOCAL loss: its derivatives by the cross-entropy, and `hess` at the label */
    vec grad, share, hess, bent_hess; /* factors of the elements: of an exponential, a_k, p_k (1 - p_k), p_k^2 */
    vec top_hess;                     /* `hess` at the maximum */
} softmax_state;

/* The state with these sums; softmax_reduce, softmax_cross_entropy and softmax_factors set the other fields. */
INLINE softmax_state softmax_state_of(vec max, vec rest, vec dot, vec mass, vec peak_mass) {
    softmax_state state;
    state.max = max;
    state.rest = rest;
    state.dot = dot;
    state.mass = mass;
    state.peak_mass = peak_mass;
    return state;
}

INLINE softmax_call softmax_call_of(double temperature, double smoothing, double classes) {
    vec t = v_set((real)temperature), heat = v_max(t, v_set(1));
    return (softmax_call){.temperature = t,
                          .small = v_min(heat * heat * v_set(SMALL_FACTOR), v_set((real)0x1p30)),
                          .keep = v_set((real)(1 - smoothing)),
                          .spread = v_set((real)(smoothing / classes)),
                          .over_temperature = v_divisor(t)};
}

/* exp(d / T) 2^scale */
INLINE vec exp_term(const softmax_call *call, vec d, int scale, int variant) {
    return variant & TEMPERED ? v_exp_quotient_scaled(d, call->temperature, call->over_temperature, scale)
                              : v_exp_scaled(d, scale);
}

/* d = that, of n vectors */
INLINE void exp_terms(const softmax_call *call, vec *d, int n, int scale, int variant) {
    if (variant & TEMPERED)
        exps_quotient_scaled(d, n, call->temperature, call->over_temperature, scale);
    else
        exps_scaled(d, n, scale);
}

INLINE vec over_temperature(const softmax_call *call, vec x, int variant) {
    return variant & TEMPERED ? v_quotient(x, call->over_temperature) : x;
}

/* a_k without the label's part, keep * class_weight: softmax_reduce adds that to the sums */
INLINE vec coefficient(const softmax_call *call, vec target, vec class_weight) {
    return v_fma(call->keep, target, call->spread) * class_weight;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

typedef struct {
    vec max;
} softmax_base;

/* The sums are rest, dot and mass; the counts how many classes are at the maximum, and their mass. */
enum { softmax_SUMS = 3, softmax_COUNTS = 2, softmax_NO_TARGET = 0 };
INLINE int softmax_needed_sums(int variant) { return variant & SOFT ? 3 : 1; }
INLINE int softmax_weighs(int variant) { return variant & SOFT; }
INLINE int softmax_hides(int variant) { return !(variant & SOFT); }

#define PASS softmax
#include "pass.inc"

INLINE void softmax_exponentials(const softmax_call *call, const softmax_base *base, row_logit *logit, int n,
                                 int variant) {
    vec exp[SIDE_BY_SIDE];
    UNROLL for (int i = 0; i < n; i++) exp[i] = logit[i].x - base->max;
    exp_terms(call, exp, n, SUM_SCALE, variant);
    UNROLL for (int i = 0; i < n; i++) logit[i].kept = exp[i];
}

INLINE softmax_terms softmax_term(const softmax_call *call, const softmax_base *base, row_logit logit, int tops,
                                  int variant) {
    vec d = logit.x - base->max, zero = v_set(0), exp = logit.kept, a = zero;
    mask top = v_eq(d, zero);
    if (variant & SOFT) a = coefficient(call, logit.target, logit.class_weight);
    softmax_terms terms = {.sum = {exp, v_select(v_eq(a, zero), zero, a * -d), a}, .kept = exp};
    if (tops) {
        terms.count[0] = v_select(top, v_set(1), zero);
        terms.count[1] = v_select(top, a, zero);
        terms.sum[0] = v_clear(top, exp);
        terms.sum[2] = v_clear(top, a);
    }
    return terms;
}

/* ---- few classes ------------------------------------------------------------------------------------------------- */

INLINE softmax_state softmax_of_lanes(const softmax_call *call, const row_source *s, int variant) {
    vec part[4], max; /* of every fourth class: a single chain would wait for each */
    size_t k = 0;
    UNROLL for (size_t i = 0; i < 4; i++) part[i] = v_set(-INFINITE);
    for (; k + 4 <= s->classes; k += 4)
        UNROLL for (size_t i = 0; i < 4; i++) part[i] = v_max(logit_of(s, k + i), part[i]);
    max = v_max(v_max(part[0], part[1]), v_max(part[2], part[3]));
    for (; k < s->classes; k++) max = v_max(logit_of(s, k), max);
    softmax_base base = {v_max(v_set((real)LOWEST), max)}; /* -inf - -inf would be NaN */
    softmax_totals t = softmax_sum(call, s, &base, variant);
    vec ties = (t.count[0] - v_set(1)) + (max - max); /* NaN where the maximum is infinite */
    vec rest = v_fma(ties, v_set(EMIT_FACTOR), t.sum[0] * v_set(EMIT_FACTOR * SUM_UNSCALE));
    return softmax_state_of(max, rest, t.sum[1], t.sum[2], t.count[1]);
}

/* ---- many classes ------------------------------------------------------------------------------------------------ */

/* A row is taken in chunks that stay in the first-level cache, of each first the maximum and then the sums relative to
 * it. Last the sums of the chunks are made relative to the row's maximum, and added. */

/* The sums of a chunk, or of a row */
typedef struct {
    double max, rest, dot, mass, peak_mass;
} softmax_part;

INLINE real across_max(vec x) {
    real lane[LANES];
    v_store(lane, x);
    for (int width = LANES / 2; width; width /= 2)
        UNROLL for (int i = 0; i < width; i++) lane[i] = lane[i] < lane[i + width] ? lane[i + width] : lane[i];
    return lane[0];
}

/* A vector whose largest lane is the maximum of a group */
INLINE vec max_of_group(const real *x) {
    vec max[GROUP_LOGITS / LANES];
    int n = GROUP_LOGITS / LANES;
    for (int i = 0; i < n; i++) max[i] = v_load(x + i * LANES);
    for (int width = n / 2; width; width /= 2)
        for (int i = 0; i < width; i++) max[i] = v_max(max[i], max[i + width]);
    return max[0];
}

INLINE softmax_part softmax_of_chunk(const softmax_call *call, const row_source *s, size_t begin, size_t n,
                                     int variant) {
    vec group_max[CHUNK / GROUP_LOGITS + 1], all = v_set(-INFINITE);
    const size_t rest = n % GROUP_LOGITS, whole = n - rest;
    const int is_one = n <= CHUNK; /* else the chunk has too many groups for group_max */
    last_group last;
    if (rest) copy_last(s, begin + whole, rest, softmax_NO_TARGET, softmax_weighs(variant), &last);
    for (size_t k = 0; k < n; k += GROUP_LOGITS) {
        vec group = max_of_group(k < whole ? s->x + begin + k : last.x);
        if (is_one) group_max[k / GROUP_LOGITS] = group;
        all = v_max(all, group);
    }
    real max = across_max(all);
    softmax_base base = {v_set(max < (real)LOWEST ? (real)LOWEST : max)};
    softmax_row_totals t =
        softmax_sum_classes(call, s, &last, begin, n, &base, is_one ? group_max : NULL, base.max, variant);
    return (softmax_part){max, t.sum[0] * (double)SUM_UNSCALE + (t.count[0] - 1), t.sum[1], t.sum[2], t.count[1]};
}

/* The sums of a row from those of its chunks, each relative to its own maximum; `shift` gets the factors
 * exp((chunk's maximum - row's maximum) / T) 2^EMIT_SCALE. */
INLINE softmax_part softmax_merged(const softmax_call *call, const softmax_part *chunk, size_t chunks, real *shift,
                                   int variant) {
    softmax_part total = chunk[0];
    size_t top = 0;
    for (size_t c = 1; c < chunks; c++)
        if (total.max < chunk[c].max) total = chunk[top = c];
    shift[0] = EMIT_FACTOR;
    if (chunks == 1) return total;
    for (size_t c = 0; c < MAX_CHUNKS; c++) shift[c] = c < chunks ? (real)(chunk[c].max - total.max) : 0;
    for (size_t c = 0; c < chunks; c += LANES)
        v_store(shift + c, exp_term(call, v_load(shift + c), EMIT_SCALE, variant));
    double error = 0;
    for (size_t c = 0; c < chunks; c++) {
        if (c == top) continue;
        double term = (1 + chunk[c].rest) * shift[c] * (double)EMIT_UNSCALE, sum = total.rest + term,
               part = sum - total.rest;
        error += (total.rest - (sum - part)) + (term - part);
        total.rest = sum;
        double below = chunk[c].max < LOWEST ? LOWEST : chunk[c].max, mass = chunk[c].mass + chunk[c].peak_mass;
        total.dot += chunk[c].dot + (mass == 0 ? 0 : mass * (total.max - below));
        total.mass += mass;
    }
    total.rest += error;
    return total;
}

INLINE softmax_part softmax_of_row(const softmax_call *call, const row_source *source, int variant) {
    COPY_OF_FORM(row, *source, MANY_CLASSES);
    const row_source *s = &row;
    softmax_part parts[MAX_CHUNKS];
    size_t chunks = 0, k = 0;
    do {
        size_t n = s->classes - k < s->chunk ? s->classes - k : s->chunk;
        parts[chunks++] = softmax_of_chunk(call, s, k, n, variant);
        k += n;
    } while (k < s->classes);
    return softmax_merged(call, parts, chunks, s->shift, variant);
}

/* One function a variant, which all losses share */
#define DEFINE_LONG_ROW(name, variant)                                                                                 \
    static __attribute__((noinline)) softmax_part name(const softmax_call *call, const row_source *s) {                \
        return softmax_of_row(call, s, variant);                                                                       \
    }
DEFINE_LONG_ROW(plain_row, 0)
DEFINE_LONG_ROW(soft_row, SOFT)
DEFINE_LONG_ROW(tempered_row, TEMPERED)
DEFINE_LONG_ROW(soft_tempered_row, SOFT | TEMPERED)
DEFINE_LONG_ROW(kept_plain_row, KEEP)
DEFINE_LONG_ROW(kept_soft_row, KEEP | SOFT)
DEFINE_LONG_ROW(kept_tempered_row, KEEP | TEMPERED)
DEFINE_LONG_ROW(kept_soft_tempered_row, KEEP | SOFT | TEMPERED)

INLINE softmax_state softmax_of_classes(const softmax_call *call, const row_source *s, int variant) {
    static softmax_part (*const rows[2][4])(const softmax_call *, const row_source *) = {
        {plain_row, tempered_row, soft_row, soft_tempered_row},
        {kept_plain_row, kept_tempered_row, kept_soft_row, kept_soft_tempered_row}};
    softmax_part row = rows[variant & KEEP && s->kept ? 1 : 0][variant & (TEMPERED | SOFT)](call, s);
    double rest = (row.rest + (row.max - row.max)) * (double)EMIT_FACTOR; /* NaN where the maximum is infinite */
    return softmax_state_of(v_set((real)row.max), v_set((real)rest), v_set((real)row.dot), v_set((real)row.mass),
                            v_set((real)row.peak_mass));
}

/* ---- a loss ------------------------------------------------------------------------------------------------------ */

/* The label's logit, which is in `own`, and its share of the target */
INLINE void softmax_add_label(const softmax_call *call, softmax_state *s, vec own_weight, int variant) {
    if (!(variant & SOFT)) return;
    vec zero = v_set(0);
    mask top = v_eq(s->own, s->max);
    s->own_kept = call->keep * own_weight;
    s->own_smoothed = call->spread * own_weight;
    s->dot += v_select(v_eq(s->own_kept, zero), zero, s->own_kept * (s->max - s->own));
    s->peak_mass += v_select(top, s->own_kept, zero);
    s->mass += v_select(top, zero, s->own_kept);
}

INLINE softmax_state softmax_reduce(const softmax_call *call, const row_source *s, int variant) {
    softmax_state state =
        s->form == FEW_CLASSES ? softmax_of_lanes(call, s, variant) : softmax_of_classes(call, s, variant);
    state.own = s->own;
    softmax_add_label(call, &state, s->own_weight, variant);
    return state;
}

INLINE void softmax_probabilities(softmax_state *s) {
    s->p = v_set(1) / v_fma(s->rest, v_set(EMIT_UNSCALE), v_set(1));
    s->others = s->rest * s->p;
}

INLINE vec softmax_cross_entropy(const softmax_call *call, softmax_state *s, int variant) {
    s->log = log1p_sum(s->rest * v_set(EMIT_UNSCALE));
    if (variant & SOFT) return over_temperature(call, s->dot, variant) + (s->mass + s->peak_mass) * s->log;
    return over_temperature(call, s->max - s->own, variant) + s->log;
}

/* x, at most the largest float: an infinite x times a probability of 0 would be NaN. */
INLINE vec within_range(vec x) { return v_min(v_set((real)-LOWEST), v_max(v_set((real)LOWEST), x)); }

/* Prepares the factors of the elements, given the row's scale, and returns what they are raised by. */
INLINE vec softmax_factors(const softmax_call *call, softmax_state *s, vec scale, int variant) {
    softmax_probabilities(s);
    vec mass = variant & SOFT ? s->mass + s->peak_mass : v_set(1), d2 = v_set(0);
    if (variant & FOCAL) {
        d2 = scale * s->d2;
        s->own_hess *= scale;
        scale = v_select(v_eq(scale, v_set(0)), scale, scale * s->d1);
    }
    const vec raise = raise_of(variant & SOFT ? scale * mass : scale, call->small);
    scale *= raise;
    if (variant & FOCAL) {
        d2 = within_range(d2 * raise);
        s->own_hess *= raise;
    }
    vec curvature = scale;
    scale = over_temperature(call, scale, variant);
    curvature = over_temperature(call, over_temperature(call, curvature * mass, variant), variant);
    s->share = scale;
    s->grad = scale * mass * s->p * v_set(EMIT_UNSCALE);
    s->hess = curvature * v_set(EMIT_UNSCALE);
    s->bent_hess = d2 * v_set(EMIT_UNSCALE);
    s->top_hess = s->p * v_fma(d2, s->p, s->hess * s->others);
    return raise;
}

/* scale (p_k sum(a) - a_k) / T, from exp = exp((x_k - max) / T) 2^EMIT_SCALE; at the maximum, where p_k may be near 1,
 * as p (sum(a) - a_k) - (1 - p) a_k */
INLINE vec softmax_grad(const softmax_state *s, vec exp, mask top, vec a) {
    vec mass = v_fma(s->p, s->peak_mass - a, s->p * s->mass);
    vec own = v_fma(-(s->share * s->others * v_set(EMIT_UNSCALE)), a, s->share * mass);
    return v_select(top, own, v_fma(-s->share, a, exp * s->grad));
}

/* scale sum(a) p_k (1 - p_k) / T^2, and of a FOCAL loss its second derivative times p_k^2 besides */
INLINE vec softmax_hess(const softmax_state *s, vec exp, mask top, int variant) {
    vec p = exp * s->p, plain = p * v_set(EMIT_UNSCALE), factor = s->hess * (v_set(1) - plain);
    return v_select(top, s->top_hess, p * (variant & FOCAL ? v_fma(s->bent_hess, plain, factor) : factor));
}

INLINE vec softmax_element(const softmax_call *call, const softmax_state *s, int output, row_logit logit, int variant) {
    mask top = v_eq(logit.kept, v_set(EMIT_FACTOR));
    if (output == FL_ROW_HESS) return softmax_hess(s, logit.kept, top, variant);
    if (!(variant & SOFT)) return logit.kept * s->grad;
    return softmax_grad(s, logit.kept, top, coefficient(call, logit.target, logit.class_weight));
}

/* The same at the label, whose a_k has the part that `coefficient` lacks */
INLINE vec softmax_at_label(const softmax_call *call, const softmax_state *s, int output, int variant) {
    vec exp = exp_term(call, s->own - s->max, EMIT_SCALE, variant);
    mask top = v_eq(s->own, s->max);
    if (output == FL_ROW_HESS) return variant & FOCAL ? s->own_hess : softmax_hess(s, exp, top, variant);
    if (variant & SOFT) return softmax_grad(s, exp, top, s->own_kept + s->own_smoothed);
    return v_select(top, -(s->share * v_set(EMIT_UNSCALE) * s->others), v_fma(exp, s->grad, -s->share));
}
