"""Version and build, as a bug report needs them."""

import numpy as np


def __getattr__(name):
    """`__version__`, which takes some milliseconds to find, when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    globals()[name] = version("fastloss")
    return globals()[name]


def show_config():
    """Print version, instruction set, threads and build flags."""
    import platform

    from fastloss.core import kernels, threads

    machine = f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}"
    print(f"fastloss  {__getattr__('__version__')} ({machine})")
    print(f"isa       {kernels.isa()} (of {', '.join(kernels.isas())})")
    print(f"threads   {threads.get_num_threads()}")
    print(f"build     {kernels.build_flags()}")
