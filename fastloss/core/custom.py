"""Losses of a user's own functions."""

import hashlib
import inspect
import keyword
import pickle
import sys
from collections.abc import Mapping
from functools import partial
from numbers import Real

import numpy as np

from fastloss.core.arguments import as_names, refuse_mask, shown
from fastloss.core.combined import OwnLoss
from fastloss.core.compiled import address_of
from fastloss.core.domains import check_number
from fastloss.core.fixed import FixedDict
from fastloss.core.functions import Functions
from fastloss.core.kernels import TRAITS
from fastloss.core.loss import ResidualLoss, is_known

FAMILIES = ("residual", "relative", "margin", "probability", "count", "deviance")
_TAKEN = ("pred", "target", "sample_weight", "reduction", "out", "outputs", "num_threads", "r")

_DOC = """\
{name}, a loss of the functions {functions} of {arguments}.

Formula: that of its functions.
Traits: {traits}.

Parameters
----------
pred, target, sample_weight, reduction, out, num_threads
    As all losses of this family take them.
{parameters}

Source
------
The module {module}."""


def custom(name, value, grad=None, hess=None, weight=None, family="residual", parameters=None, traits=()):
    """
    A loss of one's own functions, which has all that losses have.

    Functions of Python are vectorised: f(r, **parameters), or f(pred, target, **parameters) if the family is no
    "residual", takes arrays and returns one as long. They are given blocks of 16384 numbers, one after the other and in
    the dtype that the call computes in, so that what they compute stays in the cache. Compiled functions are
    double(double r, double parameter, ...), or of pred and target, with the parameters in their order: `numba.cfunc`, a
    function of ctypes with argtypes and restype, or `scipy.LowLevelCallable`. They are called without the interpreter,
    on several threads at once; float32 numbers are widened for them. Results are rounded to the dtype of the call.

    The loss takes sample weights, reductions, `out`; adapters, files and `a * loss + b * other` take the loss. An
    output without a function is a TypeError. It pickles by its module and the name that it has there, so that other
    processes, of Dask or Spark, can import it.

    Parameters
    ----------
    name : str
        How it is called in messages; none of the catalogue.
    value : function
        The value of each element.
    grad, hess : function, optional
        The first and second derivative with respect to pred.
    weight : function, optional
        The IRLS weight grad / r, of a loss of a residual.
    family : str
        What it is a function of: "residual", "relative", "margin", "probability", "count" or "deviance".
    parameters : dict, optional
        {name: default}, numbers. `bind` and calls take others, which the functions check themselves.
    traits : tuple of str
        Of "convex", "c1", "even", "bounded": what is known of it. Adapters ask for some of them.

    Returns
    -------
    Loss

    Raises
    ------
    TypeError
        If a function does not take the arguments, or numbers of another type.
    ValueError
        If the name is taken or none, or a family or trait unknown.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> def value(r, c):
    ...     return c * c * np.log(np.cosh(r / c))
    >>> def grad(r, c):
    ...     return c * np.tanh(r / c)
    >>> mine = fl.custom("mine", value, grad, parameters={"c": 1.0}, traits=("convex", "c1", "even"))
    >>> mine([0.0, 3.0], c=2.0).round(3)
    array([0.   , 3.422])
    >>> mine.grad([0.0, 3.0], [0.0, 1.0], reduction="mean").round(3)
    array([0.   , 0.482])
    >>> round(fl.check_derivatives(mine)["grad"], 5)
    0.0
    """
    functions = {"value": value, "grad": grad, "hess": hess, "weight": weight}
    module = sys._getframe(1).f_globals.get("__name__", "__main__")
    _check_name(name)
    if not isinstance(family, str) or family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {shown(family)}")
    if weight is not None and family != "residual":
        raise TypeError(f"weight is of losses of a residual, and {name} is one of {family}")
    if parameters is not None and not isinstance(parameters, Mapping):
        raise TypeError(f"parameters must be a mapping of names to defaults, got {shown(parameters)}")
    parameters = {k: _check_parameter(k, v) for k, v in (parameters or {}).items()}
    traits = frozenset(as_names(traits, "traits"))
    if not traits <= set(TRAITS.values()):
        raise ValueError(f"traits must be among {', '.join(TRAITS.values())}, got {shown(sorted(traits))}")
    functions = {output: f for output, f in functions.items() if f is not None or output == "value"}
    kind = CustomResidualLoss if family == "residual" else CustomLoss
    return kind(name, functions, family, parameters, traits, module)


def _check_name(name):
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"name must be an identifier, such as 'mine', got {shown(name)}")
    if is_known(name):
        raise ValueError(f"{name!r} is a loss of the catalogue: give another name")


