/* Losses of the logarithm p of an expected count or amount (log link), less the terms without p. */

INLINE jet poisson(vec pred, vec y, const vec *p) {
    (void)p;
    vec mean = v_exp(pred);
    return (jet){.value = mean - term(y, pred), .grad = mean - y, .hess = mean};
}

INLINE jet gamma(vec pred, vec y, const vec *p) {
    (void)p;
    vec ratio = term(y, v_exp(-pred));
    return (jet){.value = pred + ratio, .grad = v_set(1) - ratio, .hess = ratio};
}

/* Jorgensen (1987); at the powers 1 and 2 the limits, which are Poisson and gamma */
INLINE jet tweedie(vec pred, vec y, const vec *p) {
    const vec one = v_set(1), two = v_set(2);
    vec a = two - p[0], b = one - p[0];
    vec mean = v_exp(a * pred), ratio = term(y, v_exp(b * pred));
    return (jet){
        .value = v_select(v_eq(a, v_set(0)), pred, mean / a) - v_select(v_eq(b, v_set(0)), term(y, pred), ratio / b),
        .grad = mean - ratio,
        .hess = a * mean - b * ratio,
    };
}
