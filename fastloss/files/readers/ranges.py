"""A file of which only those bytes are fetched that are read: an object in a store, where a request is dear.

Who reads says beforehand which bytes it will want. What lies close together comes in one request, in pieces of some
MiB, those that come next while what is there is decoded. What was not said is fetched when it is read.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import BinaryIO, NamedTuple

AHEAD_BYTES = 64 << 20  # in memory or under way, of a file
AHEAD_REQUESTS = 4  # under way at a time, of a file
MIB = 1 << 20
LARGEST_PIECE = 16 * MIB
SMALL_FILE_BYTES = 128 << 10  # fetched whole
HEAD_BYTES = 16 << 10  # of other files that have a header: more than NumPy has
TAIL_BYTES = 64 << 10  # of those that have a footer: as much as pyarrow asks for
UNEXPECTED_BYTES = 64 << 10  # fetched at least where nothing was said
REQUEST_BYTES = MIB  # that come in the time of a request
UNUSED_BYTES, UNUSED_SHARE = 48 << 10, 0.25  # fetched between extents to spare requests, and of what they hold

Fetch = Callable[[int, int], bytes]


class Extent(NamedTuple):
    """Bytes [start, stop) that will be read from the first to the last, in step with the others of the same `turn`, and
    before those of later ones.
    """

    start: int
    stop: int
    turn: int = 0


class _Piece:
    """Bytes that one request fetches; `left` of them are still to be read."""

    __slots__ = "future", "left", "order", "start", "stop"

    def __init__(self, start: int, stop: int, left: int, order: tuple = ()):
        self.start, self.stop, self.left, self.order = start, stop, left, order
        self.future: Future | None = None

    def __len__(self) -> int:
        return self.stop - self.start


class RangedFile(io.RawIOBase):
    """A binary file of `size` bytes, of which `fetch(start, stop)` gives [start, stop).

    It is read by one thread at a time.
    """

    def __init__(self, fetch: Fetch, size: int):
        self._fetch, self._size, self._at = fetch, size, 0
        self._pieces: list[_Piece] = []  # by their places; they do not overlap
        self._next: list[_Piece] = []  # those that are not begun and some that are, the first at the end
        self._spent: dict[_Piece, None] = {}  # read, kept while there is room
        self._held = 0  # bytes of those that are begun
        self._pool: ThreadPoolExecutor | None = None
        self._copy: BinaryIO | None = None

    def want_footer(self) -> None:
        """The end will be read; a small file is fetched whole."""
        self.want([Extent(0 if self._size <= SMALL_FILE_BYTES else self._size - TAIL_BYTES, self._size)])

    def want_header(self) -> None:
        """The beginning will be read; a small file is fetched whole."""
        self.want([Extent(0, self._size if self._size <= SMALL_FILE_BYTES else HEAD_BYTES)])

    def want_all(self) -> None:
        """It will be read from the first byte to the last."""
        self.want([Extent(0, self._size)])

    def copied(self) -> BinaryIO:
        """A copy on this machine, for those who read here and there; it is closed with the file."""
        if self._copy is None:
            self._copy = tempfile.TemporaryFile()  # noqa: SIM115  (closed with it)
            self.want_all()
            self.seek(0)
            shutil.copyfileobj(self, self._copy, MIB)
            self._copy.flush()
        self._copy.seek(0)
        return self._copy

    def want(self, extents: Iterable[Extent]) -> None:
        """These will be read, and what was said before no more."""
        extents = _apart(extents, self._size)
        begun = [piece for piece in self._pieces if piece.future is not None]
        for piece in begun:
            piece.left = sum(max(0, min(piece.stop, e.stop) - max(piece.start, e.start)) for e in extents)
        self._spent = {piece: None for piece in begun if not piece.left}
        self._next = sorted(pieces(_without(extents, begun)), key=lambda piece: piece.order, reverse=True)
        self._pieces = sorted([*begun, *self._next], key=lambda piece: piece.start)

    def begin(self) -> None:
        """Fetch the first piece of each extent of the first turn: later, one of pyarrow's few threads waits for it."""
        place = self._at
        first = [piece for piece in reversed(self._next) if piece.order[:2] == self._next[-1].order[:2]]
        try:
            for piece in first:
                self._at = piece.start
                self._piece(1).future.result()
        finally:
            self._at = place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._at)
        return b"".join(self._parts(left if size is None or size < 0 else min(size, left)))

    def readinto(self, buffer) -> int:
        view, filled = memoryview(buffer).cast("B"), 0
        for part in self._parts(min(len(view), max(0, self._size - self._at))):
            view[filled : filled + len(part)] = part
            filled += len(part)
        return filled

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._copy is not None:
            self._copy.close()
        self._pieces, self._next, self._spent = [], [], {}
        super().close()

    def _parts(self, count: int) -> Iterator[memoryview]:
        """The next bytes."""
        while count:
            piece = self._piece(count)
            part = memoryview(piece.future.result())[self._at - piece.start :][:count]
            self._at += len(part)
            count -= len(part)
            piece.left -= len(part)
            if piece.left <= 0:
                self._spent[piece] = None
            yield part

    def _piece(self, count: int) -> _Piece:
        """The one that the next bytes are in, begun, and those that come next with it."""
        i = self._index(self._at)
        if i < 0 or self._at >= self._pieces[i].stop:
            following = self._pieces[i + 1].start if i + 1 < len(self._pieces) else self._size
            i += 1
            self._pieces.insert(i, _Piece(self._at, min(self._at + max(count, UNEXPECTED_BYTES), following), 0))
        piece = self._pieces[i]
        if piece.future is None:
            self._make_room(len(piece), 2 * AHEAD_BYTES)
            if any(other is not piece for other in self._next[-2:]):
                self._begin(piece)
            else:  # the only one: in this thread
                data = self._fetch(piece.start, piece.stop)
                piece.future = Future()
                piece.future.set_result(data)
                self._held += len(piece)
        self._begin_next()
        return piece

    def _begin_next(self) -> None:
        """As many as there is room for."""
        while self._next:
            piece = self._next[-1]
            if piece.future is None:
                self._make_room(len(piece))
                if self._held + len(piece) > AHEAD_BYTES:
                    return
                self._begin(piece)
            self._next.pop()

    def _begin(self, piece: _Piece) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AHEAD_REQUESTS, "fastloss-reading")
        piece.future = self._pool.submit(self._fetch, piece.start, piece.stop)
        self._held += len(piece)

    def _make_room(self, needed: int, limit: int | None = None) -> None:
        """Forget what was read, the oldest first; above the limit what was not, which may be fetched again, too."""
        while self._spent and self._held + needed > AHEAD_BYTES:
            self._forget(next(iter(self._spent)))
        if limit is not None and self._held + needed > limit:
            for piece in [piece for piece in self._pieces if piece.future is not None]:
                self._forget(piece)

    def _forget(self, piece: _Piece) -> None:
        self._spent.pop(piece, None)
        i = self._index(piece.start)
        if i >= 0 and self._pieces[i] is piece:
            del self._pieces[i]
            self._held -= len(piece)

    def _index(self, at: int) -> int:
        """Of the last piece that begins there or before."""
        return bisect_right(self._pieces, at, key=lambda piece: piece.start) - 1


