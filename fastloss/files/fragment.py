"""The unit of work of every engine: one task and one spec in, one output file and Summary out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, nullcontext, suppress
from functools import partial

import numpy as np
import pyarrow as pa

from fastloss.exact.summary import Summary
from fastloss.files import alike
from fastloss.files.arrow import columns
from fastloss.files.arrow.dictionaries import collect, is_narrow, widened
from fastloss.files.batch import emitted_columns, score_each
from fastloss.files.collected import Collected
from fastloss.files.csv.text import ROWS
from fastloss.files.dataset import Fragment, Task
from fastloss.files.errors import RowError, ScoringError, Translation, located
from fastloss.files.formats import STREAM
from fastloss.files.matching import Chosen
from fastloss.files.parquet.carried import Carried
from fastloss.files.readers.ahead import in_turn
from fastloss.files.readers.sources import PartitionedSource, class_count, csv_columns, open_source
from fastloss.files.readers.tables import ParquetSource
from fastloss.files.reading import shown
from fastloss.files.schemas import conform, output_schema, unified
from fastloss.files.spec import Spec
from fastloss.files.stores import LOCAL, Complete
from fastloss.files.worst import Origin, opened_with
from fastloss.files.writers.output import Output, TableOutput, open_output
from fastloss.files.writers.sinks import ROW_GROUP_BYTES

NUMBER_BYTES = 8  # of an emitted number, at most


def score_task(
    task: Task,
    spec: Spec,
    collected: Collected,
    classes: int | None,
    num_threads: int | None,
    progress: Callable[[int, float | None], None] | None,
    record: Callable[[Summary, int, dict[str, str]], Callable[[], None]] | None,
    together: list[Complete] | None,
) -> None:
    """Score the fragments of a task, in batches; the output appears when it is complete.

    Parameters
    ----------
    collected : Collected
        Where the losses are added up; what is there if it fails is of no use.
    classes : int, optional
        The number of classes where all lists of logits of a fragment are null.
    progress : callable, optional
        Called after each batch with the task's rows so far and the share of it that is done,
        None where the number of its rows is not known.
    record : callable, optional
        Called with the summary, and the size and digests of the complete output; what it returns is called when that is
        about to appear.
    together : list, optional
        Files that are to be named together, and not yet: the output joins them.

    Raises
    ------
    ScoringError
        If an input cannot be read or scored, or the output not written. Nothing is left behind.
    """
    keep = spec.keep
    if task.gathered is not None:
        writing = nullcontext(task.gathered)
    elif task.output is None:
        spec = spec.keeping(())  # the column of groups is read, but not carried
        writing = nullcontext()
    else:
        completed = None if record is None else lambda size, digests: record(collected.summary(), size, digests)
        writing = open_output(task.output, task.format, task.store, spec.csv, completed, together)
    if _are_rows_kept(task, spec):
        spec = spec.keeping((ROWS,))
    with writing as output, ExitStack() as stack:
        rows = alike.score(task, spec, collected, output, num_threads)
        if not rows:
            begun = _start(stack, output, task, spec, classes, keep)
            _score_fragments(*begun, output, task, spec, collected, num_threads, progress)
        elif progress is not None:
            progress(rows, 1.0)


def _start(
    stack: ExitStack,
    output: Output | TableOutput | None,
    task: Task,
    spec: Spec,
    classes: int | None,
    keep: tuple[str, ...] | None,
) -> tuple[Callable, int | None, bool]:
    """Tell an output, if there is one, its columns. Returns the function that opens a fragment, the number of classes
    as far as it is known, and whether the output takes columns as they are.
    """
    infer = task.format not in (None, "csv")  # CSV goes into CSV as the text that it is
    read = spec.keeping(()) if output is not None and _may_splice(task, spec) else spec
    open_fragment = _opener(stack, task, read, infer, keep)
    if len(task.fragments) == 1:  # what tells the number of classes is read once
        with open_fragment(task.fragments[0]) as source, naming(task.fragments[0], 0, 0):
            classes = class_count(source, spec) or classes
    if read is not spec:
        if _begin_spliced(output, task, spec, classes, open_fragment):
            return open_fragment, classes, True
        open_fragment = _opener(stack, task, spec, infer, keep)
    if output is not None:
        _begin(output, task, spec, classes, open_fragment)
    return open_fragment, classes, False


def _score_fragments(
    open_fragment: Callable,
    classes: int | None,
    is_spliced: bool,
    output: Output | TableOutput | None,
    task: Task,
    spec: Spec,
    collected: Collected,
    num_threads: int | None,
    progress: Callable[[int, float | None], None] | None,
) -> None:
    """Score one fragment after the other."""
    is_single, before = len(task.fragments) == 1, 0
    is_here = all(fragment.store is LOCAL for fragment in task.fragments)
    begin = None if is_here else partial(_expect, spec, task)
    with closing(in_turn(task.fragments, open_fragment, begin)) as opened:
        for index, (fragment, source) in enumerate(opened):
            rows, own, count = 0, _own(spec, task, source.schema), classes
            if is_spliced:
                output.follow(source.carried(own.carried(source.schema.names)))
                own = own.keeping(())
            if not is_single:
                with naming(fragment, 0, before):
                    count = class_count(source, spec) or classes
            for rows in _score_source(source, fragment, own, collected, output, before, count, num_threads):
                if progress is not None:
                    share = (index + rows / source.rows) / len(task.fragments) if source.rows else None
                    progress(before + rows, share)
            if is_spliced and is_single:
                alike.learn(task, spec, source, output)
            before += rows


def _opener(stack: ExitStack, task: Task, spec: Spec, infer: bool, keep: tuple[str, ...] | None) -> Callable:
    """A function that opens a fragment's source, again if need be: what passes once stays open, until `stack` ends."""
    columns_of_text = None
    if infer and len(task.fragments) > 1:
        texts = [fragment for fragment in task.fragments if fragment.format == "csv" and fragment.path != STREAM]
        columns_of_text = csv_columns(texts, spec)
    once = {
        id(fragment): stack.enter_context(open_source(fragment, opened_with(spec, fragment, keep), infer))
        for fragment in task.fragments
        if fragment.passes_once or len(task.fragments) == 1
    }

    def open_fragment(fragment: Fragment):
        if id(fragment) in once:
            return nullcontext(once[id(fragment)])
        return open_source(fragment, opened_with(spec, fragment, keep), infer, columns_of_text)

    return open_fragment


