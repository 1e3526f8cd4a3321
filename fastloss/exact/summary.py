"""The exact, mergeable summary of a column of losses.

A `Summary` holds integers and two bounds, nothing rounded: per bucket of values (sign, exponent,
seven leading mantissa bits) a count and the sum of the remaining mantissa bits; the sum of squares;
sums of weights and weighted values. Merging adds integers, so it is associative and commutative,
and however the rows were cut, the merged summary and its JSON are the same bytes.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np

from fastloss.core.floats import in_standard_floats
from fastloss.exact import consistency, views
from fastloss.exact.accumulator import Accumulator
from fastloss.exact.arrays import add_rows
from fastloss.exact.bins import Bins
from fastloss.exact.bins import merged as merged_bins
from fastloss.exact.buckets import ROWS_BELOW, Buckets, parsed
from fastloss.exact.integers import packed
from fastloss.exact.state import FORMAT, exact, integer, mapping, number, opened, parse, sealed, text
from fastloss.exact.statistics import Statistics, interval
from fastloss.exact.weighted import PRODUCT_UNITS, WeightedSums
from fastloss.exact.worst import Worst, merged

QUANTILES = (0.5, 0.9, 0.99)
_QUANTILES = {str(q): q for q in QUANTILES}

_COUNTS = ("count", "null", "nan", "ignored")
_INTEGERS = (*_COUNTS, "rows", "infinite")
_OF_ENTROPIES = ("perplexity", "perplexity_interval", "bits")
_STATE = (*_COUNTS, "min", "max", "buckets", "squares", "weighted", "outputs", "loss", "worst", "calibration")


@dataclass(frozen=True, repr=False)
class Summary(Statistics):
    """Counts, exact sums, bounds and quantiles of a column of losses; `a | b` is the summary of both together.

    Attributes
    ----------
    count : int
        Rows that are neither null, NaN nor ignored. Infinite losses count.
    null, nan, ignored : int
        Rows left out: with a null in a used input, with a NaN loss, with the label `ignore_index` or not meeting the
        conditions `where`.
    min, max : float or None
        Exact bounds of the counted losses; None if there are none.
    buckets : mapping
        {index: count * 2**128 + sum of low mantissa bits}, the exact state behind `sum`, `mean` and `quantile`.
    squares : int
        The sum of the squares of the finite losses, in units of 2**-2148.
    weighted : WeightedSums or None
        None where no row had a weight, which is as if each had the weight 1.
    outputs : dict
        {"grad": Summary, ...}: the other outputs that were emitted, but for those of several numbers a row; with
        multioutput="raw_values" each number of these, {"value[0]": Summary, "value[1]": Summary, ...}.
    loss : str or None
        What was summarized, as the repr of a loss; None where that is not known. Summaries of different losses do not
        merge.
    worst_rows : Worst or None
        The rows of the largest losses, which `worst` has as a table; None where they were not asked for. Summaries with
        and without them do not merge.

    Examples
    --------
    >>> import fastloss as fl, numpy as np
    >>> a, b = fl.Summary.of(np.array([1e100, 1.0])), fl.Summary.of(np.array([-1e100, np.nan]))
    >>> (a | b).sum, (a | b).count, (a | b).nan
    (1.0, 3, 1)
    """

    count: int = 0
    null: int = 0
    nan: int = 0
    ignored: int = 0
    min: float | None = None
    max: float | None = None
    buckets: Buckets = field(default_factory=Buckets, repr=False)
    squares: int = field(default=0, repr=False)
    weighted: WeightedSums | None = field(default=None, repr=False)
    outputs: dict[str, Summary] = field(default_factory=dict, repr=False)
    loss: str | None = field(default=None, compare=False)  # two of the same numbers are equal
    worst_rows: Worst | None = field(default=None, repr=False)
    calibrated: Bins | None = field(default=None, repr=False)

    @classmethod
    def of(cls, values: np.ndarray, null=None, ignored=None, sample_weight=None) -> Summary:
        """Summary of one array of numbers; `null` and `ignored` are boolean masks of rows left out.

        Raises
        ------
        TypeError
            If an array holds something else, or is masked.
        ValueError
            If it has another shape than one number a row, an integer that float64 would round, or a weight that is
            negative, NaN or infinite.

        Examples
        --------
        >>> Summary.of(np.array([1, 2, 4], np.int8), null=[False, False, True]).mean
        1.5
        """
        accumulator = Accumulator()
        add_rows(accumulator, values, null, ignored, sample_weight)
        return summaries(accumulator)[0]

    def of_loss(self, loss: str) -> Summary:
        """The same summary, said to be of this loss, given by its repr; and its outputs, of the loss's."""
        outputs = {name: summary.of_loss(f"{loss}.{name}") for name, summary in self.outputs.items()}
        return replace(self, loss=loss, outputs=outputs)

    def with_ignored(self, rows: int) -> Summary:
        """The same summary of so many more rows, which are ignored; they are in no group."""
        outputs = {name: summary.with_ignored(rows) for name, summary in self.outputs.items()}
        return replace(self, ignored=self.ignored + rows, outputs=outputs) if rows else self

    def __setstate__(self, state: dict) -> None:
        buckets = state["buckets"]
        if not isinstance(buckets, Buckets):  # of an earlier version, a dictionary
            state |= {"buckets": Buckets.of_items(buckets)}
        self.__dict__.update(state)

    @property
    def rows(self) -> int:
        """All rows, counted or not."""
        return self.count + self.null + self.nan + self.ignored

    @property
    def worst(self):
        """The rows of the largest losses as a pyarrow Table, the largest first, equal ones in the order of the input.

        In a summary that was merged from those of several runs, equal ones come by the names of files, then by row.

        Its columns are `file` (as it was given, None of tables in memory), `row` (in that file, counted from 0),
        `value`, and all of the input. None unless `score` was asked for them.
        """
        return None if self.worst_rows is None else self.worst_rows.table

    @property
    def calibration(self) -> dict | None:
        """How far probabilities are from how often they come true; None unless `score` was asked for it.

        A mapping of `ece`, the expected calibration error: the mean over the rows of |accuracy - confidence| of their
        bin; `mce`, the largest of these; `bins`, a list of mappings of `count`, `confidence` (the mean probability) and
        `accuracy` (the share that came true), None in a bin without rows. Bin k of n has the probabilities from k / n
        to (k + 1) / n, 1 the last. Sums are exact and without weights; each number is rounded once.
        """
        return None if self.calibrated is None else self.calibrated.fields()

    def with_worst(self, change: Callable[[Worst | None], Worst | None]):
        """The same, with other worst rows: a function of these."""
        worst = change(self.worst_rows)
        return self if worst is self.worst_rows else replace(self, worst_rows=worst)

    def to_arrow(self):
        """A pyarrow Table with the numbers: a row, or by groups a row a group, whose values are the first columns.

        Values of a column that are of several types are texts. A number that is called as a column of groups has a _
        after its name.
        """
        import pyarrow as pa

        summaries, keys = self._rows()
        arrays = views.table(summaries, keys)
        names = [name.rstrip("_") for name in [*arrays][len(keys) :]]
        types = [pa.int64() if name in _INTEGERS else pa.float64() for name in names]
        columns = [*arrays.values()]
        numbers = [pa.array(column, type) for column, type in zip(columns[len(keys) :], types, strict=True)]
        return pa.Table.from_arrays([*map(views.in_arrow, keys.values()), *numbers], list(arrays))

    def to_pandas(self):
        """`to_arrow` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        numbers = self.numbers()
        shown = {name: views.short(views.number(numbers, name)) for name in ("count", "mean", "p50", "p99", "max")}
        shown["count"] = str(self.count)
        return f"{type(self).__name__}({', '.join(f'{name}={text}' for name, text in shown.items())})"

    def _repr_html_(self) -> str:
        summaries, keys = self._rows()
        texts = {n: ["null" if value is None else str(value) for value in values] for n, values in keys.items()}
        return views.in_html(summaries, texts, self.loss or "")

    def _rows(self) -> tuple[list[Summary], dict[str, list]]:
        """What tables show: summaries, and columns that tell which they are."""
        return [self], {}

    def to_json(self, *, state: bool = False) -> str:
        """One line of strict JSON; infinities are "inf" and "-inf", NaN and numbers of no rows are null.

        The loss comes after the numbers, where it is known. With `state` also the format's number, and all that
        `from_json` needs.
        """
        fields = self.fields()
        if state:
            fields |= {"format": FORMAT, "loss": self.loss, "state": sealed(self.to_dict())}
        elif self.loss is not None:
            fields["loss"] = self.loss
        return json.dumps(fields, allow_nan=False)

    @staticmethod
    def from_json(text: str | bytes) -> Summary:
        """The summary, or the one by groups, that `to_json(state=True)` wrote; the mapping, if it is of several losses.

        Raises
        ------
        ValueError
            If the text holds no state, is damaged, or of a newer format.

        Examples
        --------
        >>> summary = Summary.of(np.array([0.1, 0.2, 0.3]))
        >>> Summary.from_json(summary.to_json(state=True)) == summary
        True
        """
        given = parse(text)
        if type(given) is dict and given.keys() == {"losses"} and type(given["losses"]) is dict and given["losses"]:
            found = {name: Summary.from_json(json.dumps(one)) for name, one in given["losses"].items()}
            if any(isinstance(one, Summaries) for one in found.values()):
                raise ValueError("the text is damaged: there are losses in a loss")
            return Summaries(found)
        if type(given) is not dict or "state" not in given or "format" not in given:
            raise ValueError("the text holds no state of a summary: to_json(state=True) writes one")
        if integer(given["format"], "format") != FORMAT:
            than = "newer" if given["format"] > FORMAT else "older"
            raise ValueError(f"format {given['format']} is {than} than this version of fastloss, which reads {FORMAT}")
        state = opened(given["state"])
        summary = Summary.restored(state)
        if given != json.loads(summary.to_json(state=True)):
            raise ValueError("the text is damaged: its numbers are not those of its state")
        return summary

    def numbers(self) -> dict:
        """The numbers of `to_json` and of tables, each computed once: there may be many groups."""
        plain = self.sum, self.mean
        of_weights = plain if self.weighted is None else (self.weighted_sum, self.weighted_mean)
        std, stderr = self._deviations
        found = {
            "count": self.count,
            "null": self.null,
            "nan": self.nan,
            "ignored": self.ignored,
            "sum": plain[0],
            "mean": plain[1],
            "min": self.min,
            "max": self.max,
            "quantiles": {name: self.quantile(q) for name, q in _QUANTILES.items()},
            "rows": self.rows,
            "infinite": self.infinite,
            "sum_of_squares": self.sum_of_squares,
            "sum_of_weights": self.sum_of_weights,
            "weighted_sum": of_weights[0],
            "weighted_mean": of_weights[1],
            "std": std,
            "stderr": stderr,
            "interval": interval(of_weights[1], stderr),
        }
        return found | {name: getattr(self, name) for name in _OF_ENTROPIES} if self._is_entropy else found

    def fields(self) -> dict:
        """What `to_json` has."""
        shown = self.numbers()
        for name, value in shown.items():  # there may be many groups: most numbers are finite
            if type(value) is not float or value - value != 0:
                shown[name] = _strict(value)
        if self.outputs:
            shown["outputs"] = {name: summary.fields() for name, summary in self.outputs.items()}
        if self.worst_rows is not None:
            shown["worst"] = self.worst_rows.fields()
        if self.calibrated is not None:
            shown["calibration"] = self.calibrated.fields()
        return shown

    def to_dict(self, compact: bool = False) -> dict:
        """All of the state, in types that JSON keeps exactly; `from_dict` is the inverse. The buckets are three lists;
        of a `compact` state a text."""
        state = {name: getattr(self, name) for name in _COUNTS}
        state |= {name: _strict(getattr(self, name)) for name in ("min", "max")}
        state["buckets"] = self.buckets.packed() if compact else self.buckets.columns()
        state["squares"] = packed(self.squares, PRODUCT_UNITS)
        state["weighted"] = None if self.weighted is None else self.weighted.to_list()
        state["outputs"] = {name: summary.to_dict(compact) for name, summary in self.outputs.items()}
        state["loss"] = self.loss
        if self.worst_rows is not None:
            state["worst"] = self.worst_rows.to_dict()
        if self.calibrated is not None:
            state["calibration"] = self.calibrated.to_list()
        return state

    @staticmethod
    def restored(state: dict) -> Summary:
        """The summary, or the one by groups, that `to_dict` described; a ValueError if none can be described so."""
        kinds = (kind for kind in Summary.__subclasses__() if kind.describes(state))
        return next(kinds, Summary).from_dict(state)

    @classmethod
    @in_standard_floats
    def from_dict(cls, state: dict) -> Summary:
        """The summary that `to_dict` described; a ValueError if none can be described so."""
        optional = {"loss": None, "worst": None, "calibration": None}
        given = mapping(optional | state if type(state) is dict else state, "the summary", _STATE)
        counts = {name: integer(given[name], name, below=ROWS_BELOW) for name in _COUNTS}
        bounds = {k: None if given[k] is None else number(given[k], k) for k in ("min", "max")}
        outputs = given["outputs"] if type(given["outputs"]) is dict else mapping(given["outputs"], "outputs", ())
        summary = cls(
            **counts,
            **bounds,
            buckets=parsed(given["buckets"]),
            squares=exact(given["squares"], "squares", PRODUCT_UNITS),
            weighted=None if given["weighted"] is None else WeightedSums.from_list(given["weighted"]),
            outputs={name: Summary.from_dict(output) for name, output in outputs.items()},
            loss=None if given["loss"] is None else text(given["loss"], "loss"),
            worst_rows=None if given["worst"] is None else Worst.from_dict(given["worst"]),
            calibrated=None if given["calibration"] is None else Bins.from_list(given["calibration"]),
        )
        consistency.check(summary)
        return summary

    def __or__(self, other: Summary) -> Summary:
        if not isinstance(other, Summary):
            return NotImplemented
        if None not in (self.loss, other.loss) and self.loss != other.loss:
            raise ValueError(f"summaries of different losses do not merge: {self.loss} and {other.loss}")
        if self.rows + other.rows >= ROWS_BELOW:
            raise ValueError(f"summaries of {self.rows} and {other.rows} rows do not merge: one holds fewer than 2**63")
        unweighted = self.weighted is None and other.weighted is None
        names, nothing = self.outputs | other.outputs, Summary()
        return Summary(
            **{name: getattr(self, name) + getattr(other, name) for name in _COUNTS},
            min=_either(min, self.min, other.min),
            max=_either(max, self.max, other.max),
            buckets=self.buckets | other.buckets,
            squares=self.squares + other.squares,
            weighted=None if unweighted else self._weighted_sums() | other._weighted_sums(),
            outputs={name: self.outputs.get(name, nothing) | other.outputs.get(name, nothing) for name in names},
            loss=self.loss or other.loss,
            worst_rows=merged(self.worst_rows, self.rows, other.worst_rows, other.rows),
            calibrated=merged_bins(self.calibrated, self.rows, other.calibrated, other.rows),
        )


class Summaries(dict[str, Summary]):
    """{name: Summary}, in the order of the losses; `a | b` has those of both, one by one."""

    @property
    def rows(self) -> int:
        """All rows, counted or not."""
        return next(iter(self.values())).rows

    def with_worst(self, change: Callable[[Worst | None], Worst | None]) -> Summaries:
        """`Summary.with_worst` of each."""
        return Summaries({name: summary.with_worst(change) for name, summary in self.items()})

    def to_arrow(self):
        """The rows of `Summary.to_arrow` of each, after the name of the loss, in the column `loss`.

        It has a _ after its name where a column of groups is called so; numbers that only some of the losses have are
        null for the others.
        """
        import pyarrow as pa

        def named(name: str, table):
            taken = "loss" in table.column_names
            return table.add_column(0, "loss" + "_" * taken, pa.array([name] * len(table), pa.string()))

        tables = [named(name, summary.to_arrow()) for name, summary in self.items()]
        return pa.concat_tables(tables, promote_options="default")

    def to_pandas(self):
        """`to_arrow` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(name)}</p>{summary._repr_html_()}" for name, summary in self.items())

    def to_json(self, *, state: bool = False) -> str:
        """One line of strict JSON, {"losses": {name: what `Summary.to_json` has}}."""
        losses = {name: json.loads(summary.to_json(state=state)) for name, summary in self.items()}
        return json.dumps({"losses": losses}, allow_nan=False)

    @staticmethod
    def from_json(text: str | bytes) -> Summaries:
        """As `Summary.from_json`, which reads this too."""
        found = Summary.from_json(text)
        if not isinstance(found, Summaries):
            raise ValueError("the text is of one loss: Summary.from_json reads it")
        return found

    def to_dict(self, compact: bool = False) -> dict:
        """All of the state, in types that JSON keeps exactly; `from_dict` is the inverse."""
        return {"losses": {name: summary.to_dict(compact) for name, summary in self.items()}}

    @classmethod
    def from_dict(cls, state: dict) -> Summaries:
        """The summaries that `to_dict` described; a ValueError if none can be described so."""
        losses = mapping(state, "the summaries", ("losses",))["losses"]
        return cls({name: Summary.restored(one) for name, one in mapping(losses, "losses", list(losses)).items()})

    def __or__(self, other) -> Summaries:  # type: ignore[override]
        if isinstance(other, Summary):
            raise ValueError(f"summaries of {', '.join(self)} do not merge with that of a single loss")
        if not isinstance(other, Summaries):
            return NotImplemented
        if self.keys() != other.keys():
            raise ValueError(f"summaries of {', '.join(self)} and of {', '.join(other)} do not merge")
        return Summaries({name: summary | other[name] for name, summary in self.items()})

    __ior__ = __or__  # type: ignore[assignment]  (that of dict would replace the summaries)
    __ror__ = __or__  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {summary!r}' for name, summary in self.items())}}}"


