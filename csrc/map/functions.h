/* Functions of one argument */

#define DEFINE_FUNCTION(name)                                                                                          \
    static void name##_map(const void *x, void *out, size_t n) {                                                       \
        for (size_t i = 0; i < n; i += LANES) v_store((stored *)out + i, v_##name(v_load((const stored *)x + i)));     \
    }
DEFINE_FUNCTION(exp)
DEFINE_FUNCTION(expm1)
DEFINE_FUNCTION(log)
DEFINE_FUNCTION(log1p)
