"""The declarations of csrc/api.h, and what the hot loops share."""

from libc.stdint cimport int64_t, uint64_t

from fastloss.core.buffers cimport Operand

cdef enum:
    # A call that reads and writes more than a core's share of the caches leaves nothing there for its caller: its
    # outputs are then stored past the caches, which saves reading the memory that they overwrite.
    STREAMED_BYTES = 32 << 20

cdef extern from "api.h" nogil:
    enum:
        FL_BLOCK, FL_ALIGNMENT, FL_MAX_PARAMS, FL_ISAS, FL_FUNCTIONS
        FL_F32, FL_F64
        FL_OUTPUT_value, FL_OUTPUT_PARAM_GRAD, FL_OUTPUTS, FL_PARAM_GRAD
        FL_RESIDUAL_ONLY, FL_UNWEIGHTED
        FL_CONVEX, FL_C1, FL_EVEN, FL_BOUNDED
        FL_LABELS, FL_LABELS_OR_PROBABILITIES, FL_LOGITS
        FL_ROW_PADDING, FL_ROW_PARAMETERS, FL_SHORT_ROW
        FL_ROW_GRAD, FL_ROW_HESS, FL_ROW_ELEMENTS
        FL_ROW_hits, FL_ROW_own_probabilities, FL_ROW_probabilities, FL_ROW_log_probabilities

    ctypedef struct fl_output:
        const char *name
        int flags

    ctypedef struct fl_family:
        const char *name
        int has_target

    ctypedef struct fl_loss:
        const char *name
        int kernel, family, traits
        const char *const *parameters

    ctypedef struct fl_map_args:
        const void *pred
        const void *target
        size_t target_mask
        const void **params
        double *scalars
        void **out
        int streams
        int shifted
        const void **terms
        double *term
        const void *sample_weight
        double factor

    ctypedef void (*fl_map_kernel)(const fl_map_args *, size_t) noexcept nogil

    ctypedef struct fl_matrix:
        void *data
        size_t row, step

    ctypedef struct fl_rows:
        size_t rows, classes
        fl_matrix logits, target
        const int64_t *labels
        const void *class_weight
        const double *scale
        double factor
        double *parameters
        void *value
        fl_matrix *elements

    ctypedef struct fl_row_kernels:
        void (*transpose)(const void *, size_t, void *, size_t, size_t, size_t) noexcept nogil
        void (**kernels)(const fl_rows *) noexcept nogil

    ctypedef struct fl_row_loss:
        const char *name
        int kernel, targets, traits
        const char *const *parameters

    ctypedef struct fl_table:
        void (*map)(fl_map_kernel, const fl_map_args *, size_t) noexcept nogil
        double (*sum)(const void *, size_t) noexcept nogil
        void (**functions)(const void *, void *, size_t) noexcept nogil

    ctypedef struct fl_chosen:
        const fl_table *table
        fl_map_kernel loop

    const fl_output fl_outputs[]
    const fl_family fl_families[]
    const fl_loss fl_losses[]
    const int fl_losses_count
    const fl_row_loss fl_row_losses[]
    const int fl_row_losses_count
    const char *const fl_isa_names[]
    const char *const fl_function_names[]
    int fl_isa_supported(int isa)
    const fl_table *fl_get_table(int isa, int arithmetic)
    const fl_row_kernels *fl_get_rows(int isa, int arithmetic)
    fl_chosen fl_choose(int isa, int loss, int is_double, int outputs, const double *scalars)
    int fl_has_param_grad(int loss)
    void fl_end_streams()

cdef extern from "environment.h" nogil:
    uint64_t fl_floats()
    bint fl_are_standard_floats(uint64_t control)
    uint64_t fl_enter_floats()
    void fl_leave_floats(uint64_t before)

cdef extern from "distances/api.h" nogil:
    enum:
        FL_DISTANCE_ARRAYS, FL_DISTANCE_PARAMETERS, FL_DISTANCE_LOSSES
        FL_NO_TARGET, FL_FRACTION, FL_SIGN, FL_LABEL

    ctypedef struct fl_distances:
        size_t rows, width
        const void **x
        const double *target
        const double *scale
        double factor
        double *parameters
        double *value
        void **grad

    ctypedef struct fl_distance_kernels:
        void (**losses)(const fl_distances *) noexcept nogil
        void (*subtract)(double *, const void *, size_t) noexcept nogil

    ctypedef struct fl_distance_loss:
        const char *name
        const char *arrays
        int target, traits
        const char *const *parameters

    const fl_distance_loss fl_distance_losses[]
    const fl_distance_kernels *fl_get_distances(int isa, bint is_double)

cdef extern from "columns/api.h" nogil:
    enum:
        FL_COLUMN_BYTES

    ctypedef struct fl_columns:
        fl_rows rows
        void *room
        int streams

    ctypedef struct fl_column_kernels:
        size_t (*room)(int kernel, size_t classes) noexcept nogil
        void (**kernels)(const fl_rows *) noexcept nogil

    const fl_column_kernels *fl_get_columns(int isa, int arithmetic)

