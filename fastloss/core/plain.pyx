"""The way into a loss. A plain call of small arrays runs here and at once; any other goes on to the loss's `_compute`.

Plain are calls whose arrays are NumPy's own, contiguous and of one floating dtype (labels: integers), whose parameters
are numbers inside their domains, and whose `out` overlaps nothing. Whatever else there is, errors included, is left to
the general way, on the arguments as they were given: it alone has the rules and the messages. Both call the same
kernels on the same blocks, and give the same bits.
"""

cimport numpy as np
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.float cimport DBL_MAX, FLT_MAX
from libc.math cimport fabs
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset

from fastloss.core.buffers cimport widen_integers
from fastloss.core.kernels cimport (
    FL_ALIGNMENT, FL_BLOCK, FL_MAX_PARAMS, FL_OUTPUT_value, FL_ROW_ELEMENTS, FL_ROW_GRAD, FL_ROW_HESS,
    FL_ROW_PADDING, FL_ROW_PARAMETERS, chosen_loop, current_rows, current_table, fl_chosen,
    fl_enter_floats, fl_leave_floats, fl_map_args, fl_matrix, fl_row_kernels, fl_rows, fl_table, mean_of, tree_sum,
)
from fastloss.core.rows cimport rows_per_block

from time import perf_counter_ns

import numpy

from fastloss.core import threads
from fastloss.core.buffers import STORAGES
from fastloss.core.kernels import OUTPUTS as NUMBERS
from fastloss.core.allocation import LEAST_BYTES, empty

np.import_array()

cdef enum:
    MOST_ELEMENTS = 1 << 17  # above, a call is worth threads, and its arguments cost nothing beside it
    MOST_BLOCKS = MOST_ELEMENTS // FL_BLOCK
    PARAMETERS = 8
    RESULTS = 8

# What a loss takes as its target
cdef enum Target:
    NO_TARGET, OPTIONAL, REQUIRED  # of elementwise losses
    LABELS, LABELS_OR_PROBABILITIES, LOGITS

cdef enum Reduction:
    NONE, SUM, MEAN

TARGETS = {"none": NO_TARGET, "optional": OPTIONAL, "required": REQUIRED, "labels": LABELS,
           "labels or probabilities": LABELS_OR_PROBABILITIES, "logits": LOGITS}  # fmt: skip
cdef dict REDUCTIONS = {"none": NONE, "sum": SUM, "mean": MEAN}
cdef dict OUTPUTS = NUMBERS
cdef int WEIGHT = OUTPUTS["weight"], HESS_NUMBER = OUTPUTS["hess"]
cdef np.npy_intp KEPT_BYTES = LEAST_BYTES
cdef double LEAST_FLOAT = 2.0 ** -150  # numbers of at most this size are 0 as float32

if max(FL_MAX_PARAMS, FL_ROW_PARAMETERS) > PARAMETERS or len(OUTPUTS) > RESULTS:
    raise SystemError("losses have more parameters or outputs than plain calls have room for")


cdef struct Wanted:
    int count
    int numbers[RESULTS]  # of outputs, in the order of the results
    int mask


cdef bint read_outputs(Wanted *wanted, tuple names) except -1:
    """Whether these are names of outputs, each once."""
    wanted.count, wanted.mask = len(names), 0
    if not 0 < wanted.count <= RESULTS:
        return False
    for k, name in enumerate(names):
        number = OUTPUTS.get(name) if type(name) is str else None
        if number is None or wanted.mask >> <int>number & 1:
            return False
        wanted.numbers[k] = number
        wanted.mask |= 1 << wanted.numbers[k]
    return True


cdef Wanted VALUE, GRAD, HESS, VALUE_AND_GRAD
read_outputs(&VALUE, ("value",))
read_outputs(&GRAD, ("grad",))
read_outputs(&HESS, ("hess",))
read_outputs(&VALUE_AND_GRAD, ("value", "grad"))


