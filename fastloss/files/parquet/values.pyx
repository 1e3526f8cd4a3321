# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, binding=False
"""The values of a column of a Parquet file, page after page: numbers as they are, or as their places in a dictionary
(github.com/apache/parquet-format, README.md and Encodings.md), and of texts these places; or the values of a few rows,
of any type and nested as they may be.

Anything else is refused. All that a page says of itself may be wrong: nothing is read or written by it unchecked.
"""

import zlib

import pyarrow as pa

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset

cdef enum:
    DATA = 0  # kinds of pages
    DICTIONARY = 2
    DATA_V2 = 3
    KIND = 1  # fields of headers
    BECOMES = 2
    TAKES = 3
    CHECKSUM = 4
    DATA_HEADER = 5
    DICTIONARY_HEADER = 7
    DATA_V2_HEADER = 8
    COUNT = 1  # of the headers of all kinds
    ENCODING = 2
    LEVELS_ENCODING = 3
    REPEATED_ENCODING = 4
    NULLS_V2 = 2
    ROWS_V2 = 3
    ENCODING_V2 = 4
    LEVELS_V2 = 5
    REPEATED_V2 = 6
    IS_COMPRESSED = 7
    PLAIN = 0  # encodings
    PLAIN_DICTIONARY = 2
    RLE = 3
    RLE_DICTIONARY = 8
    HEADER_BYTES = 1 << 8  # of a page of numbers, at most
    READ_BYTES = 1 << 16  # at once, at least
    MOST_BYTES = 1 << 26  # of a page; larger ones would take memory
    MOST_VALUES = 1 << 22
    LEVELS_BYTES = 4  # of the size of levels
    LENGTH_BYTES = 4  # before a text
    PACKED = 8  # values that are packed together
    MOST_BITS = 32  # of a place in a dictionary
    MOST_LEVEL = 127
    WORD = 8  # bytes that are loaded at once
    COUNT_BYTES = 5  # of the head of a run, at most
    TRUE = 1  # kinds of Thrift's fields, as thrift.pyx has them
    FALSE = 2
    I32 = 5
    I64 = 6
    BINARY = 8
    STRUCT = 12
    FIELDS = 9  # of a header and the struct in it, whose numbers are less
    NUMBERS = 1 << 15  # of fields
    NESTED = 4  # structs
    VARINT_BYTES = 10

cdef extern from *:
    """
    #define ONES 0x0101010101010101u     /* in each byte */
    #define BITS 0x8040201008040201u     /* another in each byte */
    #define LARGE 0x100000000            /* more than 32 bits */
    #define PACKING 0x0102040810204080u  /* moves the lowest bits of bytes into the highest byte */
    """
    const uint64_t ONES, BITS, PACKING
    const int64_t LARGE

ctypedef fused Value:
    uint32_t
    uint64_t

cdef struct Header:       # of a page: integers by the numbers of their fields, `LARGE` where there is none
    int64_t whole[FIELDS]
    int64_t part[FIELDS]  # those of the struct that tells of its kind; and LARGE + TRUE or FALSE
    int of_kind           # the number of that field

cdef struct Run:
    const uint8_t* at    # what follows it, and where that ends
    const uint8_t* stop
    Py_ssize_t count     # of its values
    bint is_packed       # or else all are
    uint32_t value


class Refused(ValueError):
    """Something is not known here, or not as it should be."""


