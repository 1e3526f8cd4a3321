"""The Loss object: one way in for every loss."""

import functools
import inspect

import numpy as np

from fastloss.core import docstrings, expressions, kernels
from fastloss.core.aliases import ALIASES, plain
from fastloss.core.allocation import empty
from fastloss.core.arguments import (
    FLOAT32,
    FLOAT64,
    as_names,
    check_outputs,
    final_results,
    near_names,
    shown,
    storage,
)
from fastloss.core.arithmetic import Arithmetic
from fastloss.core.call import Call
from fastloss.core.domains import check_parameter, check_range, check_relation, interval, relations
from fastloss.core.fixed import FixedDict, fixed
from fastloss.core.floats import in_standard_floats
from fastloss.core.plain import Entry

_REGISTRY = kernels.registry()
_LOSSES = {}
_OF_SUMS = frozenset("+-*/(")  # what names have none of
MOST_SHOWN = 1000  # numbers of an array in a repr
_WITH_PARAM_GRAD = ", ".join(name for name, (*_, has_param_grad) in _REGISTRY.items() if has_param_grad)


def list_losses(family=None):
    """The names of all losses, family by family, or of those of one family.

    >>> import fastloss as fl
    >>> "huber" in fl.list_losses()
    True
    >>> fl.list_losses("relative")
    ('absolute_percentage_error', 'symmetric_absolute_percentage_error', 'squared_log_error')

    Raises
    ------
    ValueError
        If there is no such family; the message lists them.
    """
    elementwise = [name for name in _REGISTRY if name in _LOSSES]
    names = (*elementwise, *sorted((name for name in _LOSSES if name not in _REGISTRY), key=_order_of_family))
    if family is None:
        return names
    families = dict.fromkeys(_LOSSES[name].family for name in names)
    if not isinstance(family, str) or family not in families:
        raise ValueError(f"family must be one of {', '.join(families)}, got {shown(family)}")
    return tuple(name for name in names if _LOSSES[name].family == family)


def _loss_of(text):
    """The loss of a text that is no name."""
    try:
        loss = expressions.read(text, get)
    except SyntaxError as error:
        raise ValueError(f"loss {shown(text)} cannot be read: {error.msg}") from None
    if not isinstance(loss, Loss):
        raise ValueError(f"loss {shown(text)} is a number")
    return loss


def _order_of_family(name):
    """Rows of logits before embeddings, however they were imported"""
    return _LOSSES[name].family != "rows"


def get(name, **params):
    """The loss of that name, or of one that it goes by elsewhere ("mse", "L1Loss", "bce"), with the parameters bound.

    The name may be the text of a loss with its parameters, or of a sum of these, as their repr is.

    >>> import fastloss as fl
    >>> fl.get("robust", alpha=-2.0, scale=0.1)
    robust(alpha=-2.0, scale=0.1)
    >>> fl.get("pinball", q=0.9)
    quantile(q=0.9)
    >>> fl.get("2*huber(delta=1.345) + 0.1*mse")
    2*huber(delta=1.345) + 0.1*squared_error()
    >>> fl.get("arcface(margin=0.3, beyond='none')").parameters["beyond"]
    'none'

    Raises
    ------
    ValueError
        If there is no such loss; the message lists near names, five at most.
    TypeError
        If it has no such parameter.
    """
    loss = None
    if isinstance(name, str):
        loss = _LOSSES.get(name) or (_known_as(name) if name.strip()[:1] != "-" else None)
        if loss is None and set(name) & _OF_SUMS:
            loss = _loss_of(name)
    if loss is None:
        near = near_names(name, {*_LOSSES, *ALIASES}, others="list_losses() names all")
        raise ValueError(f"unknown loss {shown(name)}; {near}")
    return loss.bind(**params) if params else loss


def as_loss(loss, user):
    """A loss, or the one of a name; a TypeError, that names the function which takes it, if it is neither."""
    loss = get(loss) if isinstance(loss, str) else loss
    if not isinstance(loss, Loss):
        raise TypeError(f"{user} takes a loss or its name, got {shown(loss)}")
    return loss


