"""The sum of an array: over blocks in a fixed tree, so that it does not depend on threads."""

from fastloss.core.kernels import BLOCK, Sum
from fastloss.core.threads import run_blocks


def tree_sum(array, storage, is_double, num_threads=None):
    """The sum in float64 of an array that holds `storage` and is read as float64 (is_double) or float32."""
    loop = Sum(array, storage, is_double)
    run_blocks(loop.run, loop.blocks, BLOCK, num_threads)
    return loop.total()
