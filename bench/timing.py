"""Interleaved timing: every contender once a round, so that a slow minute hits them all alike."""

import gc
import os
import platform
import statistics
import time
from datetime import UTC, datetime

__all__ = ["allow_cpus", "interleave", "least_times", "machine", "median_ratio", "medians"]

_MIN_SECONDS = 0.02  # a shorter contender is repeated inside its turn


def machine():
    """One line that says where and when the figures were taken."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            model = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        model += " (model unknown)"
    now = datetime.now(UTC)
    python = platform.python_version()
    return f"{model}, {platform.system()}, Python {python}, {now:%Y-%m-%d %H:%M} UTC"


def allow_cpus(count):
    """Keep this process (and the threads it starts from now on) on `count` of its processors."""
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = sorted(_CPUS)
    os.sched_setaffinity(0, allowed[-count:])


_CPUS = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()


def _turn(run, number):
    begin = time.perf_counter()
    for _ in range(number):
        run()
    return (time.perf_counter() - begin) / number


def least_times(runs, rounds):
    """The least processor seconds of each, a run of all a round."""
    least = [float("inf")] * len(runs)
    for _ in range(rounds):
        for i, run in enumerate(runs):
            begin = time.process_time()
            run()
            least[i] = min(least[i], time.process_time() - begin)
    return least


def interleave(contenders, rounds):
    """Seconds per call, {name: [one per round]}; contenders is {name: callable}."""
    numbers = {}
    for name, run in contenders.items():
        run()  # compile, allocate, warm the caches
        numbers[name] = max(1, round(_MIN_SECONDS / max(_turn(run, 1), 1e-9)))
    seconds = {name: [] for name in contenders}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in contenders.items():
                seconds[name].append(_turn(run, numbers[name]))
    finally:
        gc.enable()
    return seconds


def medians(seconds):
    return {name: statistics.median(turns) for name, turns in seconds.items()}


def median_ratio(numerators, denominators):
    """Median over the rounds of numerator / denominator of the same round."""
    pairs = zip(numerators, denominators, strict=True)
    return statistics.median(top / bottom for top, bottom in pairs)
