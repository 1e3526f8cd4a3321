"""The domains of parameters, such as ">= 0 and < 1" or "0 or >= 1": whether a value is inside, and the error if not."""

import functools
import math
import operator
from numbers import Real

import numpy as np

from fastloss.core.arguments import FLOAT64, INFINITY, as_array, is_integral, near_names, refuse_mask, shown

LARGEST = float(np.finfo(FLOAT64).max)
UNBOUNDED = " and <= +inf"  # ends a domain that infinity is part of
COMPARISONS = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def check_parameter(name, value, domain, loss):
    """A parameter as a float, or as an array of floats, inside its domain."""
    if isinstance(value, Real):
        value = _as_float(name, value)
        if not _inside(value, domain):
            raise ValueError(_domain_message(name, value, domain, loss))
        return value
    array = as_array(value, name)
    if array.ndim == 0:
        return check_parameter(name, float(array), domain, loss)
    if is_integral(array):
        array = array.astype(np.float64)
    elif array.dtype.itemsize < 4:
        array = array.astype(np.float32)
    if not _is_between_limits(array, domain):
        inside = _inside(array, domain)
        if not inside.all():
            raise ValueError(_domain_message(name, float(array[~inside].flat[0]), domain, loss))
    return array


def _is_between_limits(array, domain):
    """Whether the least and the greatest number show that all are inside: twice as fast as to compare each."""
    if not array.size:
        return True
    least, greatest = interval(domain)
    if not least <= float(array.min()):  # which is a NaN if one is there
        return False
    return greatest == INFINITY or float(array.max()) <= greatest


def _as_float(name, value):
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be within the range of float64, got {shown(value)}") from None
    except Exception as error:  # a class of the caller's may raise anything
        raise TypeError(f"{name} must be a number, got {shown(value)}") from error


def check_number(name, value, domain):
    """A parameter that must be one number, as a float inside its domain."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    return check_parameter(name, value, domain, None)


FLOAT32_RANGE = 2.0**-150, float(np.finfo(np.float32).max)  # numbers between them are no 0 as float32, nor infinite


def check_range(name, value, domain, dtype):
    """Raise ValueError if a parameter, a number or an array, is finite and not 0, but has no such value in `dtype`.

    Where infinity is part of the domain, 0 is, too, or no limit at all: then its limits are the right value."""
    least, most = FLOAT32_RANGE
    if dtype is FLOAT64 or (type(value) is float and (least < abs(value) <= most or value == 0)):
        return
    if _has_infinity(domain):
        return
    size = abs(np.asarray(value, np.float64))
    outside = ((size > most) & (size != INFINITY)) | ((size <= least) & (size != 0))
    if outside.any():
        at = f" at element {int(outside.argmax())}" if outside.ndim else ""
        wrong = float(np.asarray(value)[outside].flat[0])
        limits = "> 0 and finite" if wrong > 0 else "finite"
        raise ValueError(f"{name} must be {limits} in {dtype.name}, got {wrong}{at}")


def check_weights(weights):
    """Raise ValueError, which names the first, if one is negative, NaN or infinite."""
    wrong = ~((weights >= 0) & (weights < INFINITY))
    if wrong.any():
        row = int(np.argwhere(wrong)[0, 0])
        raise ValueError(f"sample_weight must be >= 0 and finite, got {float(weights[wrong][0])} at row {row}")


def check_integer(name, value, domain="integer"):
    """A parameter that must be one integer."""
    try:
        return operator.index(value)
    except Exception:  # a class of the caller's may raise anything
        raise TypeError(f"{name} must be an {domain}, got {shown(value)}") from None


def check_one(name, value, domain):
    """A parameter that is one value: True or False, one of some words, an integer or a number, as its domain says."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if domain == "boolean":
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{name} must be True or False, got {shown(value)}")
        return bool(value)
    if '"' in domain:
        words = [word.strip('"') for word in domain.split(" or ")]
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"{name} must be {domain}, got {shown(value)}; {near_names(shown(value), words)}")
        return value
    if domain == "1 or 2":
        if not isinstance(value, Real) or value not in (1, 2):
            raise ValueError(f"{name} must be {domain}, got {shown(value)}")
        return int(value)
    if domain == "integer >= 1":
        value = check_integer(name, value, domain)
        if value < 1:
            raise ValueError(f"{name} must be {domain}, got {shown(value)}")
        return value
    return check_integer(name, value) if domain == "integer" else check_number(name, value, domain)


