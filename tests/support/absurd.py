"""Values that no argument takes, or few."""

import enum
from decimal import Decimal
from fractions import Fraction

import numpy as np


class Colour(enum.Enum):
    RED = 1


class Unfriendly:
    """Answers no question."""

    def _refuse(self, *arguments):
        raise RuntimeError("no answer")

    __bool__ = __len__ = __iter__ = __eq__ = __hash__ = __float__ = __index__ = __array__ = __getitem__ = _refuse


class NotEvenFinite(float):
    def __float__(self):
        return "text"


ABSURD = {
    "text": "word",
    "empty text": "",
    "bytes": b"1",
    "complex": 1j,
    "huge": 10**400,
    "minus huge": -(10**400),
    "of 5000 digits": 10**5000,
    "decimal": Decimal("0.5"),
    "fraction": Fraction(10**400),
    "list": [],
    "nested": [[1.0], [2.0, 3.0]],
    "dict": {},
    "set": {1, 2},
    "object": object(),
    "type": float,
    "function": abs,
    "enumeration": Colour.RED,
    "slice": slice(None),
    "ellipsis": ...,
    "words": np.array(["mean", "sum"]),
    "a word of NumPy": np.str_("word"),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "a date": np.datetime64("2020-01-01"),
    "records": np.zeros(3, [("a", "f4")]),
    "complexes": np.zeros(3, complex),
    "long": np.zeros(3, np.longdouble),
    "objects": np.array([object(), None]),
    "of no axis": np.array(object()),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "another shape": np.ones((2, 3, 4, 5, 7)),
    "32 dimensions": np.ones((1,) * 31 + (3,)),
    "unfriendly": Unfriendly(),
    "no float": NotEvenFinite(1.0),
}
