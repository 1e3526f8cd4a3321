# Part of accumulator.pyx: the values of many groups.

cdef enum:
    PAGE = 1 << LEAD_BITS
    BINADES = 1 << INDEX_BITS - LEAD_BITS
    COUNT_AT = 83           # of a state: the count is above this bit, the sum of low mantissa bits below
    FIRST_OF_CHUNK = 1 << 10
    MOST_OF_CHUNK = 1 << 18
    MOST_WAITING = 1 << 22  # values that wait before they go into the pages of their groups
    LEAST_OF_PAGE = 16      # values for which a page is made: its memory follows their number

cdef struct Page:           # the buckets of a binade: values of one sign and exponent
    Page* next
    uint64_t binade
    size_t waiting          # 1 where its values are among those that have no page, too
    uint128 squares[2]      # of the low mantissa bits, in turns, so that none waits for the one before
    uint128 states[PAGE]

cdef struct Chunk:          # values that wait, and the numbers of their groups
    Chunk* next
    char* values
    int32_t* numbers
    Py_ssize_t count
    Py_ssize_t room

cdef struct Own:            # what a group has: values that lie together, and pages
    char* start
    Py_ssize_t count
    Page* pages

ctypedef fused stored:
    float
    double


cdef char* large(size_t size) noexcept nogil:
    """Memory in large pages, as to have it page by page takes as long as to use it; NULL if there is none."""
    cdef char* memory
    if size < FL_LARGE_PAGE:
        return <char*>malloc(max(size, <size_t>1))
    memory = <char*>aligned_alloc(FL_LARGE_PAGE, (size + FL_LARGE_PAGE - 1) // FL_LARGE_PAGE * FL_LARGE_PAGE)
    if memory != NULL:
        fl_in_large_pages(memory, size)
    return memory


@cython.final
cdef class Pages:
    """The values of groups, in buckets.

    Values wait as they come. When they are many, or a group is asked for, those of each group are put together, and
    sorted into its pages, which stay in the cache meanwhile; a few values of a binade that has no page stay values.
    """

    cdef Own* owns
    cdef Py_ssize_t groups, room
    cdef Page** directory   # the pages of the group at hand by binade, else NULL
    cdef uint32_t* without  # of a binade that has none, the number of values
    cdef Page* spare        # pages in no use, full of zeros
    cdef size_t size        # the bytes of a value: of a float, as long as all were floats
    cdef Chunk* chunks
    cdef Py_ssize_t waiting # the values in chunks
    cdef char* together     # the values that groups have
    cdef Py_ssize_t count

    def __cinit__(self):
        self.size = sizeof(float)
        self.directory = <Page**>calloc(BINADES, sizeof(Page*))
        self.without = <uint32_t*>calloc(BINADES, sizeof(uint32_t))
        if self.directory == NULL or self.without == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.groups):
            free_pages(self.owns[i].pages)
        free_pages(self.spare)
        free(self.owns)
        free(self.directory)
        free(self.without)
        self.free_chunks()
        free(self.together)

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

    cdef int add(
        self, const real* values, const uint8_t* mark, const int32_t* codes, const int64_t* numbers, Py_ssize_t size,
        Group* found
    ) except -1 nogil:
        """Add values without a mark; the others are counted."""
        cdef Py_ssize_t some, before
        cdef Chunk* chunk
        if real is double and self.size == sizeof(float):
            self.widen()
        while size:
            chunk = self.chunk(size, found)
            some, before = min(size, chunk.room - chunk.count), chunk.count
            if self.size == sizeof(float):
                append(chunk, <float*>chunk.values, values, mark, codes, numbers, some, found)
            else:
                append(chunk, <double*>chunk.values, values, mark, codes, numbers, some, found)
            self.waiting += chunk.count - before
            values, codes, size = values + some, codes + some, size - some
            if mark != NULL:
                mark = mark + some
        return 0

    cdef Chunk* chunk(self, Py_ssize_t wanted, Group* found) except NULL nogil:
        """One with room for a value at least."""
        cdef Chunk* chunk = self.chunks
        cdef Py_ssize_t room
        if chunk != NULL and chunk.count < chunk.room:
            return chunk
        if self.waiting >= max(<Py_ssize_t>MOST_WAITING, self.count):
            self.put_in_pages(found)
        room = min(max(max(wanted, self.waiting), <Py_ssize_t>FIRST_OF_CHUNK), <Py_ssize_t>MOST_OF_CHUNK)
        chunk = <Chunk*>allocated(sizeof(Chunk))
        chunk.values = large(room * (self.size + sizeof(int32_t)))
        if chunk.values == NULL:
            free(chunk)
            raise_no_memory()
        chunk.numbers = <int32_t*>(chunk.values + room * self.size)
        chunk.next, chunk.count, chunk.room, self.chunks = self.chunks, 0, room, chunk
        return chunk

    cdef void free_chunks(self) noexcept nogil:
        cdef Chunk* chunk = self.chunks
        cdef Chunk* next
        while chunk != NULL:
            next = chunk.next
            free(chunk.values)
            free(chunk)
            chunk = next
        self.chunks, self.waiting = NULL, 0

    cdef int widen(self) except -1 nogil:
        """Have doubles from now on."""
        cdef Py_ssize_t i
        cdef char* wide
        self.gather()
        wide = large(self.count * sizeof(double))
        if wide == NULL:
            raise_no_memory()
        for i in range(self.count):
            (<double*>wide)[i] = (<float*>self.together)[i]
        for i in range(self.groups):
            self.owns[i].start = wide + (self.owns[i].start - self.together) * 2
        free(self.together)
        self.together, self.size = wide, sizeof(double)
        return 0

    cdef int gather(self) except -1 nogil:
        """Put the values of each group together."""
        cdef Py_ssize_t i
        cdef Py_ssize_t at = self.waiting
        cdef Py_ssize_t* places = <Py_ssize_t*>calloc(self.groups, sizeof(Py_ssize_t))
        cdef char* together
        cdef Chunk* chunk = self.chunks
        cdef Own* own
        for i in range(self.groups):
            at += self.owns[i].count
        together = large(at * self.size)
        if places == NULL or together == NULL:
            free(places)
            free(together)
            raise_no_memory()
        while chunk != NULL:
            for i in range(chunk.count):
                places[chunk.numbers[i]] += 1
            chunk = chunk.next
        at = 0
        for i in range(self.groups):
            own = self.owns + i
            if own.count:
                memcpy(together + at * self.size, own.start, own.count * self.size)
            own.start = together + at * self.size
            own.count += places[i]
            at += own.count
            places[i] = at - places[i]
        chunk = self.chunks
        while chunk != NULL:
            if self.size == sizeof(float):
                scatter(<float*>chunk.values, chunk.numbers, chunk.count, places, <float*>together)
            else:
                scatter(<double*>chunk.values, chunk.numbers, chunk.count, places, <double*>together)
            chunk = chunk.next
        free(places)
        free(self.together)
        self.together, self.count = together, at
        self.free_chunks()
        return 0

    cdef int put_in_pages(self, Group* found) except -1 nogil:
        """Keep a few values of each group and binade alone."""
        cdef Py_ssize_t i
        cdef Own* own
        self.gather()
        for i in range(self.groups):
            own = self.owns + i
            if own.count:
                self.open(own)
                self.sort(own, found + i, NULL)
                self.make_pages(own)
                self.sort(own, found + i, NULL)
                self.close(own.pages)
        return self.gather()

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
        """Move the values that have a page into it; NaN are counted, and bounds noted. The others stay, and are in
        pages of `others` too, if these are wanted."""
        if self.size == sizeof(float):
            own.count = self.sort_values(<float*>own.start, own.count, found, others)
        else:
            own.count = self.sort_values(<double*>own.start, own.count, found, others)
        return 0

    cdef Py_ssize_t sort_values(self, stored* values, Py_ssize_t count, Group* found, Page** others) except -1 nogil:
        cdef Py_ssize_t i
        cdef Py_ssize_t kept = 0
        cdef double value, smallest = found.smallest, largest = found.largest
        cdef Page** directory = self.directory
        cdef Page* page
        cdef uint64_t index, low
        cdef size_t turn = 0
        for i in range(count):
            value = values[i]
            if not (smallest <= value <= largest):  # rarely: bounds that are compared alone keep nothing waiting
                if value != value:
                    found.nan += 1
                    continue
                smallest = value if value < smallest else smallest
                largest = value if value > largest else largest
            index = index_of(value, &low)
            page = directory[index >> LEAD_BITS]
            values[kept] = values[i]
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
        found.smallest, found.largest = smallest, largest
        return kept

    cdef int make_pages(self, Own* own) except -1 nogil:
        """For the values of a group, of binades of which there are enough."""
        cdef Py_ssize_t i
        cdef uint64_t binade
        for i in range(own.count):
            binade = self.binade_of(own, i)
            self.without[binade] += 1
            if self.without[binade] == LEAST_OF_PAGE:
                own.pages = self.page(binade, own.pages)
        for i in range(own.count):
            self.without[self.binade_of(own, i)] = 0
        return 0

    cdef inline uint64_t binade_of(self, Own* own, Py_ssize_t i) noexcept nogil:
        cdef uint64_t low
        if self.size == sizeof(float):
            return index_of((<float*>own.start)[i], &low) >> LEAD_BITS
        return index_of((<double*>own.start)[i], &low) >> LEAD_BITS

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
        cdef bint are_same = True
        cdef Chunk* chunk
        cdef Chunk* last = NULL
        if self.size < other.size:
            self.widen()
        if other.size < self.size:
            other.widen()
        if self.waiting >= max(<Py_ssize_t>MOST_WAITING, self.count):
            self.put_in_pages(found)
        for i in range(groups):
            are_same &= numbers[i] == i
            self.take_pages(self.owns + numbers[i], other.owns + i)
            if other.owns[i].count:  # a few
                self.take_values(other.owns + i, numbers[i], found)
        chunk = other.chunks
        while chunk != NULL:
            for i in range(0 if are_same else chunk.count):
                chunk.numbers[i] = <int32_t>numbers[chunk.numbers[i]]
            last, chunk = chunk, chunk.next
        if last != NULL:
            last.next, self.chunks = self.chunks, other.chunks
            self.waiting += other.waiting
        free(other.together)
        other.together, other.count, other.chunks, other.waiting = NULL, 0, NULL, 0
        return 0

    cdef int take_values(self, Own* theirs, int64_t number, Group* found) except -1 nogil:
        cdef Py_ssize_t some, i
        cdef Chunk* chunk
        while theirs.count:
            chunk = self.chunk(theirs.count, found)
            some = min(theirs.count, chunk.room - chunk.count)
            memcpy(chunk.values + chunk.count * self.size, theirs.start, some * self.size)
            for i in range(chunk.count, chunk.count + some):
                chunk.numbers[i] = <int32_t>number
            theirs.start, theirs.count = theirs.start + some * self.size, theirs.count - some
            chunk.count, self.waiting = chunk.count + some, self.waiting + some
        return 0

    cdef int take_pages(self, Own* own, Own* theirs) except -1 nogil:
        cdef Page* page = theirs.pages
        cdef Page* next
        cdef Page* mine
        cdef int k
        theirs.pages = NULL
        if own.pages == NULL or page == NULL:
            own.pages = page if own.pages == NULL else own.pages
            return 0
        self.open(own)
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
        return 0

    cdef tuple content(self, size_t group, Group* found):
        """The states of a group's buckets, and the sum of squares, as `Content` has them."""
        cdef Own* own = self.owns + group
        cdef Page* of_few = NULL
        cdef Page* page
        cdef Py_ssize_t binade, first = BINADES, end = 0
        if self.waiting:
            self.gather()
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


