"""The memory of results: it begins at a line of the cache, that of large ones at a page, and is kept for the next results when an array gives it back.

What a processor computes into pages that are new to a process waits for the system to clear them, several times as long
as most losses take. The C library returns the memory of large arrays to the system when they go; here that of the last
few stays, up to a bound, and the system takes large ones back only when it is short of memory. The arrays own their
data, as any: NumPy asks the handler (its NEP 49) to free them.

Other libraries' large arrays begin a little behind a page's start, where the C library puts them. What is stored is
then, modulo the page's size, not ahead of what is read beside it: a load waits for an earlier store to an address with
the same last 12 bits.
"""

cimport numpy as np
from cpython.pycapsule cimport PyCapsule_New
from cpython.pythread cimport (
    NOWAIT_LOCK, PyThread_acquire_lock, PyThread_allocate_lock, PyThread_release_lock, PyThread_type_lock,
)
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove, memset

import numpy

np.import_array()

cdef extern from *:
    """
    #if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { IS_SANITIZED = 1 };
    #else
    enum { IS_SANITIZED = 0 };
    #endif
    """
    const bint IS_SANITIZED  # then nothing is kept, so that what is used after it was freed is found

cdef extern from "large_pages.h":
    const size_t FL_PAGE
    void fl_in_large_pages(void *, size_t) nogil
    void fl_lend_large_pages(void *, size_t) nogil

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyDataMemAllocator:
        void *ctx
        void *(*malloc)(void *, size_t) noexcept nogil
        void *(*calloc)(void *, size_t, size_t) noexcept nogil
        void *(*realloc)(void *, void *, size_t) noexcept nogil
        void (*free)(void *, void *, size_t) noexcept nogil
    ctypedef struct PyDataMem_Handler:
        char name[127]
        uint8_t version
        PyDataMemAllocator allocator
    object PyDataMem_SetHandler(object)

cdef enum:
    LINE = 64            # bytes of the cache's
    LEAST = 1 << 15      # bytes: to look for memory of fewer takes longer than it saves
    LARGE = 1 << 20      # bytes: from these on memory begins with a page
    PLACES = 16          # of a shelf
    HELD = 64 << 20      # bytes that are kept of blocks that caches may hold
    LENT = 32 << 20      # bytes: larger blocks are lent to the system while they are kept
    MOST = 256 << 20     # bytes that are kept of these

# What stands in the line before an array's memory
cdef struct Block:
    char *allocated
    size_t size          # bytes that the array may have

cdef struct Shelf:
    Block *kept[PLACES]  # the last was given back last
    int count
    size_t bytes
    size_t most

cdef Shelf held, lent
held.count, held.bytes, held.most = 0, 0, HELD
lent.count, lent.bytes, lent.most = 0, 0, MOST
cdef PyThread_type_lock lock = PyThread_allocate_lock()
if lock == NULL:
    raise MemoryError()


cdef Shelf *shelf_of(size_t size) noexcept nogil:
    return &lent if size > LENT else &held


cdef bint enter() noexcept nogil:
    """Nobody waits: a thread that held the lock may be missing after a fork."""
    return PyThread_acquire_lock(lock, NOWAIT_LOCK)


cdef void leave() noexcept nogil:
    PyThread_release_lock(lock)


cdef Block *take_out(Shelf *shelf, int place) noexcept nogil:
    cdef Block *block = shelf.kept[place]
    shelf.count -= 1
    shelf.bytes -= block.size
    memmove(shelf.kept + place, shelf.kept + place + 1, (shelf.count - place) * sizeof(block))
    return block


cdef Block *fitting(size_t size) noexcept nogil:
    """The youngest block that is kept of this size, or up to a quarter larger; NULL if there is none."""
    cdef Shelf *shelf = shelf_of(size)
    cdef Block *found = NULL
    cdef int place
    if size < LEAST or not enter():
        return NULL
    for place in range(shelf.count - 1, -1, -1):
        if size <= shelf.kept[place].size <= size + size // 4:
            found = take_out(shelf, place)
            break
    leave()
    return found


cdef void *allocate(void *context, size_t size) noexcept nogil:
    cdef Block *block = fitting(size)
    cdef size_t unit = FL_PAGE if size >= LARGE else LINE
    cdef char *allocated
    cdef char *memory
    if block == NULL:
        allocated = <char *>malloc(size + LINE + unit)
        if allocated == NULL:
            return NULL
        memory = allocated + LINE + unit - (<size_t>allocated + LINE) % unit
        fl_in_large_pages(memory, size)
        block = <Block *>(memory - LINE)
        block.allocated, block.size = allocated, size
    return <char *>block + LINE


cdef void give_back(void *context, void *memory, size_t size) noexcept nogil:
    if memory == NULL:
        return
    cdef Block *block = <Block *>(<char *>memory - LINE)
    cdef Shelf *shelf = shelf_of(block.size)
    if IS_SANITIZED or not LEAST <= block.size <= shelf.most or not enter():
        free(block.allocated)
        return
    while shelf.count == PLACES or shelf.bytes + block.size > shelf.most:
        free(take_out(shelf, 0).allocated)
    if shelf == &lent:
        fl_lend_large_pages(memory, block.size)  # before it stands there for another thread to write into
    shelf.kept[shelf.count] = block
    shelf.count += 1
    shelf.bytes += block.size
    leave()


cdef void *allocate_zeros(void *context, size_t items, size_t size) noexcept nogil:
    cdef void *memory = allocate(context, items * size)  # which NumPy has seen not to overflow
    if memory != NULL:
        memset(memory, 0, items * size)
    return memory


cdef void *change_size(void *context, void *memory, size_t size) noexcept nogil:
    cdef void *other = allocate(context, size)
    if other != NULL and memory != NULL:
        memcpy(other, memory, min(size, (<Block *>(<char *>memory - LINE)).size))
        give_back(context, memory, 0)
    return other


cdef PyDataMem_Handler handler
memcpy(handler.name, b"fastloss", 9)
handler.version = 1
handler.allocator.malloc, handler.allocator.calloc = allocate, allocate_zeros
handler.allocator.realloc, handler.allocator.free = change_size, give_back
cdef object HANDLER = PyCapsule_New(&handler, "mem_handler", NULL)
LEAST_BYTES = LEAST


def empty(shape, dtype):
    """numpy.empty; of at least LEAST_BYTES the memory is kept."""
    return _made(numpy.empty, shape, dtype)


def zeros(shape, dtype):
    """numpy.zeros, in such memory."""
    return _made(numpy.zeros, shape, dtype)


cdef object _made(make, shape, dtype):
    before = PyDataMem_SetHandler(HANDLER)
    try:
        return make(shape, dtype)
    finally:
        PyDataMem_SetHandler(before)