def _are_rows_kept(task: Task, spec: Spec) -> bool:
    """Whether the rows of a CSV file go into another as the text that they are, each with its losses behind it."""
    file = task.fragments[0]
    return (
        (task.format, file.format, spec.keep) == ("csv", "csv", None)
        and len(task.fragments) == 1
        and not file.partition
        and file.part is None
        and spec.csv.separator_of(file.path) == spec.csv.separator_of(task.output)
        and spec.csv.has_plain_numbers
    )


def _may_splice(task: Task, spec: Spec) -> bool:
    """Whether columns may go from Parquet files of this machine into one as they are."""
    if task.format != "parquet" or spec.keep == ():
        return False
    return all(f.format == "parquet" and f.path != STREAM and f.store is LOCAL for f in task.fragments)


def _begin_spliced(output: Output, task: Task, spec: Spec, classes: int | None, open_fragment: Callable) -> bool:
    """Tell an output which columns it takes as they are; False where it cannot, and has not begun."""
    first, schema, groups = None, None, 0
    for fragment in task.fragments:
        found = _spliceable(fragment, task, spec, classes, open_fragment)
        if found is None:
            return False
        carried, there = found
        if first is None:
            first, schema = carried, there
        elif not carried.is_like(first) or not there.equals(schema):
            return False
        groups += len(carried.groups)
    if groups > 1:
        schema = widened(
            schema, _dictionaries(task, [field for field in schema if is_narrow(field.type)], open_fragment)
        )
    output.splice(schema, len(spec.emitted), first)
    return True


def _spliceable(
    fragment: Fragment, task: Task, spec: Spec, classes: int | None, open_fragment: Callable
) -> tuple[Carried, pa.Schema] | None:
    """The columns of a file that an output can take as they are, and all that its rows have; None where it cannot."""
    with open_fragment(fragment) as source:
        own = _own(spec, task, source.schema)
        carried = source.carried(own.carried(source.schema.names)) if hasattr(source, "carried") else None
        if carried is None or not carried.columns:
            return None
        with naming(fragment, 0, 0):
            count = class_count(source, spec) if classes is None and len(task.fragments) > 1 else classes
            there = output_schema(source.schema, own, count)
    if not set(spec.keep or ()) <= {*there.names, *task.uncarried}:
        return None
    numbers = sum(columns.fixed_size(type) or 1 for type in there.types[-len(spec.emitted) :])
    if NUMBER_BYTES * numbers * carried.most_rows > ROW_GROUP_BYTES:  # which are held until they are written
        return None
    return carried, there


