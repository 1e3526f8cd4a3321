/* A row as the losses read it. Of rows of few classes (at most FL_SHORT_ROW), a vector holds one class of LANES rows: a
 * lane is a row. Of a row of many classes, a vector holds LANES of its classes, and all lanes of its state are equal. A
 * loss is written once for both forms: its state is vectors. */

enum { FEW_CLASSES, MANY_CLASSES }; /* constants where the loops are instantiated */

/* Flags beside a kernel's own, constants too. ELEMENTS: numbers per logit are wanted. KEEP: a pass stores `kept`, a
 * number per class. KEPT: it reads those that the passes before it stored. */
enum { ELEMENTS = 1 << 8, KEEP = 1 << 9, KEPT = 1 << 10 };

typedef struct {
    int form;
    size_t classes;
    const real *x, *target, *class_weight; /* the last two may be NULL */
    const int64_t *labels;                 /* of the rows that it holds; NULL: there are none */
    vec own, own_weight;                   /* the label's logit and class weight, where there are labels */
    real *kept;        /* a number per class, an exponential, that `reduce` stores for the elements; NULL: none */
    real *target_kept; /* the same of the target's logits, for a second pass */
    real *shift;       /* of many classes, per chunk: 2^EMIT_SCALE times the factor that brings `kept` from the chunk's
                          maximum to the row's */
    size_t chunk;      /* classes per chunk */
} row_source;

/* The numbers of one class */
typedef struct {
    vec x, target, class_weight, kept, target_kept; /* the last two times 2^EMIT_SCALE */
} row_logit;

/* A function that all losses share and that runs once a tile or a row: compiled once, not inlined */
#define SHARED static __attribute__((noinline, unused))

#define ROW_LANES 16 /* virtual lanes of a long row, on every instruction set */
#define CACHE_LINE (64 / sizeof(real))
/* The most negative finite number */
#define LOWEST (FL_ARITH == 32 ? -0x1.fffffep127 : -0x1.fffffffffffffp1023)

/* Exponentials are summed times 2^SUM_SCALE, so that none which counts in the result is subnormal. */
#define SUM_SCALE 64
#define SUM_UNSCALE ((real)0x1p-64)

/* Elements are computed from numbers times 2^EMIT_SCALE, which keep all digits where the element is subnormal. */
#define EMIT_SCALE (MANTISSA_BITS + 1)
#define EMIT_FACTOR ((real)(1ULL << EMIT_SCALE))
#define EMIT_UNSCALE (1 / EMIT_FACTOR)

/* Rows whose elements have a factor less than this are computed at EMIT_FACTOR times it, else 2^-EMIT_SCALE times it
 * may be subnormal: their elements are lowered at last. */
#define SMALL_FACTOR (FL_ARITH == 32 ? (real)0x1p-60 : (real)0x1p-400)

INLINE mask is_finite(vec x) { return v_eq(x - x, v_set(0)); }

/* What rows are raised by */
INLINE vec raise_of(vec factor, vec small) {
    return v_select(v_lt(v_abs(factor), small), v_set(EMIT_FACTOR), v_set(1));
}

/* The distance between two classes, in numbers */
INLINE size_t step_of(const row_source *s) { return s->form == FEW_CLASSES ? LANES : 1; }

/* The row from class k on */
INLINE row_source from_class(row_source s, size_t k) {
    size_t step = step_of(&s);
    s.x += k * step;
    if (s.target) s.target += k * step;
    if (s.class_weight) s.class_weight += k;
    if (s.kept) s.kept += k * step;
    if (s.target_kept) s.target_kept += k * step;
    return s;
}

/* Declares a copy of a row whose form is a constant: the compiler then drops the code for the other form, and no store
 * changes the copy. A function that returns it makes few classes up to 4 % slower. */
#define COPY_OF_FORM(copy, source, constant)                                                                           \
    row_source copy = (source);                                                                                        \
    copy.form = (constant)

/* The vector of class k, or of the classes from k on */
INLINE vec logit_of(const row_source *s, size_t k) { return v_load(s->x + k * step_of(s)); }
INLINE vec target_of(const row_source *s, size_t k) {
    return s->target ? v_load(s->target + k * step_of(s)) : v_set(0);
}
INLINE vec class_weight_of(const row_source *s, size_t k) {
    if (!s->class_weight) return v_set(1);
    return s->form == FEW_CLASSES ? v_set(s->class_weight[k]) : v_load(s->class_weight + k);
}

#define DEFINE_VARIANT(kernel, name, variant)                                                                          \
    SHARED void kernel##_##name(const fl_rows *a) { kernel##_run(a, variant); }
