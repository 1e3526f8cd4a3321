"""Version and build, as a bug report needs them."""

import platform
from importlib.metadata import version

import numpy as np

__version__ = version("fastloss")


def show_config():
    """Print version, instruction set, threads and build flags."""
    from fastloss.core import kernels, threads

    print(f"fastloss  {__version__} (Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()})")
    print(f"isa       {kernels.isa()} (of {', '.join(kernels.isas())})")
    print(f"threads   {threads.get_num_threads()}")
    print(f"build     {kernels.build_flags()}")
