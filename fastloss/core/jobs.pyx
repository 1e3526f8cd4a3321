"""The blocks of a call, which several threads take run by run.

Here and not in Python, where Ctrl-C may raise between any two steps: what was handed over is always waited for, so that
nothing is written once a call has ended.
"""

from cpython.exc cimport PyErr_CheckSignals
from cpython.pythread cimport (
    PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock, PyThread_release_lock, PyThread_type_lock,
    WAIT_LOCK,
)


cdef class Job:
    """Calls of function(first, last) over all blocks, cut into runs."""

    cdef object function
    cdef Py_ssize_t blocks, runs, next_run  # next_run: the first that nobody has taken
    cdef Py_ssize_t helpers                 # threads of the pool that are at it
    cdef bint is_waited_for
    cdef object error                       # the first of a helper
    cdef PyThread_type_lock lock            # of what is above: held for a few of the processor's cycles
    cdef PyThread_type_lock ended           # taken until the last helper has ended

    def __init__(self, function, Py_ssize_t blocks, Py_ssize_t runs):
        self.function, self.blocks, self.runs = function, blocks, runs
        self.lock, self.ended = PyThread_allocate_lock(), PyThread_allocate_lock()
        if self.lock == NULL or self.ended == NULL:
            raise MemoryError()
        PyThread_acquire_lock(self.ended, WAIT_LOCK)

    def __dealloc__(self):
        if self.lock != NULL:
            PyThread_free_lock(self.lock)
        if self.ended != NULL:
            PyThread_release_lock(self.ended)
            PyThread_free_lock(self.ended)

    def run(self, hand_over):
        """All blocks, in this thread and in those that hand_over(job) finds: they call `help`. What they have not begun
        when this thread is done, they never begin."""
        try:
            hand_over(self)
            self.work(True)
        finally:
            self.end()
        if self.error is not None:
            raise self.error

    def help(self):
        """Take part, if there is still something to do."""
        if not self.enter():
            return
        error = None
        try:
            self.work(False)
        except BaseException as raised:  # it comes out of `run`
            error = raised
        self.leave(error)

    cdef int work(self, bint is_callers) except -1:
        cdef Py_ssize_t run
        while True:
            PyThread_acquire_lock(self.lock, WAIT_LOCK)
            run = self.next_run
            self.next_run += run < self.runs
            PyThread_release_lock(self.lock)
            if run == self.runs:
                return 0
            self.function(self.blocks * run // self.runs, self.blocks * (run + 1) // self.runs)
            if is_callers:
                PyErr_CheckSignals()

    cdef bint enter(self) noexcept:
        cdef bint is_open
        PyThread_acquire_lock(self.lock, WAIT_LOCK)
        is_open = self.next_run < self.runs
        self.helpers += is_open
        PyThread_release_lock(self.lock)
        return is_open

    cdef void leave(self, error) noexcept:
        PyThread_acquire_lock(self.lock, WAIT_LOCK)
        if error is not None:
            self.next_run = self.runs
            if self.error is None:
                self.error = error
        self.helpers -= 1
        if self.helpers == 0 and self.is_waited_for:
            PyThread_release_lock(self.ended)
        PyThread_release_lock(self.lock)

    cdef void end(self) noexcept:
        """Nobody begins a run any more; those that are under way are waited for, whatever signals come."""
        PyThread_acquire_lock(self.lock, WAIT_LOCK)
        self.next_run = self.runs
        self.is_waited_for = self.helpers > 0
        PyThread_release_lock(self.lock)
        if self.is_waited_for:
            with nogil:
                PyThread_acquire_lock(self.ended, WAIT_LOCK)
        self.function = None
