"""What a case of the speed comparison is: one piece of work, all who do it, and what it must show."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Case", "Claim", "ours"]


ONE_THREAD = {"num_threads": 1}


@dataclass(frozen=True)
class Claim:
    """`ours` is at least `factor` times as fast as the fastest of `theirs`."""

    ours: str
    theirs: tuple[str, ...]
    factor: float


@dataclass(frozen=True)
class Case:
    """`make()` returns the data; each contender is `factory(*data) -> callable to time`."""

    name: str
    elements: int
    make: Callable
    contenders: dict[str, Callable]
    claims: tuple[Claim, ...]
    cpus: int = 1


def ours(loss, method="__call__", *, into=None, alone=ONE_THREAD, **options):
    """One method of one loss of fastloss, on one thread; `into` makes the output that its calls reuse."""

    def factory(*arrays):
        import fastloss

        call = getattr(getattr(fastloss, loss), method)
        settings = {**alone, **options}
        if into is not None:
            settings["out"] = into(arrays[0])
        return lambda: call(*arrays, **settings)

    return factory