def check_class_weight(name, value, domain):
    return None if value is None else np.atleast_1d(check_parameter(name, value, domain, None))


def _conditions(domain):
    """[(comparison, bound), ...] of a domain such as ">= 0 and < 1", "> a" or "0"."""
    if domain in ("any", "finite"):
        return []
    return [("=", *condition.split())[-2:] for condition in domain.split(" and ")]


@functools.cache
def _limits(domain):
    """(((function that compares, bound), ...) of the conditions whose bound is a number, ...) of alternatives."""
    return tuple(
        tuple((COMPARISONS[c], float(bound)) for c, bound in _conditions(alternative) if not bound.isidentifier())
        for alternative in domain.split(" or ")
    )


@functools.cache
def interval(domain):
    """(least, greatest) of the floats in a domain, or in the last part of one that has several; without the limits
    that are other parameters."""
    least, greatest = (-INFINITY, INFINITY) if _has_infinity(domain) else (-LARGEST, LARGEST)
    for comparison, bound in _conditions(domain.split(" or ")[-1]):
        if bound.isidentifier():
            continue
        bound = float(bound)
        if comparison in ("=", ">", ">="):
            least = math.nextafter(bound, INFINITY) if comparison == ">" else bound
        if comparison in ("=", "<", "<="):
            greatest = math.nextafter(bound, -INFINITY) if comparison == "<" else bound
    return least, greatest


def _inside(value, domain):
    """Whether a value is a number, finite unless its domain says otherwise, and within its limits."""
    inside = None
    for limits in _limits(domain):
        within = value == value
        for compare, bound in limits:
            within = within & compare(value, bound)
        inside = within if inside is None else inside | within
    return inside if _has_infinity(domain) else inside & (abs(value) != INFINITY)


def _domain_message(name, value, domain, loss):
    if value != value:
        return f"{name} must not be NaN"
    if abs(value) == INFINITY and not _has_infinity(domain):
        return f"{name} must be finite, got {value}"
    where = f" for {loss}" if loss == "robust_nll" else ""
    return f"{name} must be {domain.removesuffix(UNBOUNDED)}{where}, got {value}"


def _has_infinity(domain):
    return domain == "any" or domain.endswith(UNBOUNDED)


def relations(domains):
    """((parameter, comparison, other parameter), ...) of the domains whose bound is another parameter."""
    return tuple(
        (name, comparison, bound)
        for name, domain in domains.items()
        for comparison, bound in _conditions(domain)
        if bound.isidentifier()
    )


def check_relation(name, comparison, other, parameters):
    """Raise ValueError unless two parameters, floats or arrays that broadcast, compare as they must."""
    value, bound = parameters[name], parameters[other]
    try:
        holds = np.asarray(COMPARISONS[comparison](value, bound))
    except ValueError:
        raise ValueError(
            f"{name} of shape {value.shape} and {other} of shape {bound.shape} do not broadcast against each other"
        ) from None
    if not holds.all():
        at = np.unravel_index(holds.argmin(), holds.shape)
        value, bound = (float(np.broadcast_to(x, holds.shape)[at]) for x in (value, bound))
        raise ValueError(f"{name} must be {comparison} {other}, got {other}={bound}, {name}={value}")


def nonnegative(value, name):
    """A float64 array without NaN or negative numbers; infinity is fine."""
    array = _as_floats(value, name)
    return _all_inside(array, array >= 0, name, ">= 0")


def positive(value, name):
    """A float64 array of positive, finite numbers."""
    array = _as_floats(value, name)
    return _all_inside(array, (array > 0) & np.isfinite(array), name, "> 0 and finite")


def _as_floats(value, name):
    refuse_mask(value, name)
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":  # NumPy reads text as numbers, and loses imaginary parts
            raise TypeError(f"{array.dtype} is no type of numbers")
        return array.astype(FLOAT64, copy=False)
    except Exception as error:  # a class of the caller's may raise anything
        raise TypeError(f"{name} must be numbers, got {shown(value)}") from error


def _all_inside(array, inside, name, domain):
    if not inside.all():
        wrong = float(array[~inside].flat[0])
        raise ValueError(f"{name} must not be NaN" if wrong != wrong else f"{name} must be {domain}, got {wrong}")
    return array