cdef struct Call:
    # the arguments of a call, which its caller holds
    void *pred
    void *target
    void *sample_weight
    void *out
    void *num_threads
    int reduction
    bint is_double, is_in_place
    double parameters[PARAMETERS]
    fl_chosen chosen           # the loop for all its blocks, whatever instruction set another thread asks for meanwhile
    np.npy_intp elements, rows, classes
    int outputs                # how many arrays the results have
    void *data[RESULTS]        # of these arrays, in their order
    double total


cdef class Entry:
    """What every loss is: callable, in the plain way where that serves."""

    cdef readonly bint is_plain          # whether there is such a way
    cdef int kernel, target
    cdef bint has_weight
    cdef dict places                     # {name of a parameter: its number}
    cdef int missing                     # mask of the parameters without a value
    cdef double parameters[PARAMETERS]   # those in force
    cdef double lowest[PARAMETERS]       # the interval that is a parameter's domain; empty if that is none
    cdef double highest[PARAMETERS]
    cdef bint is_integer[PARAMETERS]
    cdef bint fits_float32               # whether all in force stay in their domains if they are rounded to float32
    cdef bint is_shifted                 # whether a term is added to the value:
    cdef double terms[2]                 # for the parameters in force, of float32 and of float64
    cdef object ignored                  # the label of rows that do not count, or None

    def __call__(self, *args, **kwargs):
        """The loss: one value per element (per row of logits), or its sum or mean as a float."""
        result = self.plain(&VALUE, args, kwargs)
        return self._general(*args, outputs=("value",), **kwargs)[0] if result is None else result

    def grad(self, *args, **kwargs):
        """The derivative with respect to pred, or the logits, of what the call with the same arguments returns."""
        result = self.plain(&GRAD, args, kwargs)
        return self._general(*args, outputs=("grad",), **kwargs)[0] if result is None else result

    def hess(self, *args, **kwargs):
        """The second derivative with respect to each element of pred (rows: the diagonal)."""
        result = self.plain(&HESS, args, kwargs)
        return self._general(*args, outputs=("hess",), **kwargs)[0] if result is None else result

    def value_and_grad(self, *args, **kwargs):
        """(value, grad) in one pass over memory."""
        result = self.plain(&VALUE_AND_GRAD, args, kwargs)
        return self._general(*args, outputs=("value", "grad"), **kwargs) if result is None else result

    def evaluate(self, *args, outputs, **kwargs):
        """A tuple of any of "value", "grad", "hess" and (losses of a residual) "weight", in one pass."""
        cdef Wanted wanted
        if type(outputs) is tuple and read_outputs(&wanted, outputs):
            result = self.plain(&wanted, args, kwargs)
            if result is not None:
                return result if wanted.count > 1 else (result,)
        return self._general(*args, outputs=self._checked_outputs(outputs), **kwargs)

    def _prepare(self, int kernel, target, domains, intervals, parameters, bint has_weight=False, ignored=None,
                 terms=None):
        """Open the plain way: the loss's kernel and target, its parameters in the kernel's order as {name: domain} and
        {name: interval or None}, and those that are in force, which are numbers."""
        cdef int k
        self.kernel, self.target, self.has_weight, self.ignored = kernel, TARGETS[target], has_weight, ignored
        self.places, self.missing, self.fits_float32 = {}, 0, True
        for k, (name, domain) in enumerate(domains.items()):
            self.places[name] = k
            self.is_integer[k] = "integer" in domain
            self.lowest[k], self.highest[k] = intervals[name] or (1.0, 0.0)
            if name in parameters:
                self.parameters[k] = parameters[name]
                self.fits_float32 &= self.is_integer[k] or fits_float32(self.parameters[k])
            else:
                self.missing |= 1 << k
        self.is_shifted = terms is not None
        if self.is_shifted:
            self.terms[0], self.terms[1] = terms
        self.is_plain = True

    cdef object plain(self, const Wanted *wanted, tuple args, dict kwargs):
        """The results of a plain call; None if it is none."""
        cdef Call call
        if not self.is_plain or not self.read_arguments(&call, args, kwargs):
            return None
        if self.target >= LABELS:
            return self.rows(&call, wanted)
        return self.map(&call, wanted)

    # ---- arguments --------------------------------------------------------------------------------------------------

    cdef bint read_arguments(self, Call *call, tuple args, dict kwargs) except -1:
        cdef int missing = self.missing, k
        cdef bint fits = self.fits_float32
        cdef Py_ssize_t given = len(args)
        if not 0 < given <= 2:
            return False
        call.pred, call.target, call.sample_weight, call.out = <void *>args[0], NULL, NULL, NULL
        call.num_threads, call.reduction, call.is_in_place = NULL, NONE, False
        if given == 2 and args[1] is not None:
            call.target = <void *>args[1]
        memcpy(call.parameters, self.parameters, sizeof(call.parameters))
        for name, argument in kwargs.items():
            place = self.places.get(name)
            if place is not None:
                k = place
                if self.is_shifted or not self.read_parameter(call, k, argument):
                    return False
                fits = fits and (self.is_integer[k] or fits_float32(call.parameters[k]))
                missing &= ~(1 << k)
            elif name == "reduction":
                reduction = REDUCTIONS.get(argument) if type(argument) is str else None
                if reduction is None:
                    return False
                call.reduction = reduction
            elif name == "out":
                call.out = NULL if argument is None else <void *>argument
            elif name == "num_threads":
                if argument is not None and (type(argument) is not int or argument < 1):
                    return False
                call.num_threads = NULL if argument is None else <void *>argument
            elif name == "sample_weight":
                if argument is not None and self.target >= LABELS:
                    return False
                call.sample_weight = NULL if argument is None else <void *>argument
            elif name == "target" and given == 1:
                call.target = NULL if argument is None else <void *>argument
            else:
                return False
        if missing:
            return False
        return self.read_pred(call, fits)

    cdef bint read_parameter(self, Call *call, int k, object argument) except -1:
        """A parameter, if it is a Python number in its domain."""
        cdef double value
        if type(argument) is float and not self.is_integer[k]:
            value = argument
        elif type(argument) is int and -(1 << 53) <= argument <= 1 << 53:
            value = argument
        else:
            return False
        call.parameters[k] = value
        return self.lowest[k] <= value <= self.highest[k]

    cdef bint read_pred(self, Call *call, bint fits) except -1:
        cdef int dtype
        if not np.PyArray_CheckExact(<object>call.pred):
            return False
        dtype = np.PyArray_TYPE(<np.ndarray>call.pred)
        call.is_double = dtype == np.NPY_DOUBLE
        call.elements = np.PyArray_SIZE(<np.ndarray>call.pred)
        return (
            (call.is_double or (dtype == np.NPY_FLOAT and fits))
            and is_plain_array(<np.ndarray>call.pred)
            and np.PyArray_NDIM(<np.ndarray>call.pred) > 0
            and 0 < call.elements <= MOST_ELEMENTS
        )

    cdef object new_results(self, Call *call, const Wanted *wanted):
        """The arrays of the results in their order: those of `out` or new ones; None if it is no plain `out`."""
        cdef int k
        cdef np.ndarray pred = <np.ndarray>call.pred
        cdef int dtype = np.PyArray_TYPE(pred), ndim
        cdef list arrays = []
        call.outputs = 0
        for k in range(wanted.count):
            is_value = wanted.numbers[k] == FL_OUTPUT_value
            if is_value and call.reduction != NONE:
                continue
            ndim = 1 if is_value and self.target >= LABELS else np.PyArray_NDIM(pred)
            if call.out == NULL and np.PyArray_NBYTES(pred) >= KEPT_BYTES:
                array = empty((<object>pred).shape[:ndim], (<object>pred).dtype)
            elif call.out == NULL:
                array = np.PyArray_EMPTY(ndim, np.PyArray_DIMS(pred), dtype, False)
            else:
                array = given_output(<object>call.out, call.outputs)
                if array is None or not fits_output(<np.ndarray>array, ndim, pred):
                    return None
            call.data[call.outputs] = np.PyArray_DATA(<np.ndarray>array)
            call.outputs += 1
            arrays.append(array)
        if call.out != NULL and not self.is_out_apart(call, arrays):
            return None
        return arrays

    cdef bint is_out_apart(self, Call *call, list arrays) except -1:
        """Whether no array of `out` overlaps another, or an input that it is not exactly: those of an elementwise loss,
        or the logits of one output."""
        cdef bint in_place = self.target < LABELS or call.outputs == 1
        if call.outputs != (len(<object>call.out) if type(<object>call.out) is tuple else 1):
            return False
        for k, array in enumerate(arrays):
            for other in arrays[:k]:
                if overlap(array, other):
                    return False
            if overlap(array, <object>call.pred):
                if not (in_place and are_same(array, <object>call.pred)):
                    return False
                call.is_in_place = True
            if call.target != NULL and overlap(array, <object>call.target):
                if self.target >= LABELS or not are_same(array, <object>call.target):
                    return False
                call.is_in_place = True
            if call.sample_weight != NULL and overlap(array, <object>call.sample_weight):
                return False
        return True

    cdef object results(self, Call *call, const Wanted *wanted, list arrays):
        """What the call returns: one result, or a tuple of several."""
        cdef int k, used = 0
        cdef list found = arrays
        if call.reduction != NONE and wanted.mask >> FL_OUTPUT_value & 1:
            found = []
            for k in range(wanted.count):
                if wanted.numbers[k] == FL_OUTPUT_value:
                    found.append(call.total)
                else:
                    found.append(arrays[used])
                    used += 1
        return found[0] if wanted.count == 1 else tuple(found)

    # ---- elementwise losses -----------------------------------------------------------------------------------------

    cdef object map(self, Call *call, const Wanted *wanted):
        cdef np.ndarray pred = <np.ndarray>call.pred
        cdef Py_ssize_t blocks = (call.elements + FL_BLOCK - 1) // FL_BLOCK, tried = blocks
        cdef double partials[MOST_BLOCKS + 1]
        cdef double total_weight = <double>call.elements
        cdef uint64_t floats
        if self.target == (<int>NO_TARGET if call.target != NULL else <int>REQUIRED):
            return None
        if wanted.mask >> WEIGHT & 1 and not self.has_weight:
            return None
        if call.target != NULL and not is_beside(<object>call.target, pred):
            return None
        if call.sample_weight != NULL and not is_beside(<object>call.sample_weight, pred):
            return None
        arrays = self.new_results(call, wanted)
        if arrays is None:
            return None
        if call.sample_weight != NULL and call.reduction == MEAN:
            total_weight = weight_of(<np.ndarray>call.sample_weight, call.elements, call.is_double)
        if blocks >= threads.FEW and not call.is_in_place:
            tried = threads.TRIED
            begin = perf_counter_ns()
        with nogil:
            self.run_map(call, wanted, total_weight, partials, 0, tried)
        if tried < blocks:
            if self.is_for_threads(call, perf_counter_ns() - begin, <double>blocks / tried - 1):
                return None
            with nogil:
                self.run_map(call, wanted, total_weight, partials, tried, blocks)
        if call.reduction != NONE and wanted.mask >> FL_OUTPUT_value & 1:
            floats = fl_enter_floats()
            call.total = tree_sum(partials, blocks)
            if call.reduction == MEAN:
                call.total = mean_of(call.total, total_weight)
            fl_leave_floats(floats)
        return self.results(call, wanted, arrays)

    cdef bint is_for_threads(self, Call *call, nanoseconds, double times) except -1:
        """Whether the call, some of whose blocks took so long, is worth threads: the general way has them."""
        if not threads.is_long_for(nanoseconds, times):
            return False
        return threads.threads_of_call(None if call.num_threads == NULL else <object>call.num_threads) > 1

    cdef void run_map(self, Call *call, const Wanted *wanted, double total_weight, double *partials,
                      Py_ssize_t first, Py_ssize_t last) noexcept nogil:
        """Blocks first, ..., last - 1, as Map does it."""
        cdef char scratch[FL_BLOCK * 8 + FL_ALIGNMENT]
        cdef fl_map_args map
        cdef int itemsize = 8 if call.is_double else 4, k, array
        cdef Py_ssize_t block, start, length
        cdef bint keeps_sum = call.reduction != NONE and wanted.mask >> FL_OUTPUT_value & 1
        cdef const char *pred = <const char *>np.PyArray_DATA(<np.ndarray>call.pred)
        cdef const char *target = NULL
        cdef const char *sample_weight = NULL
        cdef uint64_t floats = fl_enter_floats()
        if call.target != NULL:
            target = <const char *>np.PyArray_DATA(<np.ndarray>call.target)
        if call.sample_weight != NULL:
            sample_weight = <const char *>np.PyArray_DATA(<np.ndarray>call.sample_weight)
        if first == 0:
            for k in range(PARAMETERS if not call.is_double else 0):
                call.parameters[k] = <double><float>call.parameters[k]
            call.chosen = chosen_loop(self.kernel, call.is_double, wanted.mask, call.parameters)
        memset(&map, 0, sizeof(map))
        memcpy(map.scalars, call.parameters, sizeof(map.scalars))
        map.target, map.target_mask = zeros, 0
        map.factor = mean_of(1.0, total_weight) if call.reduction == MEAN else 1.0
        if self.is_shifted:
            map.shifted = 1 << FL_OUTPUT_value
            map.term[FL_OUTPUT_value] = self.terms[call.is_double]
        for block in range(first, last):
            start = block * FL_BLOCK
            map.pred = pred + start * itemsize
            if target != NULL:
                map.target, map.target_mask = target + start * itemsize, <size_t>-1
            if sample_weight != NULL:
                map.sample_weight = sample_weight + start * itemsize
            array = 0
            for k in range(wanted.count):
                if wanted.numbers[k] == FL_OUTPUT_value and keeps_sum:
                    map.out[FL_OUTPUT_value] = aligned(scratch)
                else:
                    map.out[wanted.numbers[k]] = <char *>call.data[array] + start * itemsize
                    array += 1
            length = min(<Py_ssize_t>FL_BLOCK, call.elements - start)
            call.chosen.table.map(call.chosen.loop, &map, length)
            if keeps_sum:
                partials[block] = call.chosen.table.sum(map.out[FL_OUTPUT_value], length)
        fl_leave_floats(floats)

    # ---- rows of logits ---------------------------------------------------------------------------------------------

    cdef object rows(self, Call *call, const Wanted *wanted):
        cdef np.ndarray logits = <np.ndarray>call.pred, target
        cdef uint64_t floats
        cdef int64_t *labels = NULL
        cdef char *memory
        cdef char *values
        cdef bint has_labels, is_plain = True
        if np.PyArray_NDIM(logits) != 2 or call.target == NULL or not np.PyArray_CheckExact(<object>call.target):
            return None
        if wanted.mask >> WEIGHT & 1:
            return None
        target = <np.ndarray>call.target
        if not is_plain_array(target) or np.PyArray_NDIM(target) == 0:
            return None
        has_labels = np.PyArray_NDIM(target) == 1
        call.rows, call.classes = np.PyArray_DIMS(logits)[0], np.PyArray_DIMS(logits)[1]
        if has_labels if self.target == LOGITS else not has_labels and self.target == LABELS:
            return None
        if not (np.PyArray_DIMS(target)[0] == call.rows if has_labels else are_alike(target, logits)):
            return None
        arrays = self.new_results(call, wanted)
        if arrays is None:
            return None
        if has_labels and self.ignored is not None and 0 <= self.ignored < call.classes:
            return None
        memory = <char *>PyMem_RawMalloc(8 * (2 * call.rows + FL_ROW_PADDING) + FL_ALIGNMENT)  # labels, reduced values
        if memory == NULL:
            return None
        with nogil:
            labels = <int64_t *>memory
            memset(labels + call.rows, 0, 8 * FL_ROW_PADDING)
            is_plain = not has_labels or read_labels(target, labels, call.rows, call.classes)
            if is_plain:
                floats = fl_enter_floats()
                values = aligned(<char *>(labels + call.rows + FL_ROW_PADDING))
                self.run_rows(call, wanted, labels if has_labels else NULL, values)
                fl_leave_floats(floats)
        PyMem_RawFree(memory)
        return self.results(call, wanted, arrays) if is_plain else None

    cdef void run_rows(self, Call *call, const Wanted *wanted, const int64_t *labels, char *values) noexcept nogil:
        """As Rows does it, block by block."""
        cdef const fl_row_kernels *kernels = current_rows(call.is_double)
        cdef int itemsize = 8 if call.is_double else 4, k, array = 0
        cdef Py_ssize_t rows = rows_per_block(call.classes, itemsize), start = 0, row = call.classes * itemsize
        cdef char *value = NULL
        cdef char *elements[FL_ROW_ELEMENTS]
        cdef fl_rows block
        memset(&block, 0, sizeof(block))
        memset(elements, 0, sizeof(elements))
        for k in range(FL_ROW_PARAMETERS):
            block.parameters[k] = call.parameters[k]
            if not (call.is_double or self.is_integer[k]):
                block.parameters[k] = <double><float>call.parameters[k]
        block.factor = 1.0 / <double>call.rows if call.reduction == MEAN else 1.0
        block.classes = call.classes
        for k in range(wanted.count):
            if wanted.numbers[k] == FL_OUTPUT_value and call.reduction != NONE:
                value = values
                continue
            if wanted.numbers[k] == FL_OUTPUT_value:
                value = <char *>call.data[array]
            else:
                elements[FL_ROW_HESS if wanted.numbers[k] == HESS_NUMBER else FL_ROW_GRAD] = <char *>call.data[array]
            array += 1
        while start < call.rows:
            block.rows = min(rows, call.rows - start)
            block.logits = matrix(np.PyArray_DATA(<np.ndarray>call.pred), start, row, call.classes)
            if labels != NULL:
                block.labels = labels + start
            else:
                block.target = matrix(np.PyArray_DATA(<np.ndarray>call.target), start, row, call.classes)
            block.value = NULL if value == NULL else value + start * itemsize
            for k in range(FL_ROW_ELEMENTS):
                if elements[k] != NULL:
                    block.elements[k] = matrix(elements[k], start, row, call.classes)
            kernels.kernels[self.kernel](&block)
            start += block.rows
        if value == values:
            call.total = sum_of(value, call.rows, call.is_double)
            call.total = call.total / <double>call.rows if call.reduction == MEAN else call.total


