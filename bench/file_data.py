"""Files of predictions and targets to score, which docs/files.md measures with."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

CLASSES, FILES = 20_000, 1000


def pairs(rows, seed=0):
    """Predictions, targets and two other columns, all float32."""
    rng = np.random.default_rng(seed)
    return pa.table({name: rng.standard_normal(rows, np.float32) for name in ("p", "y", "a", "b")})


def mixed(rows):
    """Predictions, targets and 38 columns of numbers, texts, categories, times and lists."""
    rng = np.random.default_rng(0)
    table = pairs(rows).select(["p", "y"])
    words = pa.array([f"word {i * 7919 % 100_003}" for i in range(20_000)])
    start = np.datetime64("2026-01-01", "us")
    for i in range(8):
        table = table.append_column(f"float{i}", pa.array(rng.standard_normal(rows)))
        table = table.append_column(f"whole{i}", pa.array(rng.integers(0, 10 ** (i + 1), rows)))
        table = table.append_column(f"text{i}", words.take(pa.array(rng.integers(0, 20_000, rows))))
        table = table.append_column(f"time{i}", pa.array(start + rng.integers(0, 10**13, rows)))
        if i < 4:
            category = pa.array(rng.integers(0, 50, rows, np.int32))
            table = table.append_column(f"kind{i}", pa.DictionaryArray.from_arrays(category, words.slice(0, 50)))
        if i < 2:
            ends = pa.array(np.arange(0, 3 * rows + 1, 3, np.int32))
            list_ = pa.ListArray.from_arrays(ends, pa.array(rng.standard_normal(3 * rows, np.float32)))
            table = table.append_column(f"list{i}", list_)
    return table


def logits(rows):
    rng = np.random.default_rng(0)
    flat = pa.array(rng.standard_normal(rows * CLASSES, np.float32))
    lists = pa.ListArray.from_arrays(pa.array(np.arange(0, rows * CLASSES + 1, CLASSES, np.int32)), flat)
    return pa.table({"l": lists, "y": rng.integers(0, CLASSES, rows)})


def write_pairs(path, rows):
    pq.write_table(pairs(rows), path, use_dictionary=False)


def write_mixed(path, rows):
    table = mixed(rows)
    texts = [field.name for field in table.schema if field.name.startswith(("text", "kind"))]
    pq.write_table(table, path, use_dictionary=texts)


def write_logits(path, rows):
    pq.write_table(logits(rows), path, use_dictionary=False, row_group_size=500)


def write_small(path, rows):
    path.mkdir()
    for i in range(FILES):
        pq.write_table(pairs(rows // FILES, seed=i), path / f"{i:04}.parquet", use_dictionary=False)


def write_csv(path, rows):
    rng = np.random.default_rng(0)
    table = pairs(rows).select(["p", "y"]).cast(pa.schema([("p", pa.float64()), ("y", pa.float64())]))
    for i in range(3):
        table = table.append_column(f"float{i}", pa.array(np.round(rng.standard_normal(rows), 4)))
        table = table.append_column(f"whole{i}", pa.array(rng.integers(0, 10**6, rows)))
    table = table.append_column("text", pa.array([f"row {i}" for i in range(rows)]))
    table = table.append_column("kind", pa.array(np.where(rng.random(rows) < 0.5, "left", "right")))
    pa.csv.write_csv(table, path)
