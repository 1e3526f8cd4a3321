# Part of accumulator.pyx: the values of many groups.

cdef enum:
    LINE = 64               # bytes of the cache's
    PAGE = 1 << LEAD_BITS
    BINADES = 1 << INDEX_BITS - LEAD_BITS
    COUNT_AT = 83           # of a state: the count is above this bit, the sum of low mantissa bits below
    FIRST_OF_BLOCK = 32     # bytes
    MOST_OF_BLOCK = 4160    # no power of two: the ends of blocks would share a few lines of the cache
    FIRST_OF_ARENA = 1 << 13  # more than a block
    MOST_OF_ARENA = 1 << 22
    MOST_WAITING = 1 << 25  # bytes of arenas before values go into the pages of their groups
    BETWEEN = 1 << 16       # values after which this is looked at
    LEAST_OF_PAGE = 16      # values for which a page is kept: its memory follows their number

cdef struct Page:           # the buckets of a binade: values of one sign and exponent
    Page* next
    uint64_t binade
    bint is_of_few          # its values wait on
    uint128 squares[2]      # of the low mantissa bits, in turns, so that none waits for the one before
    uint128 states[PAGE]

cdef struct Block:          # values of a group that wait follow it
    Block* next
    char* end               # of these values; of the block that is being filled `Own.at` is

cdef struct Arena:          # memory for blocks
    Arena* next
    char* at                # of what is free
    char* end

cdef struct Own:            # what a group has
    char* at                # where its next value goes
    char* end               # of the room for values
    Block* blocks           # the last one first
    Page* pages

ctypedef fused stored:
    float
    double


