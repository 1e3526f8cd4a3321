"""Arrays in .npy files: every dtype, version and order, and what is none."""

import io
import random

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import fastloss as fl
from fastloss.cli import main
from fastloss.files.errors import ScoringError
from fastloss.files.readers.npy import NpyFile, NpySource


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def header(shape, descr="<f8", by_columns=False):
    """A .npy file of no elements."""
    text = f"{{'descr': {descr!r}, 'fortran_order': {by_columns}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def array_file(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "|b1", "|i1", "|u1", ">i2", "<u4", ">i8"])
def test_dtypes_and_versions(here, dtype, version):
    values = np.array([0, 1, 3, 0, 120], dtype)
    (here / "in.npy").write_bytes(array_file(values, version))
    fl.score("in.npy", "out.npy", loss=fl.huber)
    expected = fl.huber(values.astype(values.dtype.newbyteorder("=")))
    written = np.load("out.npy")
    assert written.dtype == expected.dtype
    np.testing.assert_array_equal(written, expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("descr", ["<V2", "|V2"])
def test_bfloat16(here, descr, order):
    upper = np.random.default_rng(0).integers(0, 1 << 16, (50, 4)).astype("<u2", order=order)
    upper[0] = 0x8000, 0x7F80, 0xFF80, 0x7FC0  # -0, both infinities, NaN
    (here / "in.npy").write_bytes(array_file(upper.view("V2") if order == "C" else upper.T.view("V2").T))
    data = (here / "in.npy").read_bytes()
    (here / "in.npy").write_bytes(data.replace(b"|V2", descr.encode()))
    np.save("y.npy", np.arange(50) % 4)
    fl.score("in.npy", "out.npy", loss=fl.cross_entropy, target="y.npy", dtype="bfloat16")
    logits = (upper.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(np.load("out.npy"), fl.cross_entropy(logits, np.arange(50) % 4))


@pytest.mark.parametrize("dtype", ["int64", "uint8"])
def test_labels_as_an_array_of_one_column(dtype):
    logits, labels = np.random.default_rng(0).standard_normal((6, 3)), np.array([0, 1, 2, 0, 1, 2], dtype)
    np.save("x.npy", logits)
    np.save("y.npy", labels.reshape(-1, 1))
    fl.score("x.npy", "out.npy", loss=fl.cross_entropy, target="y.npy")
    np.testing.assert_array_equal(np.load("out.npy"), fl.cross_entropy(logits, labels))


def test_bfloat16_of_ml_dtypes_on_the_command_line(capsys):
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    residuals = np.linspace(-3, 3, 101).astype(bfloat16)
    np.save("r.npy", residuals)
    assert main(["score", "r.npy", "--loss", "huber", "--dtype", "bfloat16", "-o", "out.npy"]) == 0
    np.testing.assert_array_equal(np.load("out.npy"), fl.huber(residuals))
    assert main(["fit", "r.npy", "--dtype", "bfloat16", "--json"]) == 0
    np.save("wide.npy", residuals.astype(np.float32))
    from_bfloat16 = capsys.readouterr().out
    assert main(["fit", "wide.npy", "--json"]) == 0
    assert capsys.readouterr().out == from_bfloat16


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (array_file(np.zeros(3, "V2")), r"bfloat16 is saved: give dtype='bfloat16' \(--dtype bfloat16\)"),
        (array_file(np.zeros(3, "V1")), "got |V1 with shape .*: save float8 as float32"),
        (header((3,), "<f16"), "got float128|got <f16|cannot be read as NumPy: .*f16"),
        (array_file(np.zeros(3, "c16")), "got complex128"),
        (array_file(np.zeros(3, "M8[s]")), "got datetime64"),
        (array_file(np.zeros(3, "m8[s]")), "got timedelta64"),
        (array_file(np.zeros(3, "U2")), "got <U2"),
        (array_file(np.zeros(3, "S2")), "got |S2"),
        (array_file(np.zeros(3, [("a", "f4")])), "got .*'a'"),
        (header((1,), "|O"), "got object"),
        (array_file(np.zeros(())), r"one or two dimensions, got float64 with shape \(\)"),
        (array_file(np.zeros((2, 2, 2))), r"one or two dimensions, got float64 with shape \(2, 2, 2\)"),
        (array_file(np.zeros((2, 0))), r"got shape \(2, 0\)"),
        (array_file(np.zeros((3, 4)))[:-1], "truncated: .* needs 96 bytes, there are 95"),
        (array_file(np.zeros(3)) + array_file(np.zeros(3)), "152 bytes follow the array .* save one array a file"),
        (header((-2,)), "dimension of its shape is negative"),
        (header((10, -3)), "dimension of its shape is negative"),
        (header((-1, -1)), "dimension of its shape is negative"),
        (header((-(1 << 63),)), "dimension of its shape is negative"),
        (header((1 << 64, 2)), "dimension of its shape is negative, or 2"),
        (header((1 << 40, 1 << 20)), "truncated"),
        (header((0, 1 << 40)), "at most 2147483647"),
        (header("(" + "0x1" + "0" * 5000 + ",)"), "dimension of its shape is"),
        (header("-" * 8000 + "1"), "cannot be read as NumPy"),
        (header("[" * 8000), "cannot be read as NumPy"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "cannot be read as NumPy"),
        (b"\x93NUMPY\x09\x01" + array_file(np.zeros(3))[8:], "version 9.1"),
        (array_file(np.zeros(3))[:9], "cannot be read as NumPy"),
        (b"", "cannot be read as NumPy"),
    ],
)
def test_one_line_for_what_is_no_array_of_numbers(here, capsys, data, message):
    (here / "in.npy").write_bytes(data)
    with pytest.raises(ScoringError, match=f"^in.npy: .*{message}"):
        fl.score("in.npy", "out.npy", loss=fl.huber)
    assert main(["score", "in.npy", "--loss", "huber"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (here / "out.npy").exists()


def test_dtype_is_checked():
    np.save("r.npy", np.zeros(3))
    with pytest.raises(ScoringError, match=r"dtype must be 'bfloat16' .*, got 'float8'"):
        fl.score("r.npy", loss=fl.huber, dtype="float8")
    assert fl.score("r.npy", loss=fl.huber, dtype="bfloat16").count == 3  # an array that has a type keeps it
    with open("r.csv", "w") as file:
        file.write("r\n1\n")
    with pytest.raises(ScoringError, match=r"r.csv: dtype='bfloat16' is for .npy and .npz files"):
        fl.score("r.csv", loss=fl.huber, residual="r", dtype="bfloat16")


@pytest.mark.filterwarnings("ignore")  # NumPy evaluates headers as Python, which may warn
def test_headers_with_faults_are_errors_of_one_line():
    rng = random.Random(0)
    alphabet = b"(){}[]',:-+0123456789TFL<>|=fiuVbOSUM~ \n\\\"#@xjeE_.;"
    arrays = np.zeros(3), np.zeros((2, 3), "f4", "F"), np.zeros(4, "i8"), np.zeros(2, "V2")
    files = [array_file(array, version) for array in arrays for version in ((1, 0), (2, 0), (3, 0))]
    messages = []
    for _ in range(3000):
        data = bytearray(rng.choice(files))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(min(len(data), 100))
            noise = bytes(rng.choice(alphabet) for _ in range(rng.randint(1, 6)))
            length = rng.choice([0, 1, 1, len(noise), 20])
            data[place : place + length] = noise * rng.choice([1, 1, 1, 1, 500])
        try:
            source = NpySource({"pred": NpyFile("in.npy", io.BytesIO(bytes(data)), "bfloat16")})
            assert sum(map(len, source.batches(["pred"]))) == source.rows <= len(data)
        except ScoringError as error:
            messages.append(str(error))
    assert len(messages) > 2000
    assert all(message.startswith("in.npy: ") and "\n" not in message for message in messages)


def test_weights_and_groups_are_arrays_too(here):
    rng = np.random.default_rng(0)
    p, y, w, day = (
        rng.normal(size=60),
        rng.normal(size=60),
        rng.integers(0, 3, 60).astype(float),
        rng.integers(0, 4, 60),
    )
    for name, array in {"p": p, "y": y, "w": w, "day": day}.items():
        np.save(f"{name}.npy", array)
        (here / f"{name}s").mkdir()
        for k in range(2):
            np.save(f"{name}s/{k}.npy", array[k * 30 : (k + 1) * 30])
    values = fl.huber(p, y)
    for files in (("p.npy", "y.npy", "w.npy", "day.npy"), ("ps", "ys", "ws", "days")):
        source, target, weight, by = files
        summary = fl.score(source, loss=fl.huber, target=target, sample_weight=weight, by=by)
        assert summary.by == files[3].removesuffix(".npy")
        assert summary.weighted_mean == pytest.approx(np.average(values, weights=w), rel=1e-14)
        assert {key: group.count for key, group in summary.groups.items()} == {
            k: int((day == k).sum()) for k in range(4)
        }
    with pytest.raises(ScoringError, match="the numbers of rows differ"):
        fl.score("p.npy", loss=fl.huber, target="y.npy", sample_weight="ws/0.npy")
    with pytest.raises(ScoringError, match="another array is called 'target' too"):
        fl.score("p.npy", loss=fl.huber, target="y.npy", by="target.npy")
    assert main(["score", "p.npy", "--loss", "huber", "--target", "y.npy", "--weight", "w.npy", "--by", "day.npy"]) == 0


DAYS = np.array(["2026-11-01", "NaT", "2026-11-02"] * 2, "M8[D]")
GROUPS = {
    "text": (np.array(["a\0b", "a\0c", ""] * 2), ["", "a\0b", "a\0c"]),
    "swapped": (np.array(["b", "a", "\u05e9"] * 2, ">U3"), ["a", "b", "\u05e9"]),
    "day": (DAYS, ["2026-11-01", "2026-11-02", None]),
    "time": (DAYS.astype(">M8[ms]"), ["2026-11-01 00:00:00", "2026-11-02 00:00:00", None]),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_groups_of_texts_and_times(kind):
    groups, keys = GROUPS[kind]
    np.save("r.npy", np.arange(6.0))
    np.save("g.npy", groups)
    np.savez("both.npz", r=np.arange(6.0), g=groups)
    for summary in (
        fl.score("r.npy", loss=fl.huber, by="g.npy"),
        fl.score("both.npz", "out.parquet", loss=fl.huber, residual="r", by="g"),
    ):
        assert [*summary.groups] == keys and {group.count for group in summary.groups.values()} == {2}


@pytest.mark.parametrize("groups", [np.array(["\ud800"]), np.frombuffer(b"\xff\xff\xff\x7f", "<U1"), np.array(b"a")])
def test_groups_that_are_no_text(groups):
    np.save("r.npy", np.arange(1.0))
    np.save("g.npy", groups.reshape(1))
    with pytest.raises(ScoringError, match=r"^g\.npy: (a text cannot be read|expected an array of numbers)"):
        fl.score("r.npy", loss=fl.huber, by="g.npy")
