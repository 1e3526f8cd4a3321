# Part of accumulator.pyx: the values of many groups.

cdef enum:
    LINE = 64               # bytes of the cache's
    PAGE = 1 << LEAD_BITS
    BINADES = 1 << INDEX_BITS - LEAD_BITS
    COUNT_AT = 83           # of a state: the count is above this bit, the sum of low mantissa bits below
    FIRST_OF_CHUNK = 1 << 10  # values
    MOST_OF_CHUNK = 1 << 19
    MOST_WAITING = 1 << 22  # values before they go into the pages of their groups
    LEAST_OF_PAGE = 16      # values for which a page is kept: its memory follows their number
    FEW_OF_GROUP = 1 << 13  # values that take less memory than the states of their buckets mostly do

cdef struct Page:           # the buckets of a binade: values of one sign and exponent
    Page* next
    uint64_t binade
    bint is_of_few          # its values wait on
    uint128 squares[2]      # of the low mantissa bits, in turns, so that none waits for the one before
    uint128 states[PAGE]

cdef struct Chunk:          # values that wait: the numbers of their groups follow it, then they
    Chunk* next
    Py_ssize_t used, room

ctypedef fused stored:
    float
    double


@cython.final
cdef class Pages:
    """The values of groups, in buckets.

    Values wait in the order in which they come. When they are many, or groups are asked for, they are arranged by their
    groups, and those of each are sorted into its pages, which stay in the cache meanwhile; a few values of a binade that
    has no page wait on.
    """

    cdef Page** pages       # of each group
    cdef Py_ssize_t groups, room
    cdef Page** directory   # the pages of the group at hand by binade, else NULL
    cdef Page* spare        # pages in no use, full of zeros
    cdef Cells cells        # of the group at hand, through which floats go into its pages
    cdef size_t size        # the bytes of a value: of a float, as long as all were floats
    cdef Chunk* chunks      # the one that is being filled first
    cdef Py_ssize_t waiting, most_waiting   # values
    cdef object values      # those that wait, group by group,
    cdef char* arranged     # which lie there
    cdef Py_ssize_t* ends   # of each group's

    def __cinit__(self):
        self.size, self.most_waiting = sizeof(float), MOST_WAITING
        self.cells = Cells()
        self.directory = <Page**>calloc(BINADES, sizeof(Page*))
        if self.directory == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.groups):
            free_pages(self.pages[i])
        free_pages(self.spare)
        free(self.pages)
        free(self.directory)
        free_chunks(self.chunks)
        self.free_arranged()

    cdef int require(self, Py_ssize_t groups) except -1:
        """Have room for so many groups."""
        cdef Page** pages
        if groups > self.room:
            pages = <Page**>realloc(self.pages, max(groups, 2 * self.room) * sizeof(Page*))
            if pages == NULL:
                raise MemoryError
            self.pages, self.room = pages, max(groups, 2 * self.room)
        if groups > self.groups:
            memset(self.pages + self.groups, 0, (groups - self.groups) * sizeof(Page*))
            self.groups = groups
        return 0

    cdef int add(
        self, const real* values, const uint8_t* mark, const int32_t* codes, const int64_t* numbers, Py_ssize_t size,
        Group* found
    ) except -1 nogil:
        """Add values without a mark; the others are counted. Where `numbers` is NULL, codes are those of groups."""
        cdef Py_ssize_t some
        if real is double and self.size == sizeof(float):
            self.widen()
        while size:
            if self.waiting >= self.most_waiting:
                self.put_in_pages(found)
            some = min(size, self.room_for(size))
            if self.size == sizeof(float):
                self.append(floats_in(self.chunks), values, mark, codes, numbers, some, found)
            else:
                self.append(doubles_in(self.chunks), values, mark, codes, numbers, some, found)
            values, codes, size = values + some, codes + some, size - some
            if mark != NULL:
                mark = mark + some
        return 0

    cdef Py_ssize_t room_for(self, Py_ssize_t size) except -1 nogil:
        """How many values have room in the first chunk: all of them, or as many as there is."""
        cdef Chunk* chunk = self.chunks
        if chunk == NULL or chunk.used == chunk.room:
            size = min(max(size, self.waiting, <Py_ssize_t>FIRST_OF_CHUNK), <Py_ssize_t>MOST_OF_CHUNK)
            chunk = self.chunks = new_chunk(size, self.size, self.chunks)
        return chunk.room - chunk.used

    cdef void append(
        self, stored* to, const real* values, const uint8_t* mark, const int32_t* codes, const int64_t* numbers,
        Py_ssize_t size, Group* found
    ) noexcept nogil:
        """Have values without a mark wait, among the floats or doubles of the first chunk."""
        cdef Py_ssize_t i, used = self.chunks.used
        cdef int32_t group
        cdef int32_t* of_group = numbers_in(self.chunks)
        if mark == NULL and numbers == NULL:  # of most batches: copied in vectors
            memcpy(of_group + used, codes, size * sizeof(int32_t))
            for i in range(size):
                to[used + i] = <stored>values[i]
            used += size
        else:
            for i in range(size):
                group = codes[i] if numbers == NULL else <int32_t>numbers[codes[i]]
                if mark != NULL and mark[i]:
                    found[group].left_out[mark[i] - 1] += 1
                else:
                    of_group[used], to[used] = group, <stored>values[i]
                    used += 1
        self.waiting += used - self.chunks.used
        self.chunks.used = used

    cdef int widen(self) except -1 nogil:
        """Have doubles from now on."""
        cdef Py_ssize_t i
        cdef Chunk** at = &self.chunks
        cdef Chunk* narrow
        cdef Chunk* wide
        while at[0] != NULL:
            narrow = at[0]
            wide = new_chunk(narrow.room, sizeof(double), narrow.next)
            memcpy(numbers_in(wide), numbers_in(narrow), narrow.used * sizeof(int32_t))
            for i in range(narrow.used):
                doubles_in(wide)[i] = floats_in(narrow)[i]
            wide.used, at[0] = narrow.used, wide
            give_back(NULL, narrow, 0)
            at = &wide.next
        self.size = sizeof(double)
        return 0

    cdef int arrange(self) except -1 nogil:
        """Have the values that wait, which stay, group by group, too."""
        cdef Py_ssize_t i, count, before = 0
        cdef const int32_t* number
        cdef Chunk* chunk = self.chunks
        self.free_arranged()
        self.ends = <Py_ssize_t*>calloc(self.groups, sizeof(Py_ssize_t))
        if self.ends == NULL:
            raise_no_memory()
        with gil:
            self.allocate_arranged()
        while chunk != NULL:
            number = numbers_in(chunk)
            for i in range(chunk.used):
                self.ends[number[i]] += 1
            chunk = chunk.next
        for i in range(self.groups):  # where they begin; each that is put there moves it
            count = self.ends[i]
            self.ends[i] = before
            before += count
        chunk = self.chunks
        while chunk != NULL:
            if self.size == sizeof(float):
                scatter(<float*>self.arranged, self.ends, floats_in(chunk), numbers_in(chunk), chunk.used)
            else:
                scatter(<double*>self.arranged, self.ends, doubles_in(chunk), numbers_in(chunk), chunk.used)
            chunk = chunk.next
        return 0

    cdef int allocate_arranged(self) except -1:
        cdef uint8_t[::1] memory
        self.values = empty(self.waiting, np.float32 if self.size == sizeof(float) else np.float64)
        memory = self.values.view(np.uint8)
        self.arranged = <char*>&memory[0] if self.waiting else NULL
        return 0

    cdef void free_arranged(self) noexcept nogil:
        free(self.ends)
        self.ends, self.arranged = NULL, NULL
        with gil:
            self.values = None

    cdef inline char* first_of(self, Py_ssize_t group) noexcept nogil:
        """The first of the values of a group that are arranged."""
        return self.arranged + (self.ends[group - 1] * self.size if group else 0)

    cdef inline Py_ssize_t count_of(self, Py_ssize_t group) noexcept nogil:
        return self.ends[group] - (self.ends[group - 1] if group else 0)

    cdef int put_in_pages(self, Group* found) except -1 nogil:
        """Have but a few values of each group and binade wait."""
        cdef Py_ssize_t i
        self.arrange()
        free_chunks(self.chunks)
        self.chunks, self.waiting = NULL, 0
        for i in range(self.groups):
            if self.count_of(i):
                self.put_group_in_pages(i, found + i)
        self.free_arranged()
        self.most_waiting = self.waiting + max(<Py_ssize_t>MOST_WAITING, self.waiting)
        return 0

    cdef int put_group_in_pages(self, Py_ssize_t group, Group* found) except -1 nogil:
        cdef Page* of_few = NULL
        cdef Page* page = NULL
        cdef Page* next
        self.open(self.pages[group])
        self.sort_group(group, found, &page)
        self.empty_cells(&page)
        while page != NULL:
            next = page.next
            page.is_of_few = not has_many(page)
            if page.is_of_few:
                page.next, of_few = of_few, page
            else:
                page.next, self.pages[group] = self.pages[group], page
            page = next
        if of_few != NULL:
            if self.size == sizeof(float):
                self.keep_few(group, <float*>self.first_of(group))
            else:
                self.keep_few(group, <double*>self.first_of(group))
        self.close(self.pages[group])
        self.close(of_few)
        self.drop(of_few)
        return 0

    cdef int keep_few(self, Py_ssize_t group, const stored* values) except -1 nogil:
        cdef Py_ssize_t i
        cdef uint64_t low
        cdef int32_t number = group
        for i in range(self.count_of(group)):
            if values[i] == values[i] and self.directory[index_of(values[i], &low) >> LEAD_BITS].is_of_few:
                self.room_for(1)
                if stored is float:
                    self.append(floats_in(self.chunks), values + i, NULL, &number, NULL, 1, NULL)
                else:
                    self.append(doubles_in(self.chunks), values + i, NULL, &number, NULL, 1, NULL)
        return 0

    cdef void open(self, Page* page) noexcept nogil:
        cdef size_t at
        while page != NULL:
            self.directory[page.binade] = page
            for at in range(0, sizeof(Page), 64):
                __builtin_prefetch(<char*>page + at, 1)
            page = page.next

    cdef void close(self, Page* page) noexcept nogil:
        while page != NULL:
            self.directory[page.binade] = NULL
            page = page.next

    cdef int sort_group(self, Py_ssize_t group, Group* found, Page** others) except -1 nogil:
        """Put the values of a group that are arranged into cells and pages: those in the directory, and others that are
        made. NaN are counted, and bounds noted."""
        if self.size == sizeof(float):
            return self.sort_floats(<float*>self.first_of(group), self.count_of(group), found, others)
        return self.sort(<double*>self.first_of(group), self.count_of(group), found, others)

    cdef int sort(self, const stored* values, Py_ssize_t count, Group* found, Page** others) except -1 nogil:
        cdef Py_ssize_t i
        cdef double value, smallest = found.smallest, largest = found.largest
        cdef Page* page
        cdef uint64_t index, low
        for i in range(count):
            value = values[i]
            if not (smallest <= value <= largest):  # rarely: bounds that are compared alone keep nothing waiting
                if value != value:
                    found.nan += 1
                    continue
                smallest = value if value < smallest else smallest
                largest = value if value > largest else largest
            index = index_of(value, &low)
            page = self.page_of(index >> LEAD_BITS, others)
            page.states[index & PAGE - 1] += (<uint128>1 << COUNT_AT) + low
            page.squares[i & 1] += <uint128>low * low
        found.smallest, found.largest = smallest, largest
        return 0

    cdef int sort_floats(self, const float* values, Py_ssize_t count, Group* found, Page** others) except -1 nogil:
        cdef Py_ssize_t some
        cdef float smallest, largest
        while count:
            some = min(count, <Py_ssize_t>AT_ONCE)
            if self.cells.room < some:
                self.empty_cells(others)
            smallest, largest = found.smallest, found.largest
            if are_plain(values, some, &smallest, &largest):
                found.smallest, found.largest = smallest, largest
                self.cells.put_plain(values, some)
            else:
                self.sort(values, some, found, others)
            values, count = values + some, count - some
        return 0

    cdef int empty_cells(self, Page** others) except -1 nogil:
        """Hand over what is there to pages."""
        cdef uint64_t line, lead
        cdef Cell* cell
        cdef Page* page
        for line in range(<uint64_t>LINES):
            if not self.cells.used[line]:
                continue
            page = self.page_of(binade_of(line), others)
            cell = self.cells.cells + (line << LEAD_BITS)
            for lead in range(<uint64_t>PAGE):
                page.states[lead] += (<uint128>count_in(cell + lead) << COUNT_AT) + low_in(cell + lead)
            page.squares[0] += self.cells.cleared(line)
        self.cells.room = CELL_VALUES
        return 0

    cdef inline Page* page_of(self, uint64_t binade, Page** others) except NULL nogil:
        """The page of a binade; a new one is the first of others."""
        cdef Page* page = self.directory[binade]
        return page if page != NULL else self.page(binade, others)

    cdef Page* page(self, uint64_t binade, Page** others) except NULL nogil:
        cdef Page* page = self.spare
        if page != NULL:
            self.spare = page.next
        else:
            page = <Page*>calloc(1, sizeof(Page))
            if page == NULL:
                raise_no_memory()
        page.binade, page.next = binade, others[0]
        others[0] = self.directory[binade] = page
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
        cdef int32_t* number
        cdef Chunk** last = &other.chunks
        if self.size < other.size:
            self.widen()
        if other.size < self.size:
            other.widen()
        if self.waiting >= self.most_waiting:
            self.put_in_pages(found)
        for i in range(groups):
            self.take_pages(self.pages + numbers[i], other.pages[i])
            other.pages[i] = NULL
            are_same &= numbers[i] == i
        while last[0] != NULL:
            number = numbers_in(last[0])
            for i in range(0 if are_same else last[0].used):
                number[i] = <int32_t>numbers[number[i]]
            last = &last[0].next
        last[0] = self.chunks
        self.chunks, other.chunks = other.chunks, NULL
        self.waiting += other.waiting
        other.waiting, other.most_waiting = 0, MOST_WAITING
        return 0

    cdef int take_pages(self, Page** own, Page* page) except -1 nogil:
        cdef Page* next
        cdef Page* mine
        if own[0] == NULL or page == NULL:
            own[0] = page if own[0] == NULL else own[0]
            return 0
        self.open(own[0])
        while page != NULL:
            next = page.next
            mine = self.directory[page.binade]
            if mine == NULL:
                page.next, own[0], self.directory[page.binade] = own[0], page, page
            else:
                add_page(mine, page)
                page.next = NULL
                self.drop(page)
            page = next
        self.close(own[0])
        return 0

    cdef tuple content(self, Py_ssize_t group, Group* found, Content content):
        """What the buckets of a group come to, as `Content` has it, after `arrange`; what waits is added to `found`.
        Where the values are few and all wait, they come in place of the states."""
        cdef Page* pages = NULL
        cdef bint are_few = self.waiting <= FEW_OF_GROUP * self.groups and self.pages[group] == NULL
        self.sort_group(group, found, &pages)
        self.put_content(group, pages, content)
        if not are_few:
            return content.whole()
        return content.whole(self.values[self.ends[group - 1] if group else 0 : self.ends[group]])

    cdef int put_content(self, Py_ssize_t group, Page* pages, Content content) except -1:
        """Add the values of the pages of a group to these, and to `content` what they and those in cells come to."""
        cdef Page* page = self.pages[group]
        cdef Py_ssize_t binade, first = BINADES, end = 0, count = 0
        if page == NULL and pages == NULL:
            self.cells.content(content)
            return 0
        self.empty_cells(&pages)
        while page != NULL:
            add_page(self.page_of(page.binade, &pages), page)
            page = page.next
        page = pages
        while page != NULL:
            first, end = min(first, <Py_ssize_t>page.binade), max(end, <Py_ssize_t>page.binade + 1)
            page, count = page.next, count + 1
        content.require(count * PAGE)
        for binade in range(first, end):
            page = self.directory[binade]
            if page != NULL:
                content.add_binade(binade, page.states, page.squares[0] + page.squares[1])
        self.close(pages)
        self.drop(pages)
        return 0


