#ifndef ROW_BODIES
ROW_LOSS(cross_entropy, FL_LABELS_OR_PROBABILITIES, FL_CONVEX | FL_C1, "label_smoothing >= 0 and <= 1",
         "temperature > 0")
#else
/* The cross-entropy with labels, smoothed labels or probabilities: see softmax.h. */

typedef softmax_call cross_entropy_call;
typedef softmax_state cross_entropy_state;
enum { cross_entropy_KEEPS = 1, cross_entropy_VALUE_ALONE = 1 };

INLINE softmax_call cross_entropy_call_of(const fl_rows *a) {
    return softmax_call_of(a->parameters[1], a->parameters[0], (double)a->classes);
}
INLINE softmax_state cross_entropy_reduce(const softmax_call *call, const row_source *s, int variant) {
    return softmax_reduce(call, s, variant);
}
INLINE vec cross_entropy_loss(const softmax_call *call, softmax_state *s, int variant) {
    return softmax_cross_entropy(call, s, variant);
}
#define cross_entropy_factors softmax_factors
#define cross_entropy_element softmax_element
#define cross_entropy_at_label softmax_at_label

#define ROW_KERNEL cross_entropy
#include "../driver.inc"

DEFINE_VARIANT(cross_entropy, plain, 0)
DEFINE_VARIANT(cross_entropy, soft, SOFT)
DEFINE_VARIANT(cross_entropy, tempered, TEMPERED)
DEFINE_VARIANT(cross_entropy, soft_tempered, SOFT | TEMPERED)

#ifndef BY_CLASS
/* Numbers of classes that are common */
SHARED void cross_entropy_of_two(const fl_rows *a) { cross_entropy_run_classes(a, 2, 0); }
SHARED void cross_entropy_of_three(const fl_rows *a) { cross_entropy_run_classes(a, 3, 0); }
SHARED void cross_entropy_of_ten(const fl_rows *a) { cross_entropy_run_classes(a, 10, 0); }
#endif

SHARED void cross_entropy_rows(const fl_rows *a) {
    int is_soft = a->target.data || a->parameters[0] != 0, is_tempered = a->parameters[1] != 1;
    if (is_soft && is_tempered) return cross_entropy_soft_tempered(a);
    if (is_soft) return cross_entropy_soft(a);
    if (is_tempered) return cross_entropy_tempered(a);
#ifndef BY_CLASS
    if (a->classes == 2) return cross_entropy_of_two(a);
    if (a->classes == 3) return cross_entropy_of_three(a);
    if (a->classes == 10) return cross_entropy_of_ten(a);
#endif
    cross_entropy_plain(a);
}
#endif
