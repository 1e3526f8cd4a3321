# Part of accumulator.pyx: buckets by key.

@cython.final
cdef class Table:
    """Buckets by key.

    With `bits` there is a place for every key of that many bits (pages that no key falls into cost no memory); without
    it is a hash table of any keys, with open addressing and at most half full.
    """

    cdef Bucket* places
    cdef size_t* taken      # which places, in the order of their first use
    cdef size_t capacity, used, room
    cdef uint64_t multiplier
    cdef int shift

    def __cinit__(self, int bits=0):
        if bits:
            self.multiplier, self.shift, self.room = 1, 0, <size_t>1 << bits
            self.allocate(self.room)
        else:
            self.multiplier, self.room = <uint64_t>0x9E3779B97F4A7C15, FIRST_ROOM
            self.allocate(2 * FIRST_ROOM)

    def __dealloc__(self):
        free(self.places)
        free(self.taken)

    cdef int allocate(self, size_t capacity) except -1 nogil:
        cdef Bucket* places = <Bucket*>calloc(capacity, sizeof(Bucket))
        cdef size_t* taken = <size_t*>realloc(self.taken, self.room * sizeof(size_t))
        if taken != NULL:
            self.taken = taken
        if places == NULL or taken == NULL:
            free(places)
            with gil:
                raise MemoryError
        self.places, self.capacity = places, capacity
        if self.multiplier != 1:
            self.shift = 64
            while capacity > 1:
                capacity >>= 1
                self.shift -= 1
        return 0

    cdef inline size_t home(self, uint64_t key) noexcept nogil:
        return <size_t>((key * self.multiplier) >> self.shift)

    cdef size_t place(self, uint64_t key) noexcept nogil:
        """Where `key` is, or the empty place where it belongs."""
        cdef size_t at = self.home(key)
        while self.places[at].tag != key + 1 and self.places[at].tag != 0:
            at = (at + 1) & (self.capacity - 1)
        return at

    cdef int grow(self) except -1 nogil:
        cdef Bucket* old = self.places
        cdef size_t i, at
        self.room *= 2
        self.allocate(2 * self.capacity)
        for i in range(self.used):
            at = self.place(old[self.taken[i]].tag - 1)
            self.places[at] = old[self.taken[i]]
            self.taken[i] = at
        free(old)
        return 0

    cdef Bucket* find(self, uint64_t key) except NULL nogil:
        """The bucket of a key that is new or not at its home: it may have to be made."""
        cdef size_t at = self.place(key)
        if self.places[at].tag == 0:
            if self.used == self.room:
                self.grow()
                at = self.place(key)
            self.taken[self.used] = at
            self.used += 1
            self.places[at].tag = key + 1
        return self.places + at

    cdef inline Bucket* at(self, uint64_t key) except NULL nogil:
        """The bucket of a key."""
        cdef Bucket* bucket = self.places + self.home(key)
        return bucket if bucket.tag == key + 1 else self.find(key)

    cdef inline int put(self, uint64_t key, uint128 low, uint128 high) except -1 nogil:
        cdef Bucket* bucket = self.at(key)
        bucket.count += 1
        bucket.low += low
        bucket.high += high
        return 0

    cdef int take(self, Table other) except -1 nogil:
        """Add the buckets of another table, which is empty then."""
        cdef size_t i
        cdef Bucket* bucket
        cdef Bucket* own
        for i in range(other.used):
            bucket = other.places + other.taken[i]
            own = self.find(bucket.tag - 1)
            own.count += bucket.count
            own.low += bucket.low
            own.high += bucket.high
            memset(bucket, 0, sizeof(Bucket))
        other.used = 0
        return 0

    cdef const int64_t[::1] ordered(self):
        """The places in use by increasing key."""
        cdef size_t i
        tags = np.empty(self.used, np.uint64)
        places = np.empty(self.used, np.int64)
        cdef uint64_t[::1] tag = tags
        cdef int64_t[::1] place = places
        for i in range(self.used):
            place[i] = self.taken[i]
            tag[i] = self.places[self.taken[i]].tag
        return places[np.argsort(tags)]

    cdef tuple content(self, Content content):
        """What the buckets come to, as `Content` has it."""
        cdef const int64_t[::1] order = self.ordered()
        cdef Py_ssize_t i = 0
        cdef Bucket* bucket
        cdef uint64_t binade
        cdef uint128 of_lows
        content.require(order.shape[0])
        while i < order.shape[0]:
            binade, of_lows = (self.places[order[i]].tag - 1) >> LEAD_BITS, 0
            while i < order.shape[0] and (self.places[order[i]].tag - 1) >> LEAD_BITS == binade:
                bucket = self.places + order[i]
                content.add(bucket.tag - 1, bucket.count, bucket.low)
                of_lows += bucket.high
                i += 1
            content.end_binade(of_lows)
        return content.whole()
