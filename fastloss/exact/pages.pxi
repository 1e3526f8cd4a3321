# Part of accumulator.pyx: the values of many groups.

cdef enum:
    PAGE = 1 << LEAD_BITS
    BINADES = 1 << INDEX_BITS - LEAD_BITS
    COUNT_AT = 83           # of a state: the count is above this bit, the sum of low mantissa bits below
    FIRST_WAITING = 8
    AHEAD = 24              # values before one of which the place in memory is asked for
    MOST_WAITING = 1 << 12  # values of a group that wait before they go into its pages
    LEAST_OF_PAGE = 16      # values for which a page is made: its memory follows their number

cdef struct Page:           # the buckets of a binade: values of one sign and exponent
    Page* next
    uint64_t binade
    size_t waiting          # 1 where its values are among those that wait, too
    uint128 squares[2]      # of the low mantissa bits, in turns, so that none waits for the one before
    uint128 states[PAGE]

cdef struct Own:            # what a group has: values that wait, from `start` to `at`, and pages
    double* start
    double* at
    double* end
    Page* pages


@cython.final
cdef class Pages:
    """The values of groups, in buckets.

    A value is put behind those of its group that wait. When these are many they are sorted into the pages of the group,
    which stay in the cache meanwhile; a few values of a binade that has no page wait on.
    """

    cdef Own* owns
    cdef Py_ssize_t groups, room
    cdef Page** directory   # the pages of the group at hand by binade, else NULL
    cdef uint32_t* without  # of a binade that has none, the number of values
    cdef Page* spare        # pages in no use, full of zeros

    def __cinit__(self):
        self.directory = <Page**>calloc(BINADES, sizeof(Page*))
        self.without = <uint32_t*>calloc(BINADES, sizeof(uint32_t))
        if self.directory == NULL or self.without == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.groups):
            free(self.owns[i].start)
            free_pages(self.owns[i].pages)
        free_pages(self.spare)
        free(self.owns)
        free(self.directory)
        free(self.without)

    cdef int require(self, Py_ssize_t groups) except -1:
        """Have room for so many groups."""
        cdef Own* owns
        if groups > self.room:
            owns = <Own*>realloc(self.owns, max(groups, 2 * self.room) * sizeof(Own))
            if owns == NULL:
                raise MemoryError
            self.owns, self.room = owns, max(groups, 2 * self.room)
        if groups > self.groups:
            memset(self.owns + self.groups, 0, (groups - self.groups) * sizeof(Own))
            self.groups = groups
        return 0

    cdef inline int put(self, size_t group, double value, Group* found) except -1 nogil:
        cdef Own* own = self.owns + group
        if own.at == own.end:
            self.make_room(own, found + group)
        own.at[0] = value
        own.at += 1
        return 0

    cdef int make_room(self, Own* own, Group* found) except -1 nogil:
        cdef Py_ssize_t waiting = own.at - own.start, room = waiting
        cdef double* start
        if waiting >= MOST_WAITING:
            self.open(own)
            self.sort(own, found, NULL)
            self.make_pages(own)
            self.sort(own, found, NULL)
            self.close(own.pages)
            waiting = own.at - own.start
        if 2 * waiting >= room:
            room = 2 * room if room else FIRST_WAITING
            start = <double*>realloc(own.start, room * sizeof(double))
            if start == NULL:
                raise_no_memory()
            own.start, own.at, own.end = start, start + waiting, start + room
        return 0

    cdef void open(self, Own* own) noexcept nogil:
        cdef size_t at
        cdef Page* page = own.pages
        while page != NULL:
            self.directory[page.binade] = page
            for at in range(0, sizeof(Page), 64):
                __builtin_prefetch(<char*>page + at, 1)
            page = page.next

    cdef void close(self, Page* page) noexcept nogil:
        while page != NULL:
            self.directory[page.binade] = NULL
            page = page.next

    cdef int sort(self, Own* own, Group* found, Page** others) except -1 nogil:
        """Move the values that wait and have a page into it; NaN are counted, and bounds noted. The others wait on, and
        are in pages of `others` too, if these are wanted."""
        cdef double* value = own.start
        cdef double* kept = own.start
        cdef double* end = own.at
        cdef double smallest = found.smallest, largest = found.largest
        cdef Page** directory = self.directory
        cdef Page* page
        cdef uint64_t index, low
        cdef size_t turn = 0
        while value != end:
            if value[0] != value[0]:
                found.nan += 1
                value += 1
                continue
            smallest = value[0] if value[0] < smallest else smallest
            largest = value[0] if value[0] > largest else largest
            index = index_of(value[0], &low)
            page = directory[index >> LEAD_BITS]
            kept[0] = value[0]
            value += 1
            if page == NULL:
                if others == NULL:
                    kept += 1
                    continue
                page = others[0] = self.page(index >> LEAD_BITS, others[0])
                page.waiting = 1
            kept += page.waiting
            page.states[index & PAGE - 1] += (<uint128>1 << COUNT_AT) + low
            page.squares[turn & 1] += <uint128>low * low
            turn += 1
        found.smallest, found.largest, own.at = smallest, largest, kept
        return 0

    cdef int make_pages(self, Own* own) except -1 nogil:
        """For the values that wait, of binades of which there are enough."""
        cdef double* value = own.start
        cdef uint64_t binade, low
        while value != own.at:
            binade = index_of(value[0], &low) >> LEAD_BITS
            self.without[binade] += 1
            if self.without[binade] == LEAST_OF_PAGE:
                own.pages = self.page(binade, own.pages)
            value += 1
        while value != own.start:
            value -= 1
            self.without[index_of(value[0], &low) >> LEAD_BITS] = 0
        return 0

    cdef Page* page(self, uint64_t binade, Page* next) except NULL nogil:
        """A new page, in the directory."""
        cdef Page* page = self.spare
        if page != NULL:
            self.spare = page.next
        else:
            page = <Page*>calloc(1, sizeof(Page))
            if page == NULL:
                raise_no_memory()
        page.binade, page.next = binade, next
        self.directory[binade] = page
        return page

    cdef void drop(self, Page* page) noexcept nogil:
        """Have these pages to spare."""
        cdef Page* next
        while page != NULL:
            next = page.next
            memset(page, 0, sizeof(Page))
            page.next, self.spare = self.spare, page
            page = next

    cdef int take(self, Pages other, const int64_t* numbers, Py_ssize_t groups, Group* found) except -1 nogil:
        """Add the values of another one, which has none then; `numbers` has the numbers here of its groups that have
        any: it may have had more before."""
        cdef Py_ssize_t i
        cdef Py_ssize_t k
        cdef Own* own
        cdef Own* theirs
        cdef Page* page
        cdef Page* next
        cdef Page* mine
        cdef double* value
        for i in range(groups):
            theirs, own = other.owns + i, self.owns + numbers[i]
            if own.at == own.start and own.pages == NULL:
                own[0], theirs[0] = theirs[0], own[0]
                continue
            if theirs.pages != NULL:
                self.open(own)
                page, theirs.pages = theirs.pages, NULL
                while page != NULL:
                    next = page.next
                    mine = self.directory[page.binade]
                    if mine == NULL:
                        page.next, own.pages, self.directory[page.binade] = own.pages, page, page
                    else:
                        for k in range(PAGE):
                            mine.states[k] += page.states[k]
                        mine.squares[0] += page.squares[0]
                        mine.squares[1] += page.squares[1]
                        page.next = NULL
                        self.drop(page)
                    page = next
                self.close(own.pages)
            value = theirs.start
            while value != theirs.at:
                if own.at == own.end:
                    self.make_room(own, found + numbers[i])
                k = min(theirs.at - value, own.end - own.at)
                memcpy(own.at, value, k * sizeof(double))
                own.at += k
                value += k
            theirs.at = theirs.start
        return 0

    cdef tuple content(self, size_t group, Group* found):
        """The states of a group's buckets, and the sum of squares, as `Content` has them."""
        cdef Own* own = self.owns + group
        cdef Page* of_few = NULL
        cdef Page* page
        cdef Py_ssize_t binade, first = BINADES, end = 0
        self.open(own)
        self.sort(own, found + group, &of_few)
        cdef Py_ssize_t used = used_of(own.pages, &first, &end) + used_of(of_few, &first, &end)
        cdef Content content = Content(used)
        for binade in range(first, end):
            page = self.directory[binade]
            if page != NULL:
                content.add_binade(binade, page.states, page.squares[0] + page.squares[1])
        self.close(own.pages)
        self.close(of_few)
        self.drop(of_few)
        return content.whole()


cdef Py_ssize_t used_of(const Page* page, Py_ssize_t* first, Py_ssize_t* end) noexcept nogil:
    """How many buckets of pages are in use; `first` and `end` are widened to their binades."""
    cdef Py_ssize_t used = 0, k
    while page != NULL:
        first[0], end[0] = min(first[0], <Py_ssize_t>page.binade), max(end[0], <Py_ssize_t>page.binade + 1)
        for k in range(PAGE):
            used += page.states[k] != 0
        page = page.next
    return used


cdef void free_pages(Page* page) noexcept nogil:
    cdef Page* next
    while page != NULL:
        next = page.next
        free(page)
        page = next
