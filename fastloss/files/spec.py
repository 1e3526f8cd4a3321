"""What to compute from which columns: the part of a scoring job that does not name a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from fastloss.core.arguments import shown
from fastloss.core.loss import Loss
from fastloss.exact.groups import GroupedSummary
from fastloss.exact.summary import Summaries, Summary
from fastloss.files.arguments import (
    as_column,
    as_columns,
    as_count,
    as_flag,
    as_grouping,
    as_kept,
    as_loss,
    as_text,
    as_texts,
    must_be,
    optional,
    refusal,
)
from fastloss.files.calibrated import as_bins, check_calibrated
from fastloss.files.conditions import Condition, as_conditions
from fastloss.files.csv.options import PLAIN, CsvOptions
from fastloss.files.errors import ScoringError
from fastloss.files.known import Known

MULTIOUTPUT = ("uniform_average", "raw_values")
MOST_WORST = 2**63 - 1  # more than there are rows


@dataclass(frozen=True)
class Spec:
    """One loss, the columns it reads and the columns it writes. Picklable and hashable.

    Build it with `Spec.of`, which checks it.

    Attributes
    ----------
    loss : Loss
        With its parameters bound.
    pred, target, residual : tuple of str
        Column names in each role; empty where the role is not used. Several names are the classes
        of a loss over rows of logits, or the outputs of any other loss.
    emit : tuple of str
        Outputs to write, a subset of value, grad, hess, weight, in this order.
    keep : tuple of str or None
        Input columns to carry into the output; None carries all of them.
    prefix : str
        Put before the names of the emitted columns.
    by : str, tuple of str or None
        Column whose values each get a summary; of several columns, each combination of their values.
    sample_weight : str or None
        Column of the rows' weights in the summary.
    multioutput : str
        What the loss of a row of several outputs is: "uniform_average", their mean, or "raw_values", each.
    dtype : str or None
        "bfloat16": what the elements of .npy arrays are that have two bytes and no type.
    csv : CsvOptions
        How CSV text is written.
    head : Head or None
        The vectors of the classes, for a loss of embeddings.
    where : tuple of Condition
        What has to hold of the rows that are scored.
    calibration : int or None
        The number of bins of probabilities in the summary.
    name : str
        Of one of several losses: its columns are called so, but for the derivatives, "NAME_grad".
    others : tuple of Spec
        Of the first of several losses, those of the others, which read the same columns.
    worst : int or None
        How many rows of the largest losses the summary has, and with `worst_by_group` that of each group.
    """

    loss: Any
    pred: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    residual: tuple[str, ...] = ()
    emit: tuple[str, ...] = ("value",)
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    by: str | tuple[str, ...] | None = None
    sample_weight: str | None = None
    multioutput: str = "uniform_average"
    dtype: str | None = None
    csv: CsvOptions = PLAIN
    head: Any = None
    where: tuple[Condition, ...] = ()
    calibration: int | None = None
    name: str = ""
    others: tuple[Spec, ...] = ()
    worst: int | None = None
    worst_by_group: bool = False

    @classmethod
    def of(
        cls,
        loss,
        pred: str | int | Iterable[str | int] | None = None,
        target: str | int | Iterable[str | int] | None = None,
        residual: str | int | Iterable[str | int] | None = None,
        emit: str | Iterable[str] = ("value",),
        keep: str | Iterable[str] = "all",
        prefix: str = "",
        by: str | Iterable[str] | None = None,
        sample_weight: str | None = None,
        multioutput: str = "uniform_average",
        dtype: str | None = None,
        csv: CsvOptions = PLAIN,
        head=None,
        where: str | Iterable[str] | None = None,
        worst: int | None = None,
        worst_by_group: bool = False,
        calibration: int | None = None,
    ) -> Spec:
        """A checked Spec. `keep` is "all", "none" or column names.

        Raises
        ------
        ScoringError
            If roles are missing or do not fit the loss, an output is unknown, or a parameter is
            an array.
        """
        spec = cls(
            loss=as_loss(loss, "loss"),
            pred=optional(as_columns, pred, "pred") or (),
            target=optional(as_columns, target, "target") or (),
            residual=optional(as_columns, residual, "residual") or (),
            emit=as_texts(emit, "emit"),
            keep=as_kept(keep, "keep"),
            prefix=as_text(prefix, "prefix"),
            by=optional(as_grouping, by, "by"),
            sample_weight=optional(as_column, sample_weight, "sample_weight"),
            multioutput=multioutput,
            dtype=dtype,
            csv=csv,
            head=head,
            where=optional(as_conditions, where, "where") or (),
            worst=None if worst is None else min(as_count(worst, "worst"), MOST_WORST),
            worst_by_group=as_flag(worst_by_group, "worst_by_group"),
            calibration=optional(as_bins, calibration, "calibration"),
        )
        must_be(CsvOptions, csv, "csv", "CsvOptions, as CsvOptions.of makes them")
        if head is not None and not hasattr(head, "vectors"):
            raise refusal("head", "a Head, as fastloss.files.head.Head.of makes it", head)
        if dtype is not None and not (isinstance(dtype, str) and dtype == "bfloat16"):
            raise refusal("dtype", "'bfloat16' (of .npy arrays of two bytes without a type)", dtype)
        if spec.worst_by_group and not (spec.worst and spec.grouping):
            raise ScoringError("worst_by_group is of the worst rows of groups: give worst, their number, and by")
        _check_roles(spec)
        _check_multioutput(spec)
        _check_outputs(spec)
        _check_parameters(spec.loss)
        if spec.calibration is not None:
            check_calibrated(spec.loss)
        return spec

    @classmethod
    def of_several(cls, losses: Mapping[str, Loss], **rest) -> Spec:
        """One of several losses by their names; the rest is as in `of`."""
        specs = [replace(cls.of(loss, **rest), name=name) for name, loss in losses.items()]
        if len({spec.loss.is_rowwise for spec in specs}) > 1:
            raise ScoringError(f"losses of rows and other losses are scored apart: {', '.join(losses)}")
        spec = replace(specs[0], others=tuple(specs[1:]))
        if len(set(spec.emitted)) < len(spec.emitted):
            raise ScoringError(f"two columns would have one name: {', '.join(spec.emitted)}")
        return spec

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in fields(self)))

    def __getstate__(self) -> dict:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # a hash is that of a process

    @cached_property
    def scored(self) -> tuple[str, ...]:
        """The columns that the loss reads."""
        return self.residual + self.pred + self.target

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The columns that hold numbers: those that the loss reads, and the weights."""
        return self.scored if self.sample_weight is None else (*self.scored, self.sample_weight)

    @property
    def grouping(self) -> tuple[str, ...]:
        """The columns of groups, if there are any."""
        return () if self.by is None else (self.by,) if isinstance(self.by, str) else self.by

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that need not hold numbers: those of groups and of conditions."""
        return self.grouping + self.conditioned

    @property
    def conditioned(self) -> tuple[str, ...]:
        """The columns of conditions."""
        return tuple(one.column for one in self.where)

    @cached_property
    def read(self) -> tuple[str, ...]:
        """The columns that have to be there."""
        return self.numbers + self.named

    @cached_property
    def each(self) -> tuple[Spec, ...]:
        """The specs of all losses, each on its own."""
        return replace(self, others=()), *self.others

    @property
    def alone(self) -> Spec:
        """As if there were no other losses."""
        return replace(self, name="", others=())

    def nothing(self) -> Summary | Summaries:
        """The summary of no rows."""
        if self.name:
            return Summaries({one.name: one.alone.nothing() for one in self.each})
        return Summary() if self.by is None else GroupedSummary(by=self.by)

    @cached_property
    def loss_text(self) -> str:
        """The repr of the loss, with all numbers of its arrays: equal for equal losses alone."""
        return str(self.loss._text())

    @cached_property
    def emitted(self) -> tuple[str, ...]:
        """The names of the columns written, in the order of `emit`."""
        if not self.name:
            return tuple(self.prefix + output for output in self.emit)
        names = (self.name if output == "value" else f"{self.name}_{output}" for output in self.emit)
        return (*(self.prefix + name for name in names), *(name for one in self.others for name in one.emitted))

    @property
    def ignored_label(self) -> int | None:
        """The label of rows that do not count, for losses that have one."""
        return self.loss.terms[0][1].parameters.get("ignore_index")

    def carried(self, columns: Iterable[str]) -> list[str]:
        """Those of the input's columns that the output carries, in the input's order."""
        if not self.keep:
            return [] if self.keep == () else list(columns)
        keep = set(self.keep)
        return [name for name in columns if name in keep]

    @cached_property
    def output_schemas(self) -> Known:
        """What `schemas` knows of the rows that are written, by the schemas of inputs, and of the latest one."""
        return Known()

    def keeping(self, keep: tuple[str, ...] | None) -> Spec:
        """The spec that carries other columns; the same one each time, with what is known of its schemas."""
        return self._others_kept.of(keep, lambda: replace(self, keep=keep))

    @cached_property
    def _others_kept(self) -> Known[tuple[str, ...] | None, Spec]:
        return Known()

    @cached_property
    def fingerprint(self) -> str:
        """A text that is equal for two specs exactly if they compute the same."""
        loss = {"name": self.loss.name, "parameters": self.loss.parameters}
        if not self.loss.is_of_catalogue:
            loss["identity"] = self.loss._identity()
        columns = {role: getattr(self, role) for role in ("pred", "target", "residual")}
        written = {"emit": self.emit, "keep": self.keep, "prefix": self.prefix, "by": self.by}
        written |= {"sample_weight": self.sample_weight, "multioutput": self.multioutput, "dtype": self.dtype}
        written |= {"csv": asdict(self.csv)}
        if self.calibration is not None:
            written |= {"calibration": self.calibration}
        if self.head is not None:
            written |= {"head": self.head.digest}
        if self.where:
            conditions = (asdict(replace(one, text="")) for one in self.where)
            written |= {"where": sorted(conditions, key=str)}
        if self.worst:
            written |= {"worst": self.worst, "worst_by_group": self.worst_by_group}
        if self.name:
            written |= {"losses": [[one.name, one.alone.fingerprint] for one in self.each]}
        return json.dumps(loss | columns | written, sort_keys=True, default=_plain)


def _check_roles(spec: Spec) -> None:
    loss = spec.loss
    if loss.family == "embeddings" and not loss.takes_head:
        raise ScoringError(f"{loss.name} is a loss of several embeddings a row: call it on arrays")
    if loss.takes_head != (spec.head is not None):
        raise ScoringError(
            f"{loss.name} needs the vectors of the classes: give head, an array or a file"
            if loss.takes_head
            else f"{loss.name} takes no head: that is for losses of embeddings and the vectors of classes"
        )
    if spec.residual:
        if not loss.has_weight:
            raise ScoringError(f"{loss.name} is not a function of a residual: give pred and target")
        if spec.pred or spec.target:
            raise ScoringError("residual stands for pred - target: give it alone, or the other two")
    elif not spec.pred:
        instead = " (or residual)" if loss.has_weight else ""
        raise ScoringError(f"{loss.name} needs the column of predictions: give pred{instead}")
    elif not spec.target and (loss.requires_target or loss.has_weight):
        instead = ", or residual instead of pred" if loss.has_weight else ""
        raise ScoringError(f"{loss.name} needs the column of targets: give target{instead}")
    if spec.target and not loss.takes_target:
        raise ScoringError(f"{loss.name} takes no target: give pred alone")


def _check_multioutput(spec: Spec) -> None:
    if not isinstance(spec.multioutput, str) or spec.multioutput not in MULTIOUTPUT:
        raise refusal("multioutput", f"one of {', '.join(MULTIOUTPUT)}", spec.multioutput)
    if spec.loss.is_rowwise and spec.multioutput == "raw_values":
        raise ScoringError(f"{spec.loss.name} has one value a row of classes: leave multioutput='raw_values' out")


def _check_outputs(spec: Spec) -> None:
    possible = spec.loss.output_names
    for output in spec.emit:
        if output not in possible:
            raise ScoringError(f"cannot emit {shown(output)}: {spec.loss.name} has {', '.join(possible)}")
    if not spec.emit:
        raise ScoringError(f"nothing to emit: choose from {', '.join(possible)}")
    if len(set(spec.emit)) < len(spec.emit):
        raise ScoringError(f"an output is emitted twice: {', '.join(spec.emit)}")


def _check_parameters(loss) -> None:
    """All are there; one that varies over the rows would be cut wrongly into batches."""
    for name in loss.domains:
        if name not in loss.parameters:
            raise ScoringError(f"{loss.name} requires the parameter {name}")
    for _, term in loss.terms:
        for name, value in term.parameters.items():
            if name not in ("class_weight", "bias") and np.ndim(value) > 0:
                raise ScoringError(f"{term.name}: {name} must be one number to score files")


def _plain(value):
    """NumPy values as JSON can hold them; anything else that is not JSON by its repr."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else repr(value)
