# Part of accumulator.pyx: states of buckets, as `Content` has them: those of values, and what they tell.

cdef Pages spare = None     # of no groups' values, for `states`: it is as large as those of many


def states(const real[::1] values):
    """The states, as in `Content`, of values; NaN is left out."""
    global spare
    cdef Pages pages
    cdef Page* others = NULL
    cdef Group found  # what else is noted of a group
    cdef Content content = Content()
    found.nan, found.smallest, found.largest = 0, INFINITY, -INFINITY
    pages, spare = spare, None  # another thread that comes meanwhile makes its own
    if pages is None:
        pages = Pages()
        pages.require(1)
    if values.shape[0]:
        if real is float:
            pages.sort_floats(&values[0], values.shape[0], &found, &others)
        else:
            pages.sort(&values[0], values.shape[0], &found, &others)
    pages.put_content(0, others, content)
    spare = pages
    return content.whole()[0].copy()


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
    return table.content(Content())[0]


def sums(const uint64_t[:, ::1] states):
    """The `Totals` of states."""
    cdef Totals totals = Totals()
    cdef Py_ssize_t first = 0, i
    for i in range(1, states.shape[0] + 1):
        if i == states.shape[0] or states[i, 0] >> LEAD_BITS != states[first, 0] >> LEAD_BITS:
            totals.add(&states[first, 0], i - first)
            first = i
    return totals.whole()


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


cdef struct Cursor:         # a place among states in the order of their values; zeros are in their order
    const uint64_t* state
    uint64_t up_to          # the number of values up to and with those of this state
    int part                # which of six
    Py_ssize_t step, left   # to the next state of the part, and how many there are


cdef uint64_t firsts[7]     # of zero, normal values, -0, negative ones, subnormal ones, negative ones of these
firsts[:] = [0, PAGE, SIGN, SIGN | PAGE, SUBNORMAL_FLAG, SUBNORMAL_FLAG | SIGN, 2 * SUBNORMAL_FLAG]
cdef int parts[6]           # in their order
parts[:] = [3, 5, 0, 2, 4, 1]


cdef int to_next(Cursor* cursor, const uint64_t[:, ::1] states) except -1:
    """Go to the next state; first to the one of the least values."""
    cdef Py_ssize_t start, end
    while cursor.left == 0:
        if cursor.part == 6:
            raise IndexError(f"there are {cursor.up_to} values, no more")
        start = first_from(states, firsts[parts[cursor.part]])
        end = first_from(states, firsts[parts[cursor.part] + 1])
        cursor.left, cursor.step = end - start, 4
        cursor.state = &states[0, 0] + 4 * (start - 1)
        if cursor.part < 2:  # of negative ones the largest magnitude comes first
            cursor.step, cursor.state = -4, &states[0, 0] + 4 * end
        cursor.part += 1
    cursor.state += cursor.step
    cursor.left -= 1
    cursor.up_to += cursor.state[3]
    return 0


cdef int to_rank(Cursor* cursor, const uint64_t[:, ::1] states, uint64_t rank) except -1:
    """Go to the state with the rank-th smallest value, counted from 0, which is not before this one."""
    while cursor.up_to <= rank:
        to_next(cursor, states)
    return 0


cdef inline uint128 rounded(uint128 numerator, uint128 denominator) noexcept nogil:
    """The quotient as the nearest integer, ties to even."""
    cdef uint128 quotient = numerator // denominator, twice = 2 * (numerator % denominator)
    if twice > denominator or (twice == denominator and quotient & 1 != 0):
        quotient += 1
    return quotient


cdef double mean_of(const uint64_t* state) noexcept nogil:
    """The mean of the values of a bucket as the nearest double."""
    cdef int exponent = state[0] >> LEAD_BITS & EXPONENTS - 1
    cdef uint128 mantissa = <uint128>(PAGE | state[0] & PAGE - 1) << LOW_BITS
    cdef uint128 low = <uint128>state[2] << 64 | state[1]
    cdef double magnitude
    if exponent == 0:
        return 0
    if exponent == EXPONENTS - 1:
        magnitude = INFINITY
    elif state[0] & SUBNORMAL_FLAG:  # in units of 2**-1074
        mantissa = rounded(mantissa * state[3] + low, <uint128>state[3] << SUBNORMAL_SHIFT + 1 - exponent)
        magnitude = ldexp(<double><uint64_t>mantissa, -1074)
    else:
        magnitude = ldexp(<double><uint64_t>(mantissa + rounded(low, state[3])), exponent - 1075)
    return -magnitude if state[0] & SIGN else magnitude


cdef tuple means_from(Cursor* cursor, const uint64_t[:, ::1] states, uint64_t rank):
    """As `means_at`, from a place that is not beyond."""
    cdef Cursor next
    cdef double mean
    to_rank(cursor, states, rank)
    mean = mean_of(cursor.state)
    if rank + 1 < cursor.up_to:
        return mean, mean
    next = cursor[0]
    to_next(&next, states)
    return mean, mean_of(next.state)


def means_at(const uint64_t[:, ::1] states, uint64_t rank):
    """The means of the buckets of the rank-th smallest value, counted from 0, and of the next one."""
    cdef Cursor cursor
    memset(&cursor, 0, sizeof(cursor))
    return means_from(&cursor, states, rank)


cdef dict means_of_ranks(const uint64_t[:, ::1] states, ranks):
    """As `means_at`, by rank, of ranks that do not fall."""
    cdef Cursor cursor
    memset(&cursor, 0, sizeof(cursor))
    return {rank: means_from(&cursor, states, rank) for rank in ranks}


def means(const uint64_t[:, ::1] states):
    """The mean of the values of each state."""
    cdef Py_ssize_t i
    found = np.empty(states.shape[0])
    cdef double[::1] mean = found
    for i in range(states.shape[0]):
        mean[i] = mean_of(&states[i, 0])
    return found


def ends(const uint64_t[:, ::1] states, uint64_t count):
    """The indices of the least and the largest of so many values."""
    cdef Cursor cursor
    cdef uint64_t first
    memset(&cursor, 0, sizeof(cursor))
    to_next(&cursor, states)
    first = cursor.state[0]
    to_rank(&cursor, states, count - 1)
    return first, cursor.state[0]
