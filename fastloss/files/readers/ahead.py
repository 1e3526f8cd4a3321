"""Sources that are read one after the other: small objects of stores are opened while those before them are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from fastloss.files.dataset import Fragment

OPENED_AHEAD = 16
SMALL_BYTES = 4 << 20

Opener = Callable[[Fragment], Any]  # a context manager, which gives a source


def in_turn(
    fragments: Sequence[Fragment], open_fragment: Opener, begin: Callable[[Any], None] | None = None
) -> Iterator[tuple[Fragment, Any]]:
    """Each fragment and its source, open until the next is asked for; `begin` is called with each source beforehand.

    What goes wrong with a fragment is raised when its turn comes.
    """
    if len(fragments) == 1:
        with open_fragment(fragments[0]) as source:
            if begin is not None:
                begin(source)
            yield fragments[0], source
        return
    following, ahead = iter(fragments), deque()
    with ThreadPoolExecutor(OPENED_AHEAD, "fastloss-opening") as pool:
        try:
            while True:
                while len(ahead) <= OPENED_AHEAD and (fragment := next(following, None)) is not None:
                    is_small = len(fragments) > 1 and fragment.size is not None and fragment.size <= SMALL_BYTES
                    opening = pool.submit(_opened, open_fragment, fragment, begin) if is_small else None
                    ahead.append((fragment, opening))
                if not ahead:
                    return
                fragment, opening = ahead.popleft()
                stack, source = opening.result() if opening else _opened(open_fragment, fragment, begin)
                with stack:
                    yield fragment, source
        finally:
            _close(opening for _, opening in ahead if opening)


def _opened(open_fragment: Opener, fragment: Fragment, begin: Callable | None) -> tuple[ExitStack, Any]:
    with ExitStack() as stack:
        source = stack.enter_context(open_fragment(fragment))
        if begin is not None:
            begin(source)
        return stack.pop_all(), source


def _close(openings: Iterable[Future]) -> None:
    """Those whose turn does not come."""
    for opening in openings:
        if not opening.cancel() and opening.exception() is None:
            stack, _ = opening.result()
            stack.__exit__(GeneratorExit, GeneratorExit(), None)
