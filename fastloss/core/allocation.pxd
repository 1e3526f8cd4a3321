cdef void *allocate(void *context, size_t size) noexcept nogil
cdef void give_back(void *context, void *memory, size_t size) noexcept nogil