cdef void append(
    Chunk* chunk, stored* to, const real* values, const uint8_t* mark, const int32_t* codes, const int64_t* numbers,
    Py_ssize_t size, Group* found
) noexcept nogil:
    """Put values without a mark, and the numbers of their groups, into a chunk that has room."""
    cdef int32_t* number = chunk.numbers + chunk.count
    cdef Py_ssize_t i
    to += chunk.count
    if mark == NULL:
        for i in range(size):
            to[i] = <stored>values[i]
        for i in range(size):
            number[i] = <int32_t>numbers[codes[i]]
        chunk.count += size
        return
    for i in range(size):
        if mark[i]:
            found[numbers[codes[i]]].left_out[mark[i] - 1] += 1
            continue
        to[0], number[0] = <stored>values[i], <int32_t>numbers[codes[i]]
        to, number, chunk.count = to + 1, number + 1, chunk.count + 1


cdef void scatter(
    const stored* values, const int32_t* numbers, Py_ssize_t count, Py_ssize_t* places, stored* to
) noexcept nogil:
    """Copy values to the places of their groups, which move on."""
    cdef Py_ssize_t i
    for i in range(count):
        to[places[numbers[i]]] = values[i]
        places[numbers[i]] += 1


cdef void* allocated(size_t size) except NULL nogil:
    cdef void* memory = malloc(size)
    if memory == NULL:
        raise_no_memory()
    return memory


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
