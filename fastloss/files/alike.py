"""Small Parquet files that are like one before, as those of a directory mostly are: they differ in their numbers alone,
and in what their footers tell of these.

What is found out of the first holds for them: what has to be decoded, and all that the footer of the output says but
for numbers. So each is read, scored and written by a few calls. Anything else, and what is not as it should be, is left
to the way of all files, which says what is wrong, if anything is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fastloss.exact.picked import DTYPES
from fastloss.files.batch import Inputs, evaluated
from fastloss.files.collected import Collected
from fastloss.files.dataset import Task
from fastloss.files.errors import ScoringError
from fastloss.files.formats import STREAM
from fastloss.files.known import Known
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.footer import MAGIC, TAIL_BYTES, Footer
from fastloss.files.parquet.numbers import CODECS, PHYSICAL, UNKNOWN, leaf_of
from fastloss.files.parquet.thrift import Flat, Form
from fastloss.files.parquet.values import Refused, Values, values_of_pages
from fastloss.files.readers.objects import unchanged
from fastloss.files.readers.tables import ParquetSource, is_small
from fastloss.files.reading import MAX_ROWS
from fastloss.files.spec import Spec
from fastloss.files.stores import LOCAL, writing
from fastloss.files.writers.chunks import PAGE_ROWS, Placed, end, is_float, of_floats
from fastloss.files.writers.output import Output
from fastloss.files.writers.sinks import CODEC, SAMPLE_BYTES, are_shrinking

MOST_BYTES = 32 << 20  # that the columns of a file become
ONE = b"\x1c"  # the head of a list of one struct
GROUP = Form(
    {
        fields.GROUP_CHUNKS: (thrift.LIST, "chunks"),
        fields.GROUP_BECOMES: (thrift.I64, "becomes"),
        fields.GROUP_ROWS: (thrift.I64, "rows"),
        fields.GROUP_START: (thrift.I64, len(MAGIC)),
        fields.GROUP_TAKES: (thrift.I64, "takes"),
        fields.GROUP_NUMBER: (thrift.I16, 0),
    }
)


class Told:
    """What the end of a file tells, if it has one row group: the chunks in it as they are described; integers, and
    where they are; and all else, in which files that are alike are equal.

    Raises
    ------
    Malformed
        If it does not.
    """

    __slots__ = "chunks", "end", "integers", "places", "rest", "rows"

    def __init__(self, data: bytes):
        self.end = len(data) - TAIL_BYTES - int.from_bytes(data[-TAIL_BYTES : -len(MAGIC)], "little")
        if not (data.startswith(MAGIC) and data.endswith(MAGIC) and self.end > 0):
            raise thrift.Malformed("it has no footer")
        file, group = Flat(), Flat()
        stop = file.read(data, self.end)
        before, at = file.start(fields.FILE_ROWS, thrift.I64), file.start(fields.FILE_GROUPS, thrift.LIST)
        self.rows = file.number(fields.FILE_ROWS)
        if before < 0 or self.rows <= 0 or data[before:at] != thrift.varint(2 * self.rows) + b"\x19":
            raise thrift.Malformed("its row groups do not follow a number of rows")
        if data[at : at + 1] != ONE:
            raise thrift.Malformed("it has several row groups")
        behind = group.read(data, at + 1)
        likeness, self.integers, self.places = thrift.likeness(data, at)
        self.rest = data[self.end : before], likeness, data[behind:stop]
        _, first = thrift.list_of_structs(data, group.start(fields.GROUP_CHUNKS, thrift.LIST))
        self.chunks = data[first : group.stop(fields.GROUP_CHUNKS)]


@dataclass(frozen=True)
class Column:
    """Of a column chunk what `Told` has among its integers, by the places in these; its dictionary's, if it has one."""

    start: int
    dictionary: int | None
    takes: int
    becomes: int
    values: int

    def extent(self, integers: list[int]) -> tuple[int, int]:
        """Where its pages begin, and where they end."""
        start = integers[self.start]
        if self.dictionary is not None and 0 < integers[self.dictionary] < start:
            start = integers[self.dictionary]
        return start, start + integers[self.takes]


@dataclass(frozen=True)
class Read:
    """A column that the loss reads: its number, and what `Values` is told of it."""

    leaf: int
    codec: str | None
    size: int
    most_defined: int


