/* The softmax of long rows that lie class by class: a vector holds one class of LANES rows, as of rows of few classes,
 * and each row is summed in the order of long rows, for the same bits.
 *
 * COLUMNS rows are taken at a time, a chunk of their classes after the other, as `columns`: they are copied while the
 * chunk before is summed, as memory answers late, and since rows a power of two apart would share few sets of the cache.
 */

enum {
    COLUMN_TILES = FL_COLUMN_BYTES / FL_BYTES,
    COLUMNS = COLUMN_TILES * LANES,
    COLUMN_STEP = GROUP_LOGITS / COLUMN_TILES, /* classes that are copied while a group of one tile is summed */
    COLUMN_GAP = 3 * CACHE_LINE                /* numbers between two tiles of a chunk, which would share sets, too */
};

/* A chunk of the classes of neighbouring rows, a tile behind the other: filled up to whole groups with classes that add
 * nothing */
typedef struct {
    real *x, *target;         /* the latter NULL where there is no target */
    size_t spacing;           /* numbers between two tiles */
    const real *class_weight; /* of a SOFT variant: of all these classes */
    vec max[COLUMN_TILES], group_max[COLUMN_TILES][CHUNK / GROUP_LOGITS];
} columns;

/* The copying of a chunk, so far `done` of its classes */
typedef struct {
    columns *to;
    const real *from, *target;
    size_t step, target_step, rows, classes, done;
} column_reader;

INLINE size_t whole_groups(size_t classes) { return (classes + GROUP_LOGITS - 1) / GROUP_LOGITS * GROUP_LOGITS; }

INLINE size_t column_spacing(size_t classes) {
    return whole_groups(classes < CHUNK ? classes : CHUNK) * LANES + COLUMN_GAP;
}

/* How many chunks there are places for: one that is copied, and all of a row's, whose exponentials are kept there. Of
 * more than KEPT_BYTES, which are memory that was never touched in each call, only the one that is summed. */
INLINE size_t chunks_in_room(size_t chunks, size_t classes) {
    enum { KEPT_BYTES = 1 << 24 };
    return chunks * COLUMN_TILES * column_spacing(classes) * sizeof(real) <= KEPT_BYTES ? chunks + 1 : 2;
}

/* The bytes that begin_columns needs: the chunks, those of a target, weights of the classes, and per chunk and row its
 * sums, its maximum and its factor */
static size_t column_room(size_t classes) {
    size_t chunks = (classes + CHUNK - 1) / CHUNK, places = chunks_in_room(chunks, classes);
    if (chunks > MAX_CHUNKS) return 0;
    return (2 * places * COLUMN_TILES * column_spacing(classes) + whole_groups(classes) + 2 * chunks * COLUMNS) *
               sizeof(real) +
           places * sizeof(columns) + chunks * COLUMNS * sizeof(softmax_part) + FL_ALIGNMENT;
}

/* Where rows begin within a line of the cache, they end in one more. */
INLINE void prefetch_class(const real *x) {
    enum { LINES = FL_COLUMN_BYTES / 64 };
    UNROLL for (size_t i = 0; i < LINES; i++) __builtin_prefetch(x + i * CACHE_LINE, 0, 2);
    __builtin_prefetch(x + COLUMNS - 1, 0, 2);
}

/* Asks for the jth part of the next COLUMN_STEP classes, of ROW_LANES parts, and of their place: all at once would wait
 * for each other. */
INLINE void prefetch_columns(const column_reader *s, size_t j) {
    enum { PART = COLUMN_STEP / ROW_LANES };
    UNROLL for (size_t k = s->done + j * PART; k < s->done + (j + 1) * PART; k++) {
        if (k >= s->classes) return;
        prefetch_class(s->from + k * s->step);
        if (s->target) prefetch_class(s->target + k * s->target_step);
        if (k * LANES % CACHE_LINE == 0)
            UNROLL for (size_t t = 0; t < COLUMN_TILES; t++)
                __builtin_prefetch(s->to->x + t * s->to->spacing + k * LANES, 1);
    }
}

