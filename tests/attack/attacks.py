"""The attacks by name: what a trial of each does, how many there are, how long one may take."""

from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from . import allocations, calls, children, environments, files, kills, processes

__all__ = ["ATTACKS", "Attack", "import_hosts"]


@dataclass(frozen=True)
class Attack:
    name: str
    trial: object  # a function of a text, which is "SEED/NUMBER", that returns counts or raises a Finding
    unit: str  # the count that says how much was done
    amount: int  # of that, unless another is asked for
    seconds: float = 60  # a trial may take

    def run(self, seed, amount=None, processes=1, until=None):
        """Trials until there are enough; their Tally."""
        import_hosts()
        amount = self.amount if amount is None else amount
        trials = _Trials(seed, amount)  # each counts one at least
        return children.run(
            self.trial, trials, processes, self.seconds, until, lambda counts: counts[self.unit] >= amount
        )


def import_hosts():
    """The libraries whose arrays are given to calls, as far as they are installed: once, before there are children."""
    for name in ("torch", "polars", "pandas"):
        with suppress(ImportError):
            import_module(name)


@dataclass(frozen=True)
class _Trials:
    """The texts "SEED/NUMBER" of a range of numbers, made one by one"""

    seed: int
    end: int
    begin: int = 0
    step: int = 1

    def __len__(self):
        return len(range(self.begin, self.end, self.step))

    def __getitem__(self, index):
        numbers = range(self.begin, self.end, self.step)[index]
        if isinstance(index, slice):
            return _Trials(self.seed, numbers.stop, numbers.start, numbers.step)
        return f"{self.seed}/{numbers}"


ATTACKS = {
    attack.name: attack
    for attack in (
        Attack("files", files.trial, "files", 10_000, seconds=20),
        Attack("kills", kills.trial, "kills", 300),
        Attack("environments", environments.trial, "calls", 100_000),
        Attack("processes", processes.trial, "forks", 120, seconds=120),
        Attack("allocations", allocations.trial, "allocations", 20_000, seconds=120),
        Attack("calls", calls.trial, "calls", 10_000_000),
    )
}
