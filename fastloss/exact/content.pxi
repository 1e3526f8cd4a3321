# Part of accumulator.pyx: what buckets come to.

cdef enum:
    EXPONENTS = 1 << 11
    WORDS = 80              # of 64 bits: 2**(2 * 2099) times a number of 218 bits, and carries
    SQUARE_UNITS = 108      # bits below those of squares of values, as subnormals were multiplied


cdef inline void add_at(uint64_t* words, uint128 number, size_t place) noexcept nogil:
    """Add a number * 2**place to one of many words."""
    cdef uint64_t* word = words + (place >> 6)
    cdef uint128 low = <uint128><uint64_t>number << (place & 63)
    cdef uint128 high = (number >> 64) << (place & 63)
    low += word[0]
    high += (low >> 64) + word[1]  # both are below 2**127
    word[0], word[1] = <uint64_t>low, <uint64_t>high
    high >>= 64
    while high:
        word += 1
        high += word[1]
        word[1] = <uint64_t>high
        high >>= 64


cdef object number_of(const uint64_t* words, int units):
    """The number of many words, most of which are 0, over 2**units."""
    cdef int first = 0, end = WORDS
    while first < end and words[first] == 0:
        first += 1
    while first < end and words[end - 1] == 0:
        end -= 1
    number = _PyLong_FromByteArray(<const unsigned char*>(words + first), (end - first) * sizeof(uint64_t), 1, 0)
    units -= 64 * first
    return number >> units if units > 0 else number << -units


cdef inline int place_of(uint64_t binade) noexcept nogil:
    """The exponent of 2 for the last bit of a binade's mantissas, in units of 2**-1128; -1 of zeros and infinities."""
    cdef int exponent = binade & EXPONENTS - 1
    if exponent == 0 or exponent == EXPONENTS - 1:
        return -1
    return exponent - 1 + (0 if binade & SUBNORMAL_FLAG >> LEAD_BITS else SUBNORMAL_SHIFT)


@cython.final
cdef class Content:
    """What buckets come to, as they are added by increasing index.

    Attributes
    ----------
    states : array of uint64
        Of each bucket its index, the low and the high half of its sum of low mantissa bits, and its count.
    """

    cdef object states
    cdef uint64_t[:, ::1] rows
    cdef Py_ssize_t used
    cdef uint64_t of_leads  # of the binade: the three terms of the square of lead * 2**45 + low
    cdef uint128 of_both
    cdef uint64_t words[WORDS]  # of the sum of the squares of finite values, in units of 2**-2256

    def __cinit__(self, Py_ssize_t size):
        self.states = np.empty((size, 4), np.uint64)
        self.rows = self.states

    cdef inline void add(self, uint64_t index, uint64_t count, uint128 low) noexcept:
        cdef uint64_t lead = PAGE | index & PAGE - 1
        self.rows[self.used, 0], self.rows[self.used, 1] = index, <uint64_t>low
        self.rows[self.used, 2], self.rows[self.used, 3] = <uint64_t>(low >> 64), count
        self.used += 1
        self.of_leads += count * lead * lead
        self.of_both += low * lead

    cdef void add_binade(self, uint64_t binade, const uint128* states, uint128 of_lows) noexcept:
        """All buckets of a binade: of each its count above the bit COUNT_AT and its low bits below, 0 of no value."""
        cdef int leads[PAGE + 1]
        cdef int lead, used = 0, i
        for lead in range(PAGE):  # each is noted, and then kept if it is used: no branch is guessed
            leads[used] = lead
            used += states[lead] != 0
        for i in range(used):
            lead = leads[i]
            self.add(
                binade << LEAD_BITS | lead,
                <uint64_t>(states[lead] >> COUNT_AT),
                states[lead] & (<uint128>1 << COUNT_AT) - 1,
            )
        self.end_binade(binade, of_lows)

    cdef void end_binade(self, uint64_t binade, uint128 of_lows) noexcept:
        """`of_lows` is the sum of the squares of low bits, of at most 2**38 values, as of the other terms."""
        cdef int place = place_of(binade)
        if place >= 0:
            add_at(self.words, self.of_leads, 2 * (place + LOW_BITS))
            add_at(self.words, self.of_both, 2 * place + LOW_BITS + 1)
            add_at(self.words, of_lows, 2 * place)
        self.of_leads = self.of_both = 0

    cdef tuple whole(self):
        """The states, and the sum of the squares of finite values in units of 2**-2148."""
        return self.states, number_of(self.words, SQUARE_UNITS)
