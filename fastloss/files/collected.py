"""What is added up over the rows of tasks: the summary of the values, by groups or not, and of the other outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa

from fastloss.exact.collectors import Collector, ColumnsCollector
from fastloss.exact.groups import GroupCollector
from fastloss.exact.summary import Summaries, Summary
from fastloss.files.arrow import columns
from fastloss.files.arrow.group_keys import Remembered, keys_of_rows
from fastloss.files.batch import Losses
from fastloss.files.spec import Spec
from fastloss.files.worst import Origin, WorstCollector


class Collected:
    """The sums of a spec over rows of any number of batches, by its losses if these are several."""

    def __init__(self, spec: Spec):
        self._spec, self.rows, self._left_out = spec, 0, 0
        self._losses = [CollectedLoss(one) for one in spec.each]
        self._part: Collected | None = None
        self._known: Remembered = {}
        self._waits = False  # whether the first losses wait until more come, or it is taken
        self._waiting: Sequence[Losses] | None = None

    def expect(self, schema: pa.Schema) -> None:
        """Losses of rows will be added that are written with this schema, whose last columns are the emitted ones."""
        types = iter(schema.types[-len(self._spec.emitted) :])
        for one in self._losses:
            one.expect(types)

    def expect_rows(self, origin: Origin) -> None:
        """Rows from there will be added, of which worst ones are kept."""
        for one in self._losses:
            one.worst.expect(origin)

    def add(self, batch: pa.RecordBatch, losses: Sequence[Losses], origin: Origin | None = None) -> None:
        """Add the losses of the rows of a batch; where worst rows are kept, these come from there."""
        if self._waits and not self.rows:
            self._waiting = losses
        else:
            self._add_waiting(self)
            self._add(batch, losses, origin)
        self.rows += len(batch)

    def _add(self, batch: pa.RecordBatch, losses: Sequence[Losses], origin: Origin | None) -> None:
        grouping = self._spec.grouping
        groups = keys_of_rows(batch, grouping, self._known) if grouping else ()
        for one, found in zip(self._losses, losses, strict=True):
            numbers = one.add(found, groups)
            if origin is not None:
                one.worst.add(batch, found, numbers[groups[0]] if self._spec.worst_by_group else None, origin)

    def _add_waiting(self, whole: Collected) -> None:
        """Add the losses that wait to the sums of `whole`."""
        if self._waiting is not None:
            for one, found in zip(whole._losses, self._waiting, strict=True):
                one.add(found, ())
            self._waiting = None

    def leave_out(self, rows: int) -> None:
        """Add rows that are not scored."""
        self._left_out += rows
        self.rows += rows

    @contextmanager
    def part(self, is_whole: bool) -> Iterator[Collected]:
        """Sums of their own for the rows of a block, which are part of these if it ends well; worst rows that the whole
        will not have are left out, unless the part `is_whole`.

        The memory of one serves the next. The losses of a single batch are added here alone, at the end.
        """
        part, self._part = self._part or Collected(self._spec), None
        part._waits = not (is_whole or self._spec.worst or self._spec.grouping)
        for one, whole in zip(part._losses, self._losses, strict=True):
            if whole.worst is not None and not is_whole:
                one.worst.follow(whole.worst)
        yield part
        self.take(part)
        self._part = part

    def take(self, other: Collected) -> None:
        """Add everything that was added to others, which are as new ones then."""
        for one, of_other in zip(self._losses, other._losses, strict=True):
            one.take(of_other)
        other._add_waiting(self)
        self.rows += other.rows
        self._left_out += other._left_out
        other.rows, other._left_out = 0, 0

    def summary(self) -> Summary | Summaries:
        """The summary of everything added so far, or by name that of each loss."""
        self._add_waiting(self)
        found = [one.summary().with_ignored(self._left_out) for one in self._losses]
        if not self._spec.name:
            return found[0]
        return Summaries(dict(zip((spec.name for spec in self._spec.each), found, strict=True)))


class CollectedLoss:
    """The sums of one loss."""

    def __init__(self, spec: Spec):
        self._spec = spec
        rest = spec.calibration, spec.loss_text
        self._values = GroupCollector(spec.by, *rest) if spec.grouping else Collector(*rest)
        self.worst = WorstCollector(spec) if spec.worst else None
        self._others: dict[str, Collector | ColumnsCollector] = {}

    def expect(self, types: Iterator[pa.DataType]) -> None:
        """Losses will be added that are written as these types."""
        for name, type in zip(self._spec.emit, types, strict=False):
            if not columns.holds_lists(type):
                if name != "value":
                    self._others.setdefault(name, Collector())
            elif self._spec.multioutput == "raw_values":
                self._others.setdefault(name, ColumnsCollector())

    def add(self, losses: Losses, groups: tuple) -> np.ndarray | None:
        """Add the losses of the rows of a batch, and the keys of these; the numbers of the groups of the keys."""
        left_out = losses.null, losses.ignored, losses.sample_weight
        numbers = self._values.add(losses.value, *left_out, *groups, predicted=losses.predicted)
        for name, values in zip(self._spec.emit, losses.outputs, strict=True):
            if name in self._others:
                self._others[name].add(values, *left_out)
        return numbers

    def take(self, part: CollectedLoss) -> None:
        """Add everything that was added to another one."""
        groups = self._values.take(part._values)
        if self.worst is not None:
            self.worst.take(part.worst, groups if self._spec.worst_by_group else None)
        for name, collector in part._others.items():
            self._others.setdefault(name, type(collector)()).take(collector)

    def summary(self) -> Summary:
        """The summary of everything added so far."""
        outputs = {}
        for name, collector in self._others.items():
            if isinstance(collector, Collector):
                outputs[name] = collector.summary()
            else:
                outputs |= {f"{name}[{i}]": summary for i, summary in enumerate(collector.summaries())}
        outputs = {name: one.of_loss(f"{self._spec.loss_text}.{name}") for name, one in outputs.items()}
        if self.worst is None:
            summary = self._values.summary()
            return replace(summary, outputs=outputs) if outputs else summary
        of_groups = (self.worst.of_groups(),) if self._spec.worst_by_group else ()
        return replace(self._values.summary(*of_groups), outputs=outputs, worst_rows=self.worst.of_all())
