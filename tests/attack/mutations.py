"""Data files of every format, and what may happen to their bytes."""

import gzip
import io
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet

__all__ = ["good_files", "mutated"]

ROWS = 300
HUGE = (-1, 0, 1, 0x7F, 0x80, 0xFF, 1 << 15, 1 << 20, (1 << 30) + 7, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40,
        (1 << 62) + 3, (1 << 63) - 1)  # fmt: skip
KINDS = ("bit", "bit", "byte", "number", "number", "cut", "drop", "repeat", "splice", "zeros", "token")
TOKENS = (b'"', b"\n", b"\r", b"\0", b",", b",,,,,", b"\t", b"\xff\xfe", b"1e999999", b"9" * 400, b"nan", b"-inf",
          b"\xed\xa0\x80", b"'", b"\\", b"(", b"((((", b"0x1p3", b"2020-01-01", b"\xef\xbb\xbf", b"null", b"\nnull\n",
          b"{", b"}", b"[" * 700, b"[1,2]", b'{"r":', b"{}", b":", b"true", b"\\ud800", b"NaN")  # fmt: skip


def good_files():
    """{name: bytes}: a table with columns of floats (r, p, w), labels (t), lists (l), texts (g) and more; arrays."""
    table = _table()
    flat = table.drop_columns(["l", "deep", "seen"])
    files = {}
    for kind in ("snappy", "zstd", "gzip", "none"):
        files[f"{kind}.parquet"] = _written(
            lambda file, kind=kind: pa.parquet.write_table(table, file, compression=kind, row_group_size=100)
        )
    files["plain.parquet"] = _written(
        lambda file: pa.parquet.write_table(flat, file, use_dictionary=False, write_page_checksum=True)
    )
    for kind in (None, "lz4", "zstd"):
        options = pa.ipc.IpcWriteOptions(compression=kind)
        name = kind or "plain"
        files[f"{name}.arrow"] = _written(lambda file, o=options: _write_ipc(pa.ipc.new_file, table, file, o))
        files[f"{name}.stream"] = _written(lambda file, o=options: _write_ipc(pa.ipc.new_stream, table, file, o))
        files[f"{name}.feather"] = _written(
            lambda file, kind=kind: pa.feather.write_feather(table, file, compression=kind or "uncompressed")
        )
    text = _written(lambda file: pa.csv.write_csv(flat, file))
    files["text.csv"], files["text.tsv"] = text, text.replace(b",", b"\t")
    plain = flat.set_column(flat.schema.get_field_index("d"), "d", flat["d"].cast(pa.string()))
    files["lines.jsonl"] = "".join(json.dumps(row, default=str) + "\n" for row in plain.to_pylist()).encode()
    lists = plain.append_column("l", table["l"])
    files["lists.jsonl"] = "".join(json.dumps(row, default=str) + "\n" for row in lists.to_pylist()).encode()
    for kind in ("uncompressed", "zlib", "snappy", "lz4", "zstd"):
        files[f"{kind}.orc"] = _written(lambda file, kind=kind: pa.orc.write_table(plain, file, compression=kind))
    rng = np.random.default_rng(5)
    arrays = rng.standard_normal(ROWS), rng.standard_normal(ROWS).astype(np.float32).reshape(-1, 3)
    files["double.npy"], files["matrix.npy"] = (_written(lambda file, a=a: np.save(file, a)) for a in arrays)
    files["fortran.npy"] = _written(lambda file: np.save(file, np.asfortranarray(arrays[1].astype(">f4"))))
    return files


def _table():
    rng = np.random.default_rng(1)
    r, p = rng.standard_normal((2, ROWS))
    logits = pa.array(rng.standard_normal((ROWS, 4)).astype(np.float32).tolist(), pa.list_(pa.float32()))
    words = [None if k % 17 == 0 else f"group {k % 5}" for k in range(ROWS)]
    return pa.table(
        {
            "r": pa.array(r),
            "p": pa.array([None if k % 29 == 0 else v for k, v in enumerate(p.tolist())], pa.float32()),
            "w": np.abs(p),
            "t": pa.array(rng.integers(0, 4, ROWS), pa.int16()),
            "l": logits,
            "g": words,
            "d": pa.array(words).dictionary_encode(),
            "when": pa.array(np.arange(ROWS) * 10**9, pa.timestamp("us")),
            "money": pa.array(np.arange(ROWS, dtype=np.int32)).cast(pa.decimal128(20, 2)),
            "yes": r > 0,
            "deep": pa.array([{"a": [k, None], "b": str(k)} for k in range(ROWS)]),
            "seen": pa.array([f"view {k}" * (k % 4) for k in range(ROWS)], pa.string()).cast(pa.string_view()),
        }
    )


def _written(write):
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _write_ipc(new, table, file, options):
    with new(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=128)


def mutated(random, name, content, others):
    """Other bytes of a file, after one or some mutations."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        content = _mutate(random, name, content, others)
    return bytes(content)


def _mutate(random, name, content, others):
    if not content:
        return bytearray(random.randbytes(random.randint(0, 64)))
    at = _place(random, len(content))
    kind = random.choice(KINDS)
    if kind == "bit":
        content[at] ^= 1 << random.randrange(8)
    elif kind == "byte":
        content[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    elif kind == "number":
        size, code = random.choice(((2, "<H"), (4, "<I"), (8, "<Q"), (8, ">Q")))
        content[at : at + size] = struct.pack(code, random.choice(HUGE) % (1 << 8 * size))[: len(content) - at]
    elif kind == "cut":
        del content[at:]
    elif kind == "drop":
        del content[at : at + random.choice((1, 4, 8, 100))]
    elif kind == "repeat":
        content[at:at] = content[at : at + random.choice((1, 8, 200))] * random.choice((1, 2, 50))
    elif kind == "splice":
        other = others[random.choice(sorted(others))]
        begin = _place(random, len(other))
        piece = other[begin : begin + random.choice((8, 100, 4000))]
        content[at : at + len(piece) * random.choice((0, 1))] = piece
    elif kind == "zeros":
        content[at : at + 16] = bytes(len(content[at : at + 16]))
    else:
        is_text = name.endswith(("csv", "tsv", "npy", "jsonl"))
        content[at:at] = random.choice(TOKENS) if is_text else random.randbytes(random.randint(1, 16))
    return content


def _place(random, size):
    """Anywhere; or among the headers at the beginning, or the footer at the end"""
    kind = random.randrange(3)
    if kind == 0:
        return random.randrange(size)
    near = random.randrange(min(size, 128 if kind == 1 else 1500))
    return near if kind == 1 else size - 1 - near


def compressed(content, extension):
    return gzip.compress(content, 1) if extension == ".gz" else pa.compress(content, "zstd", asbytes=True)