cdef extern from "tiles/api.h" nogil:
    enum:
        FL_TILE_COLUMNS, FL_TILE_STRIP, FL_TILE_ROWS, FL_TILE_ROLES, FL_MARGINS

    const char *const fl_margin_names[]

    ctypedef const void *(*fl_read_vectors)(
        const void *, size_t, size_t, size_t, size_t, size_t *, void *
    ) noexcept nogil

    ctypedef struct fl_vectors:
        const void *source
        fl_read_vectors read
        size_t rows, split
        void *grad[2]
        int normalized

    ctypedef struct fl_tile:
        size_t begin, count

    size_t fl_tiles_of(const fl_vectors *, size_t)
    fl_tile fl_tile_of(const fl_vectors *, size_t, size_t)

    ctypedef struct fl_tiles:
        size_t width, strip, rows_of_tile, kept
        fl_vectors x, w
        size_t window
        double scale, bias_scale, limit
        const void *bias
        void *bias_grad
        const void *class_weight
        double smoothing
        int margin
        double *margin_parameters
        const void *groups
        const void *shares
        int excludes_self
        void *roles
        fl_vectors partner
        double factor
        void *value

    ctypedef struct fl_row_tile:
        fl_tile tile
        int64_t *labels
        double *scale
        void *logits
        void *memory

    ctypedef struct fl_tile_kernels:
        size_t (*logits_room)(const fl_tiles *) noexcept nogil
        size_t (*row_room)(const fl_tiles *) noexcept nogil
        size_t (*scratch_room)(const fl_tiles *) noexcept nogil
        void (*reduce)(const fl_tiles *, fl_row_tile *, void *) noexcept nogil
        void (*differentiate)(const fl_tiles *, fl_row_tile *, size_t, size_t, void *) noexcept nogil
        void (*transfer)(const fl_tiles *, const fl_row_tile *, size_t, size_t, size_t, void *) noexcept nogil
        void (*finish)(const fl_tiles *, const fl_vectors *, size_t, size_t, void *) noexcept nogil

    const fl_tile_kernels *fl_get_tiles(int isa, int arithmetic)

cdef extern from "sums/api.h" nogil:
    ctypedef struct fl_multiples:
        size_t terms
        const double *coefficients
        const void **outputs
        const void *sample_weight
        double factor
        void *sum

    ctypedef struct fl_sum_kernels:
        void (*add)(const fl_multiples *, size_t) noexcept nogil

    const fl_sum_kernels *fl_get_sums(int isa, bint is_double)

cdef const fl_table *current_table(bint is_double) noexcept nogil
cdef const fl_row_kernels *current_rows(bint is_double) noexcept nogil
cdef const fl_distance_kernels *current_distances(bint is_double) noexcept
cdef const fl_column_kernels *current_columns(bint is_double) noexcept
cdef const fl_tile_kernels *current_tiles(bint is_double) noexcept
cdef void end_streams() noexcept nogil
cdef const fl_sum_kernels *current_sums(bint is_double) noexcept nogil
cdef fl_chosen chosen_loop(int loss, bint is_double, int outputs, const double *scalars) noexcept nogil
cdef double tree_sum(double *partials, Py_ssize_t n) noexcept nogil
cpdef double mean_of(double total, double weight) noexcept nogil


cdef class Part:
    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept nogil
    cdef int compute(self, Py_ssize_t start, Py_ssize_t n, char *scratch, void **out) except -1 nogil


cdef class Map(Part):
    cdef Operand pred, target, sample_weight
    cdef Operand params[FL_MAX_PARAMS]
    cdef Operand outs[FL_OUTPUTS]
    cdef Operand terms[FL_OUTPUTS]
    cdef bint has_target, subtracts, has_sample_weight, is_double, keeps_sum
    cdef bint varies[FL_MAX_PARAMS]
    cdef bint wanted[FL_OUTPUTS]
    cdef bint stored[FL_OUTPUTS]
    cdef int shifted                    # mask of the outputs that have a term
    cdef bint has_terms[FL_OUTPUTS]
    cdef double term[FL_OUTPUTS]
    cdef double scalars[FL_MAX_PARAMS]
    cdef double factor
    cdef fl_chosen chosen
    cdef Py_ssize_t size, head          # elements: of all, and of the first block
    cdef readonly Py_ssize_t blocks
    cdef int streams                    # mask of outputs
    cdef double *partials

    cdef void cut(self) noexcept
    cdef bint delays_loads(self, const char *out) noexcept nogil
    cdef Py_ssize_t start(self, Py_ssize_t index) noexcept nogil
    cdef void run_block(self, Py_ssize_t index, char *scratch) noexcept nogil
    cdef void read(self, Py_ssize_t start, Py_ssize_t n, char *scratch, fl_map_args *args) noexcept nogil
