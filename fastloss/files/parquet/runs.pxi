# Part of values.pyx: runs of small numbers, and what they tell of values.

cdef bint next_run(Run* run, int width, Py_ssize_t wanted) noexcept nogil:
    """Read the head of a run, and the value of one that is not packed; False where there is none."""
    cdef uint64_t head = 0
    cdef uint8_t byte
    cdef int i
    for i in range(COUNT_BYTES):
        if run.at == run.stop:
            return False
        byte = run.at[0]
        run.at += 1
        head |= <uint64_t>(byte & 127) << 7 * i
        if byte < 128:
            break
    else:
        return False
    run.is_packed, run.count, run.value = head & 1, head >> 1, 0
    if run.count == 0 or (run.count * width if run.is_packed else (width + 7) // 8) > run.stop - run.at:
        return False
    if run.is_packed:
        run.count *= PACKED
    else:
        for i in range((width + 7) // 8):
            run.value |= <uint32_t>run.at[0] << 8 * i
            run.at += 1
    run.count = min(run.count, wanted)
    return True


cdef bint levels(Run run, int width, uint8_t* out, Py_ssize_t wanted, int most) noexcept nogil:
    """Write levels of less than 8 bits, a byte each; False where they are no such runs, or larger than `most`."""
    cdef uint64_t room = (127 - most) * ONES, mask = (1 << width) - 1, beyond = 0, word, eight = 0
    cdef Py_ssize_t full, i
    cdef int k
    while wanted:
        if not next_run(&run, width, wanted) or run.value > <uint32_t>most:
            return False
        wanted -= run.count
        if not run.is_packed:
            memset(out, run.value, run.count)
            out += run.count
            continue
        full = run.count // PACKED
        for i in range((run.count + PACKED - 1) // PACKED):
            if width == 1:
                eight = ((run.at[0] * ONES & BITS) + 127 * ONES >> 7) & ONES
            else:
                word = eight = 0
                memcpy(&word, run.at, min(<Py_ssize_t>WORD, run.stop - run.at))
                for k in range(PACKED):
                    eight |= (word >> k * width & mask) << 8 * k
            run.at += width
            if i < full:
                memcpy(out + i * PACKED, &eight, PACKED)
                beyond |= eight + room
        for i in range(full * PACKED, run.count):
            out[i] = eight >> 8 * (i % PACKED) & 255
            beyond |= out[i] + room
        out += run.count
    return not beyond & 128 * ONES


cdef Py_ssize_t equal(const uint8_t* levels, Py_ssize_t count, int level) noexcept nogil:
    """How many of so many levels are one."""
    cdef Py_ssize_t found = 0, i
    cdef uint64_t eight
    for i in range(count // PACKED):
        memcpy(&eight, levels + i * PACKED, PACKED)
        found += PACKED - (((eight ^ level * ONES) + 127 * ONES >> 7 & ONES) * ONES >> 56)
    for i in range(count // PACKED * PACKED, count):
        found += levels[i] == level
    return found


cdef extern from *:
    """
    /* Write groups of eight numbers of so many bits; up to a word behind them is read. */
    static void unpack_eights(const uint8_t *at, Py_ssize_t groups, int width, uint32_t *out) {
        const uint64_t mask = ((uint64_t)1 << width) - 1;
        for (; groups > 0; groups--, at += width, out += 8) {
    #pragma GCC unroll 8
            for (int k = 0; k < 8; k++) {  /* places and shifts stay in registers */
                uint64_t word;
                memcpy(&word, at + (k * width >> 3), sizeof(word));
                out[k] = (uint32_t)(word >> (k * width & 7) & mask);
            }
        }
    }
    """
    void unpack_eights(const uint8_t* at, Py_ssize_t groups, int width, uint32_t* out) noexcept nogil


cdef bint unpack(Run run, int width, uint32_t* out, Py_ssize_t wanted, Py_ssize_t below) noexcept nogil:
    """Write numbers of so many bits; False where they are no runs of these, or not `below` a number."""
    cdef uint32_t limit = min(below, LARGE - 1)
    cdef uint32_t eight[PACKED]
    cdef uint8_t last[MOST_BITS + WORD]
    cdef bint is_wrong = False
    cdef Py_ssize_t i, done
    memset(last, 0, MOST_BITS + WORD)
    while wanted:
        if not next_run(&run, width, wanted):
            return False
        if not run.is_packed:
            is_wrong |= run.value >= limit
            for i in range(run.count):
                out[i] = run.value
        else:
            done = min(run.count // PACKED, max(run.stop - run.at - WORD, <Py_ssize_t>0) // max(width, 1))
            unpack_eights(run.at, done, width, out)
            run.at += done * width
            for i in range(done, (run.count + PACKED - 1) // PACKED):
                memcpy(last, run.at, width)
                unpack_eights(last, 1, width, eight)
                memcpy(out + i * PACKED, eight, min(<Py_ssize_t>PACKED, run.count - i * PACKED) * sizeof(uint32_t))
                run.at += width
            for i in range(run.count):
                is_wrong |= out[i] >= limit
        out += run.count
        wanted -= run.count
    return not is_wrong


cdef uint32_t unpacked(Run run, int width, Py_ssize_t at) noexcept nogil:
    """One of the numbers of a packed run."""
    cdef const uint8_t* first = run.at + (at * width >> 3)
    cdef uint64_t word = 0
    memcpy(&word, first, min(<Py_ssize_t>WORD, run.stop - first))
    return word >> (at * width & 7) & ((<uint64_t>1 << width) - 1)


cdef void gather(const uint32_t* places, const Value* dictionary, Value* out, Py_ssize_t count) noexcept nogil:
    """Write the values at places, which may be where they are written."""
    cdef Py_ssize_t i
    for i in range(count):
        out[i] = dictionary[places[i]]


cdef void spread(
    Value* out, Py_ssize_t wanted, const uint8_t* present, const uint8_t* values, Py_ssize_t count
) noexcept nogil:
    """Write so many values where they are present, and zeros."""
    cdef Py_ssize_t i = 0, taken = 0
    cdef Value value
    while taken < count:
        memcpy(&value, values + taken * sizeof(Value), sizeof(Value))
        out[i] = value * present[i]
        taken += present[i]
        i += 1
    memset(out + i, 0, (wanted - i) * sizeof(Value))


cdef void mark(uint8_t* bits, Py_ssize_t at, const uint8_t* present, Py_ssize_t count) noexcept nogil:
    """Clear bits, from one on, of values that are not present."""
    cdef Py_ssize_t i = 0
    cdef uint64_t eight
    while i < count:
        if (at + i) % 8 == 0 and count - i >= PACKED:
            memcpy(&eight, present + i, PACKED)
            bits[(at + i) // 8] = eight * PACKING >> 56
            i += PACKED
        else:
            bits[(at + i) // 8] &= ~((present[i] ^ 1) << (at + i) % 8)
            i += 1
