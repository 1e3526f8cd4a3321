"""Arguments that no call takes: an error of the contract that names the argument, before anything is written."""

import numpy as np

from .finding import Finding, require
from .variants import Output

__all__ = ["misuse"]

ERRORS = (TypeError, ValueError, IndexError)
NOT_ARRAYS = (lambda a: a.astype(complex), lambda a: np.full(a.shape, "x"), lambda a: np.full(a.shape, object()),
              lambda a: object(), lambda a: np.ma.masked_array(a), lambda a: a.astype("M8[s]") if a.dtype.kind in "iu"
              else np.zeros(a.shape, "M8[s]"), lambda a: np.zeros(a.shape, [("a", "f4")]))  # fmt: skip
NUMBERS = ("x", 1j, 10**400, -(10**400), float("nan"), [], {}, object(), [[1.0], [2.0, 3.0]], b"1")
KEYWORDS = {
    "reduction": ("meen", None, 1, ["mean"], np.array(["sum", "mean"]), object()),
    "num_threads": (0, -1, 1.5, "2", 10**400 * -1, [1]),
}


def misuse(random, case, slots):
    """Make one call with one wrong argument."""
    name, wrong = _draw(random, case)
    arrays = {name: wrong} if name in case.arrays else {}
    options = {} if arrays else {name: wrong}
    out = None
    if case.takes_out and name not in ("out", "reduction") and random.random() < 0.5:
        like = np.empty(next(iter(case.arrays.values())).shape, np.float32)
        out = Output(random, slots, like)
        options["out"] = out.array
    outputs = ("grad",) if "grad" in case.outputs else ("value",)
    try:
        case.compute(arrays, outputs, **options)
    except ERRORS as error:
        is_named = name in str(error) or (out is not None and "out" in str(error))
        require(is_named, "names nothing", f"{type(error).__name__}: {error}; for {name}={_text(wrong)}")
    except Exception as error:
        raise Finding("wrong type", f"{type(error).__name__}: {error}; for {name}={_text(wrong)}") from error
    else:
        raise Finding("taken", f"{name}={_text(wrong)}")
    require(out is None or out.is_untouched(), "written before the error", f"{name}={_text(wrong)}")


def _text(value):
    text = f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else repr(value)
    return text if len(text) < 60 else text[:60] + "..."


def _draw(random, case):
    """(name of an argument, what is wrong for it)"""
    kinds = ["array", "keyword"]
    numbers = [name for name in getattr(case.loss, "domains", ()) if name not in ("bias", "class_weight", "negatives")]
    kinds += ["number"] if numbers else []
    kind = random.choice(kinds)
    if kind == "array":
        name = random.choice(list(case.arrays))
        return name, random.choice(NOT_ARRAYS)(case.arrays[name])
    if kind == "number":
        name = random.choice(numbers)
        return name, random.choice([value for value in NUMBERS if not _is_right(case, name, value)])
    name = random.choice([k for k in KEYWORDS if k == "num_threads" or getattr(case.loss, "domains", None) is not None])
    return name, random.choice(KEYWORDS[name])


def _is_right(case, name, value):
    """Any integer may be the ignored label, any rank beyond all classes; no elements have no parameters."""
    is_whole = isinstance(value, int) and name in ("ignore_index", "k")
    return is_whole or (value == [] and not next(iter(case.arrays.values())).size)
