/* Losses of the margin m = y p of a score p, for a label y of -1 or +1. */

/* d1, d2: derivatives by the margin */
INLINE jet margin_jet(vec y, vec value, vec d1, vec d2) {
    return (jet){.value = value, .grad = y * d1 + v_set(0) /* not -0 */, .hess = y * y * d2};
}

INLINE jet zero_one(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0);
    return margin_jet(y, v_select(v_le(y * pred, zero), v_set(1), zero), zero, zero);
}

/* Rosenblatt (1958) */
INLINE jet perceptron(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0);
    vec m = y * pred;
    return margin_jet(y, v_max(zero, -m), v_select(v_lt(m, zero), v_set(-1), zero), zero);
}

/* Cortes and Vapnik (1995) */
INLINE jet hinge(vec pred, vec y, const vec *p) {
    const vec zero = v_set(0);
    vec gap = p[0] - y * pred;
    return margin_jet(y, v_max(zero, gap), v_select(v_lt(zero, gap), v_set(-1), zero), zero);
}

INLINE jet squared_hinge(vec pred, vec y, const vec *p) {
    const vec zero = v_set(0), two = v_set(2);
    vec gap = v_max(zero, p[0] - y * pred);
    return margin_jet(y, gap * gap, -two * gap, v_select(v_lt(zero, gap), two, zero));
}

/* Of a distance, which is to be small for the label 1, and large for -1 */
INLINE jet hinge_embedding(vec pred, vec y, const vec *p) {
    const vec zero = v_set(0), one = v_set(1);
    mask similar = v_lt(zero, y);
    vec gap = p[0] - pred;
    return (jet){
        .value = v_select(similar, pred, v_max(zero, gap)),
        .grad = v_select(similar, one, v_select(v_lt(zero, gap), -one, zero)),
        .hess = zero,
    };
}

/* Zhang (2004) */
INLINE jet modified_huber(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0), one = v_set(1), two = v_set(2), four = v_set(4);
    vec m = y * pred, gap = v_max(zero, one - m);
    mask linear = v_lt(m, -one);
    return margin_jet(y, v_select(linear, -four * m, gap * gap), v_select(linear, -four, -two * gap),
                      v_select(linear, zero, v_select(v_lt(zero, gap), two, zero)));
}

/* Freund and Schapire (1997) */
INLINE jet exponential(vec pred, vec y, const vec *p) {
    (void)p;
    vec e = v_exp(-y * pred);
    return margin_jet(y, e, -e, e);
}

INLINE jet logistic(vec pred, vec y, const vec *p) {
    (void)p;
    vec x = -y * pred;
    logistic_terms t = logistic_of(x);
    return margin_jet(y, softplus(x, t), -sigmoid(t), sigmoid_derivative(t));
}
