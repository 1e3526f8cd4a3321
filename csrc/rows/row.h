/* A row as the losses read it. Rows of few classes are a row a lane, and a vector a class; the classes of a long row
 * lie in vectors one after the other, and what is known of the row is the same in every lane. A loss is written once
 * for both: its state is vectors. */

enum { FEW_CLASSES, MANY_CLASSES }; /* constants where the loops are instantiated */

/* What a kernel is asked for, and what a pass has to keep, or finds that others kept: constants, too */
enum { ELEMENTS = 1 << 8, KEEP = 1 << 9, KEPT = 1 << 10 };

typedef struct {
    int form;
    size_t classes;
    const real *x, *target, *class_weight; /* the last two may be NULL */
    vec own, own_weight;                   /* the label's logit and class weight, where there are labels */
    real *kept;        /* a number per class that `reduce` leaves for the elements; NULL without them */
    real *target_kept; /* and one of its target's, between two passes */
    real *shift;       /* of many classes, a factor of them per chunk, at 2^EMIT_SCALE */
    size_t chunk;      /* its classes */
} row_source;

/* What an element is made of */
typedef struct {
    vec x, target, class_weight, kept, target_kept; /* kept: at 2^EMIT_SCALE */
} row_logit;

/* What all losses share and runs once a tile or a row: compiled once */
#define SHARED static __attribute__((noinline, unused))

#define ROW_LANES 16
#define CACHE_LINE (64 / sizeof(real))
#define LOWEST (FL_ARITH == 32 ? -0x1.fffffep127 : -0x1.fffffffffffffp1023)

/* Sums of exponentials are taken at 2^64 times their size: nothing that reaches the result is subnormal. */
#define SUM_SCALE 64
#define SUM_UNSCALE ((real)0x1p-64)

/* Gradients are computed at this power of two, where a subnormal result still has all its digits. */
#define EMIT_SCALE (MANTISSA_BITS + 1)
#define EMIT_FACTOR ((real)(1ULL << EMIT_SCALE))
#define EMIT_UNSCALE (1 / EMIT_FACTOR)

INLINE mask is_finite(vec x) { return v_eq(x - x, v_set(0)); }

/* Numbers between what belongs to a class and to the next */
INLINE size_t step_of(const row_source *s) { return s->form == FEW_CLASSES ? LANES : 1; }

/* The same row from class k on */
INLINE row_source from_class(row_source s, size_t k) {
    size_t step = step_of(&s);
    s.x += k * step;
    if (s.target) s.target += k * step;
    if (s.class_weight) s.class_weight += k;
    if (s.kept) s.kept += k * step;
    if (s.target_kept) s.target_kept += k * step;
    return s;
}

/* Vectors of the class k */
INLINE vec logit_of(const row_source *s, size_t k) { return v_load(s->x + k * step_of(s)); }
INLINE vec target_of(const row_source *s, size_t k) {
    return s->target ? v_load(s->target + k * step_of(s)) : v_set(0);
}
INLINE vec class_weight_of(const row_source *s, size_t k) {
    if (!s->class_weight) return v_set(1);
    return s->form == FEW_CLASSES ? v_set(s->class_weight[k]) : v_load(s->class_weight + k);
}

#define DEFINE_VARIANT(kernel, name, variant)                                                                          \
    static __attribute__((noinline)) void kernel##_##name(const fl_rows *a) { kernel##_run(a, variant); }
