"""Losses inside other libraries: one module each. Those that score tables are built around `files.batch_function`.

| module | what it gives |
|---|---|
| `polars` | `expression(spec)`: an expression, for eager, lazy and streaming queries |
| `pandas` | `score(frame, spec)`: the frame with the columns of losses |
| `dask` | `score(frame, spec)`: the same, lazily, for a Dask DataFrame |
| `spark` | `score(frame, spec)`: the same for a Spark DataFrame, by mapInArrow |
| `duckdb` | `register(connection, name, spec)`: an SQL function |
| `datafusion` | `function(name, spec)`: an SQL function |
| `xgboost`, `lightgbm`, `catboost` | `objective(loss)`, `metric(loss)` |
| `torch` | `function(loss)`, `module(loss)`, `adaptive(num_dims)`: differentiable by autograd |
| `jax` | `function(loss)`: under jit, grad, vmap |
| `scipy` | `rho(loss)` for least_squares; `objective(loss, X, y)` for minimize |
| `sklearn` | `scorer(loss)`: for `scoring=` |
| `statsmodels` | `norm(loss)`: for RLM |

Ray Data needs no module, as its batches can be Arrow tables; docs/scaling.md shows the call. The library of a module is
imported when one of its functions is called.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from fastloss.core.installing import install_extra


def __getattr__(name: str) -> ModuleType:
    if name in __dir__():
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Its modules, each of which is imported when it is asked for."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(library: str) -> ModuleType:
    """The library, or one line that says what to install."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        needs = f"fastloss.integrations needs {library}: {install_extra('integrations')}"
        raise ImportError(needs) from error
