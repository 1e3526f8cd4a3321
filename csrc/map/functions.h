/* Functions of one argument, over n numbers */
#define FUNCTION(name)                                                                                                 \
    static void name##_map(const void *x, void *out, size_t n) {                                                       \
        for (size_t i = 0; i < n; i += LANES) v_store((stored *)out + i, v_##name(v_load((const stored *)x + i)));     \
    }
#include "functions.def"