def is_known(name):
    """Whether a loss of the catalogue goes by that name."""
    return name in _LOSSES or _known_as(name) is not None


def _known_as(name):
    names = {plain(alias): loss for alias, loss in ALIASES.items()} | {plain(loss): loss for loss in _LOSSES}
    return _LOSSES.get(names.get(plain(name)))


class Loss(docstrings.Documented, Arithmetic, Entry):
    """A loss function, called like a ufunc. Multiples of losses by numbers, and sums of those, are losses.

    Attributes
    ----------
    name : str
    family : str
        What it is a function of: "residual", "relative", "margin", "probability", "count", "deviance", "rows" or
        "embeddings".
    parameters : dict
        The values in force by name: the defaults, unless bound. A parameter without a default is missing until then.
        It cannot be changed: `bind` makes a loss with others.
    domains : dict
        The admitted values of each parameter, as text.
    traits : frozenset
        Of "convex", "c1", "even" and "bounded".
    """

    is_of_catalogue = True
    is_rowwise = False
    takes_target = True
    takes_head = False
    has_weight = False
    param_grads = ()
    output_names = ("value", "grad", "hess")
    _lacks = FixedDict(
        {  # what some losses have and others do not, in words
            "weight": "weight, which losses of a residual have: the IRLS weight",
            "param_grad": f"derivatives with respect to its parameters, which {_WITH_PARAM_GRAD} have",
            "cfunc": "cfunc, which losses of one number an element have: call it with arrays",
        }
    )

    def __init__(self, name, family, traits, domains, defaults, doc):
        self.name = self.__name__ = name
        self.family = family
        self.traits = traits
        self.domains = FixedDict(domains)
        self.parameters = FixedDict(defaults)
        signature, has_hess = self._signature(), "hess" in self.output_names
        methods = signature, has_hess, self.has_weight, self.param_grads
        self.__doc__ = functools.partial(docstrings.finished, doc, name, self.is_of_catalogue, *methods)
        self.__signature__ = signature
        self._open_plain_way()
        if self.is_of_catalogue:
            _LOSSES.setdefault(name, self)

    def _signature(self):
        """(pred, target, *, parameters, the keywords that all losses have)"""
        parameter = inspect.Parameter
        positional = {"pred": parameter.empty}
        if self.takes_target:
            positional["target"] = parameter.empty if self.requires_target else None
        keywords = {name: self.parameters.get(name, parameter.empty) for name in self.domains}
        keywords |= {"sample_weight": None, "reduction": "none", "out": None, "num_threads": None}
        return inspect.Signature(
            [parameter(k, parameter.POSITIONAL_OR_KEYWORD, default=v) for k, v in positional.items()]
            + [parameter(k, parameter.KEYWORD_ONLY, default=v) for k, v in keywords.items()]
        )

    # ---- identity ---------------------------------------------------------------------------------------------

    @in_standard_floats
    def bind(self, **params):
        """The same loss with these parameters fixed; picklable, hashable, comparable.

        >>> import fastloss as fl
        >>> fl.huber.bind(delta=2) == fl.huber.bind(delta=2.0)
        True
        """
        bound = Entry.__new__(type(self))
        own = bound.__dict__
        own.update(self.__dict__)
        own.pop("_fits_float32", None)
        own["parameters"] = FixedDict((name, fixed(value)) for name, value in self._merged(params).items())
        own["__signature__"] = bound._signature()
        bound._open_plain_way()
        return bound

    def __setattr__(self, name, value):
        self._check_unfinished(name)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        self._check_unfinished(name)
        super().__delattr__(name)

    def _check_unfinished(self, name):
        if "__signature__" in self.__dict__:  # which comes last
            raise AttributeError(f"{self.name}.{name} cannot be changed, as others use it: bind makes another loss")

    def __getattr__(self, name):
        if name not in Loss._lacks:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        raise AttributeError(f"{self.name} has no {self._lacks[name]}")

    def __repr__(self):
        return self._with_arrays(MOST_SHOWN)

    def _text(self):
        """The repr, with all numbers of arrays: equal for equal losses alone."""
        return self._with_arrays(np.inf)

    def _with_arrays(self, most):
        """The name and the parameters; longer arrays as NumPy shortens them."""
        values = [v.tolist() if isinstance(v, np.ndarray) and v.size <= most else v for v in self.parameters.values()]
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in zip(self.parameters, values, strict=True))})"

    def _identity(self):
        """What tells losses apart that compute something else, as JSON can hold it."""
        return self._text()

    def _key(self):
        def hashable(value):
            return (value.shape, value.dtype.str, value.tobytes()) if type(value) is np.ndarray else value

        return self.name, tuple((k, hashable(v)) for k, v in self.parameters.items())

    def __eq__(self, other):
        return self._key() == other._key() if isinstance(other, Loss) else NotImplemented

    def __hash__(self):
        return hash(self._key())

    def __reduce__(self):
        return _restore, (self.name, dict(self.parameters))

    # ---- the ways to call it ------------------------------------------------------------------------------------

    def _general(self, pred, target=None, *others, outputs, sample_weight=None, reduction="none", out=None,
                 num_threads=None, **params):  # fmt: skip
        """The outputs of a call that is not plain."""
        if others:
            names = [p.name for p in self.__signature__.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
            by_name = f": give {', '.join(self.domains)} by name" if self.domains else ""
            raise TypeError(
                f"{self.name} takes positional arguments {', '.join(names)}, got {2 + len(others)} of them{by_name}"
            )
        return self._compute(outputs, pred, target, sample_weight, reduction, out, num_threads, params)

    def _checked_outputs(self, outputs):
        outputs = as_names(outputs, "outputs")
        for name in outputs:
            if name not in self.output_names:
                raise ValueError(f"outputs must be among {self.output_names} for {self.name}, got {shown(name)}")
        if len(set(outputs)) < len(outputs) or not outputs:
            raise ValueError(f"outputs must name each output once and at least one, got {shown(outputs)}")
        return outputs

    def _open_plain_way(self):
        """Tell `Entry` how calls may be made at once; it serves parameters that are numbers."""

    # ---- arguments ----------------------------------------------------------------------------------------------

    def _merged(self, params, is_call=False):
        """The parameters in force: those bound, replaced by these where both are given."""
        return {**self.parameters, **self._check_params(params, is_call)}

    def _check_params(self, params, is_call):
        """The given parameters, each inside its domain; calls take arrays and options beside them."""
        for name in params:
            if name not in self.domains:
                known = self.__signature__.parameters if is_call else self.domains
                near = near_names(name, known) if known else "it has none"
                raise TypeError(f"{self.name} has no parameter {name!r}; {near}")
        return {name: self._check_param(name, value) for name, value in params.items()}

    def _check_param(self, name, value):
        return check_parameter(name, value, self.domains[name], self.name)


def _sign_methods():
    """Tell `help` and others what the methods of `Entry` take, which pass it on as it is."""
    call = inspect.signature(Loss._general)
    known = [parameter for name, parameter in call.parameters.items() if name != "others"]
    Entry.evaluate.__signature__ = call.replace(parameters=known)
    for method in (Entry.grad, Entry.hess, Entry.value_and_grad):
        method.__signature__ = call.replace(parameters=[p for p in known if p.name != "outputs"])


Loss._general.__qualname__ = "loss"  # the name in Python's own messages
_sign_methods()


def _restore(name, parameters):
    return _LOSSES[name].bind(**parameters)


class ElementwiseLoss(Loss):
    """A loss with one value per element of pred.

    It is declared as a function without a body: its name, its parameters with their defaults, its docstring, to which
    `docstrings.complete` adds the text that all elementwise losses share.
    """

    output_names = tuple(name for name in kernels.OUTPUTS if name not in kernels.RESIDUAL_OUTPUTS)
    calls_python = False
    _lacks = FixedDict(Loss._lacks, cfunc="cfunc, as Python computes a part of it: call it with arrays")

    def __init__(self, declaration):
        name = declaration.__name__
        self._kernel, family, self.takes_target, traits, domains, has_param_grad = _REGISTRY[name]
        self.requires_target = self.takes_target and not self.has_weight
        self.param_grads = tuple(domains) if has_param_grad else ()
        self._relations = relations(domains)
        parameters = inspect.signature(declaration).parameters
        if tuple(domains) != tuple(parameters):
            raise TypeError(f"{name}: parameters {tuple(parameters)} differ from losses.def's {tuple(domains)}")
        defaults = {k: p.default for k, p in parameters.items() if p.default is not p.empty}
        self._target = "required" if self.requires_target else "optional" if self.takes_target else "none"
        doc = functools.partial(docstrings.complete, declaration.__doc__, family, self._target, domains, traits)
        super().__init__(name, family, traits, domains, defaults, doc)

    def _open_plain_way(self, terms=lambda: None):
        """`terms` returns what is added to the value under the parameters in force, of float32 and of float64."""
        if any(type(value) is np.ndarray for value in self.parameters.values()):
            return
        related = {name for first, _, second in self._relations for name in (first, second)}
        intervals = {k: None if k in related else interval(domain) for k, domain in self.domains.items()}
        parameters = self.domains, intervals, self.parameters
        self._prepare(self._kernel, self._target, *parameters, self.has_weight, terms=terms())

    def _merged(self, params, is_call=False):
        merged = super()._merged(params, is_call)
        for relation in self._relations:
            check_relation(*relation, merged)
        if len(merged) > len(self.parameters):  # back into the order of the domains, which is the kernel's
            merged = {name: merged[name] for name in self.domains if name in merged}
        return merged

    def _in_force(self, params):
        """The values of all parameters in a call that gives these."""
        merged = self._merged(params, is_call=True) if params else self.parameters
        if len(merged) < len(self.domains):
            missing = " and ".join(name for name in self.domains if name not in merged)
            raise TypeError(f"{self.name} requires {missing}: give it in the call, or bind it")
        return merged

    def _check_narrowed(self, parameters):
        """The domains of parameters that are rounded to float32."""
        for name, value in parameters.items():
            check_range(name, value, self.domains[name], FLOAT32)

    @functools.cached_property
    def _fits_float32(self):
        """Whether the parameters that are bound are in their domains as float32, which calls need not find out then."""
        try:
            self._check_narrowed(self.parameters)
        except ValueError:
            return False
        return True

    def _shifts(self, call, given, mask):
        """What is added to each of the outputs of a call, under the given parameters: nothing."""
        return ()

    @functools.cached_property
    def cfunc(self):
        """The value as a function of C, which ctypes, numba and scipy.LowLevelCallable take (docs/c.md):
        double(residual, parameters...), or double(pred, target, parameters...) of a loss that requires a target. It has
        all parameters, whatever is bound, and is NaN where one is outside its domain."""
        import ctypes

        address = kernels.scalar_function(self.name)
        if not address:
            raise AttributeError  # __getattr__ says why
        arguments = 1 + self.requires_target + len(self.domains)
        return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * arguments)(address)

    def _loop(self, call, mask, by_number, keeps_sum):
        """The hot loop of a call, prepared: the outputs of `mask` into the arrays at their numbers."""
        return self._map(call, call.given, mask, call.operands[2], by_number, call.factor, keeps_sum)

    def _part(self, call, mask):
        """The same as a part of a call over several losses: with the parameters that are bound, storing nothing."""
        return self._map(call, self.parameters, mask, None, (), 1.0, False)

    def _map(self, call, given, mask, sample_weight, outs, factor, keeps_sum):
        pred, target, _ = call.operands
        return kernels.Map(
            self._kernel, call.is_double, pred, target, call.for_loop(given), sample_weight, outs, mask, factor,
            keeps_sum, self._shifts(call, given, mask), call.subtracts,
        )  # fmt: skip

    @in_standard_floats
    def param_grad(self, pred, target=None, *, sample_weight=None, reduction="none", num_threads=None, **params):
        """The derivatives with respect to the parameters, {name: array}.

        Without a reduction they have pred's shape; under one they are summed to the parameter's shape, and are a float
        where it is a scalar.
        """
        if not self.param_grads:
            raise TypeError(f"{self.name} has no {self._lacks['param_grad']}")
        call = Call(self, pred, target, sample_weight, reduction, num_threads, params)
        grads = [empty(call.shape, call.dtype) for _ in self.param_grads]
        call.run(kernels.PARAM_GRAD, [None] * len(_OUTPUTS) + grads)
        if reduction != "none":
            grads = [call.sum_to(_shape_of(p), g) for p, g in zip(call.given.values(), grads, strict=True)]
        return dict(zip(self.param_grads, grads, strict=True))

    @in_standard_floats
    def _compute(self, outputs, pred, target, sample_weight, reduction, out, num_threads, params):
        call = Call(self, pred, target, sample_weight, reduction, num_threads, params)
        reduced = reduction != "none"
        reduces_value = reduced and "value" in outputs
        by_number = [None] * len(_OUTPUTS)
        mask = 0
        stored = []
        for name in outputs:
            number = _OUTPUTS[name]
            mask |= 1 << number
            if not (reduced and name == "value"):
                stored.append(number)
        shape, dtype, destination = call.shape, call.dtype, None
        if out is None:  # without a call, where every nanosecond counts
            arrays = [empty(shape, dtype) for _ in stored]
        else:
            arrays, destination = check_outputs(out, [shape] * len(stored), dtype, call.arrays)
        for number, array in zip(stored, arrays):  # noqa: B905  (equal by construction; every nanosecond counts here)
            by_number[number] = array
        total = call.run(mask, by_number, reduces_value)
        final = arrays if destination is None and shape else final_results(arrays, destination)
        if reduces_value:
            results = iter(final)
            return tuple(total if name == "value" else next(results) for name in outputs)
        return tuple(final)