def pieces(extents: list[Extent]) -> Iterator[_Piece]:
    """What is fetched of extents that are in order, in requests that are not too large, nor too small."""
    of_turn: dict[int, int] = {}
    for extent in extents:
        of_turn[extent.turn] = of_turn.get(extent.turn, 0) + 1
    most = max(of_turn.values(), default=1)
    largest = min(LARGEST_PIECE, max(MIB, AHEAD_BYTES // (2 * most) // MIB * MIB))  # two of each are there at a time
    bridged = _bridged(extents)
    first = left = 0
    for i, (start, stop, turn) in enumerate(extents):
        count = -(-(stop - start) // largest)
        if count > 1:
            size = -(-(stop - start) // count // MIB) * MIB
            for at in range(start, stop, size):
                end = min(at + size, stop)
                yield _Piece(at, end, end - at, (turn, (at - start) / (stop - start), at))
            first = i + 1
            continue
        left += stop - start
        following = extents[i + 1] if i + 1 < len(extents) else None
        if following and i in bridged and following.stop - extents[first].start <= largest:
            continue
        yield _Piece(extents[first].start, stop, left, (extents[first].turn, 0.0, extents[first].start))
        first, left = i + 1, 0


def _bridged(extents: list[Extent]) -> set[int]:
    """The extents that come with the next one: what lies between them is fetched too, the smallest gaps first, as long
    as that is little beside what is wanted.
    """
    gaps = sorted((after.start - before.stop, i) for i, (before, after) in enumerate(pairwise(extents)))
    unused, found = UNUSED_BYTES + UNUSED_SHARE * sum(stop - start for start, stop, _ in extents), set()
    for gap, i in gaps:
        unused -= gap
        if unused < 0 or gap > REQUEST_BYTES:
            break
        found.add(i)
    return found


def _apart(extents: Iterable[Extent], size: int) -> list[Extent]:
    """In order, and in a file of this size; what is in several is in the first."""
    found, end = [], 0
    for start, stop, turn in sorted(extents):
        if max(start, end) < min(stop, size):
            found.append(Extent(max(start, end), min(stop, size), turn))
            end = stop
    return found


def _without(extents: list[Extent], held: list[_Piece]) -> list[Extent]:
    """What of extents is not in pieces that are there; both are in order."""
    found = []
    for start, stop, turn in extents:
        for piece in held:
            if piece.stop > start and piece.start < stop:
                if piece.start > start:
                    found.append(Extent(start, piece.start, turn))
                start = piece.stop
        if start < stop:
            found.append(Extent(start, stop, turn))
    return found
