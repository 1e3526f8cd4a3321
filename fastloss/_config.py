"""Version and build, as a bug report needs them."""

import platform
from importlib.metadata import version

import numpy as np

__version__ = version("fastloss")


def show_config():
    """Print version, instruction set, threads and build flags."""
    from fastloss import _kernels, _threads

    print(f"fastloss  {__version__} (Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()})")
    print(f"isa       {_kernels.isa()} (of {', '.join(_kernels.isas())})")
    print(f"threads   {_threads.get_num_threads()}")
    print(f"build     {_kernels.build_flags()}")
