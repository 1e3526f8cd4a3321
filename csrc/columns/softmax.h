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

/* A chunk of the classes of neighbouring rows, a tile behind the other: filled up to whole groups with -inf */
typedef struct {
    real *x;
    size_t spacing; /* numbers between two tiles */
    vec max[COLUMN_TILES], group_max[COLUMN_TILES][CHUNK / GROUP_LOGITS];
} columns;

/* The copying of a chunk, so far `done` of its classes */
typedef struct {
    columns *to;
    const real *from;
    size_t step, rows, classes, done;
} column_reader;

INLINE size_t whole_groups(size_t classes) { return (classes + GROUP_LOGITS - 1) / GROUP_LOGITS * GROUP_LOGITS; }

INLINE size_t column_spacing(size_t classes) {
    return whole_groups(classes < CHUNK ? classes : CHUNK) * LANES + COLUMN_GAP;
}

/* The bytes that begin_columns needs: two chunks, and per chunk and row its sums, its maximum and its factor */
static size_t column_room(size_t classes) {
    size_t chunks = (classes + CHUNK - 1) / CHUNK;
    if (chunks > MAX_CHUNKS) return 0;
    return (2 * COLUMN_TILES * column_spacing(classes) + 2 * chunks * COLUMNS) * sizeof(real) +
           chunks * COLUMNS * sizeof(softmax_part) + FL_ALIGNMENT;
}

/* Asks for the jth part of the next COLUMN_STEP classes, of ROW_LANES parts, and of their place: all at once would wait
 * for each other. Where rows begin within a line of the cache, they end in one more. */
INLINE void prefetch_columns(const column_reader *s, size_t j) {
    enum { LINES = FL_COLUMN_BYTES / 64, PART = COLUMN_STEP / ROW_LANES };
    UNROLL for (size_t k = s->done + j * PART; k < s->done + (j + 1) * PART; k++) {
        const real *x = s->from + k * s->step;
        if (k >= s->classes) return;
        UNROLL for (size_t i = 0; i < LINES; i++) __builtin_prefetch(x + i * CACHE_LINE, 0, 2);
        __builtin_prefetch(x + COLUMNS - 1, 0, 2);
        if (k * LANES % CACHE_LINE == 0)
            UNROLL for (size_t t = 0; t < COLUMN_TILES; t++)
                __builtin_prefetch(s->to->x + t * s->to->spacing + k * LANES, 1);
    }
}