/* Copies n classes of up to COLUMNS rows to tiles, and takes them to their maxima, unless these are NULL. */
INLINE void copy_columns(const real *from, size_t step, size_t rows, size_t n, real *to, size_t spacing, vec *max) {
    real part[COLUMNS] = {0};
    for (size_t k = 0; k < n; k++, from += step, to += LANES) {
        const real *row = rows < COLUMNS ? memcpy(part, from, rows * sizeof(real)) : from;
        UNROLL for (size_t t = 0; t < COLUMN_TILES; t++) {
            vec tile = v_load(row + t * LANES);
            if (max) max[t] = v_max(tile, max[t]);
            v_store(to + t * spacing, tile);
        }
    }
}

/* Copies the next COLUMN_STEP classes. */
SHARED void read_columns(column_reader *s) {
    const size_t left = s->classes - s->done, n = left < COLUMN_STEP ? left : COLUMN_STEP;
    const size_t spacing = s->to->spacing, group = s->done / GROUP_LOGITS, to = s->done * LANES;
    vec max[COLUMN_TILES];
    if (!n) return;
    for (int t = 0; t < COLUMN_TILES; t++)
        max[t] = s->done % GROUP_LOGITS ? s->to->group_max[t][group] : v_set(-INFINITE);
    copy_columns(s->from + s->done * s->step, s->step, s->rows, n, s->to->x + to, spacing, max);
    if (s->target)
        copy_columns(s->target + s->done * s->target_step, s->target_step, s->rows, n, s->to->target + to, spacing,
                     NULL);
    for (int t = 0; t < COLUMN_TILES; t++) s->to->group_max[t][group] = max[t];
    s->done += n;
}

/* Copies all that is left, and fills the last group up. */
SHARED void end_reading(column_reader *s) {
    while (s->done < s->classes) read_columns(s);
    for (int t = 0; t < COLUMN_TILES; t++) {
        vec max = v_set(-INFINITE);
        for (size_t g = 0; g < whole_groups(s->classes) / GROUP_LOGITS; g++) max = v_max(s->to->group_max[t][g], max);
        s->to->max[t] = max;
        for (size_t k = s->classes; k < whole_groups(s->classes); k++) {
            const size_t at = t * s->to->spacing + k * LANES;
            v_store(s->to->x + at, v_set(-INFINITE));
            if (s->target) v_store(s->to->target + at, v_set(softmax_NO_TARGET));
        }
    }
}

/* ---- the sums of a chunk ----------------------------------------------------------------------------------------- */

typedef double lane_doubles __attribute__((vector_size(LANES * sizeof(double))));