@cython.final
cdef class Pages:
    """The values of groups, in buckets.

    Values wait in blocks of their groups. When they are many, or a group is asked for, those of each group are sorted
    into its pages, which stay in the cache meanwhile; a few values of a binade that has no page wait on.
    """

    cdef Own* owns
    cdef Py_ssize_t groups, room
    cdef Page** directory   # the pages of the group at hand by binade, else NULL
    cdef Page* spare        # pages in no use, full of zeros
    cdef Cells cells        # of the group at hand, through which floats go into its pages
    cdef size_t size        # the bytes of a value: of a float, as long as all were floats
    cdef Arena* arenas      # the one that is being filled first
    cdef Arena* emptied     # whose values go elsewhere at the moment
    cdef size_t waiting     # the bytes of arenas
    cdef size_t most_waiting

    def __cinit__(self):
        self.size, self.most_waiting = sizeof(float), MOST_WAITING
        self.cells = Cells()
        self.directory = <Page**>calloc(BINADES, sizeof(Page*))
        if self.directory == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.groups):
            free_pages(self.owns[i].pages)
        free_pages(self.spare)
        free(self.owns)
        free(self.directory)
        free_arenas(self.arenas)
        free_arenas(self.emptied)

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
        cdef Py_ssize_t some
        if real is double and self.size == sizeof(float):
            self.widen()
        while size:
            if self.waiting >= self.most_waiting:
                self.put_in_pages(found)
            some = min(size, <Py_ssize_t>BETWEEN)
            if self.size == sizeof(float):
                self.append(<float*>NULL, values, mark, codes, numbers, some, found)
            else:
                self.append(<double*>NULL, values, mark, codes, numbers, some, found)
            values, codes, size = values + some, codes + some, size - some
            if mark != NULL:
                mark = mark + some
        return 0

    cdef int append(
        self, const stored* _, const real* values, const uint8_t* mark, const int32_t* codes, const int64_t* numbers,
        Py_ssize_t size, Group* found
    ) except -1 nogil:
        """Have values without a mark wait, as floats or doubles."""
        cdef Py_ssize_t i
        cdef Own* owns = self.owns
        for i in range(size):
            if mark != NULL and mark[i]:
                found[numbers[codes[i]]].left_out[mark[i] - 1] += 1
            else:
                self.put_last(owns + numbers[codes[i]], <stored>values[i])
        return 0

    cdef inline int put_last(self, Own* own, stored value) except -1 nogil:
        if own.at == own.end:
            self.extend(own)
        (<stored*>own.at)[0] = value
        own.at += sizeof(stored)
        if <size_t>own.at % LINE == 0:  # the next one will be needed when that of most other groups is, too
            __builtin_prefetch(own.at + LINE, 1)
        return 0

    cdef int extend(self, Own* own) except -1 nogil:
        """Have room for a value at least."""
        cdef Py_ssize_t size = FIRST_OF_BLOCK
        cdef Arena* arena = self.arenas
        cdef Block* block
        if own.blocks != NULL:
            self.end_blocks(own)
            size = min(2 * (own.end - <char*>own.blocks), <Py_ssize_t>MOST_OF_BLOCK)
        if arena == NULL or arena.end - arena.at < size:
            arena = self.arenas = self.arena()
        block = <Block*>arena.at
        arena.at += size
        block.next, own.blocks = own.blocks, block
        own.at, own.end = <char*>(block + 1), arena.at
        return 0

    cdef Arena* arena(self) except NULL nogil:
        cdef size_t size = min(max(self.waiting, <size_t>FIRST_OF_ARENA), <size_t>MOST_OF_ARENA)
        cdef Arena* arena = <Arena*>allocate(NULL, size)
        if arena == NULL:
            raise_no_memory()
        arena.next, arena.at, arena.end = self.arenas, <char*>(arena + 1), <char*>arena + size
        self.waiting += size
        return arena

    cdef void empty(self) noexcept nogil:
        """Have no arenas but those that are being emptied."""
        cdef Arena** last = &self.emptied
        while last[0] != NULL:
            last = &last[0].next
        last[0], self.arenas, self.waiting = self.arenas, NULL, 0

    cdef void free_emptied(self) noexcept nogil:
        free_arenas(self.emptied)
        self.emptied = NULL

    cdef Block* end_blocks(self, Own* own) noexcept nogil:
        """The blocks of a group, of which each knows its end."""
        if own.blocks != NULL:
            own.blocks.end = own.at
        return own.blocks

    cdef Block* detached(self, Own* own) noexcept nogil:
        """The blocks of a group, which has none then."""
        cdef Block* block = self.end_blocks(own)
        own.at, own.end, own.blocks = NULL, NULL, NULL
        return block

    cdef int widen(self) except -1 nogil:
        """Have doubles from now on."""
        cdef Py_ssize_t i, k
        cdef Block* block
        self.empty()
        for i in range(self.groups):
            block = self.detached(self.owns + i)
            while block != NULL:
                for k in range(count_of(block, sizeof(float))):
                    self.put_last(self.owns + i, <double>(<float*>(block + 1))[k])
                block = block.next
        self.free_emptied()
        self.size = sizeof(double)
        return 0

    cdef int put_in_pages(self, Group* found) except -1 nogil:
        """Have but a few values of each group and binade wait."""
        cdef Py_ssize_t i
        self.empty()
        for i in range(self.groups):
            if self.owns[i].blocks != NULL:
                self.put_group_in_pages(self.owns + i, found + i)
        self.free_emptied()
        self.most_waiting = self.waiting + max(<size_t>MOST_WAITING, self.waiting)
        return 0

    cdef int put_group_in_pages(self, Own* own, Group* found) except -1 nogil:
        cdef Page* of_few = NULL
        cdef Page* page
        cdef Page* next
        cdef Block* block
        self.open(own)
        page = self.sorted(own, found)
        while page != NULL:
            next = page.next
            page.is_of_few = not has_many(page)
            if page.is_of_few:
                page.next, of_few = of_few, page
            else:
                page.next, own.pages = own.pages, page
            page = next
        block = self.detached(own)
        while block != NULL and of_few != NULL:
            if self.size == sizeof(float):
                self.keep_few(own, <float*>(block + 1), count_of(block, sizeof(float)))
            else:
                self.keep_few(own, <double*>(block + 1), count_of(block, sizeof(double)))
            block = block.next
        self.close(own.pages)
        self.close(of_few)
        self.drop(of_few)
        return 0

    cdef int keep_few(self, Own* own, const stored* values, Py_ssize_t count) except -1 nogil:
        cdef Py_ssize_t i
        cdef uint64_t low
        for i in range(count):
            if values[i] == values[i] and self.directory[index_of(values[i], &low) >> LEAD_BITS].is_of_few:
                self.put_last(own, values[i])
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

    cdef Page* sorted(self, Own* own, Group* found) except? NULL nogil:
        """Put the values that wait into the pages of their group, which are in the directory, and into further ones:
        these are returned. NaN are counted, and bounds noted."""
        cdef Page* others = NULL
        cdef Block* block = self.end_blocks(own)
        while block != NULL:
            if self.size == sizeof(float):
                self.sort_floats(<float*>(block + 1), count_of(block, sizeof(float)), found, &others)
            else:
                self.sort(<double*>(block + 1), count_of(block, sizeof(double)), found, &others)
            block = block.next
        self.empty_cells(&others)
        return others

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
        cdef Arena** last = &other.arenas
        if self.size < other.size:
            self.widen()
        if other.size < self.size:
            other.widen()
        if self.waiting >= self.most_waiting:
            self.put_in_pages(found)
        for i in range(groups):
            self.take_pages(self.owns + numbers[i], other.owns + i)
            self.take_blocks(self.owns + numbers[i], other.owns + i)
        while last[0] != NULL:
            last = &last[0].next
        last[0] = self.arenas
        self.arenas, other.arenas = other.arenas, NULL
        self.waiting += other.waiting
        other.waiting, other.most_waiting = 0, MOST_WAITING
        return 0

    cdef void take_blocks(self, Own* own, Own* theirs) noexcept nogil:
        cdef Block* first = self.detached(theirs)
        cdef Block* last = first
        if first == NULL:
            return
        if own.blocks == NULL:
            own.at, own.end, own.blocks = first.end, first.end, first  # the end of its room is no longer known
            return
        while last.next != NULL:
            last = last.next
        last.next, own.blocks.next = own.blocks.next, first

    cdef int take_pages(self, Own* own, Own* theirs) except -1 nogil:
        cdef Page* page = theirs.pages
        cdef Page* next
        cdef Page* mine
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
                add_page(mine, page)
                page.next = NULL
                self.drop(page)
            page = next
        self.close(own.pages)
        return 0

    cdef tuple content(self, size_t group, Group* found, Content content):
        """What a group's buckets come to, as `Content` has it; what waits is added to `found`, and waits on."""
        cdef Own* own = self.owns + group
        cdef Page* pages = self.sorted(own, found)
        cdef Page* page = own.pages
        cdef Py_ssize_t binade, first = BINADES, end = 0, count = 0
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
        return content.whole()


cdef inline Py_ssize_t count_of(const Block* block, size_t size) noexcept nogil:
    """The number of values, of so many bytes each."""
    return (block.end - <const char*>(block + 1)) // size


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


cdef void free_arenas(Arena* arena) noexcept nogil:
    cdef Arena* next
    while arena != NULL:
        next = arena.next
        give_back(NULL, arena, 0)
        arena = next


cdef void free_pages(Page* page) noexcept nogil:
    cdef Page* next
    while page != NULL:
        next = page.next
        free(page)
        page = next
