"""Numbers worth trying, by the kind of a loss's arguments. All choices come from a random.Random, which hypothesis can
stand in for."""

import ml_dtypes
import numpy as np

__all__ = ["FLOATS", "INTEGERS", "LABELS", "as_dtype", "generator", "normal", "shape_of", "special"]

FLOATS = tuple(np.dtype(t) for t in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16))
INTEGERS = tuple(np.dtype(t) for t in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"))
LABELS = tuple(np.dtype(t) for t in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"))
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 5e-324, -5e-324, 1e-45, 1e-310, 2e-38, 1e-30, 1e30, -1e30,
           3.4e38, -3.4e38, 1e200, 1.7e308, -1.7e308)  # fmt: skip
SIZES = ((0, 40), (1, 400), (4090, 4103), (8000, 9000))  # around a block, too
LONG = (131_000, 300_000)  # enough for several threads


def generator(random):
    """NumPy's generator, from one choice."""
    return np.random.default_rng(random.getrandbits(48))


def shape_of(random, is_long):
    """A shape of up to four axes, seldom with none or with no elements."""
    low, high = LONG if is_long else random.choice(SIZES[:2] * 4 + SIZES)
    size = random.randint(low, high)
    if random.random() < 0.5:
        return (size,)
    if random.random() < 0.05:
        return ()
    shape = []
    for _ in range(random.randint(1, 3)):
        shape.append(random.choice((1, 2, 3, 5, 8)))
    rest = max(size // int(np.prod(shape)), 0)
    shape.insert(random.randint(0, len(shape)), rest)
    return tuple(shape)


def normal(rng, shape, spread=3.0):
    return spread * rng.standard_normal(shape)


def special(rng, shape, share=0.3):
    """Numbers of which a share is at an end of the range, or none at all."""
    numbers = normal(rng, shape)
    return np.where(rng.random(shape) < share, rng.choice(SPECIAL, shape), numbers)


def as_dtype(numbers, dtype):
    with np.errstate(all="ignore"):
        return np.asarray(numbers).astype(dtype)