def _shape_of(parameter):
    return parameter.shape if type(parameter) is np.ndarray else ()


_OUTPUTS = kernels.OUTPUTS


class ResidualLoss(ElementwiseLoss):
    """A loss of the residual pred - target; left out, target is zero and pred the residual."""

    has_weight = True
    output_names = tuple(kernels.OUTPUTS)

    def weight(self, pred, target=None, **keywords):
        """The IRLS weight: derivative over residual, exact at 0; sample_weight does not enter it."""
        if "reduction" in keywords:
            raise TypeError(f"{self.name}.weight has no parameter 'reduction': it is one number an element")
        return self.evaluate(pred, target, outputs=("weight",), **keywords)[0]


class ShiftedLoss(ResidualLoss):
    """A loss whose value is that of another plus a term that depends on the parameters alone (losses.def: SHIFTED).

    It is declared with two functions of the parameters: `term`, and `term_grad`, the derivatives of the term by each
    parameter.
    """

    def __init__(self, declaration, term, term_grad):
        self._term, self._term_grad = term, term_grad
        super().__init__(declaration)

    def _open_plain_way(self):
        """At the first call: finding the terms takes time."""

    def _general(self, *arguments, **keywords):
        if not self.is_plain:
            super()._open_plain_way(self._terms_in_force)
        return super()._general(*arguments, **keywords)

    def _terms_in_force(self):
        with np.errstate(divide="ignore", invalid="ignore"):  # parameters that float32 cannot hold are not plain there
            return [float(self._in(dtype, self._term, self.parameters.values())) for dtype in (FLOAT32, FLOAT64)]

    def _in(self, dtype, function, parameters):
        """A function of parameters that are rounded to a dtype."""
        with np.errstate(over="ignore"):  # to infinity, which is part of the domain
            return function(*(np.asarray(value, dtype) for value in parameters))

    def _shifts(self, call, given, mask):
        terms = [None] * len(_OUTPUTS)
        if mask & 1 << _OUTPUTS["value"]:
            terms[_OUTPUTS["value"]] = self._in(call.dtype, self._term, given.values())
        if mask & kernels.PARAM_GRAD:
            terms += self._in(call.dtype, self._term_grad, given.values())
        return [term if term is None else _operand(term, call) for term in terms]


def _operand(term, call):
    """A term as the hot loops take it: a number or an array of the input's shape."""
    if np.ndim(term) == 0:
        return float(term)
    return storage(np.broadcast_to(term.astype(call.dtype), call.shape))
