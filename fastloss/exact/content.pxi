# Part of accumulator.pyx: what buckets come to.

cdef enum:
    EXPONENTS = 1 << 11
    MOST_STATES = 1 << 17   # 4 MiB
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
cdef class Totals:
    """The number and the sum of the values of buckets, whose states are added binade by binade."""

    cdef uint64_t count
    cdef uint64_t infinite[2]
    cdef uint64_t words[2][WORDS]

    cdef void add(self, const uint64_t* state, Py_ssize_t size) noexcept nogil:
        """Add states of one binade."""
        cdef uint64_t binade = state[0] >> LEAD_BITS, leads = 0, count = 0
        cdef uint128 lows = 0
        cdef int place = place_of(binade), sign = binade >> 11 & 1
        cdef Py_ssize_t i
        for i in range(size):
            leads += state[3] * (PAGE | state[0] & PAGE - 1)
            lows += <uint128>state[2] << 64 | state[1]
            count += state[3]
            state += 4
        self.count += count
        if binade & EXPONENTS - 1 == EXPONENTS - 1:
            self.infinite[sign] += count
        if place >= 0:
            add_at(self.words[sign], (<uint128>leads << LOW_BITS) + lows, place)

    cdef tuple whole(self):
        """The number of values, that of inf, that of -inf, and the sum of the finite ones in units of 2**-1128; then
        nothing is there."""
        found = (
            self.count, self.infinite[0], self.infinite[1], number_of(self.words[0], 0) - number_of(self.words[1], 0)
        )
        memset(self.words, 0, sizeof(self.words))
        self.count = self.infinite[0] = self.infinite[1] = 0
        return found


@cython.final
cdef class Content:
    """What the buckets of groups come to, one after the other, as they are added by increasing index.

    Attributes
    ----------
    states : array of uint64
        Of each bucket its index, the low and the high half of its sum of low mantissa bits, and its count.
    shares : sequence of float
        Of quantiles, in their order.
    """

    cdef object states      # of several groups: to have memory for each takes longer
    cdef uint64_t[:, ::1] rows
    cdef Py_ssize_t start, of_binade, used  # the first of the group and of the binade at hand, and of what is free
    cdef object shares
    cdef Totals totals
    cdef uint64_t words[WORDS]  # of the sum of the squares of finite values, in units of 2**-2256

    def __cinit__(self, shares=()):
        self.shares = shares
        self.states = self.rows = np.empty((0, 4), np.uint64)
        self.totals = Totals()

    cdef int require(self, Py_ssize_t size) except -1:
        """Have room for the states of a group."""
        if self.rows.shape[0] - self.used < size:
            self.states = self.rows = empty((max(size, min(2 * self.rows.shape[0], MOST_STATES)), 4), np.uint64)
            self.start = self.of_binade = self.used = 0
        return 0

    cdef inline void add(self, uint64_t index, uint64_t count, uint128 low) noexcept:
        cdef uint64_t* state = &self.rows[self.used, 0]
        state[0], state[1], state[2], state[3] = index, <uint64_t>low, <uint64_t>(low >> 64), count
        self.used += 1

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
        self.end_binade(of_lows)

    cdef void add_line(self, uint64_t binade, const Cell* cells) noexcept:
        """All buckets of a binade that are cells; `end_binade` follows."""
        cdef int leads[PAGE + 1]
        cdef int lead, used = 0, i
        for lead in range(PAGE):  # each is noted, and then kept if it is used: no branch is guessed
            leads[used] = lead
            used += cells[lead].count_and_low != 0
        for i in range(used):
            self.add(binade << LEAD_BITS | leads[i], count_in(cells + leads[i]), low_in(cells + leads[i]))

    cdef void end_binade(self, uint128 of_lows) noexcept:
        """`of_lows` is the sum of the squares of low bits, of at most 2**38 values, as of the other terms of the squares
        of lead * 2**45 + low."""
        cdef const uint64_t* state = &self.rows[self.of_binade, 0]
        cdef int place = place_of(state[0] >> LEAD_BITS)
        cdef uint64_t of_leads = 0, lead
        cdef uint128 of_both = 0
        cdef Py_ssize_t i
        self.totals.add(state, self.used - self.of_binade)
        for i in range(self.used - self.of_binade):
            lead = PAGE | state[0] & PAGE - 1
            of_leads += state[3] * lead * lead
            of_both += (<uint128>state[2] << 64 | state[1]) * lead
            state += 4
        if place >= 0:
            add_at(self.words, of_leads, 2 * (place + LOW_BITS))
            add_at(self.words, of_both, 2 * place + LOW_BITS + 1)
            add_at(self.words, of_lows, 2 * place)
        self.of_binade = self.used

    cdef tuple whole(self, values=None):
        """The states, their `Totals`, the sum of the squares of finite values in units of 2**-2148, and the `means_at`
        the ranks below quantiles; then nothing is there. The values, if they are given, come in place of the states."""
        cdef uint64_t last = self.totals.count - 1
        states, squares = self.states[self.start : self.used], number_of(self.words, SQUARE_UNITS)
        ranks = [<uint64_t>floor(share * <double>last) for share in self.shares] if self.totals.count else []
        means = means_of_ranks(states, [rank for rank in ranks if rank < last])
        memset(self.words, 0, sizeof(self.words))
        if values is not None:  # the next states may be where these are
            states, self.used = values, self.start
        self.start = self.of_binade = self.used
        return states, self.totals.whole(), squares, means
