"""The unit of work of every engine: one task and one spec in, one output file and Summary out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from fastloss.scoring import columns
from fastloss.scoring.batch import output_schema, score_batch
from fastloss.scoring.dataset import Fragment, Task
from fastloss.scoring.errors import RowError, ScoringError, located
from fastloss.scoring.groups import GroupCollector
from fastloss.scoring.output import Output, open_output
from fastloss.scoring.readers import class_count, open_source
from fastloss.scoring.reading import shown
from fastloss.scoring.spec import Spec
from fastloss.scoring.summary import Collector, ColumnsCollector, Summary


def score_task(
    task: Task,
    spec: Spec,
    num_threads: int | None = None,
    progress: Callable[[int, float | None], None] | None = None,
) -> Summary:
    """Score the fragments of a task, in batches; the output appears when it is complete.

    Parameters
    ----------
    progress : callable, optional
        Called after each batch with the task's rows so far and the share of it that is done,
        None where the number of its rows is not known.

    Raises
    ------
    ScoringError
        If an input cannot be read or scored, or the output not written. Nothing is left behind.
    """
    if task.output is None:
        spec = replace(spec, keep=())  # the column of groups is read, but not carried
        writing = nullcontext()
    else:
        writing = open_output(task.output, task.format, task.store)
    infer = task.format not in (None, "csv")  # CSV goes into CSV as the text that it is
    collector, before = GroupCollector(spec.by) if spec.by else Collector(), 0
    others: dict[str, Collector | ColumnsCollector] = {}
    with writing as output:
        for index, fragment in enumerate(task.fragments):
            rows = 0
            with open_source(fragment, spec, infer) as source:
                counts = _score_source(
                    source, fragment, spec, collector, others, output, before, num_threads, task.uncarried
                )
                for rows in counts:
                    if progress is not None:
                        share = rows / source.rows if source.rows else None
                        done = None if share is None else (index + share) / len(task.fragments)
                        progress(before + rows, done)
            before += rows
    return replace(collector.summary(), outputs=_summaries(others)).of_loss(spec.loss_text)


def _score_source(
    source,
    fragment: Fragment,
    spec: Spec,
    collector: Collector | GroupCollector,
    others: dict[str, Collector | ColumnsCollector],
    output: Output | None,
    before: int,
    num_threads: int | None,
    uncarried: tuple[str, ...],
) -> Iterator[int]:
    """Score a source batch by batch; yields the number of its rows so far."""
    rows = 0
    with naming(fragment, rows, before):
        classes = class_count(source, spec)
        if uncarried:
            spec = replace(spec, keep=tuple(n for n in spec.carried(source.schema.names) if n not in uncarried))
        schema = output_schema(source.schema, spec, classes)
        for name, type in zip(spec.emit, schema.types[-len(spec.emit) :], strict=True):
            if not columns.holds_lists(type):
                if name != "value":
                    others.setdefault(name, Collector())
            elif spec.multioutput == "raw_values":
                others.setdefault(name, ColumnsCollector())
        if output is not None:
            output.begin(schema)
    carried = spec.carried(source.schema.names)
    for batch in source.batches([*dict.fromkeys([*carried, *spec.read])]):
        with naming(fragment, rows, before):
            losses = score_batch(batch, spec, classes, num_threads)
            groups = (batch.column(name) for name in spec.grouping)
            left_out = losses.null, losses.ignored, losses.sample_weight
            collector.add(losses.value, *left_out, *groups)
            for name, values in zip(spec.emit, losses.outputs, strict=True):
                if name in others:
                    others[name].add(values, *left_out)
        if output is not None:
            output.write([*(batch.column(name) for name in carried), *losses.to_arrow()])
        rows += len(batch)
        yield rows


def _summaries(others: dict[str, Collector | ColumnsCollector]) -> dict[str, Summary]:
    """The summary of each output, or of each column of it."""
    found = {}
    for name, collector in others.items():
        if isinstance(collector, Collector):
            found[name] = collector.summary()
        else:
            found |= {f"{name}[{i}]": summary for i, summary in enumerate(collector.summaries())}
    return found


@contextmanager
def naming(fragment: Fragment, rows: int, before: int):
    """Adds to errors the file, and to the row of a batch those before it: in its file, and in the files before."""
    try:
        yield
    except RowError as error:
        raise error.counted(fragment.first_row + rows, before).named(shown(fragment.path)) from error
    except ScoringError as error:
        raise located(shown(fragment.path), error) from error
