"""Types of pandas that Arrow has no own ones for: intervals are pairs of bounds in Arrow, periods are numbers.

pyarrow knows them once pandas has told it, which `import pandas` alone does not do; before that the metadata of fields
has their names.
"""

from __future__ import annotations

import pyarrow as pa

NAME = b"ARROW:extension:name"
INTERVAL, PERIOD = "pandas.interval", "pandas.period"
NAMES = (INTERVAL.encode(), PERIOD.encode())


def is_of_pandas(type: pa.DataType) -> bool:
    return getattr(type, "extension_name", "") in (INTERVAL, PERIOD)


def recognised(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table whose columns this schema describes, with those of these types as such; as they are stored where there is
    no pandas."""
    unknown = {at for at, field in enumerate(schema) if (field.metadata or {}).get(NAME, b"") in NAMES}
    if not unknown or not _tell():
        return table
    known = pa.ipc.read_schema(schema.serialize())
    for at in unknown:
        field = known.field(at)
        chunks = [pa.ExtensionArray.from_storage(field.type, chunk) for chunk in table.column(at).chunks]
        table = table.set_column(at, field.name, pa.chunked_array(chunks, field.type))
    return table


def printed(array: pa.ExtensionArray) -> list[str | None]:
    """Their values, as pandas prints them."""
    values = array.to_pandas()
    return [None if missing else str(value) for value, missing in zip(values, values.isna(), strict=True)]


def _tell() -> bool:
    """Let pandas, if it is installed, tell pyarrow of its types."""
    try:
        import pandas
    except ImportError:
        return False
    pa.array(pandas.PeriodIndex([], freq="D"))
    return True
