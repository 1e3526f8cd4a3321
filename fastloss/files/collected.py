"""What is added up over the rows of tasks: the summary of the values, by groups or not, and of the other outputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from fastloss.exact.groups import GroupCollector
from fastloss.exact.summary import Collector, ColumnsCollector, Summary
from fastloss.files.arrow import columns
from fastloss.files.arrow.group_keys import keys_of_columns
from fastloss.files.batch import Losses
from fastloss.files.spec import Spec


class Collected:
    """The sums of a spec over rows of any number of batches."""

    def __init__(self, spec: Spec):
        self._spec, self.rows = spec, 0
        self._values = GroupCollector(spec.by) if spec.by else Collector()
        self._others: dict[str, Collector | ColumnsCollector] = {}
        self._part: Collected | None = None

    def expect(self, schema: pa.Schema) -> None:
        """Losses of rows will be added that are written with this schema, whose last columns are the emitted ones."""
        emit = self._spec.emit
        for name, type in zip(emit, schema.types[-len(emit) :], strict=True):
            if not columns.holds_lists(type):
                if name != "value":
                    self._others.setdefault(name, Collector())
            elif self._spec.multioutput == "raw_values":
                self._others.setdefault(name, ColumnsCollector())

    def add(self, batch: pa.RecordBatch, losses: Losses) -> None:
        """Add the losses of the rows of a batch."""
        groups = keys_of_columns({by: columns.get(batch, by) for by in self._spec.grouping}) if self._spec.by else ()
        left_out = losses.null, losses.ignored, losses.sample_weight
        self._values.add(losses.value, *left_out, *groups)
        for name, values in zip(self._spec.emit, losses.outputs, strict=True):
            if name in self._others:
                self._others[name].add(values, *left_out)
        self.rows += len(batch)

    @contextmanager
    def part(self) -> Iterator[Collected]:
        """Sums of their own for the rows of a block, which are part of these if it ends well.

        The memory of one serves the next.
        """
        part, self._part = self._part or Collected(self._spec), None
        yield part
        self._values.take(part._values)
        for name, collector in part._others.items():
            self._others.setdefault(name, type(collector)()).take(collector)
        self.rows += part.rows
        part.rows, self._part = 0, part

    def summary(self) -> Summary:
        """The summary of everything added so far."""
        outputs = {}
        for name, collector in self._others.items():
            if isinstance(collector, Collector):
                outputs[name] = collector.summary()
            else:
                outputs |= {f"{name}[{i}]": summary for i, summary in enumerate(collector.summaries())}
        return replace(self._values.summary(), outputs=outputs).of_loss(self._spec.loss_text)
