# Part of accumulator.pyx: sums with weights.

cdef struct Short:          # sums of weights that float32 holds, of one sign and pair of exponents
    uint64_t key            # as in `Moments`, but for the whole exponent of the weight
    int64_t count
    ShortSums sums

cdef struct Tiny:           # sums of weights and values that float32 holds, of one sign and pair of whole exponents
    uint64_t key            # plus 1; 0 where there are none
    int64_t count
    TinySums sums


@cython.final
cdef class Moments:
    """Sums of weights, weighted values and their squares, by groups and pairs of exponents.

    Without groups those of short weights are in few bits first: a place holds them until another pair needs it.
    Those of short values too are in fewer still.
    """

    cdef Table numbers      # in the counts of its buckets; a number is 0 as long as there are no sums
    cdef Sums* sums
    cdef size_t used, room
    cdef bint grouped
    cdef Short shorts[SHORTS]
    cdef Tiny tinies[TINIES]

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
        for i in range(size):
            if mark == NULL or not mark[i]:
                if self.grouped:
                    self.put(values[i], weights[i], numbers[codes[i]], found)
                else:
                    self.put_tiny(values[i], weights[i], found)
        return 0

    cdef int put(self, double wide, double by, uint64_t group, Group* found) except -1 nogil:
        cdef uint64_t of_weight, of_value, weight, value, sign
        if wide != wide or by == 0:
            return 0
        sign = bits_of(wide) >> 63
        weight = mantissa_of(bits_of(by), &of_weight)
        if isfinite(wide):
            value = mantissa_of(bits_of(wide), &of_value)
        else:
            value = of_value = 0
            found[group].infinite[sign] += 1
        value <<= of_value & (1 << DROPPED_BITS) - 1
        of_value >>= DROPPED_BITS
        if not self.grouped and weight & (<uint64_t>1 << NARROWED) - 1 == 0:
            return self.put_short(sign << PAIR_BITS + 2 | of_weight << 11 - DROPPED_BITS | of_value, weight, value)
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

    cdef inline int put_tiny(self, double value, double weight, Group* found) except -1 nogil:
        """As `put` without groups: at once, if both have few bits, and are neither subnormal nor 0 nor infinite."""
        cdef uint64_t of_value = bits_of(value) >> MANTISSA_BITS, of_weight = bits_of(weight) >> MANTISSA_BITS, key
        cdef uint64_t mantissa = (<uint64_t>1 << MANTISSA_BITS) - 1
        cdef Tiny* place
        if (
            (bits_of(value) | bits_of(weight)) & (<uint64_t>1 << NARROWED) - 1
            or (of_value + 1 & EXPONENTS - 1) < 2
            or of_weight - 1 >= EXPONENTS - 2
        ):
            return self.put(value, weight, 0, found)
        key = of_weight << 12 | of_value
        place = self.tinies + (of_value & 31 ^ of_value >> 7 & 16 ^ of_weight << 5 & 480)
        if place.key != key + 1 or place.count == FL_MOST_TINY:
            self.settle_tiny(place)
            place.key = key + 1
        place.count += 1
        fl_add_tiny_moments(
            &place.sums,
            (bits_of(weight) & mantissa | mantissa + 1) >> NARROWED,
            (bits_of(value) & mantissa | mantissa + 1) >> NARROWED,
        )
        return 0

    cdef int settle_tiny(self, Tiny* place) except -1 nogil:
        cdef uint64_t of_value, of_weight, sign
        if place.key:
            of_value = (place.key - 1 & 0x7FF) - 1
            sign = place.key - 1 >> 11 & 1
            of_weight = (place.key - 1 >> 12) - 1
            fl_merge_tiny_moments(
                self.find(
                    sign << PAIR_BITS - 1
                    | of_weight >> DROPPED_BITS << 11 - DROPPED_BITS
                    | of_value >> DROPPED_BITS
                ),
                &place.sums,
                NARROWED + (of_weight & (1 << DROPPED_BITS) - 1),
                NARROWED + (of_value & (1 << DROPPED_BITS) - 1),
            )
            memset(place, 0, sizeof(Tiny))
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
        for i in range(TINIES):
            self.settle_tiny(self.tinies + i)
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
