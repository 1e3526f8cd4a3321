#ifndef ROW_BODIES
ROW_LOSS(softmax_focal, FL_LABELS, FL_C1, "gamma >= 0")
#else
/* The focal loss q^gamma L as a function of the cross-entropy L = -log(1 - q), and its two derivatives by L
 *
 *   d1 = q^gamma (1 + gamma p L / q)
 *   d2 = q^gamma gamma (2 p + (gamma - 1) p (p L / q) - p L) / q
 *
 * where p = 1 - q is the probability of the label. No difference loses digits where q is small, nor where L is large.
 * The diagonal of the second derivative by the logits is, at the label, d1 p q + d2 q^2. */

typedef softmax_call softmax_focal_call;
typedef softmax_state softmax_focal_state;
enum { softmax_focal_KEEPS = 1, softmax_focal_VALUE_ALONE = 1 };

INLINE softmax_call softmax_focal_call_of(const fl_rows *a) {
    softmax_call call = softmax_call_of(1, 0, 1);
    call.gamma = a->parameters[0];
    return call;
}
INLINE softmax_state softmax_focal_reduce(const softmax_call *call, const row_source *s, int variant) {
    return softmax_reduce(call, s, variant);
}

extern const fl_row_kernels TABLE_OF(rows, 64);

#if FL_ARITH == 64
/* q^gamma; powers of few factors as products, as the logarithm is most of the time of a short row */
static vec focal_power(vec q, double gamma) {
    enum { MOST = 4 };
    if (gamma <= MOST && gamma == (int)gamma) {
        vec power = v_set(1);
        for (int i = 0; i < (int)gamma; i++) power *= q;
        return power;
    }
    vpair log = pair_log_sum(v_set(0), q * v_set(0x1p54), v_set(-54)); /* q may be subnormal */
    return pair_exp(pair_times(log, v_set(gamma))).exp;
}

/* Replaces the cross-entropies in results[0] by the loss, and fills in d1, d2 and the second derivative at the label.
 * In float64 even for float32 logits, as in a float 1 - q is soon subnormal. */
static void focus(double gamma, double results[4][FL_ROW_PADDING], int rows) {
    for (int r = 0; r < rows; r += LANES) {
        vec loss = v_load(results[0] + r), p = v_exp(-loss), q = -v_expm1(-loss);
        vec p_loss = v_select(v_lt(v_set(1000), loss), v_set(0), p * loss), ratio = p_loss / q; /* p L, p L / q */
        vec power = focal_power(q, gamma), gamma_power = power * v_set(gamma);
        vec d1 = v_fma(gamma_power, ratio, power);
        vec d2_q = gamma_power * (p * v_fma(v_set(gamma - 1), ratio, v_set(2)) - p_loss);
        vec d2 = v_min(v_set(LARGEST), d2_q / q); /* finite, as it is multiplied by p_k^2 < q^2, which may be 0 */
        vec result[] = {power * loss, d1, d2, q * v_fma(d1, p, d2_q)};
        for (int i = 0; i < 4; i++) {
            vec y = v_select(v_eq(q, v_set(0)), v_set(0), result[i]);
            v_store(results[i] + r, v_select(v_is_number(loss), y, loss));
        }
    }
}
#define FOCUS focus
#else
#define FOCUS NULL
#endif

INLINE vec narrowed(const double *x) {
    vec y;
    for (int i = 0; i < LANES; i++) y[i] = (real)x[i];
    return y;
}

INLINE vec softmax_focal_loss(const softmax_call *call, softmax_state *s, int variant) {
    vec loss = softmax_cross_entropy(call, s, variant);
    double results[4][FL_ROW_PADDING];
    for (int i = 0; i < LANES; i++) results[0][i] = loss[i];
    TABLE_OF(rows, 64).focus(call->gamma, results, LANES);
    loss = narrowed(results[0]);
    s->d1 = narrowed(results[1]);
    s->d2 = narrowed(results[2]);
    s->own_hess = narrowed(results[3]);
    s->d2 = within_range(s->d2);
    return loss;
}
#define softmax_focal_factors softmax_factors
#define softmax_focal_element softmax_element
#define softmax_focal_at_label softmax_at_label

#define ROW_KERNEL softmax_focal
#include "../driver.inc"

DEFINE_VARIANT(softmax_focal, focal, FOCAL)

/* With gamma 0 it is the cross-entropy. */
static void softmax_focal_rows(const fl_rows *a) {
    if (a->parameters[0] == 0)
        cross_entropy_plain(a);
    else
        softmax_focal_focal(a);
}
#endif
