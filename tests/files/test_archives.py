"""Arrays by name, .npz and .safetensors, as columns."""

import io
import json
import re
import zipfile

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as parquet

import fastloss as fl
from fastloss.cli import main
from fastloss.files.errors import ScoringError

RNG = np.random.default_rng(0)
P, Y = RNG.normal(size=50).astype(np.float32), RNG.normal(size=50)
LOGITS, LABELS = RNG.normal(size=(50, 4)).astype(np.float16), RNG.integers(0, 4, 50)
KINDS = {
    np.dtype("f8"): "F64",
    np.dtype("f4"): "F32",
    np.dtype("f2"): "F16",
    np.dtype("i8"): "I64",
    np.dtype("u2"): "BF16",
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def safetensors(metadata=True, **arrays):
    """The bytes of a file, by the description of the format; uint16 is the bits of bfloat16."""
    entries, data = {"__metadata__": {"format": "np"}} if metadata else {}, b""
    for name, array in arrays.items():
        begin = len(data)
        data += array.tobytes()
        offsets = [begin, len(data)]
        entries[name] = {"dtype": KINDS[array.dtype], "shape": list(array.shape), "data_offsets": offsets}
    head = json.dumps(entries).encode()
    return len(head).to_bytes(8, "little") + head + data


def write(name, **arrays):
    if name.endswith(".safetensors"):
        with open(name, "wb") as file:
            file.write(safetensors(**arrays))
    else:
        (np.savez_compressed if name.startswith("c") else np.savez)(name, **arrays)


@pytest.mark.parametrize("name", ["a.npz", "c.npz", "a.safetensors"])
def test_arrays_are_columns(name):
    write(name, p=P, y=Y, z=LOGITS, label=LABELS)
    summary = fl.score(name, "out.parquet", loss=fl.huber, pred="p", target="y")
    assert summary.mean == pytest.approx(fl.huber(P, Y).mean(), rel=1e-14)
    table = parquet.read_table("out.parquet")
    assert table.column_names == ["p", "y", "z", "label", "value"]
    np.testing.assert_array_equal(table["z"].combine_chunks().flatten().to_numpy().reshape(50, 4), LOGITS)
    fl.score(name, "rows.npy", loss=fl.cross_entropy, pred="z", target="label")
    np.testing.assert_array_equal(np.load("rows.npy"), fl.cross_entropy(LOGITS, LABELS))


def test_bfloat16():
    bits = LOGITS.astype(np.float32).view(np.uint32)
    upper = (bits >> 16).astype(np.uint16)
    values = (upper.astype(np.uint32) << 16).view(np.float32)
    write("a.safetensors", z=upper, label=LABELS)
    np.savez("a.npz", z=upper.view("V2"), label=LABELS)
    for name, dtype in (("a.safetensors", None), ("a.npz", "bfloat16")):
        fl.score(name, "out.npy", loss=fl.cross_entropy, pred="z", target="label", dtype=dtype)
        np.testing.assert_array_equal(np.load("out.npy"), fl.cross_entropy(values, LABELS))
    with pytest.raises(ScoringError, match=r"a\.npz: array 'z': its elements are two bytes without a type"):
        fl.score("a.npz", loss=fl.cross_entropy, pred="z", target="label")


@pytest.mark.parametrize("compressed", [False, True])
def test_columns_in_fortran_order(compressed):
    write("c.npz" if compressed else "a.npz", z=np.asfortranarray(LOGITS), label=LABELS)
    fl.score("c.npz" if compressed else "a.npz", "out.npy", loss=fl.cross_entropy, pred="z", target="label")
    np.testing.assert_array_equal(np.load("out.npy"), fl.cross_entropy(LOGITS, LABELS))


def test_arrays_that_do_not_go_together():
    write("a.npz", p=P, y=Y, names=np.array(["a", "b"]), short=Y[:3])
    assert fl.score("a.npz", loss=fl.huber, pred="p", target="y").count == 50  # which carries nothing
    with pytest.raises(ScoringError, match=r"array 'names': expected an array of numbers .* give the names of columns"):
        fl.score("a.npz", "out.parquet", loss=fl.huber, pred="p", target="y")
    with pytest.raises(ScoringError, match=r"array 'short' has shape \(3,\), .*the numbers of rows differ$"):
        fl.score("a.npz", loss=fl.huber, pred="p", target="short")
    for options in ({"pred": "q"}, {"by": "q"}, {"sample_weight": "q"}, {"where": "q > 1"}):
        with pytest.raises(ScoringError, match=r"^a\.npz: no column 'q'; there are 'p'"):
            fl.score("a.npz", **{"loss": fl.huber, "pred": "p", "target": "y"} | options)


@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_columns_of_directories(here, extension):
    for day in (1, 2):
        (here / "in" / f"day={day}").mkdir(parents=True)
        arrays = {"day": np.full(50, 7)} if day == 2 else {}  # which is not what the directory says
        write(f"in/day={day}/a.{extension}", p=day * P, y=Y, **arrays)
    summary = fl.score("in", "out", loss=fl.huber, pred="p", target="y", by="day", worst=1, where="day >= 1")
    assert {day: summary.groups[day].mean for day in summary.groups} == {
        day: fl.score(f"in/day={day}/a.{extension}", loss=fl.huber, pred="p", target="y").mean for day in (1, 2)
    }
    assert fl.score("in", loss=fl.huber, pred="p", target="y", where="day == 2").count == 50
    assert summary.worst.column_names == ["file", "row", "value", "p", "y", "day"]
    assert parquet.ParquetFile("out/day=1/a.parquet").schema.names == ["p", "y", "value"]


def damaged():
    """Files that are none, by name."""
    stored, packed = io.BytesIO(), io.BytesIO()
    np.savez(stored, p=P, y=Y)
    np.savez_compressed(packed, p=P, y=Y)
    good = safetensors(p=P, y=Y)
    yield from ((f"cut{k}.npz", stored.getvalue()[: k * 200]) for k in range(4))
    yield from ((f"cut{k}.safetensors", good[: k * 60]) for k in range(5))
    flipped = bytearray(packed.getvalue())
    flipped[90:120] = bytes(30)
    yield "flipped.npz", bytes(flipped)
    moved = stored.getvalue().replace(b"PK\3\4", b"PK\3\5")
    yield "moved.npz", moved
    yield "text.npz", b"p,y\n1,2\n"
    for k, (old, new) in enumerate(
        [(b'"F32"', b'"F64"'), (b"[50]", b"[-5]"), (b"[50]", b"[51]"), (b"[0, 200]", b"[0, 999]"), (b'{"', b'["')]
    ):
        yield f"wrong{k}.safetensors", good.replace(old, new, 1)
    nested = b"[" * 100_000
    yield "nested.safetensors", len(nested).to_bytes(8, "little") + nested
    yield "long.safetensors", b"\xff" * 8 + good


@pytest.mark.parametrize(("name", "data"), [*damaged()], ids=lambda part: part if isinstance(part, str) else "")
def test_damaged_files_are_one_line(here, capfd, name, data):
    (here / name).write_bytes(data)
    code = main(["score", name, "--loss", "huber", "--pred", "p", "--target", "y", "-o", "out.parquet"])
    out, err = capfd.readouterr()
    assert (code, out) == (2, "") and err.count("\n") == 1 and name in err
    assert not (here / "out.parquet").exists()


ENTRY = '"p": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("[]", "expected an object of arrays by name, got []"),
        ("null", "expected an object of arrays by name, got None"),
        (f"{{{ENTRY}, {ENTRY}}}", "two of its values have one name"),
        ('{"p": {"dtype": "F32", "shape": [1]}}', "an array is not told by dtype, shape and two data_offsets"),
        ('{"p": [1]}', "an array is not told by dtype, shape and two data_offsets"),
    ],
)
def test_headers_of_safetensors_that_say_something_else(here, header, what):
    (here / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(4))
    with pytest.raises(ScoringError, match=rf"^a\.safetensors: .* its header: {re.escape(what)}$"):
        fl.score("a.safetensors", loss=fl.huber, residual="p")