@in_standard_floats
def summaries(values: Accumulator, loss: str | None = None) -> list[Summary]:
    """The summary of each group of an accumulator."""
    terms = values.weighted()
    weighted = repeat(None) if terms is None else (WeightedSums.of(*sums) for sums in terms)
    return [_summary(*content, sums, loss) for content, sums in zip(values.contents(QUANTILES), weighted)]  # noqa: B905


def _summary(nan, null, ignored, smallest, largest, states, totals, squares, means, weighted, loss) -> Summary:
    buckets = Buckets(states, totals, means)
    count = buckets.count
    return Summary(
        count=count,
        null=null,
        nan=nan,
        ignored=ignored,
        # Adding 0.0 turns -0.0, which may or may not come first, into 0.0.
        min=smallest + 0.0 if count else None,
        max=largest + 0.0 if count else None,
        buckets=buckets,
        squares=squares,
        weighted=weighted,
        loss=loss,
    )


def _either(choose, a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else choose(a, b)


def _strict(value: float | tuple | dict | None) -> float | str | list | dict | None:
    """A number, or several, as strict JSON can hold them."""
    if isinstance(value, float):
        return value if value - value == 0 else None if math.isnan(value) else str(value)
    if isinstance(value, tuple):
        return list(map(_strict, value))
    return {name: _strict(one) for name, one in value.items()} if isinstance(value, dict) else value


def summarize(values, sample_weight=None) -> Summary:
    """The exact summary of an array of numbers, as `score` gives it of the losses of files.

    Parameters
    ----------
    values : array
        One number a row; NaN is not counted.
    sample_weight : array, optional
        Finite and not negative, one number a row.

    Returns
    -------
    Summary

    Raises
    ------
    TypeError
        If an array holds something else, or is masked.
    ValueError
        If it has another shape than one number a row, an integer that float64 would round, or a weight that is
        negative, NaN or infinite.

    Examples
    --------
    >>> import fastloss as fl
    >>> summary = fl.summarize([1.0, 2.0, 6.0])
    >>> summary
    Summary(count=3, mean=3, p50=2, p99=5.92, max=6)
    >>> summary.interval
    (0.006105560485981432, 5.993894439514019)
    """
    return Summary.of(values, sample_weight=sample_weight)
