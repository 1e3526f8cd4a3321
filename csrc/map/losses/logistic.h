/* The logistic function, its derivative and its integral, the softplus, without overflow at either end. */

typedef struct {
    vec e, sum, log; /* e^-|x|, 1 + e, log1p(e) */
    vec raised;      /* e times RAISE, with all its digits where e is subnormal */
    mask negative;
} logistic_terms;

INLINE logistic_terms logistic_of(vec x) {
    vec raised = pair_exp_raised((vpair){-v_abs(x), v_set(0)}), e = raised * v_set(1 / RAISE);
    return (logistic_terms){e, v_set(1) + e, v_log1p_unit(e), raised, v_lt(x, v_set(0))};
}

/* 1 / (1 + e^-x) */
INLINE vec sigmoid(logistic_terms t) { return v_select(t.negative, t.e, v_set(1)) / t.sum; }
/* log(1 + e^x) */
INLINE vec softplus(vec x, logistic_terms t) { return v_max(v_set(0), x) + t.log; }
/* The second derivative of log(1 + e^x) */
INLINE vec sigmoid_derivative(logistic_terms t) { return t.e / square_one_plus(t.e); }
