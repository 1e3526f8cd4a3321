"""More at once than a program does: calls over the pool, their arrays shared, and summaries that merge.

`python -m tests.attack.races`, under the thread sanitizer: see the stage `threads` of .ci/run.
"""

import threading
from itertools import cycle

import numpy as np

import fastloss as fl
from fastloss.core import threads
from fastloss.exact.summary import Summary

CALLERS, ROUNDS = 4, 12
SIZE = 3 * threads.SMALL


def main():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SIZE).astype(np.float32)
    logits = rng.standard_normal((SIZE // 10, 10)).astype(np.float32)
    labels = rng.integers(0, 10, len(logits))
    vectors = rng.standard_normal((600, 40)).astype(np.float32)
    classes, classes_of = rng.standard_normal((700, 40)).astype(np.float32), rng.integers(0, 700, 600)
    calls = (
        lambda n: fl.robust.value_and_grad(x, alpha=0.5, num_threads=n),
        lambda n: (fl.huber(x, reduction="sum", num_threads=n),),
        lambda n: fl.robust.param_grad(x, alpha=0.5, reduction="mean", num_threads=n).values(),
        lambda n: fl.cross_entropy.value_and_grad(logits, labels, num_threads=n),
        lambda n: (fl.cross_entropy.grad(logits.T, labels, axis=0, num_threads=n),),
        lambda n: _flat(fl.arcface.value_and_grad(vectors, classes, classes_of, num_threads=n)),
        lambda n: _flat(fl.nt_xent.value_and_grad(vectors, classes[:600], num_threads=n)),
        lambda n: (fl.center(logits, logits[:10], labels, num_threads=n),),
    )
    wanted = [[np.asarray(result).tobytes() for result in call(1)] for call in calls]
    wrong = []

    def caller(number):
        counts = cycle((2, 3, 5, 1))
        for round in range(ROUNDS):
            k = (number + round) % len(calls)
            got = [np.asarray(result).tobytes() for result in calls[k](next(counts))]
            if got != wanted[k]:
                wrong.append(k)

    _at_once(caller)
    _merges(x, wrong)
    if wrong:
        raise SystemExit(f"wrong bits in calls {sorted(set(wrong))}")
    print(f"{CALLERS * ROUNDS} calls of {CALLERS} threads at once, and {CALLERS * ROUNDS} summaries merged")


def _flat(value_and_grad):
    value, grads = value_and_grad
    return (value, *grads)


def _merges(x, wrong):
    """Summaries of parts, read by all threads and each merged by its own."""
    parts = [Summary.of(part) for part in np.array_split(x.astype(float), 8)]
    wanted = Summary.of(x.astype(float)).to_json()

    def caller(number):
        for round in range(ROUNDS):
            total = parts[(number + round) % 8]
            for k in range(1, 8):
                total |= parts[(k * 3 + number + round) % 8]
            if total.to_json() != wanted:
                wrong.append("summary")

    _at_once(caller)


def _at_once(function):
    callers = [threading.Thread(target=function, args=(number,)) for number in range(CALLERS)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()


if __name__ == "__main__":
    main()
