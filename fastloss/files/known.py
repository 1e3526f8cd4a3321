"""What was found out of one file and holds for others: the files of a job mostly have the same columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

MOST = 64

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Known(dict[K, V]):
    """The last values, by keys."""

    def of(self, key: K, find: Callable[[], V]) -> V:
        """That of a key; `find` tells one that is new."""
        found = self.get(key)
        if found is None:
            if len(self) >= MOST:
                self.clear()
            found = self[key] = find()
        return found
