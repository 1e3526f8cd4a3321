"""What is fetched of the objects that are read: requests and bytes, exactly; what becomes of those that change."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from servers import DENIED, Harm, each

import fastloss as fl
from fastloss.files.errors import ScoringError

ROWS = 50_000
KIB = 1 << 10


def table(columns: int = 13, rows: int = ROWS, seed: int = 0) -> pa.Table:
    """Columns of numbers; pred and target are in the middle."""
    rng = np.random.default_rng(seed)
    names = [f"x{i}" for i in range(columns - 2)]
    names[columns // 2 : columns // 2] = ["pred", "target"]
    return pa.table({name: rng.normal(size=rows) for name in names})


def as_parquet(table: pa.Table, **options) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **{"use_dictionary": False, "compression": "none"} | options)
    return sink.getvalue()


def used(data: bytes, *names: str) -> tuple[int, int]:
    """The bytes of the chunks of some columns, and of the footer."""
    file = pq.ParquetFile(io.BytesIO(data))
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    size = sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema.split(".")[0] in names)
    return size, file.metadata.serialized_size + 8


def summary(source, **options):
    return fl.score(source, loss=fl.huber, **{"pred": "pred", "target": "target"} | options)


def outcome(source, **options):
    """The summary, or what is said in place of it."""
    try:
        return summary(source, **options)
    except ScoringError as error:
        return str(error)


@pytest.fixture
def put(s3, bucket):
    """Puts an object into the bucket, and returns its address."""

    def put(name: str, data: bytes) -> str:
        s3.pipe_file(f"{bucket}/{name}", data)
        return f"s3://{bucket}/{name}"

    return put


@pytest.fixture
def reads(proxy):
    """The requests for objects, and the bytes of their answers, since `proxy.clear()`."""

    def reads() -> tuple[int, int]:
        found = [request for request in proxy.requests if request.kind == "GET"]
        return len(found), sum(request.sent for request in found)

    return reads


@pytest.fixture
def local(tmp_path):
    """The summary of the same bytes on this machine."""

    def local(name: str, data: bytes, **options):
        path = tmp_path / name
        path.write_bytes(data)
        return summary(str(path), **options)

    return local


def test_a_small_file_is_one_request(put, reads, local):
    data = as_parquet(table(rows=1000))
    assert len(data) < 128 * KIB
    assert summary(put("small.parquet", data)) == local("small.parquet", data)
    assert reads() == (1, len(data))


def test_two_columns_of_thirteen_are_two_requests(put, reads, local):
    data = as_parquet(table())
    assert summary(put("wide.parquet", data)) == local("wide.parquet", data)
    assert reads() == (2, used(data, "pred", "target")[0] + 64 * KIB)


def test_columns_that_lie_apart_are_a_request_each(put, reads, local):
    data, roles = as_parquet(table()), {"pred": "x0", "target": "target"}
    assert summary(put("wide.parquet", data), **roles) == local("wide.parquet", data, **roles)
    assert reads() == (3, used(data, "x0", "target")[0] + 64 * KIB)


def test_a_gap_that_is_cheaper_than_a_request_is_fetched_too(put, reads):
    data = as_parquet(table(rows=20_000), row_group_size=1000)
    summary(put("groups.parquet", data), pred="x3", target="x5")
    requests, size = reads()
    chunks, footer = used(data, "x3", "x5")
    assert requests < 40  # chunks
    assert size <= 1.3 * chunks + footer + 128 * KIB


@pytest.mark.parametrize(("rows", "group"), [(2000, 100), (200_000, 20_000), (30_000, 300)])
def test_no_more_is_fetched_than_the_used_chunks_and_little_more(put, reads, local, rows, group):
    data = as_parquet(table(5, rows), row_group_size=group)
    assert summary(put("groups.parquet", data)) == local("groups.parquet", data)
    chunks, footer = used(data, "pred", "target")
    assert reads()[1] <= 1.3 * chunks + footer + 128 * KIB


def test_a_large_footer_is_fetched_once(put, reads, local):
    data = as_parquet(table(200, 2000), row_group_size=100)
    chunks, footer = used(data, "pred", "target")
    assert footer > 300 * KIB
    assert summary(put("footer.parquet", data)) == local("footer.parquet", data)
    assert reads()[1] <= 1.25 * chunks + footer + 48 * KIB


def test_a_row_group_is_fetched_in_pieces_each_once(put, reads, local, monkeypatch):
    from fastloss.files.readers import ranges

    monkeypatch.setattr(ranges, "AHEAD_BYTES", 8 << 20)
    data = as_parquet(table(3, 1_000_000))
    assert summary(put("large.parquet", data)) == local("large.parquet", data)
    requests, size = reads()
    assert size == sum(used(data, "pred", "target"))  # target is the last column, and partly in the tail
    assert requests == 1 + 2 * 4  # columns of 8 MB, in two MiB each


def test_lists_whose_length_the_first_tells_are_fetched_once(put, reads, local):
    rng = np.random.default_rng(0)
    lists = pa.ListArray.from_arrays(np.arange(0, 10 * ROWS + 1, 10, dtype=np.int32), rng.normal(size=10 * ROWS))
    data = as_parquet(pa.table({"x": rng.normal(size=ROWS), "logits": lists, "label": rng.integers(0, 10, ROWS)}))
    options = {"loss": fl.cross_entropy, "pred": "logits", "target": "label"}
    address = put("lists.parquet", data)
    assert fl.score(address, **options).count == ROWS
    requests, size = reads()
    assert requests <= 3
    assert size <= used(data, "logits", "label")[0] + 64 * KIB


def test_timestamps_of_96_bits_are_fetched_once(put, reads, tmp_path):
    stamps = pa.array(np.arange(ROWS) * 1000, pa.timestamp("us"))
    data = as_parquet(table(3).append_column("t", stamps), use_deprecated_int96_timestamps=True)
    fl.score(put("t.parquet", data), str(tmp_path / "out.parquet"), loss=fl.huber, pred="pred", target="target")
    assert reads()[1] <= len(data) + 64 * KIB


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
@pytest.mark.parametrize("infer", [False, True])
def test_text_is_fetched_once(put, reads, local, tmp_path, name, infer):
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(table(4), sink)
    data = sink.getvalue().to_pybytes()
    if name != "a.csv":
        compressed = pa.BufferOutputStream()
        with pa.CompressedOutputStream(
            compressed, {"gz": "gzip", "zst": "zstd"}[name[-len("zst") :].strip(".")]
        ) as out:
            out.write(data)
        data = compressed.getvalue().to_pybytes()
    output = str(tmp_path / "out.parquet") if infer else None
    address = put(name, data)
    assert fl.score(address, output, loss=fl.huber, pred="pred", target="target") == local(name, data)
    assert reads() == (1, len(data))


@pytest.mark.parametrize("writer", [pa.ipc.new_file, pa.ipc.new_stream])
@pytest.mark.parametrize("compression", [None, "zstd"])
def test_arrow_is_fetched_once(put, reads, local, writer, compression):
    sink = pa.BufferOutputStream()
    with writer(sink, table(4).schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as out:
        out.write_table(table(4), max_chunksize=5000)
    data = sink.getvalue().to_pybytes()
    assert summary(put("a.arrow", data)) == local("a.arrow", data)
    requests, size = reads()
    assert size == len(data)
    assert requests <= 3


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("columns", [None, 40])
def test_arrays_are_fetched_once(put, reads, local, order, columns):
    rng = np.random.default_rng(0)
    values = np.asarray(rng.normal(size=ROWS if columns is None else (ROWS // 4, columns)), order=order)
    sink = io.BytesIO()
    np.save(sink, values)
    data, roles = sink.getvalue(), {"pred": None, "target": None, "multioutput": "uniform_average"}
    assert summary(put("a.npy", data), **roles) == local("a.npy", data, **roles)
    requests, size = reads()
    assert size == len(data)
    assert requests <= (5 if order == "F" and columns else 2)  # many columns in step are in memory in smaller pieces


def test_a_head_is_fetched_once(put, reads, tmp_path):
    rng, head, path = np.random.default_rng(0), io.BytesIO(), tmp_path / "x.parquet"
    np.save(head, rng.normal(size=(1000, 64)).astype(np.float32))
    embeddings = pa.FixedSizeListArray.from_arrays(rng.normal(size=64 * 100).astype(np.float32), 64)
    pq.write_table(pa.table({"x": embeddings, "label": rng.integers(0, 1000, 100)}), path)
    options = {"loss": fl.arcface, "pred": "x", "target": "label"}
    near = tmp_path / "head.npy"
    near.write_bytes(head.getvalue())
    expected = fl.score(str(path), head=str(near), **options)
    assert fl.score(str(path), head=put("head.npy", head.getvalue()), **options) == expected
    assert reads()[1] == len(head.getvalue())


@pytest.mark.parametrize("harm", [Harm(cut=True), Harm(status=503)], ids=["cut", "refused"])
def test_answers_that_fail_are_asked_for_again(put, proxy, local, harm):
    data = as_parquet(table(), row_group_size=5000)
    address = put("wide.parquet", data)
    proxy.harm = each(3, harm, lambda request: request.kind == "GET")
    assert summary(address) == local("wide.parquet", data)


@pytest.mark.parametrize("harm", [Harm(cut=True), Harm(status=403, body=DENIED)], ids=["cut", "denied"])
@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.arrow"])
def test_an_object_that_cannot_be_read_is_named_once(put, proxy, harm, name, tmp_path):
    address = put(name, _written(tmp_path / name))
    proxy.harm = lambda request: harm if request.kind == "GET" and "Range" in request.headers else None
    with pytest.raises((ScoringError, OSError)) as raised:
        summary(address)
    said = str(raised.value)
    assert said.count(address) == 1
    assert "cannot be read as" not in said
    assert "\n" not in said


def _written(path) -> bytes:
    data = table(4)
    if path.suffix == ".csv":
        pa.csv.write_csv(data, path)
    elif path.suffix == ".arrow":
        pa.feather.write_feather(data, path, compression="uncompressed")
    else:
        pq.write_table(data, path)
    return path.read_bytes()


def test_small_objects_go_into_one_output_as_files_do(put, reads, tmp_path):
    near = tmp_path / "in"
    near.mkdir()
    for i in range(12):
        data = as_parquet(table(4, 1000, seed=i))
        (near / f"{i:02}.parquet").write_bytes(data)
        put(f"in/{i:02}.parquet", data)
    there = put("in/00.parquet", (near / "00.parquet").read_bytes()).rsplit("/", 1)[0]
    options = {"loss": fl.huber, "pred": "pred", "target": "target"}
    assert fl.score(there, str(tmp_path / "there.parquet"), **options) == fl.score(
        str(near), str(tmp_path / "near.parquet"), **options
    )
    assert pq.read_table(tmp_path / "there.parquet") == pq.read_table(tmp_path / "near.parquet")
    assert reads()[0] <= 1 + 2 * 12  # once for their columns, once for their rows; one for the number of classes


def test_many_objects_are_not_asked_for_their_row_groups_beforehand(put, proxy, reads, monkeypatch):
    monkeypatch.setattr("fastloss.files.AUTOMATIC_BYTES", 1000)
    for i in range(12):
        there = put(f"in/{i:02}.parquet", as_parquet(table(4, 1000, seed=i))).rsplit("/", 1)[0]
    assert summary(there).count == 12_000
    assert reads()[0] <= 1 + 12


def test_more_workers_read_small_objects():
    from fastloss.core.threads import processors
    from fastloss.files.dataset import Fragment
    from fastloss.files.engines.local import MOST_WORKERS, OBJECTS_BYTES, _suited

    def suited(*sizes):
        return _suited([Fragment("a.parquet", "parquet", size=size) for size in sizes], are_small=False)

    assert suited(1000, 1000) == max(MOST_WORKERS, processors())
    assert suited(0) == max(MOST_WORKERS, processors())
    assert suited(1000, None) == processors()
    assert suited(OBJECTS_BYTES) == processors()


@pytest.mark.parametrize("read", [1, 2, 4])
def test_an_object_that_is_replaced_while_it_is_read_is_named_or_read_anew(put, proxy, s3, local, read):
    old, new = (as_parquet(table(4, 200_000, seed), row_group_size=50_000) for seed in (1, 2))
    assert len(old) == len(new)
    address, seen = put("key.parquet", old), 0

    def replace(request):
        nonlocal seen
        seen += request.kind == "GET"
        if seen == read and request.kind == "GET":
            s3.pipe_file(address.removeprefix("s3://"), new)

    proxy.harm = replace
    found = outcome(address, pred="x0", target="x1")
    wholes = [local("key.parquet", data, pred="x0", target="x1") for data in (old, new)]
    assert found in wholes or (found.count("key.parquet") == 1 and "changed" in found)
    assert seen >= read
