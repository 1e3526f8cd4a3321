"""JSON lines as record batches."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from pyarrow import types

from fastloss.core import arguments
from fastloss.exact import picked
from fastloss.exact.fields import EXACT, numbers
from fastloss.files.arrow import columns
from fastloss.files.csv.blocks import MAX_ROW_BYTES, lines, utf8_reader
from fastloss.files.csv.options import PLAIN
from fastloss.files.errors import FieldError, RowError, ScoringError, listed, one_line
from fastloss.files.matching import Source
from fastloss.files.reading import TEXT, cut, reading, shown, validated
from fastloss.files.spec import Spec

BLOCK_BYTES = 4 << 20
COLUMNS = b"columns"  # metadata of the field of texts: the types that the file's have
MAX_BRACKETS = 500  # of a line that pyarrow reads, which descends into them without an end
LINE_START = re.compile(rb"^[ \t\r]*[^{ \t\r\n]", re.MULTILINE)
SECOND_VALUE = re.compile(rb"\}[ \t\r]*[^\s,\]}]")
_FOLLOWS = np.zeros(256, bool)  # what may follow an object inside of another, or at the end of a line
_FOLLOWS[list(b",]}\r\n")] = True


class JsonSource(Source):
    """An object a line; a column is what all lines have under a name, and null in those that lack it. One that is not
    used may have values of any types.

    Texts stay texts, and a scored column of them is of numbers as in CSV: nan is NaN, an empty text is null. A reading
    of its own finds the columns and their types, as any line may have another one.
    """

    def __init__(self, path: str, file, spec: Spec, columns: pa.Schema | None = None):
        self._path, self._file = path, file
        self._place = f"{shown(path)}: cannot be read as JSON lines"
        self._types: dict[str, pa.DataType] = dict(zip(columns.names, columns.types, strict=True)) if columns else {}
        self._inexact: set[str] = set()
        self._mixed: dict[str, str] = {}  # columns of which no type holds all values, and why
        self._numbers = {name.split(".")[0] for name in spec.numbers}
        self.rows = 0
        if columns is None:
            for block in self._blocks():
                self._learn(block)
        carried = set(spec.carried(self._types)) - self._numbers
        named = {part for name in spec.named for part in (name, name.split(".")[0])}
        for name, reason in self._mixed.items():
            if name in carried or name in named or spec.worst:
                advice = "keep fewer columns" if name in carried else "let all lines have one type there"
                raise ScoringError(f"{self._place}: column {arguments.shown(name)}{reason}: {advice}")
        for name in carried & self._inexact:
            if types.is_floating(self._types[name]):
                raise ScoringError(
                    f"{self._place}: column {arguments.shown(name)} holds whole numbers that are not exact in the type "
                    "of the others, which are fractions or larger: keep fewer columns"
                )
        self.schema = pa.schema([(name, self._type(name)) for name in self._types])

    @classmethod
    def of_texts(cls, path: str, texts: pa.Table, spec: Spec) -> JsonSource:
        """Of rows that `texts` gave, in the types of the file."""
        columns = pa.ipc.read_schema(pa.py_buffer(texts.schema.field(0).metadata[COLUMNS]))
        return cls(path, io.BytesIO(b"\n".join(texts.column(0).to_pylist())), spec, columns)

    def texts(self, rows: np.ndarray) -> pa.Table:
        """The texts of some rows of the batch that was read last."""
        found = lines(self._block, self._first + rows, self._block_rows)
        if found is None:
            of_rows = _lines(self._block)
            found = [of_rows[row] for row in (self._first + rows).tolist()]
        columns = pa.schema(list(self._types.items())).serialize().to_pybytes()
        field = pa.field(TEXT, pa.binary(), metadata={COLUMNS: columns})
        return pa.table([picked.column(found, pa.binary())], schema=pa.schema([field]))

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        wanted = columns.roots(self.schema, names)
        stored = pa.schema([(name, self._types[name]) for name in wanted])
        before = 0
        for block in self._blocks():
            table = self._parsed(block, stored, before)
            arrays = [self._converted(name, table.column(name).combine_chunks(), before) for name in wanted]
            schema = pa.schema([self.schema.field(name) for name in wanted])
            batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            before += len(table)
            self._block, self._block_rows, self._first = block, len(table), 0
            for part in cut(validated(batch, self._path, "jsonl")):
                yield part
                self._first += len(part)

    def _type(self, name: str) -> pa.DataType:
        """The type of a column, as batches have it."""
        type = self._types[name]
        if name not in self._numbers or types.is_struct(type):
            return type
        return pa.float64() if types.is_string(type) or types.is_null(type) else type

    def _learn(self, block: bytes) -> None:
        """Take the names and types of the columns in a block into account."""
        table = self._parsed(block, None, self.rows)
        self.rows += len(table)
        for field in table.schema:
            found = _without_instants(field.type)
            known = self._types.get(field.name, found)
            both = _joined(known, found)
            if both is None and field.name in self._numbers:
                both = pa.string()
            if both is None:
                self._mixed.setdefault(field.name, f" holds {known} and {found}")
            self._types[field.name] = pa.null() if field.name in self._mixed else both

    def _parsed(self, block: bytes, schema: pa.Schema | None, before: int) -> pa.Table:
        """The columns of a block, or all that it has, in rows; `before` are those before it."""
        if _is_dangerous(block):
            return self._parsed_line_by_line(block, schema, before)
        unexpected = "infer" if schema is None else "ignore"
        options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected)
        try:
            table = pa.json.read_json(pa.BufferReader(block), pa.json.ReadOptions(block_size=len(block) + 1), options)
            table.schema.names  # noqa: B018  (decoded here)
        except (pa.ArrowException, UnicodeDecodeError):  # of which line, or what pyarrow alone does not read
            return self._parsed_line_by_line(block, schema, before)
        if schema is not None:
            return table.select(schema.names)
        return self._parsed_line_by_line(block, schema, before) if self._may_be_rounded(table) else table

    def _may_be_rounded(self, table: pa.Table) -> bool:
        """Whether carried columns of fractions may hold whole numbers that are not exact; large ones are noted."""
        large = [name for name in table.schema.names if name not in self._numbers and _is_large(table.column(name))]
        fractions = [name for name in large if types.is_floating(table.schema.field(name).type)]
        self._inexact.update(set(large) - set(fractions))
        return bool(fractions)

    def _parsed_line_by_line(self, block: bytes, schema: pa.Schema | None, before: int) -> pa.Table:
        rows = [self._row(line, before + number) for number, line in enumerate(_lines(block))]
        names = dict.fromkeys(name for row in rows for name in row) if schema is None else schema.names
        table = pa.table({"": pa.nulls(len(rows))})  # which tells their number
        for name in names:
            values = [row.get(name) for row in rows]
            if schema is None:
                array = self._inferred(name, values)
            else:
                array = self._array(name, values, schema.field(name).type, before)
            table = table.append_column(name, array)
        return table.remove_column(0)

    def _row(self, line: bytes, row: int) -> dict:
        try:
            found = _DECODER.decode(line.decode())
        except RecursionError as error:
            raise RowError(f"{self._place}: too many brackets", row, "") from error
        except ValueError as error:
            raise RowError(f"{self._place}: not JSON", row, f": {one_line(error)}") from error
        if not isinstance(found, dict):
            raise RowError(
                f"{self._place}: expected an object, found {arguments.shown(line.decode().strip())}", row, ""
            )
        return found

    def _inferred(self, name: str, values: list) -> pa.Array:
        """An array of any type that holds them."""
        if any(type(value) is int and abs(value) > EXACT for value in values):
            self._inexact.add(name)
        try:
            return pa.array(values)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            for convert in (_large_whole_numbers, _fractions):
                with suppress(pa.ArrowException, TypeError, ValueError, OverflowError):
                    return convert(values)
            if name in self._numbers:
                return pa.array(list(map(_text, values)))
            self._mixed.setdefault(name, f": {one_line(error)}")
            return pa.nulls(len(values))

    def _array(self, name: str, values: list, type: pa.DataType, before: int) -> pa.Array:
        if types.is_string(type):
            values = list(map(_text, values))
        elif types.is_floating(type):  # true is 1, and what is not exact is rounded
            values = [float(value) if isinstance(value, int) else value for value in values]
        return self._each(lambda part: pa.array(part, type), name, values, before, str(type))

    def _converted(self, name: str, array: pa.Array, before: int) -> pa.Array:
        type = self._type(name)
        if array.type == type:
            return array
        if types.is_string(array.type):
            return self._each(lambda part: numbers(part, PLAIN), name, array, before, "numbers")
        return array.cast(type)

    def _each(self, convert: Callable, name: str, values, before: int, expected: str) -> pa.Array:
        """`convert` of values, or an error that names the first that cannot be."""
        try:
            return convert(values)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            for row, value in enumerate(values):
                try:
                    convert(values[row : row + 1])
                except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
                    value = value.as_py() if isinstance(value, pa.Scalar) else value
                    text = (
                        f"column {arguments.shown(name)}: expected {expected}, invalid value {arguments.shown(value)}"
                    )
                    raise FieldError(f"{self._place}: {text}", before + row, "") from error
            raise

    def _blocks(self) -> Iterator[bytes]:
        """The text in blocks of whole lines."""
        self._file.seek(0)
        with reading(self._path, "jsonl"):
            try:
                yield from _blocks(utf8_reader(self._file, "utf-8")[0])
            except UnicodeError as error:
                raise ScoringError(f"{self._place}: the text is not {error.encoding}") from error
            except _LongLine as error:
                raise ScoringError(f"{self._place}: a line goes on for {MAX_ROW_BYTES} bytes") from error


class _LongLine(Exception):
    pass


def _blocks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    pending = []
    size = 0
    while piece := read(BLOCK_BYTES):
        end = piece.rfind(b"\n") + 1
        if end:
            block = b"".join([*pending, piece[:end]])
            if not block.isspace():
                yield block
            pending, size = [piece[end:]], len(piece) - end
        else:
            pending.append(piece)
            size += len(piece)
            if size > MAX_ROW_BYTES:
                raise _LongLine
    block = b"".join(pending)
    if block and not block.isspace():
        yield block


def _lines(block: bytes) -> list[bytes]:
    return [line for line in block.split(b"\n") if line and not line.isspace()]


def _is_dangerous(block: bytes) -> bool:
    """Whether pyarrow might end the process over what is in a block: values that are no objects, and deep ones."""
    data = np.frombuffer(block, np.uint8)
    ends = np.append(np.flatnonzero(data == ord("\n")), len(data))
    starts = ends[:-1][ends[:-1] < len(data) - 1] + 1
    closing = np.flatnonzero(data[:-1] == ord("}")) + 1
    is_plain = block[0] == ord("{") and (data[starts] == ord("{")).all() and _FOLLOWS[data[closing]].all()
    if not is_plain and (LINE_START.search(block) or SECOND_VALUE.search(block)):
        return True
    brackets = np.flatnonzero((data == ord("{")) | (data == ord("[")))
    return int(np.diff(np.searchsorted(brackets, ends), prepend=0).max()) > MAX_BRACKETS


def _is_large(column: pa.ChunkedArray) -> bool:
    """Whether there are numbers that float64 has not all whole numbers beside."""
    if not (types.is_integer(column.type) or types.is_floating(column.type)):
        return False
    ends = pc.min_max(column).as_py().values()
    return any(abs(end) >= EXACT for end in ends if end is not None)


def _unique(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name is there twice, of {listed([name for name, _ in pairs])}")
    "".join(found).encode()  # no half of a character
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _large_whole_numbers(values: list) -> pa.Array:
    _must_be((int,), values)
    return pa.array(values, pa.uint64())


def _fractions(values: list) -> pa.Array:
    """Whole numbers and others as float64, of which some may be rounded."""
    _must_be((int, float), values)
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _must_be(kinds: tuple[type, ...], values: list) -> None:
    """That values are of these types: pyarrow would make 1 of 1.5 and of true."""
    if not all(value is None or type(value) in kinds for value in values):
        raise TypeError


def _text(value) -> str | None:
    """A value as CSV has it."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _without_instants(type: pa.DataType) -> pa.DataType:
    """The type with texts that pyarrow took for timestamps as the texts that they are."""
    if types.is_timestamp(type):
        return pa.string()
    if columns.is_list(type):
        return pa.list_(_without_instants(type.value_type))
    if types.is_struct(type):
        return pa.struct([(field.name, _without_instants(field.type)) for field in type])
    return type


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds both, if there is one."""
    if one == other:
        return one
    if {one, other} == {pa.int64(), pa.uint64()}:
        return pa.uint64()
    try:
        schemas = [pa.schema([("", one)]), pa.schema([("", other)])]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None