@dataclass(frozen=True)
class Plan:
    """What holds for files that are alike.

    Attributes
    ----------
    rows : int
        The place of their number among the integers of the row group.
    read : tuple of Read
        Predictions, or residuals, and targets, if there are any.
    field : pa.Field
        The column that is written.
    chunks : bytes
        The head of the list of the output's column chunks.
    footer : Form
        That of the output.
    """

    columns: tuple[Column, ...]
    rows: int
    read: tuple[Read, ...]
    field: pa.Field
    chunks: bytes
    footer: Form

    def stop(self, data: bytes, told: Told) -> int:
        """Where the column chunks end, one behind the other from the beginning.

        Raises
        ------
        Refused
            If they do not lie so, or have other numbers of values than the file has rows.
        """
        at, rows = len(MAGIC), told.rows
        for column in self.columns:
            start, stop = column.extent(told.integers)
            is_there = start == at <= stop <= told.end and told.integers[column.values] == rows
            if not is_there or values_of_pages(data, start, stop) != rows:
                raise Refused("a chunk in another place, or of other values")
            at = stop
        if told.integers[self.rows] != rows or not 0 < rows <= MAX_ROWS or self.becomes(told) > MOST_BYTES:
            raise Refused("other rows, or many")
        return at

    def becomes(self, told: Told) -> int:
        """The bytes that the columns of a file become."""
        return sum([told.integers[column.becomes] for column in self.columns])

    def values(self, data: bytes, told: Told) -> list[np.ndarray]:
        """Of each column that is read.

        Raises
        ------
        Refused, or what a codec raises
            If it has nulls, or is not as it should be.
        """
        found = []
        for one in self.read:
            column = self.columns[one.leaf]
            chunk = *column.extent(told.integers), told.rows, told.integers[column.becomes]
            chunks = iter([(*chunk, one.codec and pa.Codec(one.codec))])
            of_column = Values(lambda count, start: data[start : start + count], chunks, one.size, one.most_defined)
            numbers, present = of_column.take(told.rows)
            if present is not None:
                raise Refused("nulls")
            found.append(np.frombuffer(numbers, f"f{one.size}"))
        return found

    def write(self, file: Placed, data: bytes, told: Told, stop: int, values: np.ndarray) -> None:
        """Write the output: the column chunks, which end at `stop`, and the values."""
        file.write(memoryview(data)[:stop])
        sample = memoryview(values[: SAMPLE_BYTES // values.itemsize]).cast("B")
        pages = (values[at : at + PAGE_ROWS] for at in range(0, len(values), PAGE_ROWS))
        chunk = of_floats(file, self.field, pages, CODEC if are_shrinking(sample) else "none")
        group = {"chunks": self.chunks + told.chunks + chunk.short(), "rows": told.rows}
        group |= {"becomes": self.becomes(told) + chunk.becomes, "takes": chunk.stop - len(MAGIC)}
        end(file, self.footer.write({"rows": told.rows, "groups": ONE + GROUP.write(group)}))


_known: Known[tuple, Plan] = Known()  # by what the spec computes, and what files have in common


def score(task: Task, spec: Spec, collected: Collected, output: Output, num_threads: int | None) -> int:
    """Score a task whose file is like one before; its rows, or 0 where nothing has been done."""
    if not _known or not _is_plain(task, spec):
        return 0
    path = task.fragments[0].path
    with LOCAL.open(path) as file, unchanged(path, file):
        if not is_small(file):
            return 0
        data = file.read()
    try:
        told = Told(data)
        plan = _known.get((spec.fingerprint, *told.rest))
        if plan is None:
            return 0
        stop = plan.stop(data, told)
        pred, *target = plan.values(data, told)
        losses = evaluated(Inputs(pred, target[0] if target else None, None, None, None), spec, num_threads)
    except (*UNKNOWN, ScoringError):
        return 0
    if losses.value.dtype != DTYPES[plan.field.type.id]:
        return 0
    collected.add(losses.value, [losses])
    with writing(task.output):
        plan.write(Placed(output.file), data, told, stop, losses.value)
    return told.rows


def learn(task: Task, spec: Spec, source: ParquetSource, output: Output) -> None:
    """Know files that are like this one, which has been scored, from now on."""
    small = source.small() if _is_plain(task, spec) else None
    if small is None:
        return
    data, footer = small
    is_sound = footer.is_sound and footer.is_known and not footer.indexed and source.schema is footer.schema
    if not is_sound or len(footer.rows) != 1 or any(leaf.type == "INT96" for leaf in footer.leaves):
        return
    try:
        told = Told(data)
        columns = _columns(told)
        read = tuple(_read(source, footer, name) for name in spec.scored)
    except UNKNOWN:
        return
    (field,) = output.schema
    if len(columns) == len(footer.leaves) and is_float(field.type):
        head = thrift.write({1: (thrift.LIST, [b""] * (len(columns) + 1))})[1:-1]
        rows = told.places.index(thrift.path(fields.GROUP_ROWS))
        plan = Plan(columns, rows, read, field, head, output.form())
        _known.of((spec.fingerprint, *told.rest), lambda: plan)


def _is_plain(task: Task, spec: Spec) -> bool:
    """Whether one file of this machine goes into another, with all of its columns and one of losses of numbers."""
    if len(task.fragments) > 1 or task.format != "parquet" or task.output in (None, STREAM):
        return False
    file = task.fragments[0]
    return (
        file.format == "parquet"
        and file.store is LOCAL
        and file.is_file
        and not (file.partition or file.row_groups or file.part or task.uncarried)
        and (spec.keep, spec.emit, len(spec.each)) == (None, ("value",), 1)
        and len(spec.scored) == bool(spec.target) + 1
        and not (spec.loss.is_rowwise or spec.where or spec.by or spec.worst or spec.calibration or spec.sample_weight)
    )


def _columns(told: Told) -> tuple[Column, ...]:
    """The chunks, whose descriptions are one behind the other."""
    found: list[dict[int, int]] = []
    for i, place in enumerate(told.places):
        if place == thrift.path(fields.GROUP_CHUNKS, fields.CHUNK_START):  # which comes first, and is in each
            found.append({})
        if found:
            found[-1][place] = i
    names = fields.PAGES_START, fields.DICTIONARY_START, fields.TAKES, fields.BECOMES, fields.VALUES
    places = [thrift.path(fields.GROUP_CHUNKS, fields.CHUNK_METADATA, name) for name in names]
    return tuple(Column(*map(one.get, places)) for one in found)


def _read(source: ParquetSource, footer: Footer, name: str) -> Read:
    field = source.schema.field(name)
    leaf = leaf_of(footer, field)
    if not is_float(field.type) or footer.leaves[leaf].type not in ("FLOAT", "DOUBLE"):
        raise Refused("no column of floats")
    _, size = PHYSICAL[footer.leaves[leaf].type]
    if size != field.type.bit_width // 8:
        raise Refused("a column of another type")
    return Read(leaf, CODECS[footer.codecs[leaf]], size, footer.leaves[leaf].levels[1])
