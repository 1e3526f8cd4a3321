# Part of accumulator.pyx: sums with weights.

cdef struct Short:          # sums of weights that float32 holds, of one sign and pair of exponents
    uint64_t key            # as in `Moments`, but for the whole exponent of the weight
    int64_t count
    ShortSums sums


@cython.final
cdef class Moments:
    """Sums of weights, weighted values and their squares, by groups and pairs of exponents.

    Without groups those of short weights are in few bits first: a place holds them until another pair needs it.
    """

    cdef Table numbers      # in the counts of its buckets; a number is 0 as long as there are no sums
    cdef Sums* sums
    cdef size_t used, room
    cdef bint grouped
    cdef Short shorts[SHORTS]

    def __cinit__(self, bint grouped):
        self.numbers, self.used, self.room = Table(0 if grouped else PAIR_BITS), 1, FIRST_ROOM
        self.grouped = grouped
        self.sums = <Sums*>calloc(self.room, sizeof(Sums))
        if self.sums == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.sums)

    cdef inline Sums* find(self, uint64_t key) except NULL nogil:
        cdef Bucket* number = self.numbers.places + self.numbers.home(key)
        if number.tag != key + 1 or number.count == 0:
            return self.other(key)
        return self.sums + number.count

    cdef Sums* other(self, uint64_t key) except NULL nogil:
        """The sums of a key that is new or not at its home: they may have to be made."""
        cdef Bucket* number = self.numbers.find(key)
        if number.count == 0:
            number.count = self.made()
        return self.sums + number.count

    cdef int64_t made(self) except -1 nogil:
        """The number of new sums."""
        cdef Sums* sums
        if self.used == self.room:
            sums = <Sums*>realloc(self.sums, 2 * self.room * sizeof(Sums))
            if sums == NULL:
                with gil:
                    raise MemoryError
            memset(sums + self.room, 0, self.room * sizeof(Sums))
            self.sums, self.room = sums, 2 * self.room
        self.used += 1
        return self.used - 1

    cdef int add(
        self, const real* values, const uint8_t* mark, const double* weights, const int32_t* codes,
        const int64_t* numbers, Py_ssize_t size, Group* found
    ) except -1 nogil:
        """Add finite or infinite values with weights; `found` counts the infinite ones."""
        cdef Py_ssize_t i
        cdef uint64_t group, of_weight, of_value, weight, value, sign
        cdef double wide
        for i in range(size):
            wide = values[i]
            if (mark != NULL and mark[i]) or wide != wide or weights[i] == 0:
                continue
            group = 0 if codes == NULL else numbers[codes[i]]
            sign = bits_of(wide) >> 63
            weight = mantissa_of(bits_of(weights[i]), &of_weight)
            if isfinite(wide):
                value = mantissa_of(bits_of(wide), &of_value)
            else:
                value = of_value = 0
                found[group].infinite[sign] += 1
            value <<= of_value & (1 << DROPPED_BITS) - 1
            of_value >>= DROPPED_BITS
            if not self.grouped and weight & (<uint64_t>1 << NARROWED) - 1 == 0:
                self.put_short(sign << PAIR_BITS + 2 | of_weight << 11 - DROPPED_BITS | of_value, weight, value)
                continue
            fl_add_moments(
                self.find(
                    group << PAIR_BITS
                    | sign << PAIR_BITS - 1
                    | of_weight >> DROPPED_BITS << 11 - DROPPED_BITS
                    | of_value
                ),
                weight << (of_weight & (1 << DROPPED_BITS) - 1),
                value,
            )
        return 0

    cdef inline int put_short(self, uint64_t key, uint64_t weight, uint64_t value) except -1 nogil:
        """Add a value whose weight has few bits."""
        cdef Short* place = self.shorts + ((key ^ key >> 5 ^ key >> 12) & SHORTS - 1)  # of all three, bits that differ
        if place.key != key or place.count == FL_MOST_SHORT:
            self.settle(place)
            place.key = key
        place.count += 1
        fl_add_short_moments(&place.sums, weight >> NARROWED, value)
        return 0

    cdef int settle(self, Short* place) except -1 nogil:
        """Hand over the sums of short weights."""
        cdef uint64_t value, weight, sign
        if place.count:
            value = place.key & (1 << 11 - DROPPED_BITS) - 1
            weight = place.key >> 11 - DROPPED_BITS & 0x7FF
            sign = place.key >> PAIR_BITS + 2
            fl_merge_short_moments(
                self.find(sign << PAIR_BITS - 1 | weight >> DROPPED_BITS << 11 - DROPPED_BITS | value),
                &place.sums,
                NARROWED + (weight & (1 << DROPPED_BITS) - 1),
            )
            memset(place, 0, sizeof(Short))
        return 0

    cdef int settle_all(self) except -1 nogil:
        cdef int i
        for i in range(SHORTS):
            self.settle(self.shorts + i)
        return 0

    cdef int take(self, Moments other, const int64_t* numbers) except -1 nogil:
        """Add the sums of another one; `numbers` has the groups' numbers here."""
        cdef size_t i
        cdef Bucket* number
        cdef uint64_t key
        other.settle_all()
        for i in range(other.numbers.used):
            number = other.numbers.places + other.numbers.taken[i]
            key = number.tag - 1
            key = <uint64_t>numbers[key >> PAIR_BITS] << PAIR_BITS | key & ((<uint64_t>1 << PAIR_BITS) - 1)
            fl_merge_moments(self.find(key), other.sums + number.count)
        return 0

    def of_groups(self, Py_ssize_t groups):
        """Of each group a list of (sign, exponents of weight and value in units of 2**8, the six sums)."""
        self.settle_all()
        cdef const int64_t[::1] order = self.numbers.ordered()
        cdef Py_ssize_t i = 0, group
        cdef uint64_t key
        cdef Sums* of
        cdef list found
        for group in range(groups):
            found = []
            while i < order.shape[0]:
                key = self.numbers.places[order[i]].tag - 1
                if <Py_ssize_t>(key >> PAIR_BITS) != group:
                    break
                of = self.sums + self.numbers.places[order[i]].count
                sums = (
                    whole(of.w),
                    (int(of.ww_top) << 128) + whole(of.ww),
                    (int(of.wv_top) << 128) + whole(of.wv),
                    (whole(of.wvv.high) << 128) + whole(of.wvv.low),
                    (whole(of.wwv.high) << 128) + whole(of.wwv.low),
                    (int(of.wwvv_top) << 256) + (whole(of.wwvv.high) << 128) + whole(of.wwvv.low),
                )
                found.append((-1 if key >> PAIR_BITS - 1 & 1 else 1, key >> 8 & 0xFF, key & 0xFF, sums))
                i += 1
            yield found