cdef bint fits_float32(double value) noexcept nogil:
    return value == 0 or LEAST_FLOAT < fabs(value) <= FLT_MAX or fabs(value) > DBL_MAX


cdef char zeros[FL_ALIGNMENT]  # the target, where there is none
memset(zeros, 0, sizeof(zeros))


include "plain_arrays.pxi"


cdef fl_matrix matrix(void *data, Py_ssize_t start, Py_ssize_t row_bytes, Py_ssize_t classes) noexcept nogil:
    return fl_matrix(<char *>data + start * row_bytes, classes, 1)


cdef double weight_of(np.ndarray weights, Py_ssize_t n, bint is_double) noexcept:
    cdef uint64_t floats = fl_enter_floats()
    cdef double total = sum_of(<char *>np.PyArray_DATA(weights), n, is_double)
    fl_leave_floats(floats)
    return total


cdef double sum_of(const char *values, Py_ssize_t n, bint is_double) noexcept nogil:
    """As Sum does it."""
    cdef double partials[MOST_BLOCKS + 1]
    cdef const fl_table *table = current_table(is_double)
    cdef Py_ssize_t blocks = 0, start = 0
    while start < n:
        partials[blocks] = table.sum(values + start * (8 if is_double else 4), min(<Py_ssize_t>FL_BLOCK, n - start))
        blocks += 1
        start += FL_BLOCK
    return tree_sum(partials, blocks)