def _begin(output: Output | TableOutput, task: Task, spec: Spec, classes: int | None, open_fragment: Callable) -> None:
    """Tell an output what columns the fragments of its task have together."""
    whole = None
    with closing(in_turn(task.fragments, open_fragment)) as opened:
        for fragment, source in opened:
            with naming(fragment, 0, 0):
                count = class_count(source, spec) if classes is None else classes
                schema = output_schema(source.schema, _own(spec, task, source.schema), count)
                whole = schema if whole is None else unified(whole, schema, spec.emitted)
    for name in spec.keep or ():
        if name not in (*whole.names, *task.uncarried):
            raise ScoringError(f"no input has a column {name!r} to keep")
    found = _dictionaries(task, output.dictionaries_of(whole), open_fragment)
    output.begin(widened(whole, found), found)


def _dictionaries(task: Task, encoded: list[pa.Field], open_fragment: Callable) -> dict[str, pa.Array]:
    """The values of the dictionaries of some columns in all fragments of a task."""
    found = {}
    for fragment in task.fragments if encoded else ():
        with open_fragment(fragment) as source:
            there = pa.schema([field for field in encoded if field.name in source.schema.names])
            for batch, _ in source.look(there.names):
                with naming(fragment, 0, 0):
                    columns_there = dict(zip(there.names, map(batch.column, there.names), strict=True))
                    collect(conform(columns_there, there, len(batch)), found)
    return found


def _expect(spec: Spec, task: Task, source) -> None:
    """Begin to fetch what will be read, where it is an object of a store."""
    if isinstance(source, ParquetSource | PartitionedSource) and not spec.where:  # which tell what will be
        with suppress(ScoringError, OSError, pa.ArrowException):  # said when it is read
            own = _own(spec, task, source.schema)
            source.expect(_wanted(own, own.carried(source.schema.names)))


def _wanted(spec: Spec, carried: list[str]) -> list[str]:
    """The columns that are read, each once."""
    return [*dict.fromkeys([*carried, *spec.read])]


def _own(spec: Spec, task: Task, schema: pa.Schema) -> Spec:
    """The spec for one fragment of a task: it carries those of the columns that it has."""
    if not task.uncarried and (spec.keep is None or len(task.fragments) == 1):
        return spec
    return spec.keeping(tuple(name for name in spec.carried(schema.names) if name not in task.uncarried))


def _score_source(
    source,
    fragment: Fragment,
    spec: Spec,
    collected: Collected,
    output: Output | TableOutput | None,
    before: int,
    classes: int | None,
    num_threads: int | None,
) -> Iterator[int]:
    """Score a source batch by batch; yields the number of its rows so far."""
    rows, carried = 0, spec.carried(source.schema.names)
    wanted = _wanted(spec, carried)
    with naming(fragment, rows, before):
        collected.expect(output_schema(source.schema, spec, classes))
        origin = None
        if spec.worst:
            origin = Origin.of(fragment, source, wanted)
            collected.expect_rows(origin)
            wanted = list(origin.read)
    for batch, matches in _batches(source, wanted, carried, spec, before):
        chosen = Chosen.of(batch, matches)
        emitted: list[pa.Array] = []
        with naming(fragment, rows, before):
            if chosen.numbers is None or len(chosen.numbers):
                with chosen.counting():
                    losses = score_each(chosen.batch, spec, classes, num_threads)
                    collected.add(chosen.batch, losses, origin and origin.at(rows, chosen.numbers))
                emitted = [] if output is None else emitted_columns(losses)
            collected.leave_out(chosen.left_out)
            if output is not None:
                arrays = {name: batch.column(name) for name in carried}
                arrays |= zip(spec.emitted, map(chosen.put_back, emitted), strict=bool(emitted))
                written = conform(arrays, output.schema, len(batch))
        if output is not None:
            output.write(written)
        rows += len(batch)
        yield rows


def _batches(
    source, names: list[str], carried: list[str], spec: Spec, before: int
) -> Iterator[tuple[pa.RecordBatch, np.ndarray | None]]:
    """The batches of a source, and which rows are scored; a row that cannot be read is counted over the files before
    its own too."""
    try:
        yield from source.matched(names, carried, spec.where)
    except RowError as error:
        raise error.counted(0, before) from error


class naming(Translation):
    """Adds to errors the file, and to the row of a batch those before it: in its file, and in the files before."""

    __slots__ = "_before", "_fragment", "_rows"

    def __init__(self, fragment: Fragment, rows: int, before: int):
        self._fragment, self._rows, self._before = fragment, rows, before

    def other(self, error: BaseException) -> ScoringError | None:
        fragment = self._fragment
        if isinstance(error, RowError):
            return error.counted(fragment.first_row + self._rows, self._before).named(shown(fragment.path))
        return located(shown(fragment.path), error) if isinstance(error, ScoringError) else None
