"""Tables in files of every format, by pyarrow's own readers and writers."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

TABLES = ["parquet", "csv", "arrow", "feather"]


def write(path, table):
    """Write a table in the format of the path's extension."""
    match path.suffix:
        case ".parquet":
            pa.parquet.write_table(table, path, row_group_size=70)
        case ".csv":
            pa.csv.write_csv(table, path)
        case ".feather":
            pa.feather.write_feather(table, path)
        case ".arrow":
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table, max_chunksize=33)
    return path


def read(path):
    match path.suffix:
        case ".parquet":
            return pa.parquet.read_table(path)
        case ".csv":
            return pa.csv.read_csv(path)
        case _:
            return pa.feather.read_table(path)
