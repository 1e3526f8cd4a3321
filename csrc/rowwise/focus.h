/* The focal loss q^gamma L as a function of the cross-entropy L = -log(1 - q), and its derivatives
 *
 *   slope = q^gamma (1 + gamma p L / q)
 *   bend  = q^gamma gamma (2 p + (gamma - 1) p (p L / q) - p L) / q
 *
 * with p = 1 - q. No difference loses digits where q is small, nor where L is large. The diagonal of the second
 * derivative at the label is slope p q + bend q^2. */
static void focus(const fl_rows *a, double gamma) {
    for (size_t r = 0; r < a->rows; r += LANES) {
        vec loss = v_load(a->loss + r), p = v_exp(-loss), q = -v_expm1(-loss);
        vec weighed = v_select(v_lt(v_set(1000), loss), v_set(0), p * loss), share = weighed / q; /* p L, p L / q */
        vpair log = pair_log_sum(v_set(0), q * v_set(0x1p54), v_set(-54)); /* q may be subnormal */
        vec power = pair_exp(pair_times(log, v_set(gamma))).exp, steep = power * v_set(gamma);
        vec slope = v_fma(steep, share, power);
        vec bend_q = steep * (p * v_fma(v_set(gamma - 1), share, v_set(2)) - weighed);
        vec bend = v_min(v_set(LARGEST), bend_q / q); /* it meets p_k^2 < q^2 */
        vec result[] = {power * loss, slope, bend, q * v_fma(slope, p, bend_q)};
        double *out[] = {a->loss, a->slope, a->bend, a->label_hess};
        for (int i = 0; i < 4; i++) {
            vec y = v_select(v_eq(q, v_set(0)), v_set(0), result[i]);
            v_store(out[i] + r, v_select(v_is_number(loss), y, loss));
        }
    }
}
