"""Commands that install what is missing, which work where they are read.

What they need is imported when they are: it would take an eighth of the time of `import fastloss`.
"""

import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))  # of a checkout
PYARROW = 19  # the first version that has all that is called, as pyproject.toml says


def install_extra(name):
    """The command that adds an extra of fastloss to this Python."""
    if _is_installed() or not _is_checkout():
        return f"{_pip()} install 'fastloss[{name}]'"
    return f"{_pip()} install -e {_quoted(f'{ROOT}[{name}]')}"


def install_library(name):
    """The command that adds another library to this Python."""
    return f"{_pip()} install {name}"


def check_pyarrow():
    """Raise an ImportError that says what to install where pyarrow is missing, or older than what is called of it."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(f"scoring files needs more than the core: {install_extra('cli')}") from error
    if int(pyarrow.__version__.split(".")[0]) < PYARROW:
        there = f"{pyarrow.__version__} is installed: {_pip()} install -U pyarrow"
        raise ImportError(f"scoring files needs pyarrow {PYARROW} or newer, {there}")


def check_built():
    """Raise an ImportError of one line in a checkout whose extensions were not built for this Python.

    `python -m fastloss` says the line and ends with 2: Python would show the way to the import around it.
    """
    try:
        import fastloss.core.kernels  # noqa: F401
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("fastloss.core.") or not _is_checkout():
            raise
        there = "" if os.getcwd() == ROOT else f"cd {_quoted(ROOT)} && "
        version = ".".join(map(str, sys.version_info[:2]))
        message = f"the fastloss in {ROOT} is not built for Python {version}: {there}{_pip()} install -e ."
        if _is_run():
            sys.stderr.write(f"fastloss: {message}\n")
            sys.exit(2)
        raise ImportError(message) from None


def _is_run():
    """Whether this import belongs to `python -m fastloss`, which is "-m" until its module is found."""
    return sys.argv[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)].removeprefix("-m") == "fastloss"


def _is_checkout():
    return os.path.exists(os.path.join(ROOT, "pyproject.toml"))


def _is_installed():
    """Whether pip knows of fastloss: it then looks for the extra in what is installed, and not in an index."""
    from importlib.metadata import distributions

    return any(found.read_text("INSTALLER") for found in distributions(name="fastloss"))


def _pip():
    """`pip`, where that is the one of this Python."""
    import shutil

    found = shutil.which("pip")
    if found and os.path.dirname(os.path.abspath(found)) == os.path.dirname(os.path.abspath(sys.executable)):
        return "pip"
    return f"{_quoted(sys.executable)} -m pip"


def _quoted(text):
    import shlex

    return shlex.quote(text)
