# Part of accumulator.pyx: what states of buckets tell, as `Content` has them.

def merged(const uint64_t[:, ::1] a, const uint64_t[:, ::1] b):
    """The states, as in `Content`, of the values of two."""
    cdef Py_ssize_t i = 0, j = 0, used = 0, k
    cdef uint128 low
    found = np.empty((a.shape[0] + b.shape[0], 4), np.uint64)
    cdef uint64_t[:, ::1] rows = found
    while i < a.shape[0] or j < b.shape[0]:
        if j == b.shape[0] or (i < a.shape[0] and a[i, 0] < b[j, 0]):
            for k in range(4):
                rows[used, k] = a[i, k]
            i += 1
        elif i == a.shape[0] or b[j, 0] < a[i, 0]:
            for k in range(4):
                rows[used, k] = b[j, k]
            j += 1
        else:
            low = (<uint128>a[i, 2] << 64 | a[i, 1]) + (<uint128>b[j, 2] << 64 | b[j, 1])
            rows[used, 0], rows[used, 1], rows[used, 2] = a[i, 0], <uint64_t>low, <uint64_t>(low >> 64)
            rows[used, 3] = a[i, 3] + b[j, 3]
            i += 1
            j += 1
        used += 1
    return found if used == len(found) else found[:used].copy()


def merged_all(parts):
    """The states of the values of many."""
    cdef Table table = Table(INDEX_BITS)
    cdef const uint64_t[:, ::1] states
    cdef Bucket* bucket
    cdef Py_ssize_t i
    for states in parts:
        for i in range(states.shape[0]):
            if states[i, 0] >> INDEX_BITS:
                raise IndexError(f"a bucket has the index {states[i, 0]}")
            bucket = table.at(states[i, 0])
            bucket.count += states[i, 3]
            bucket.low += <uint128>states[i, 2] << 64 | states[i, 1]
    return table.content()[0]


def sums(const uint64_t[:, ::1] states):
    """Of the values of states: their number, that of inf, that of -inf, and the sum of the finite ones in units of
    2**-1128."""
    cdef uint64_t words[2][WORDS]
    cdef uint64_t infinite[2]
    cdef uint64_t count = 0, binade
    cdef uint128 sum
    cdef Py_ssize_t i = 0
    cdef int place, sign
    memset(words, 0, sizeof(words))
    infinite[0] = infinite[1] = 0
    while i < states.shape[0]:
        binade, sum = states[i, 0] >> LEAD_BITS, 0
        place, sign = place_of(binade), binade >> 11 & 1
        while i < states.shape[0] and states[i, 0] >> LEAD_BITS == binade:
            count += states[i, 3]
            if binade & EXPONENTS - 1 == EXPONENTS - 1:
                infinite[sign] += states[i, 3]
            sum += (<uint128>states[i, 3] * (PAGE | states[i, 0] & PAGE - 1) << LOW_BITS)
            sum += <uint128>states[i, 2] << 64 | states[i, 1]
            i += 1
        if place >= 0:
            add_at(words[sign], sum, place)
    return count, infinite[0], infinite[1], number_of(words[0], 0) - number_of(words[1], 0)


cdef Py_ssize_t first_from(const uint64_t[:, ::1] states, uint64_t index) noexcept nogil:
    """The place of the first state from an index on."""
    cdef Py_ssize_t below = 0, above = states.shape[0], at
    while below < above:
        at = (below + above) >> 1
        if states[at, 0] < index:
            below = at + 1
        else:
            above = at
    return below


def ordered(const uint64_t[:, ::1] states):
    """The places of states by increasing values, those of zeros in their order; and the number of values up to each."""
    cdef Py_ssize_t size = states.shape[0], used = 0, i, k, start, end
    cdef bint is_negative
    places, below = np.empty(size, np.int64), np.empty(size, np.int64)
    cdef int64_t[::1] place = places
    cdef int64_t[::1] up_to = below
    cdef int64_t count = 0
    cdef uint64_t firsts[7]  # of zero, normal values, -0, negative ones, subnormal ones, negative ones of these
    firsts[:] = [0, PAGE, SIGN, SIGN | PAGE, SUBNORMAL_FLAG, SUBNORMAL_FLAG | SIGN, 2 * SUBNORMAL_FLAG]
    cdef int order[6]
    order[:] = [3, 5, 0, 2, 4, 1]
    for k in range(6):
        start, end = first_from(states, firsts[order[k]]), first_from(states, firsts[order[k] + 1])
        is_negative = k < 2
        for i in range(start, end):
            place[used] = start + end - 1 - i if is_negative else i
            count += states[place[used], 3]
            up_to[used] = count
            used += 1
    return places, below
