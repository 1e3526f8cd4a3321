/* The multi-class margin loss: the sum over the classes k but the label y of max(0, margin + x_k - x_y)^p, p = 1 or 2,
 * over the number of classes.
 *
 * A term is that power, what is in it, and whether it is positive: the loss, and its derivatives by x_y. Classes whose
 * logit equals the label's are at the top, and add the same. */

/* NaN where x is NaN or +inf, and nothing where it is -inf, the label's logit included */
INLINE row_term margin_term(const row_call *call, const row_base *base, vec x) {
    vec d = x - base->at, zero = v_set(0);
    mask top = v_eq(d, zero);
    vec over = v_max(v_select(top, v_set(-INFINITE), d) + call->margin, zero);
    vec some = v_select(v_lt(zero, over), v_set(1), zero);
    over = v_select(v_lt(x, v_set(INFINITE)), over, v_set(NOT_A_NUMBER));
    return (row_term){call->is & SQUARE ? over * over : over, over, some, top};
}

static void multi_margin(const fl_rows *a) {
    double own = a->margin > 0 ? a->margin : 0;
    for (size_t r = 0; r < a->rows; r++) {
        double ties = a->peak_mass[r] > 1 ? a->peak_mass[r] - 1 : 0; /* none equals a label's -inf or NaN */
        a->rest[r] += ties * (a->square ? own * own : own);
        a->dot[r] += ties * own;
        a->mass[r] += own > 0 ? ties : 0;
        /* where the label's logit is -inf, the others exceed it, or are -inf too */
        int nothing = a->max[r] == -INFINITE && a->rest[r] == 0;
        a->loss[r] = nothing || a->max[r] == INFINITE ? NOT_A_NUMBER : a->rest[r] / (double)a->classes;
    }
}