/* Copies the next COLUMN_STEP classes. */
SHARED void read_columns(column_reader *s) {
    const size_t left = s->classes - s->done, n = left < COLUMN_STEP ? left : COLUMN_STEP;
    const size_t step = s->step, spacing = s->to->spacing, group = s->done / GROUP_LOGITS;
    const real *next = s->from + s->done * step;
    real *to = s->to->x + s->done * LANES, part[COLUMNS] = {0};
    vec max[COLUMN_TILES];
    if (!n) return;
    for (int t = 0; t < COLUMN_TILES; t++)
        max[t] = s->done % GROUP_LOGITS ? s->to->group_max[t][group] : v_set(-INFINITE);
    for (size_t i = 0; i < n; i++, next += step, to += LANES) {
        const real *from = s->rows < COLUMNS ? memcpy(part, next, s->rows * sizeof(real)) : next;
        UNROLL for (size_t t = 0; t < COLUMN_TILES; t++) {
            vec tile = v_load(from + t * LANES);
            max[t] = v_max(tile, max[t]);
            v_store(to + t * spacing, tile);
        }
    }
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
        for (size_t k = s->classes; k < whole_groups(s->classes); k++)
            v_store(s->to->x + t * s->to->spacing + k * LANES, v_set(-INFINITE));
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

/* The sums of n classes of a tile, for each of its rows to parts[i * stride], while `next` is copied */
INLINE void softmax_of_tile(const softmax_call *call, const columns *from, int t, size_t n, column_reader *next,
                            softmax_part *parts, size_t stride, const int variant) {
    softmax_partial partial[ROW_LANES];
    const softmax_base base = {v_max(v_set((real)LOWEST), from->max[t])};
    real *x = from->x + (size_t)t * from->spacing;
    row_source group = {.form = FEW_CLASSES, .x = x, .kept = x};
    memset(partial, 0, sizeof partial);
    for (size_t k = 0; k < n; k += GROUP_LOGITS) {
        const int tops = m_any(v_eq(from->group_max[t][k / GROUP_LOGITS], base.max));
        row_source lane = from_class(group, k);
        ONCE for (int j = 0; j < ROW_LANES; j++, lane = from_class(lane, 1)) {
            prefetch_columns(next, (size_t)j);
            if (__builtin_expect(tops, 0))
                softmax_add(call, &lane, &base, &partial[j], GROUP, ROW_LANES, 1, variant);
            else
                softmax_add(call, &lane, &base, &partial[j], GROUP, ROW_LANES, 0, variant);
        }
        read_columns(next);
    }
    lane_doubles rest = sum_of_partials(partial, 0) * (double)SUM_UNSCALE + (count_of_partials(partial, 0) - 1);
    for (int i = 0; i < LANES; i++) parts[i * stride] = (softmax_part){.max = from->max[t][i], .rest = rest[i]};
}

#define TILE_ARGUMENTS                                                                                                 \
    const softmax_call *call, const columns *from, int t, size_t n, column_reader *next, softmax_part *parts,          \
        size_t stride
SHARED void sum_tile(TILE_ARGUMENTS) { softmax_of_tile(call, from, t, n, next, parts, stride, 0); }
SHARED void sum_and_keep_tile(TILE_ARGUMENTS) { softmax_of_tile(call, from, t, n, next, parts, stride, KEEP); }

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* The rows of a block, COLUMNS at a time */
typedef struct {
    columns chunks_here[2], *summed, *copied;
    column_reader reader;
    size_t classes, chunks;
    softmax_part *parts;
    real *max, *shift; /* per chunk and row: what the logits were compared with, and the factor of softmax_merged */
} column_rows;

INLINE void begin_chunk(column_rows *s, const fl_rows *a, size_t r, size_t c) {
    const size_t left = s->classes - c * CHUNK;
    s->reader = (column_reader){.to = s->copied, .step = a->logits.step};
    if (r >= a->rows) return; /* there are no more */
    s->reader.from = (const real *)a->logits.data + r + c * CHUNK * a->logits.step;
    s->reader.rows = a->rows - r;
    s->reader.classes = left < CHUNK ? left : CHUNK;
}

/* The chunk that was copied becomes the one that is summed. */
INLINE void end_chunk(column_rows *s) {
    end_reading(&s->reader);
    columns *copied = s->copied;
    s->copied = s->summed;
    s->summed = copied;
}

SHARED void begin_columns(column_rows *s, const fl_rows *a, const void *room) {
    const size_t n = a->classes, chunks = (n + CHUNK - 1) / CHUNK, spacing = column_spacing(n);
    real *x = (real *)(((uintptr_t)room + FL_ALIGNMENT - 1) / FL_ALIGNMENT * FL_ALIGNMENT);
    s->classes = n;
    s->chunks = chunks;
    s->summed = &s->chunks_here[0];
    s->copied = &s->chunks_here[1];
    s->summed->x = x;
    s->copied->x = x + COLUMN_TILES * spacing;
    s->summed->spacing = s->copied->spacing = spacing;
    s->max = x + 2 * COLUMN_TILES * spacing;
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

/* The sums of up to COLUMNS rows from r on as states, a tile each. If they have but one chunk, s->copied holds what was
 * kept, or the logits, until the next are reduced. */
SHARED void reduce_columns(column_rows *s, const fl_rows *a, size_t r, const softmax_call *call, softmax_state *states,
                           int keeps) {
    for (size_t c = 0; c < s->chunks; c++) {
        const size_t begin = c * CHUNK, n = s->classes - begin < CHUNK ? s->classes - begin : CHUNK;
        if (c + 1 < s->chunks)
            begin_chunk(s, a, r, c + 1);
        else
            begin_chunk(s, a, r + COLUMNS, 0);
        for (int t = 0; t < COLUMN_TILES && r + (size_t)t * LANES < a->rows; t++) {
            (keeps ? sum_and_keep_tile : sum_tile)(call, s->summed, t, n, &s->reader,
                                                   s->parts + (size_t)t * LANES * s->chunks + c, s->chunks);
            v_store(s->max + c * COLUMNS + t * LANES, v_max(v_set((real)LOWEST), s->summed->max[t]));
        }
        end_chunk(s);
    }
    for (int t = 0; t < COLUMN_TILES && r + (size_t)t * LANES < a->rows; t++) {
        real max[LANES], rest[LANES], shift[MAX_CHUNKS];
        for (int i = 0; i < LANES; i++) {
            const size_t row = (size_t)t * LANES + i;
            softmax_part sum = softmax_merged(call, s->parts + row * s->chunks, s->chunks, shift, 0);
            if (sum.max - sum.max != 0 && r + row < a->rows && has_nan(a, r + row)) sum.max = NOT_A_NUMBER;
            max[i] = (real)sum.max;
            rest[i] = (real)((sum.rest + (sum.max - sum.max)) * (double)EMIT_FACTOR); /* NaN: max is infinite */
            for (size_t c = 0; c < s->chunks; c++) s->shift[c * COLUMNS + row] = shift[c];
        }
        states[t] = softmax_state_of(v_load(max), v_load(rest), v_set(0), v_set(0), v_set(0));
    }
}
