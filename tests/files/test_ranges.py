"""Files of which only those bytes are fetched that are read."""

import threading

import numpy as np
import pytest

from fastloss.files.readers import ranges
from fastloss.files.readers.ranges import Extent, RangedFile, pieces

SIZE = 200_000
DATA = np.random.default_rng(1).bytes(SIZE)


class Server:
    """Bytes, and who asked for them; the n-th request fails."""

    def __init__(self, data: bytes = DATA, fails: int = -1):
        self.data, self.fails, self.asked, self.lock = data, fails, [], threading.Lock()

    def fetch(self, start: int, stop: int) -> bytes:
        assert 0 <= start < stop <= len(self.data)
        with self.lock:
            self.asked.append((start, stop))
            if len(self.asked) == self.fails:
                raise OSError("the server says no")
        return self.data[start:stop]

    @property
    def sent(self) -> int:
        return sum(stop - start for start, stop in self.asked)


@pytest.fixture
def tiny(monkeypatch):
    """As if memory were scarce: pieces of a kilobyte or some."""
    for name, value in {
        "AHEAD_BYTES": 16 << 10,
        "MIB": 1 << 10,
        "LARGEST_PIECE": 4 << 10,
        "UNEXPECTED_BYTES": 512,
        "UNUSED_BYTES": 512,
        "REQUEST_BYTES": 1 << 10,
    }.items():
        monkeypatch.setattr(ranges, name, value)


def read_at(file: RangedFile, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def random_extents(rng: np.random.Generator, size: int, count: int) -> list[Extent]:
    places = np.sort(rng.choice(size, 2 * count, replace=False)).tolist()
    return [Extent(*pair, i // 3) for i, pair in enumerate(zip(places[::2], places[1::2], strict=True))]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_is_what_is_there_whatever_was_said(tiny, seed):
    rng, server = np.random.default_rng(seed), Server()
    with RangedFile(server.fetch, SIZE) as file:
        for _ in range(5):
            file.want(random_extents(rng, SIZE, 10))
            for _ in range(40):
                start, size = int(rng.integers(0, SIZE)), int(rng.integers(0, 9000))
                assert read_at(file, start, size) == DATA[start : start + size]
                assert file.tell() == min(start + size, SIZE)


def test_extents_that_overlap_are_empty_or_lie_outside_do_no_harm(tiny):
    server = Server()
    with RangedFile(server.fetch, SIZE) as file:
        file.want([Extent(10, 5000), Extent(100, 200), Extent(4000, 9000), Extent(7, 7), Extent(SIZE - 5, SIZE + 5)])
        assert read_at(file, 10, 8990) == DATA[10:9000]
        assert read_at(file, SIZE - 5, 100) == DATA[-5:]
        assert server.sent == 8995
        file.want([Extent(-50, 20), Extent(SIZE + 1, SIZE + 2)])
        assert read_at(file, 0, 20) == DATA[:20]
        assert read_at(file, SIZE + 10, 20) == b""


def test_extents_in_step_are_fetched_once_and_not_held_whole(tiny):
    server, most = Server(), 0
    thirds = [Extent(i * 60_000, (i + 1) * 60_000) for i in range(3)]
    with RangedFile(server.fetch, SIZE) as file:
        file.want(thirds)
        for at in range(0, 60_000, 500):
            for extent in thirds:
                assert read_at(file, extent.start + at, 500) == DATA[extent.start + at :][:500]
                most = max(most, file._held)
    assert server.sent == 180_000
    assert most <= ranges.AHEAD_BYTES


def test_what_was_read_is_there_for_another_reading_while_there_is_room(tiny):
    server = Server()
    with RangedFile(server.fetch, SIZE) as file:
        for end in (3000, 6000, 9000):
            file.want([Extent(1000, end)])
            assert read_at(file, 1000, end - 1000) == DATA[1000:end]
    assert server.sent == 8000


def test_many_extents_that_nobody_finishes_are_forgotten(tiny):
    server = Server()
    with RangedFile(server.fetch, SIZE) as file:
        file.want(Extent(i * 2000, i * 2000 + 1999, i) for i in range(100))
        for i in range(100):
            assert read_at(file, i * 2000, 1000) == DATA[i * 2000 :][:1000]
            assert file._held <= 2 * ranges.AHEAD_BYTES


def test_what_is_wanted_is_begun_before_it_is_read(tiny):
    server = Server()
    with RangedFile(server.fetch, SIZE) as file:
        file.want([Extent(0, 100_000)])
        read_at(file, 0, 10)
        file._pool.shutdown()
    assert len(server.asked) == 4  # as many as may be in memory


def test_a_failure_is_that_of_the_reading_and_tried_again_by_the_next(tiny):
    server = Server(fails=1)
    with RangedFile(server.fetch, SIZE) as file:
        file.want([Extent(0, 3000)])
        with pytest.raises(OSError, match="the server says no"):
            read_at(file, 0, 10)
        assert read_at(file, 0, 10) == DATA[:10]


def test_a_small_file_is_fetched_whole_and_the_end_of_another():
    for size, expected in ((100, (0, 100)), (128 << 10, (0, 128 << 10)), (SIZE, (SIZE - (64 << 10), SIZE))):
        server = Server(DATA[:size])
        with RangedFile(server.fetch, size) as file:
            file.want_footer()
            assert read_at(file, size - 8, 8) == DATA[size - 8 : size]
        assert server.asked == [expected]


def test_no_bytes():
    with RangedFile(Server(b"").fetch, 0) as file:
        file.want_footer()
        file.begin()
        assert file.read() == b""


@pytest.mark.parametrize("seed", range(50))
def test_few_bytes_are_fetched_that_nobody_wants(seed):
    rng = np.random.default_rng(seed)
    extents = random_extents(rng, 1 << int(rng.integers(15, 29)), int(rng.integers(1, 200)))
    found = sorted((piece.start, piece.stop) for piece in pieces(extents))
    used = sum(extent.stop - extent.start for extent in extents)
    assert sum(stop - start for start, stop in found) <= 1.25 * used + (48 << 10)
    covered = np.zeros(extents[-1].stop, bool)
    for start, stop in found:
        assert not covered[start:stop].any()
        covered[start:stop] = True
    assert all(covered[start:stop].all() for start, stop, _ in extents)
    assert len(found) <= len(extents) + used // (1 << 20)


def test_neighbours_come_in_one_request():
    assert [(p.start, p.stop) for p in pieces([Extent(4, 1000), Extent(1000, 9000), Extent(20_000, 30_000)])] == [
        (4, 30_000)
    ]