/* across_sum of each row */
INLINE lane_doubles lane_sums(const vpair sums[ROW_LANES]) {
    lane_doubles lane[ROW_LANES];
    for (int i = 0; i < ROW_LANES; i++) {
        vpair x = without_nan(sums[i]);
        lane[i] = __builtin_convertvector(x.hi, lane_doubles) + __builtin_convertvector(x.lo, lane_doubles);
    }
    for (int width = ROW_LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    return lane[0];
}

INLINE lane_doubles sum_of_partials(const softmax_partial partial[ROW_LANES], int i) {
    vpair sums[ROW_LANES];
    for (int j = 0; j < ROW_LANES; j++) sums[j] = partial[j].sum[i];
    return lane_sums(sums);
}

INLINE lane_doubles count_of_partials(const softmax_partial partial[ROW_LANES], int i) {
    vpair sums[ROW_LANES];
    for (int j = 0; j < ROW_LANES; j++) sums[j] = (vpair){partial[j].count[i], v_set(0)};
    return lane_sums(sums);
}

/* The sums of n classes of a tile, for each of its rows to parts[i * stride], while `next` is copied. The exponentials
 * take the place of the logits. */
INLINE void softmax_of_tile(const softmax_call *call, const columns *from, int t, size_t n, column_reader *next,
                            softmax_part *parts, size_t stride, const int variant) {
    softmax_partial partial[ROW_LANES];
    const softmax_base base = {v_max(v_set((real)LOWEST), from->max[t])};
    const size_t at = (size_t)t * from->spacing;
    row_source tile = {.form = FEW_CLASSES, .x = from->x + at, .kept = from->x + at};
    softmax_sums late = {0};
    if (variant & SOFT && from->target) tile.target = from->target + at;
    memset(partial, 0, sizeof partial);
    for (size_t k = 0; k < n; k += GROUP_LOGITS) {
        const int tops = m_any(v_eq(from->group_max[t][k / GROUP_LOGITS], base.max));
        row_source group = from_class(tile, k);
        if (variant & SOFT) group.class_weight = from->class_weight + k;
        ONCE for (int j = 0; j < ROW_LANES; j++) {
            prefetch_columns(next, (size_t)j);
            prefetch(tile.x + (k + GROUP_LOGITS + (size_t)j * GROUP) * LANES, GROUP * LANES); /* of the next group */
            softmax_sums sums = softmax_add_lanes(call, &group, &base, &partial[j], (size_t)j, tops, variant);
            softmax_add_sums(&partial[(j ? j : ROW_LANES) - 1], late, variant); /* as in pass.inc */
            late = sums;
        }
        read_columns(next);
    }
    softmax_add_sums(&partial[ROW_LANES - 1], late, variant);
    lane_doubles rest = sum_of_partials(partial, 0) * (double)SUM_UNSCALE + (count_of_partials(partial, 0) - 1);
    lane_doubles dot = {0}, mass = {0}, peak_mass = {0};
    if (variant & SOFT) {
        dot = sum_of_partials(partial, 1);
        mass = sum_of_partials(partial, 2);
        peak_mass = count_of_partials(partial, 1);
    }
    for (int i = 0; i < LANES; i++)
        parts[i * stride] = (softmax_part){from->max[t][i], rest[i], dot[i], mass[i], peak_mass[i]};
}

typedef void tile_sum(const softmax_call *, const columns *, int t, size_t n, column_reader *, softmax_part *, size_t);

/* One function a variant, which all losses share */
#define DEFINE_TILE_SUM(name, variant)                                                                                 \
    SHARED void name(const softmax_call *call, const columns *from, int t, size_t n, column_reader *next,              \
                     softmax_part *parts, size_t stride) {                                                             \
        softmax_of_tile(call, from, t, n, next, parts, stride, (variant) | KEEP);                                      \
    }
DEFINE_TILE_SUM(plain_tile, 0)
DEFINE_TILE_SUM(soft_tile, SOFT)
DEFINE_TILE_SUM(tempered_tile, TEMPERED)
DEFINE_TILE_SUM(soft_tempered_tile, SOFT | TEMPERED)

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* The rows of a block, COLUMNS at a time */
typedef struct {
    columns *chunks_here;               /* a ring: the chunk `at` is summed, and the next copied */
    size_t classes, chunks, places, at; /* places: how many chunks are here */
    column_reader reader;
    real *class_weight; /* as `columns` has it */
    softmax_part *parts;
    real *max, *shift; /* per chunk and row: what the logits were compared with, and the factor of softmax_merged */
} column_rows;

/* The chunk that was summed n before the present one */
INLINE columns *chunk_before(const column_rows *s, size_t n) {
    return &s->chunks_here[(s->at + s->places - n) % s->places];
}

INLINE void begin_chunk(column_rows *s, const fl_rows *a, size_t r, size_t c) {
    const size_t left = s->classes - c * CHUNK;
    columns *to = &s->chunks_here[(s->at + 1) % s->places];
    s->reader = (column_reader){.to = to, .step = a->logits.step, .target_step = a->target.step};
    to->class_weight = s->class_weight + c * CHUNK;
    if (r >= a->rows) return; /* there are no more */
    s->reader.from = (const real *)a->logits.data + r + c * CHUNK * a->logits.step;
    if (a->target.data) s->reader.target = (const real *)a->target.data + r + c * CHUNK * a->target.step;
    s->reader.rows = a->rows - r;
    s->reader.classes = left < CHUNK ? left : CHUNK;
}

/* The chunk that was copied becomes the one that is summed. */
INLINE void end_chunk(column_rows *s) {
    end_reading(&s->reader);
    s->at = (s->at + 1) % s->places;
}

SHARED void begin_columns(column_rows *s, const fl_rows *a, const void *room, int variant) {
    const size_t n = a->classes, chunks = (n + CHUNK - 1) / CHUNK, spacing = column_spacing(n), all = whole_groups(n);
    const real *class_weight = a->class_weight;
    s->classes = n;
    s->chunks = chunks;
    s->places = variant & KEEP ? chunks_in_room(chunks, n) : 2;
    s->at = 0;
    s->chunks_here = (columns *)(((uintptr_t)room + FL_ALIGNMENT - 1) / FL_ALIGNMENT * FL_ALIGNMENT);
    real *x = (real *)(s->chunks_here + s->places);
    for (size_t i = 0; i < s->places; i++, x += COLUMN_TILES * spacing) {
        s->chunks_here[i].x = x;
        s->chunks_here[i].target = a->target.data ? x + s->places * COLUMN_TILES * spacing : NULL;
        s->chunks_here[i].spacing = spacing;
    }
    if (a->target.data) x += s->places * COLUMN_TILES * spacing;
    for (size_t k = 0; variant & SOFT && k < all; k++) x[k] = k >= n ? 0 : class_weight ? class_weight[k] : 1;
    s->class_weight = x;
    s->max = x + all;
    s->shift = s->max + chunks * COLUMNS;
    s->parts = (softmax_part *)(s->shift + chunks * COLUMNS);
    begin_chunk(s, a, 0, 0);
    end_chunk(s);
}

/* Whether a logit of the row r is NaN */
SHARED int has_nan(const fl_rows *a, size_t r) {
    const real *x = (const real *)a->logits.data + r;
    int found = 0;
    for (size_t k = 0; k < a->classes; k++) found |= x[k * a->logits.step] != x[k * a->logits.step];
    return found;
}

/* The sums of up to COLUMNS rows from r on as states, a tile each. If there is room for their chunks, these hold what was
 * kept, until the next rows are reduced. */
SHARED void reduce_columns(column_rows *s, const fl_rows *a, size_t r, const softmax_call *call, softmax_state *states,
                           int variant) {
    static tile_sum *const sums[] = {plain_tile, tempered_tile, soft_tile, soft_tempered_tile};
    tile_sum *const sum_tile = sums[variant & (TEMPERED | SOFT)];
    for (size_t c = 0; c < s->chunks; c++) {
        const size_t begin = c * CHUNK, n = s->classes - begin < CHUNK ? s->classes - begin : CHUNK;
        if (c + 1 < s->chunks)
            begin_chunk(s, a, r, c + 1);
        else
            begin_chunk(s, a, r + COLUMNS, 0);
        const columns *summed = chunk_before(s, 0);
        for (int t = 0; t < COLUMN_TILES && r + (size_t)t * LANES < a->rows; t++) {
            sum_tile(call, summed, t, n, &s->reader, s->parts + (size_t)t * LANES * s->chunks + c, s->chunks);
            v_store(s->max + c * COLUMNS + t * LANES, v_max(v_set((real)LOWEST), summed->max[t]));
        }
        end_chunk(s);
    }
    for (int t = 0; t < COLUMN_TILES && r + (size_t)t * LANES < a->rows; t++) {
        real max[LANES], rest[LANES], dot[LANES], mass[LANES], peak_mass[LANES], shift[MAX_CHUNKS];
        for (int i = 0; i < LANES; i++) {
            const size_t row = (size_t)t * LANES + i;
            softmax_part sum = softmax_merged(call, s->parts + row * s->chunks, s->chunks, shift, variant);
            if (sum.max - sum.max != 0 && r + row < a->rows && has_nan(a, r + row)) sum.max = NOT_A_NUMBER;
            max[i] = (real)sum.max;
            rest[i] = (real)((sum.rest + (sum.max - sum.max)) * (double)EMIT_FACTOR); /* NaN: max is infinite */
            dot[i] = (real)sum.dot;
            mass[i] = (real)sum.mass;
            peak_mass[i] = (real)sum.peak_mass;
            for (size_t c = 0; c < s->chunks; c++) s->shift[c * COLUMNS + row] = shift[c];
        }
        states[t] = softmax_state_of(v_load(max), v_load(rest), v_load(dot), v_load(mass), v_load(peak_mass));
    }
}

/* The logits, or targets, of class k of `rows` rows from r on, where they lie or in `copy`, while others are prefetched
 * of those before class `end` */
INLINE const real *class_of(const fl_matrix *m, size_t r, size_t rows, size_t k, size_t end, real *copy) {
    const real *from = (const real *)m->data + r + k * m->step;
    for (size_t i = 0; k + COLUMN_STEP < end && i < rows; i += CACHE_LINE)
        __builtin_prefetch(from + COLUMN_STEP * m->step + i);
    return rows == COLUMNS ? from : memcpy(copy, from, rows * sizeof(real));
}
