"""Version and build, as a bug report needs them, and where the header for C is."""

import os

import numpy as np

from fastloss.core.installing import ROOT


def __getattr__(name):
    """`__version__`, which takes some milliseconds to find, when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _version()
    return globals()[name]


def _version():
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fastloss")
    except PackageNotFoundError:  # a checkout that is built, but not installed
        import tomllib

        with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
            return tomllib.load(file)["project"]["version"]


def get_include():
    """The folder of fastloss.h, to compile C and Cython with (docs/c.md).

    >>> import fastloss as fl
    >>> from pathlib import Path
    >>> sorted(path.name for path in Path(fl.get_include()).iterdir())
    ['fastloss.h']
    """
    from pathlib import Path

    return str(Path(__file__).parents[1] / "include")


def show_config():
    """Print version, instruction set, threads and build flags."""
    import platform

    from fastloss.core import kernels, threads

    machine = f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}"
    print(f"fastloss  {__getattr__('__version__')} ({machine})")
    print(f"isa       {kernels.isa()} (of {', '.join(kernels.isas())})")
    print(f"threads   {threads.get_num_threads()}")
    print(f"build     {kernels.build_flags()}")
