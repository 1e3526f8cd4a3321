"""Sources in their turn, those of small objects opened ahead of it."""

import threading
from contextlib import closing, contextmanager

import pytest

from fastloss.files.dataset import Fragment
from fastloss.files.readers.ahead import OPENED_AHEAD, SMALL_BYTES, in_turn

SMALL = [Fragment(f"{i}.parquet", "parquet", size=1000) for i in range(30)]


class Opener:
    """Counts what is open, and fails at some."""

    def __init__(self, *fails: str):
        self.fails, self.opened, self.closed, self.threads, self.lock = fails, [], [], set(), threading.Lock()

    @contextmanager
    def __call__(self, fragment):
        with self.lock:
            self.opened.append(fragment.path)
            self.threads.add(threading.current_thread())
        if fragment.path in self.fails:
            raise ValueError(fragment.path)
        try:
            yield f"source of {fragment.path}"
        finally:
            self.closed.append(fragment.path)


def test_each_comes_in_its_turn_and_is_closed_before_the_next():
    opener, begun = Opener(), []
    for number, (fragment, source) in enumerate(in_turn(SMALL, opener, begun.append)):
        assert fragment is SMALL[number]
        assert source == f"source of {fragment.path}"
        assert source in begun
        assert opener.closed == [fragment.path for fragment in SMALL[:number]]
        assert len(opener.opened) <= number + 1 + OPENED_AHEAD
    assert opener.closed == [fragment.path for fragment in SMALL]


def test_the_next_are_opened_meanwhile():
    opener, both = Opener(), threading.Event()

    def begin(source):
        if source == "source of 5.parquet":
            both.set()

    with closing(in_turn(SMALL, opener, begin)) as sources:
        next(sources)
        assert both.wait(30)


@pytest.mark.parametrize("size", [None, SMALL_BYTES + 1])
def test_files_of_this_machine_and_large_objects_are_opened_in_their_turn(size):
    opener = Opener()
    for number, _ in enumerate(in_turn([Fragment(f"{i}", "parquet", size=size) for i in range(5)], opener)):
        assert len(opener.opened) == number + 1
    assert opener.threads == {threading.current_thread()}


def test_an_error_is_raised_when_its_turn_comes():
    opener, seen = Opener("3.parquet", "5.parquet"), []
    with pytest.raises(ValueError, match=r"^3\.parquet$"):
        seen.extend(fragment.path for fragment, _ in in_turn(SMALL, opener))
    assert sorted(opener.closed) == sorted(set(opener.opened) - {"3.parquet", "5.parquet"})


def test_those_whose_turn_does_not_come_are_closed():
    opener = Opener()
    with closing(in_turn(SMALL, opener)) as sources:
        next(sources)
        next(sources)
    assert sorted(opener.closed) == sorted(opener.opened)
    assert len(opener.opened) <= 2 + OPENED_AHEAD
