"""Losses and sums of them as text, as their repr writes it: "2*huber(delta=1.345) + 0.1*squared_error"."""

import ast
import operator

LONGEST = 100_000  # characters: a thousand numbers of a parameter, and more

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_NUMBERS = {"inf": float("inf"), "nan": float("nan")}


def read(text, get):
    """The loss of a text of numbers, names of losses with their parameters, + - * / and brackets; `get` finds a loss.

    Raises
    ------
    SyntaxError
        If it is no such text.
    """
    if len(text) > LONGEST:
        raise SyntaxError("it is too long")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, get)
    except (RecursionError, MemoryError, ZeroDivisionError, OverflowError) as error:
        raise SyntaxError(str(error) or "it is nested too deeply") from error


def _value(node, get):
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, get), _value(node.right, get))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_value(node.operand, get))
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | None):
        return node.value
    if isinstance(node, ast.Name):
        return _NUMBERS[node.id] if node.id in _NUMBERS else get(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        return get(node.func.id, **{keyword.arg: _parameter(keyword.value) for keyword in node.keywords})
    raise SyntaxError("it is no sum of multiples of losses")


def _parameter(node):
    """A number, a text, or a list of these."""
    if isinstance(node, ast.List | ast.Tuple):
        return [_parameter(element) for element in node.elts]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _value(node, _no_loss)


def _no_loss(name, **parameters):
    raise SyntaxError(f"{name} is no number")