cdef class Values:
    """The values of a column, in some chunks one after the other.

    Parameters
    ----------
    read : callable
        Gives bytes of the file: `read(count, start)`.
    chunks : iterator of tuple
        Of each where its pages begin and end, how many values it has, how many bytes it becomes, and the
        `pyarrow.Codec` that they go through, or None.
    size : int
        The bytes of a value: 4 or 8; 0 of texts, of which the places are taken. Of other sizes, and of -1, which is
        that of booleans, they are only picked.
    most_defined, most_repeated : int
        The largest levels of definition and repetition. Those that are nested or repeated are only picked.
    are_places : bool
        Whether not the values are taken but their places in the dictionary, in 4 bytes.

    Attributes
    ----------
    dictionary : bytes or None
        The values in the dictionary of the chunk, one after the other.
    texts : tuple of two bytes or None
        Of texts: where each one of the dictionary begins and the last one ends, in 4 bytes; the texts.
    """

    cdef object read, chunks, codec
    cdef Py_ssize_t size, taken                      # the bytes of a value, and of what is taken of it
    cdef int most_defined, most_repeated
    cdef bint are_texts, are_bits, are_places
    cdef readonly tuple texts
    cdef bytes data                                  # of the file,
    cdef Py_ssize_t start                            # which lie there
    cdef Py_ssize_t at, stop, missing, becomes       # of the chunk: what is left of it
    cdef bint has_begun
    cdef readonly bytes dictionary
    cdef Py_ssize_t values                           # that are in it
    cdef bytes page                                  # of the page: where its values are,
    cdef bytes present, repeated                     # their levels, a byte each; None where all are largest, or 0
    cdef Py_ssize_t first, last, count, given        # the bytes with values; all values, and those taken
    cdef Py_ssize_t row, unwanted                    # the rows that began before; those before the next that is wanted
    cdef bint are_picked                             # whether few are wanted, so that places stay packed:
    cdef Run run                                     # those of the page,
    cdef int width                                   # their bits, -1 where the page has the values themselves,
    cdef Py_ssize_t stored, before, before_run       # how many there are, before the next value, and before the run

    def __init__(
        self, read not None, chunks not None, int size, int most_defined, int most_repeated=0, bint are_places=False
    ):
        require(max(most_defined, most_repeated) <= MOST_LEVEL)
        self.read, self.chunks, self.most_defined, self.most_repeated = read, chunks, most_defined, most_repeated
        self.are_texts, self.are_bits = size == 0, size < 0
        self.are_places = are_places or self.are_texts
        self.size = 1 if self.are_bits else size
        self.taken = sizeof(uint32_t) if self.are_places else self.size
        self.data = self.page = b""

    def take(self, Py_ssize_t rows):
        """The next values, zeros where they are missing, and a bit each that tells which are not; None if all are there.

        Raises
        ------
        Refused, or what the codec and `read` raise
            If something is not known here, or not as it should be.
        """
        cdef Py_ssize_t done = 0, some
        cdef uint8_t* to
        cdef uint8_t* to_bits = NULL
        require(self.taken in (4, 8) and self.most_defined <= 1 and self.most_repeated == 0)
        found, bits = pa.allocate_buffer(rows * self.taken), None
        to = <uint8_t*><uintptr_t>found.address
        while done < rows:
            while self.given == self.count:
                self.next_page()
            some = min(rows - done, self.count - self.given)
            memcpy(to + done * self.taken, start_of(self.page) + self.first + self.given * self.taken, some * self.taken)
            if self.present is not None:
                if bits is None:
                    bits = pa.allocate_buffer((rows + 7) // 8)
                    to_bits = <uint8_t*><uintptr_t>bits.address
                    memset(to_bits, 255, (rows + 7) // 8)
                mark(to_bits, done, start_of(self.present) + self.given, some)
            self.given += some
            done += some
        return found, bits

    def pick(self, list rows not None):
        """Some rows in increasing order, counted from the first chunk on: their levels of repetition and of definition, a
        byte each, and the values that are there, one after the other; of texts a list of them, of booleans a byte each.
        Nothing else is decoded, and of pages that tell to be without them nothing is read. There is no `take` afterwards.

        Raises
        ------
        As `take`.
        """
        cdef list repeated = [], defined = [], values = []
        cdef Py_ssize_t row, last
        self.are_picked = True
        for row in rows:
            require(row >= self.row)
            self.unwanted, self.row = row - self.row, row + 1
            while not self.is_reached():
                self.next_page()
            last = self.given + 1
            while True:  # of pages that have some of it
                if self.repeated is not None:
                    while last < self.count and start_of(self.repeated)[last]:
                        last += 1
                self.pick_to(last, repeated, defined, values)
                if last < self.count or not (self.most_repeated and self.missing):
                    break
                self.next_page()
                last = 0
        return b"".join(repeated), b"".join(defined), values if self.are_texts else b"".join(values)

    cdef bint is_reached(self) except -1:
        """Go to the next row that is wanted; False where it does not begin in the page, which has been left then."""
        cdef const uint8_t* levels
        cdef Py_ssize_t at = self.given
        if self.repeated is None:
            at += min(self.unwanted, self.count - at)
            self.unwanted -= at - self.given
        else:
            levels = start_of(self.repeated)
            while at + PACKED <= self.count and self.unwanted >= PACKED:
                self.unwanted -= equal(levels + at, PACKED, 0)
                at += PACKED
            while at < self.count and (levels[at] or self.unwanted):
                self.unwanted -= levels[at] == 0
                at += 1
        self.before += self.there(self.given, at)
        self.given = at
        return at < self.count

    cdef int pick_to(self, Py_ssize_t last, list repeated, list defined, list values) except -1:
        """Add what the page has up to a place."""
        cdef Py_ssize_t count = last - self.given, there = self.there(self.given, last), i
        cdef bytes found
        if self.most_repeated:
            repeated.append(bytes(count) if self.repeated is None else self.repeated[self.given : last])
        if self.most_defined:
            found = bytes([self.most_defined]) * count if self.present is None else self.present[self.given : last]
            defined.append(found)
        if not self.are_texts:
            found = PyBytes_FromStringAndSize(NULL, there * self.size)
            values.append(found)
        for i in range(there):
            if self.are_texts:
                values.append(self.next_text())
            else:
                self.copy_next(<uint8_t*>start_of(found) + i * self.size)
            self.before += 1
        self.given = last
        return 0

    cdef Py_ssize_t there(self, Py_ssize_t first, Py_ssize_t last) noexcept:
        """How many values of the page there are between two places."""
        if self.present is None:
            return last - first
        return equal(start_of(self.present) + first, last - first, self.most_defined)

    cdef int copy_next(self, uint8_t* to) except -1:
        """Write the next value of the page, which is there."""
        if self.are_bits:
            to[0] = self.next_place()
        elif self.width < 0:
            memcpy(to, start_of(self.page) + self.first + self.before * self.size, self.size)
        else:
            memcpy(to, start_of(self.dictionary) + self.next_place() * self.size, self.size)
        return 0

    cdef bytes next_text(self):
        """The next text of the page, which is there."""
        cdef Py_ssize_t first, last
        cdef uint32_t ends[2]
        if self.width < 0:
            while self.before_run < self.before:
                self.first += LENGTH_BYTES + self.length()
                self.before_run += 1
            first = self.first + LENGTH_BYTES
            return self.page[first : first + self.length()]
        memcpy(ends, start_of(self.texts[0]) + self.next_place() * sizeof(uint32_t), 2 * sizeof(uint32_t))
        first, last = ends[0], ends[1]
        return (<bytes>self.texts[1])[first:last]

    cdef Py_ssize_t length(self) except -1:
        """That of the text that comes first in the page, which has it as a whole."""
        cdef uint32_t length
        require(self.last - self.first >= LENGTH_BYTES)
        memcpy(&length, start_of(self.page) + self.first, LENGTH_BYTES)
        require(<Py_ssize_t>length <= self.last - self.first - LENGTH_BYTES)
        return length

    cdef Py_ssize_t next_place(self) except -1:
        """The place in the dictionary of the next value of the page, which is there; of a boolean itself."""
        cdef Py_ssize_t place
        while self.before >= self.before_run + self.run.count:
            self.before_run += self.run.count
            if self.run.is_packed:
                self.run.at += (self.run.count + PACKED - 1) // PACKED * self.width
            require(next_run(&self.run, self.width, self.stored - self.before_run))
        place = unpacked(self.run, self.width, self.before - self.before_run) if self.run.is_packed else self.run.value
        require(place < self.values)
        return place

    cdef int next_chunk(self) except -1:
        chunk = next(self.chunks, None)
        if chunk is None:
            raise Refused("there are no more chunks")
        self.at, self.stop, self.missing, self.becomes, self.codec = chunk
        self.data, self.start, self.dictionary, self.has_begun = b"", self.at, None, False
        return 0

    cdef int next_page(self) except -1:
        cdef Py_ssize_t takes, becomes, begin, rows
        cdef Header header
        cdef const uint8_t* start
        cdef int kind
        while not self.missing:
            self.next_chunk()
        self.have(min(<Py_ssize_t>HEADER_BYTES, self.stop - self.at))
        start, header.of_kind = start_of(self.data) + (self.at - self.start), 0
        begin = read_fields(start, start_of(self.data) + len(self.data), header.whole, &header, 0)
        require(begin > 0)
        self.at += begin
        kind, becomes, takes = whole(header.whole, KIND), whole(header.whole, BECOMES), whole(header.whole, TAKES)
        require(0 <= takes <= self.stop - self.at and 0 <= becomes <= self.becomes)
        if self.unwanted and kind in (DATA, DATA_V2):
            require(header.of_kind == (DATA_HEADER if kind == DATA else DATA_V2_HEADER))
            rows = self.rows_of(kind, header.part)
            if 0 <= rows <= self.unwanted:
                self.expect(whole(header.part, COUNT))
                self.given, self.has_begun = self.count, True
                self.unwanted -= rows
                self.at += takes
                return 0
        require(takes <= MOST_BYTES and becomes <= MOST_BYTES)
        self.have(takes)
        begin = self.at - self.start
        self.at += takes
        if header.whole[CHECKSUM] != LARGE:
            found = zlib.crc32(memoryview(self.data)[begin : begin + takes])
            require(found == <uint32_t>whole(header.whole, CHECKSUM))
        if kind == DATA:
            require(header.of_kind == DATA_HEADER)
            self.take_data(header.part, begin, takes, becomes)
        elif kind == DATA_V2:
            require(header.of_kind == DATA_V2_HEADER)
            self.take_data_v2(header.part, begin, takes, becomes)
        else:
            require(kind == DICTIONARY and header.of_kind == DICTIONARY_HEADER and not self.has_begun)
            self.take_dictionary(header.part, begin, takes, becomes)
        self.has_begun = True
        return 0

    cdef Py_ssize_t rows_of(self, int kind, const int64_t* head) except? -1:
        """The rows of a page; -1 where it does not tell."""
        if self.most_repeated == 0:
            return whole(head, COUNT)
        return -1 if kind == DATA else whole(head, ROWS_V2)

    cdef int have(self, Py_ssize_t count) except -1:
        """Read so many bytes of the chunk, and the header behind them, unless they are there; more where all are
        wanted."""
        cdef Py_ssize_t size
        if self.at + count > self.start + len(self.data):
            size = min(max(count + HEADER_BYTES, 0 if self.are_picked else READ_BYTES), self.stop - self.at)
            self.data, self.start = self.read(size, self.at), self.at
            require(count <= size == len(self.data))
        return 0

    cdef int take_dictionary(self, const int64_t* head, Py_ssize_t begin, Py_ssize_t takes, Py_ssize_t becomes) except -1:
        require(whole(head, ENCODING) in (PLAIN, PLAIN_DICTIONARY))
        self.decompress(begin, takes, becomes, True)
        self.dictionary = self.page[self.first : self.last]
        self.values = whole(head, COUNT)
        if self.are_texts:
            self.split(self.values)
        else:
            require(becomes == self.size * self.values)
        self.count = self.given = 0
        return 0

    cdef int take_data(self, const int64_t* head, Py_ssize_t begin, Py_ssize_t takes, Py_ssize_t becomes) except -1:
        cdef int of_defined = whole(head, LEVELS_ENCODING), of_repeated = whole(head, REPEATED_ENCODING)
        self.decompress(begin, takes, becomes, True)
        self.expect(whole(head, COUNT))
        if self.most_repeated:
            require(of_repeated == RLE)
            self.repeated = self.levels_before(self.most_repeated, 0)
        if self.most_defined:
            require(of_defined == RLE)
            self.present = self.levels_before(self.most_defined, self.most_defined)
        self.decode(whole(head, ENCODING))
        return 0

    cdef int take_data_v2(self, const int64_t* head, Py_ssize_t begin, Py_ssize_t takes, Py_ssize_t becomes) except -1:
        cdef Py_ssize_t count = whole(head, COUNT), rows = whole(head, ROWS_V2), nulls = whole(head, NULLS_V2)
        cdef Py_ssize_t repeated = whole(head, REPEATED_V2), defined = whole(head, LEVELS_V2), levels = repeated + defined
        require(head[IS_COMPRESSED] >= LARGE)
        require(rows == count or (self.most_repeated and rows <= count))
        require(min(repeated, defined) >= 0 and levels <= min(takes, becomes))
        require((self.most_repeated or repeated == 0) and (self.most_defined or defined == 0))
        self.expect(count)
        if self.most_repeated:
            self.repeated = self.levels_of(self.data, begin, begin + repeated, self.most_repeated, 0)
        if self.most_defined:
            self.present = self.levels_of(self.data, begin + repeated, begin + levels, self.most_defined, self.most_defined)
        require(nulls == count - self.there(0, count) or self.most_defined > 1)  # where it may count what is empty
        self.decompress(begin + levels, takes - levels, becomes - levels, head[IS_COMPRESSED] != LARGE + FALSE)
        self.decode(whole(head, ENCODING_V2))
        return 0

    cdef int expect(self, Py_ssize_t count) except -1:
        """The page is to have so many values."""
        require(0 <= count <= self.missing and count <= MOST_VALUES)
        self.missing -= count
        self.count, self.given, self.before, self.present, self.repeated = count, 0, 0, None, None
        return 0

    cdef int decompress(self, Py_ssize_t begin, Py_ssize_t takes, Py_ssize_t becomes, bint is_compressed) except -1:
        """Have the contents of a page, which must be so many bytes."""
        if self.codec is None or not is_compressed:
            require(takes == becomes)
            self.page, self.first, self.last = self.data, begin, begin + takes
            return 0
        # What is not written would be any bytes; zstd is checked by pyarrow.
        require(self.codec.name != "snappy" or snappy_size(start_of(self.data) + begin, takes) == becomes)
        packed = memoryview(self.data)[begin : begin + takes]
        self.page, self.first, self.last = self.codec.decompress(packed, becomes, asbytes=True), 0, becomes
        return 0

    cdef bytes levels_before(self, int most, int usual):
        """Levels that come first in the page, behind their size, as `levels_of`."""
        cdef uint32_t size
        require(self.last - self.first >= LEVELS_BYTES)
        memcpy(&size, start_of(self.page) + self.first, LEVELS_BYTES)
        self.first += LEVELS_BYTES
        require(<Py_ssize_t>size <= self.last - self.first)
        self.first += size
        return self.levels_of(self.page, self.first - size, self.first, most, usual)

    cdef bytes levels_of(self, bytes data, Py_ssize_t begin, Py_ssize_t end, int most, int usual):
        """Levels of the values of the page, a byte each; None where all are the usual one."""
        cdef const uint8_t* start = data
        cdef Run run = [start + begin, start + end, 0, False, 0]
        cdef Run again = run
        cdef int width = 0
        cdef bint is_one
        cdef bytes found
        while most >> width:
            width += 1
        is_one = next_run(&run, width, self.count) and run.count == self.count and not run.is_packed
        if is_one and <int>run.value == usual:
            return None
        found = PyBytes_FromStringAndSize(NULL, self.count)
        require(levels(again, width, <uint8_t*>start_of(found), self.count, most))
        return found

    cdef int decode(self, int encoding) except -1:
        """Have the values of a page, in their places if they are not picked."""
        cdef Py_ssize_t count = self.there(0, self.count)
        if count == self.count:
            self.present = None
        self.width, self.stored, self.before_run = -1, count, 0
        if self.are_bits:
            self.begin_bits(encoding, count)
        elif encoding == PLAIN and self.are_places:
            require(self.are_picked)
        elif encoding == PLAIN:
            require(self.last - self.first == count * self.size)
        else:
            require(encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY) and self.dictionary is not None)
            self.begin_run(count)
            if not self.are_picked:
                self.look_up(count)
        if self.present is not None and not self.are_picked:
            self.spread(count)
        return 0

    cdef int begin_bits(self, int encoding, Py_ssize_t count) except -1:
        """Go to the first of so many booleans."""
        cdef const uint8_t* start = start_of(self.page) + self.first
        require(self.are_picked and (encoding == PLAIN or (encoding == RLE and self.last - self.first >= LEVELS_BYTES)))
        self.width, self.values = 1, 2
        if encoding == RLE:
            self.run = Run(start + LEVELS_BYTES, start_of(self.page) + self.last, 0, False, 0)
        else:
            require(self.last - self.first == (count + 7) // 8)
            self.run = Run(start, start_of(self.page) + self.last, count, True, 0)
        return 0

    cdef int begin_run(self, Py_ssize_t count) except -1:
        """Go to the places of so many values in the dictionary."""
        cdef const uint8_t* start = start_of(self.page) + self.first
        if self.first == self.last:
            require(count == 0)
            self.width = 0
        else:
            require(start[0] <= MOST_BITS)
            self.width = start[0]
        self.run = Run(start + 1, start_of(self.page) + self.last, 0, False, 0)
        return 0

    cdef int split(self, Py_ssize_t count) except -1:
        """Have the texts of the dictionary apart from their lengths."""
        cdef Py_ssize_t size = len(self.dictionary), at = 0, end = 0, i
        require(0 <= count and LENGTH_BYTES * count <= size)
        cdef bytes ends = PyBytes_FromStringAndSize(NULL, (count + 1) * sizeof(uint32_t))
        cdef bytes texts = PyBytes_FromStringAndSize(NULL, size - LENGTH_BYTES * count)
        cdef uint32_t* to_end = <uint32_t*>start_of(ends)
        cdef uint32_t length
        to_end[0] = 0
        for i in range(count):
            require(size - at >= LENGTH_BYTES)
            memcpy(&length, start_of(self.dictionary) + at, LENGTH_BYTES)
            at += LENGTH_BYTES
            require(<Py_ssize_t>length <= size - at and end + <Py_ssize_t>length <= len(texts))
            memcpy(<uint8_t*>start_of(texts) + end, start_of(self.dictionary) + at, length)
            at, end = at + length, end + length
            to_end[i + 1] = end
        require(at == size)
        self.texts = ends, texts
        return 0

    cdef int look_up(self, Py_ssize_t count) except -1:
        """Have values in place of their places in the dictionary, or these themselves."""
        cdef bytes places = PyBytes_FromStringAndSize(NULL, count * sizeof(uint32_t))
        cdef bytes found = places
        cdef uint32_t* place = <uint32_t*>start_of(places)
        cdef bint is_done
        with nogil:
            is_done = unpack(self.run, self.width, place, count, self.values)
        require(is_done)
        if self.are_places:
            pass
        elif self.size == 8:
            found = PyBytes_FromStringAndSize(NULL, count * self.size)
            gather(place, <const uint64_t*>start_of(self.dictionary), <uint64_t*>start_of(found), count)
        else:
            gather(place, <const uint32_t*>start_of(self.dictionary), place, count)
        self.page, self.first = found, 0
        return 0

    cdef int spread(self, Py_ssize_t count) except -1:
        """Have zeros where values are missing."""
        cdef bytes found = PyBytes_FromStringAndSize(NULL, self.count * self.taken)
        cdef const uint8_t* start = start_of(self.page) + self.first
        if self.taken == 4:
            spread(<uint32_t*>start_of(found), self.count, start_of(self.present), start, count)
        else:
            spread(<uint64_t*>start_of(found), self.count, start_of(self.present), start, count)
        self.page, self.first = found, 0
        return 0


cdef inline const uint8_t* start_of(bytes data) noexcept:
    return <const uint8_t*>PyBytes_AS_STRING(data)


cdef inline int require(bint holds) except -1:
    if not holds:
        raise Refused("something is not as it should be")
    return 0


cdef Py_ssize_t snappy_size(const uint8_t* at, Py_ssize_t takes) noexcept nogil:
    """How many bytes it becomes, as these say in the beginning; -1 where they do not."""
    cdef uint64_t size = 0
    cdef int i
    for i in range(min(takes, <Py_ssize_t>COUNT_BYTES)):
        size |= <uint64_t>(at[i] & 127) << 7 * i
        if at[i] < 128:
            return size
    return -1


include "headers.pxi"
include "runs.pxi"