def _check_parameter(name, value):
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name in _TAKEN:
        raise ValueError(f"parameters have names that calls do not use otherwise, got {shown(name)}")
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"parameters[{name!r}] must be a number, its default, got {shown(value)}")
    return check_number(name, value, "any")


def _result_of(function, what, *arrays, **parameters):
    """The result of a function, which is one number an element, in the dtype of its arrays."""
    like = arrays[0]
    size, dtype = like.shape, like.dtype
    result = function(*arrays, **parameters)
    refuse_mask(result, what)
    array = np.asarray(result)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} returned {array.dtype if array.ndim else shown(result)}: numbers are needed")
    if array.shape != size:
        raise ValueError(f"{what} returned shape {array.shape} for an array of {size}: it is one number an element")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype)


class CustomLoss(OwnLoss):
    """A loss of functions of pred and target."""

    _lacks = FixedDict(OwnLoss._lacks, cfunc="cfunc: take the function of its value, compiled")

    def __init__(self, name, functions, family, parameters, traits, module):
        self.output_names = tuple(functions)
        self._module, self._functions, self._origin = module, functions, None
        arguments = ("r",) if self.has_weight else ("pred", "target")
        count = len(arguments) + len(parameters)
        self._callable = {output: self._checked(output, name, arguments, parameters, count) for output in functions}
        self.calls_python = any(type(function) is not int for function in self._callable.values())
        described = "\n".join(f"{k}\n    Of its functions." for k in parameters)
        texts = {"name": name, "functions": ", ".join(functions), "arguments": " and ".join(arguments)}
        texts |= {"traits": ", ".join(sorted(traits)) or "none", "parameters": described, "module": module}
        super().__init__(
            name, family, traits, dict.fromkeys(parameters, "any"), parameters, partial(_DOC.format, **texts)
        )

    def _checked(self, output, name, arguments, parameters, count):
        """A function of Python, or the address of a compiled one."""
        function, what = self._functions[output], f"the function {output} of {name}"
        if (address := address_of(function, count, what)) is not None:
            return address
        if not callable(function):
            raise TypeError(f"{what} must be a function, got {shown(function)}")
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # of NumPy's functions and the like
            return partial(_result_of, function, what)
        try:
            signature.bind(*arguments, **parameters)
        except TypeError as error:
            given = ", ".join([*arguments, *(f"{k}={v}" for k, v in parameters.items())])
            raise TypeError(f"{what} is called with ({given}): {error}") from None
        return partial(_result_of, function, what)

    def bind(self, **params):
        bound = super().bind(**params)
        bound.__dict__["_origin"] = self._origin or self
        return bound

    def _check_param(self, name, value):
        return check_number(name, value, "any")

    def _checked_outputs(self, outputs):
        for name in as_names(outputs, "outputs"):
            if name in ("grad", "hess", "weight") and name not in self.output_names:
                raise TypeError(f"{self.name} has no {name}: give fl.custom({self.name!r}, ...) the function {name}=")
        return super()._checked_outputs(outputs)

    def _part(self, call, mask):
        given = call.given if call.loss is self else self.parameters
        pred, target, _ = call.operands
        return Functions(call.is_double, pred, target, given, self._callable, mask, self.has_weight, call.subtracts)

    # ---- identity ---------------------------------------------------------------------------------------------

    def _text(self):
        return f"{self._module}:{super()._text()}"

    def _identity(self):
        codes = [_read(getattr(function, "__code__", None)) for function in self._functions.values()]
        return [self._text(), hashlib.sha256(repr(codes).encode()).hexdigest()]

    def _key(self):
        return "custom", self._module, tuple(self._functions.items()), super()._key()

    def __reduce__(self):
        origin = self._origin or self
        names = vars(sys.modules.get(self._module, sys)).items()
        place = next((name for name, value in names if value is origin), None)
        if self._module == "__main__" or place is None:
            where = "is made in __main__" if self._module == "__main__" else f"has no name in {self._module}"
            raise pickle.PicklingError(
                f"{self.name} {where}, which another process cannot import: write {self.name} = fl.custom(...) at the "
                "top of a module of its own, and import it from there"
            )
        return _imported, (self._module, place, dict(self.parameters))


def _read(code):
    """What code does, in the same words in every process."""
    if not hasattr(code, "co_code"):
        return repr(code)
    return code.co_code, code.co_names, [_read(constant) for constant in code.co_consts]


class CustomResidualLoss(CustomLoss, ResidualLoss):
    """A loss of functions of the residual."""


def _imported(module, name, parameters):
    __import__(module)
    return getattr(sys.modules[module], name).bind(**parameters)