cdef inline int32_t* numbers_in(Chunk* chunk) noexcept nogil:
    return <int32_t*>(chunk + 1)


cdef inline float* floats_in(Chunk* chunk) noexcept nogil:
    return <float*>(numbers_in(chunk) + chunk.room)


cdef inline double* doubles_in(Chunk* chunk) noexcept nogil:
    return <double*>(numbers_in(chunk) + chunk.room)


cdef Chunk* new_chunk(Py_ssize_t room, size_t size, Chunk* next) except NULL nogil:
    """Room for values of so many bytes each."""
    cdef Chunk* chunk
    room += room & 1  # doubles have even places
    chunk = <Chunk*>allocate(NULL, sizeof(Chunk) + room * (sizeof(int32_t) + size))
    if chunk == NULL:
        raise_no_memory()
    chunk.next, chunk.used, chunk.room = next, 0, room
    return chunk


cdef void scatter(
    stored* to, Py_ssize_t* places, const stored* values, const int32_t* numbers, Py_ssize_t size
) noexcept nogil:
    """Put each value to the place of its group, which is the next one then."""
    cdef Py_ssize_t i, at
    cdef Py_ssize_t of_line = LINE // sizeof(stored)
    for i in range(size):
        at = places[numbers[i]]
        to[at] = values[i]
        places[numbers[i]] = at + 1
        if at % of_line == 0:  # the next line will be needed when that of most other groups is, too
            __builtin_prefetch(to + at + of_line, 1)


cdef bint has_many(const Page* page) noexcept nogil:
    cdef uint64_t count = 0
    cdef int k
    for k in range(PAGE):
        count += <uint64_t>(page.states[k] >> COUNT_AT)
    return count >= LEAST_OF_PAGE


cdef void add_page(Page* to, const Page* page) noexcept nogil:
    cdef int k
    for k in range(PAGE):
        to.states[k] += page.states[k]
    for k in range(2):
        to.squares[k] += page.squares[k]


cdef void free_chunks(Chunk* chunk) noexcept nogil:
    cdef Chunk* next
    while chunk != NULL:
        next = chunk.next
        give_back(NULL, chunk, 0)
        chunk = next


cdef void free_pages(Page* page) noexcept nogil:
    cdef Page* next
    while page != NULL:
        next = page.next
        free(page)
        page = next
