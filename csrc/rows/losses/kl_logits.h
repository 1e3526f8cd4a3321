#ifndef ROW_BODIES
ROW_LOSS(kl_logits, FL_LOGITS, FL_CONVEX | FL_C1, "temperature > 0")
#else
/* The divergence alone that distillation multiplies by T^2 */

DEFINE_VARIANT(distillation, divergence, TEMPERED | DIVERGENCE)

static void kl_logits_rows(const fl_rows *a) {
    if (a->parameters[0] != 1) return distillation_divergence(a);
    distillation_plain(a);
}
#endif