def test_an_archive_that_becomes_too_large(here, capfd):
    with (
        zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("p.npy", "w", force_zip64=True) as file,
    ):
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (17 << 23,)})
        file.write(head.getvalue())
        for _ in range(17):
            file.write(bytes(1 << 26))
    assert main(["score", "bomb.npz", "--loss", "huber", "--residual", "p"]) == 2
    assert "over 100 times as many" in capfd.readouterr().err


def test_directories_become_parquet(here):
    (here / "in").mkdir()
    write("in/a.npz", p=P, y=Y)
    write("in/b.safetensors", p=P[:7], y=Y[:7])
    summary = fl.score("in", "out/", loss=fl.huber, pred="p", target="y")
    assert summary.count == 57
    assert sorted(file.name for file in (here / "out").glob("*.parquet")) == ["a.parquet", "b.parquet"]


def test_the_index_of_shards_is_no_data(here):
    (here / "in").mkdir()
    write("in/model-00001-of-00002.safetensors", p=P, y=Y)
    write("in/model-00002-of-00002.safetensors", p=P[:7], y=Y[:7])
    (here / "in" / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    assert fl.score("in", loss=fl.huber, pred="p", target="y").count == 57
    with pytest.raises(ScoringError, match=r"index\.json: an index of safetensors files has no rows: give these files"):
        fl.score("in/model.safetensors.index.json", loss=fl.huber, pred="p", target="y")
