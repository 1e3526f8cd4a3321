"""What is read and written in an object store: literal names, versions, buckets that are not made, failures."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest
from servers import DENIED, Harm, each, options, unused_url

import fastloss as fl
from fastloss.files import ScoringError
from fastloss.files.stores import remote
from fastloss.files.stores.addresses import Addresses

HUBER = {"loss": fl.huber, "residual": "r"}


def parquet(seed: int, rows: int = 40) -> bytes:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(pa.table({"r": np.random.default_rng(seed).standard_normal(rows)}), sink)
    return sink.getvalue().to_pybytes()


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.fixture
def put(proxy, s3, bucket):
    """Puts objects into the bucket; returns the address of it."""

    def put(**objects):
        for name, content in objects.items():
            s3.pipe_file(f"{bucket}/{name}", content)
        return f"s3://{bucket}"

    return put


def contents(s3, root):
    return {path.removeprefix(root + "/"): s3.cat_file(path) for path in s3.find(root)}


def test_a_changed_input_of_equal_size_is_scored_again(put, s3, bucket):
    url = put(**{"in/a.npy": npy(np.ones(10)), "in/b.npy": npy(np.ones(10))})
    options = {"loss": fl.huber, "keep": "none"}
    fl.score(f"{url}/in", f"{url}/out/", **options)
    s3.pipe_file(f"{bucket}/in/a.npy", npy(np.full(10, 3.0)))
    summary = fl.score(f"{url}/in", f"{url}/out/", resume=True, **options)
    assert summary.max == 2.5 and summary == fl.score(f"{url}/in", **options)
    assert np.load(io.BytesIO(s3.cat_file(f"{bucket}/out/a.npy")))[0] == 2.5


def test_nothing_is_remembered_from_an_earlier_call(put, s3, bucket):
    url = put(**{"in/a.parquet": parquet(0), "in/b.parquet": parquet(1)})
    assert fl.score(f"{url}/in", f"{url}/out/", **HUBER).count == 80
    assert fl.score(f"{url}/in/*.parquet", **HUBER).count == 80
    s3.pipe_file(f"{bucket}/in/c.parquet", parquet(2, 50))
    s3.pipe_file(f"{bucket}/in/a.parquet", parquet(3, 60))
    s3.rm_file(f"{bucket}/out/b.parquet")
    assert fl.score(f"{url}/in/*.parquet", **HUBER).count == 150
    assert fl.score(f"{url}/in", f"{url}/out/", resume=True, **HUBER).count == 150
    assert s3.exists(f"{bucket}/out/b.parquet") and s3.exists(f"{bucket}/out/c.parquet")


def test_an_output_that_was_changed_is_made_again(put, s3, bucket, proxy):
    url = put(**{"in/a.parquet": parquet(0)})
    fl.score(f"{url}/in", f"{url}/out/", **HUBER)
    expected = s3.cat_file(f"{bucket}/out/a.parquet")
    s3.pipe_file(f"{bucket}/out/a.parquet", bytes(len(expected)))
    fl.score(f"{url}/in", f"{url}/out/", resume=True, **HUBER)
    assert s3.cat_file(f"{bucket}/out/a.parquet") == expected


@pytest.mark.parametrize("output", ["out/", "out", "out.parquet"])
def test_a_bucket_is_never_made(put, s3, output):
    url = put(**{"in/a.parquet": parquet(0), "in/b.parquet": parquet(1)})
    with pytest.raises((ScoringError, OSError), match="does not exist") as caught:
        fl.score(f"{url}/in", f"s3://no-such-bucket/{output}", **HUBER)
    assert "s3://no-such-bucket/" in str(caught.value)
    assert not s3.exists("no-such-bucket")


@pytest.mark.parametrize("name", ["a*b", "a?b", "a[1]", "[ab]", "*", "a b", "ä%20", "a#b"])
def test_names_are_literal(put, s3, bucket, name):
    url = put(**{f"in/{name}.parquet": parquet(0), "in/a1b.parquet": parquet(1)})
    assert fl.score(f"{url}/in", f"{url}/out-{name}/", **HUBER).count == 80
    assert set(contents(s3, f"{bucket}/out-{name}")) >= {f"{name}.parquet", "a1b.parquet"}
    assert fl.score(f"{url}/in/{name}.parquet", f"{url}/{name}.csv", **HUBER).count == 40
    assert s3.info(f"{bucket}/{name}.csv")["size"]
    assert fl.score(f"{url}/in", f"{url}/out-{name}/", resume=True, **HUBER).count == 80


def test_names_with_colons(put, s3, bucket):
    """What is before `::` is a protocol in fsspec's chains alone."""
    base = put(**{"in/a::b.parquet": parquet(0)})
    assert fl.score(f"{base}/in/a::b.parquet", f"{base}/out/c::d.parquet", **HUBER).count == 40
    s3.pipe_file(f"{bucket}/plain.parquet", parquet(0))
    assert fl.score(f"simplecache::{base}/plain.parquet", **HUBER).count == 40


def test_options_that_no_library_knows(put):
    base = put(**{"a.parquet": parquet(0)})
    for name, value in (("nonsense", 1), ("client_kwargs", "x"), ("s3", 5)):
        with pytest.raises((ScoringError, OSError)) as caught:
            fl.score(f"{base}/a.parquet", storage_options={name: value}, **HUBER)
        assert f"{base}/a.parquet" in str(caught.value) and "storage_options" in str(caught.value)


def test_patterns(put):
    url = put(**{f"in/{name}.parquet": parquet(i) for i, name in enumerate(["a", "b", "day=1/c", "x/y/z"])})
    assert fl.score(f"{url}/in/*.parquet", **HUBER).count == 80
    assert fl.score(f"{url}/in/[ac].parquet", **HUBER).count == 40
    assert fl.score(f"{url}/in/*/*.parquet", **HUBER).count == 40
    assert fl.score(f"{url}/in/**/*.parquet", **HUBER).count == 160
    with pytest.raises(ScoringError, match="no data files"):
        fl.score(f"{url}/in/q*.parquet", **HUBER)


@pytest.mark.parametrize("pattern", ["*.parquet", "**", "in-*/*.parquet"])
def test_patterns_in_a_bucket_that_is_not_there(proxy, pattern):
    with pytest.raises(FileNotFoundError, match="bucket does not exist"):
        fl.score(f"s3://no-such-bucket/{pattern}", **HUBER)


def test_patterns_of_all_that_is_below(put):
    url = put(**{f"in/{name}.parquet": parquet(i) for i, name in enumerate(["a", "s/b", "s/t/c", "_tmp/d"])})
    for pattern, files in (("**", 3), ("in/**", 3), ("in/s/**", 2), ("in/s**/*", 1), ("in/**.parquet", 1)):
        assert fl.score(f"{url}/{pattern}", **HUBER).count == 40 * files
    with pytest.raises(ScoringError, match="no data files"):
        fl.score(f"{url}/in/s**", **HUBER)


def test_names_with_wildcards_and_a_slash_at_the_end(put):
    url = put(**{"f[1]/x.parquet": parquet(0), "w?/x.parquet": parquet(1, 50), "wz/x.parquet": parquet(2, 60)})
    assert fl.score(f"{url}/f[1]/", **HUBER).count == 40
    assert fl.score(f"{url}/w?/", **HUBER).count == fl.score(f"{url}/w?", **HUBER).count == 50


def test_empty_parts_at_the_end_of_a_directory(put, s3, bucket):
    url = put(**{"ds/x.parquet": parquet(0), "ds//x.parquet": parquet(1, 50), "ds//y/z.parquet": parquet(2, 60)})
    assert fl.score(f"{url}/ds//", f"{url}/ds/out/", **HUBER).count == 110
    assert set(contents(s3, f"{bucket}/ds/out")) >= {"x.parquet", "y/z.parquet"}
    assert fl.score(f"{url}/ds//*.parquet", **HUBER).count == 50
    assert fl.score(f"{url}/ds//y*/*.parquet", **HUBER).count == 60
    for given in ("ds//", "ds//**"):
        with pytest.raises(ScoringError, match="lies in the input"):
            fl.score(f"{url}/{given}", f"{url}/ds//out/", **HUBER)
    with pytest.raises(FileNotFoundError):
        fl.score(f"{url}/ds///", **HUBER)


def test_patterns_beside_tables(put, proxy):
    names = {f"run-{i}/x.parquet": parquet(i) for i in range(3)} | {"run-t/t/y.parquet": parquet(3)}
    url = put(**names, **{"other/_delta_log/0.json": b"", "run-t/t/_delta_log/0.json": b""})
    for pattern in ("run-*/x.parquet", "*/x.parquet", "*/*.parquet"):
        assert fl.score(f"{url}/{pattern}", **HUBER).count == 120
    for pattern in ("run-*/*/y.parquet", "**", "run-t/**", "run-t/t*/*"):
        with pytest.raises(ScoringError, match="run-t/t: this folder is a Delta Lake table"):
            fl.score(f"{url}/{pattern}", **HUBER)
    store, root = Addresses().at(f"{url}/")
    assert set(store.files(root, "run-")) == {*names, "run-t/t/_delta_log/0.json"}  # the rest is not listed
    put(**{"_delta_log/0.json": b""})
    with pytest.raises(ScoringError, match="this folder is a Delta Lake table"):
        fl.score(f"{url}/run-*/x.parquet", **HUBER)


def test_a_key_that_is_a_directory_too(put, s3, bucket):
    url = put(**{"in/k.parquet": parquet(0), "in/k.parquet/x.parquet": parquet(1)})
    assert fl.score(f"{url}/in", f"{url}/out/", **HUBER).count == 80
    assert {"k.parquet", "k.parquet/x.parquet"} <= set(contents(s3, f"{bucket}/out"))


def test_keys_that_stand_for_directories_and_empty_parts(put, s3, bucket):
    markers = {name: b"" for name in ("in/", "in/day=1/", "in/day=1_$folder$")}
    url = put(**{**markers, "in/day=1/a.parquet": parquet(0), "in/x//b.parquet": parquet(1)})
    assert fl.score(f"{url}/in", f"{url}/out/", **HUBER).count == 80
    assert {"day=1/a.parquet", "x//b.parquet", "x//_b.parquet.json"} <= set(contents(s3, f"{bucket}/out"))
    assert fl.score(f"{url}/in", f"{url}/out/", resume=True, **HUBER).count == 80


def test_an_output_inside_of_the_input(put, tmp_path):
    url = put(**{"in/a.parquet": parquet(0)})
    for output in (f"{url}/in/out/", f"{url}/in/out.parquet", f"{url}/in/_out/", url.replace("s3:", "S3:") + "/in/o/"):
        with pytest.raises(ScoringError, match="lies in the input"):
            fl.score(f"{url}/in", output, **HUBER)
    fl.score(f"{url}/in", f"{url}/in-scored/", **HUBER)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").write_bytes(parquet(0))
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(ScoringError, match="lies in the input"):
        fl.score(tmp_path / "in", tmp_path / "link" / "out.parquet", **HUBER)
    fl.score(tmp_path / "in", f"{tmp_path}/in-scored/", **HUBER)


def test_an_input_is_not_replaced_by_any_name_of_it(put, proxy, s3, bucket):
    url = put(**{"in/a.parquet": parquet(0)})
    before = s3.cat_file(f"{bucket}/in/a.parquet")
    own = pa.fs.S3FileSystem(access_key="key", secret_key="secret", endpoint_override=proxy.url, region="us-east-1")
    given = pa.dataset.dataset(f"{bucket}/in/a.parquet", filesystem=own)
    for source, output in (
        (given, f"{url}/in/a.parquet"),
        (f"{url}/in/a.parquet".replace("s3:", "s3a:"), f"{url}/in/a.parquet"),
        (f"{url}/in/a.parquet", f"{url}/in/a.parquet".replace("s3:", "S3:")),
        ([f"{url}/in/a.parquet"], f"{url}/in/"),
    ):
        with pytest.raises(ScoringError, match="would replace an input"):
            fl.score(source, output, **HUBER)
    assert s3.cat_file(f"{bucket}/in/a.parquet") == before
    assert fl.score(given, f"{url}/other.parquet", **HUBER).count == 40


def test_arrays_with_targets_and_heads(put):
    rng = np.random.default_rng(0)
    pred, target, head = rng.normal(size=(9, 4)), rng.integers(0, 3, 9), rng.normal(size=(3, 4))
    url = put(**{"p/x.npy": npy(pred[:, :3].copy()), "t/x.npy": npy(target), "e.npy": npy(pred), "h.npy": npy(head)})
    expected = fl.cross_entropy(pred[:, :3], target)
    for given, labels in ((f"{url}/p/x.npy", f"{url}/t/x.npy"), (f"{url}/p", f"{url}/t")):
        assert fl.score(given, loss=fl.cross_entropy, target=labels).mean == pytest.approx(expected.mean())
    with pytest.raises(FileNotFoundError, match=f"{url}/t/y.npy"):
        fl.score(f"{url}/p/x.npy", loss=fl.cross_entropy, target=f"{url}/t/y.npy")
    summary = fl.score(f"{url}/e.npy", loss=fl.linear_cross_entropy, target=f"{url}/t/x.npy", head=f"{url}/h.npy")
    assert summary.mean == pytest.approx(fl.linear_cross_entropy(pred, head, target).mean())


def test_options_that_are_given(server, proxy, s3, bucket, monkeypatch):
    s3.pipe_file(f"{bucket}/a.parquet", parquet(0))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    for given in (options(proxy.url), {"s3": options(proxy.url)}):
        assert fl.score(f"s3://{bucket}/a.parquet", storage_options=given, **HUBER).count == 40
    assert proxy.total()
    with pytest.raises(ScoringError, match="storage_options"):
        fl.score(f"s3://{bucket}/a.parquet", storage_options=7, **HUBER)


@pytest.mark.parametrize("engine", ["local"])
def test_failures_are_those_of_fragments(put, s3, bucket, proxy, engine):
    url = put(**{f"in/{i}.parquet": parquet(i) for i in range(5)})
    proxy.harm = each(1, Harm(403, DENIED), lambda request: request.key.endswith("3.parquet") and request.kind == "GET")
    with pytest.raises(ScoringError, match=rf"^{url}/in/3.parquet: .*Denied.*1 of 5 files failed, the others are done"):
        fl.score(f"{url}/in", f"{url}/out/", engine=engine, **HUBER)
    assert len(contents(s3, f"{bucket}/out")) == 8
    proxy.harm = None
    assert fl.score(f"{url}/in", f"{url}/out/", resume=True, engine=engine, **HUBER).count == 200


def test_a_server_that_is_overloaded_and_answers_that_are_cut(put, s3, bucket, proxy):
    url = put(**{f"in/{i}.parquet": parquet(i) for i in range(9)})
    whole = fl.score(f"{url}/in", f"{url}/expected/", **HUBER)
    expected = contents(s3, f"{bucket}/expected")
    for n, harm in enumerate((Harm(503), Harm(cut=True))):
        proxy.harm = each(10, harm)
        assert fl.score(f"{url}/in", f"{url}/out{n}/", **HUBER) == whole
        proxy.harm = None
        assert contents(s3, f"{bucket}/out{n}") == expected


def test_credentials_that_may_write_and_not_remove(put, s3, bucket, proxy):
    url = put(**{f"in/{i}.parquet": parquet(i) for i in range(3)})
    proxy.harm = each(1, Harm(403, DENIED), lambda request: request.kind in ("DELETE", "DELETES", "UPLOADS"))
    whole = fl.score(f"{url}/in", f"{url}/out/", **HUBER)
    assert fl.score(f"{url}/in", f"{url}/out/", resume=True, **HUBER) == whole
    s3.rm_file(f"{bucket}/in/1.parquet")
    with pytest.raises((ScoringError, OSError), match=f"{url}/out/1.parquet: .*denied"):
        fl.score(f"{url}/in", f"{url}/out/", resume=True, **HUBER)


def test_uploads_that_a_kill_left_are_aborted(put, s3, bucket):
    url = put(**{"in/a.parquet": parquet(0)})
    fl.score(f"{url}/in", f"{url}/out/", **HUBER)
    for key in ("out/a.parquet", "out/other.bin", "elsewhere/a.parquet"):
        s3.call_s3("create_multipart_upload", Bucket=bucket, Key=key)
    fl.score(f"{url}/in", f"{url}/out/", resume=True, **HUBER)
    left = s3.call_s3("list_multipart_uploads", Bucket=bucket)["Uploads"]
    assert {upload["Key"] for upload in left} == {"out/other.bin", "elsewhere/a.parquet"}


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fastloss", *arguments, "--loss", "huber", "--residual", "r"],
        capture_output=True,
        text=True,
    )


def test_the_command_takes_options(server, proxy, s3, bucket, monkeypatch):
    s3.pipe_file(f"{bucket}/a.parquet", parquet(0))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    given = ["key=123", "secret=1e5", f"endpoint_url={proxy.url}", 'client_kwargs={"region_name": "us-east-1"}']
    stored = [part for text in given for part in ("--storage", text)]
    done = command("score", f"s3://{bucket}/a.parquet", "--json", *stored)
    assert done.returncode == 0 and '"count": 40' in done.stdout
    assert "Credential=123/" in proxy.requests[0].headers["Authorization"]
    for wrong, message in (("secret", "expected KEY=VALUE"), ("key=a", "given twice")):
        done = command("score", f"s3://{bucket}/a.parquet", *stored, "--storage", wrong)
        assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (Harm(403, DENIED), "access is denied"),
        (Harm(503), "s3://"),
        (Harm(cut=True), "s3://"),
        (Harm(500, b"<html>"), "s3://"),
    ],
)
def test_a_store_that_fails_is_one_line(put, proxy, harm, said):
    url = put(**{"in/a.parquet": parquet(0)})
    for output in ((), ("-o", f"{url}/out/")):
        proxy.harm = each(1, harm)
        done = command("score", f"{url}/in", *output)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and url in done.stderr and said in done.stderr


@pytest.mark.parametrize("lacking", ["network", "credentials", "bucket", "key"])
def test_what_is_lacking_is_said_before_any_work(put, s3, bucket, proxy, monkeypatch, lacking):
    url = put(**{"in/a.parquet": parquet(0)})
    if lacking == "network":
        monkeypatch.setenv("AWS_ENDPOINT_URL", unused_url())
    elif lacking == "credentials":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    elif lacking == "bucket":
        url = "s3://no-such-bucket"
    else:
        url += "/nowhere"
    for source in (f"{url}/in", f"{url}/in/a.parquet", f"{url}/in/*.parquet"):
        done = command("score", source)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and url in done.stderr


def test_addresses_of_other_spellings(put, proxy, s3, bucket):
    url = put(**{"in/a.parquet": parquet(0)})
    for source in (f"S3://{bucket}/in", Path(f"{url}/in"), f"s3a://{bucket}/in/a.parquet", Path(f"{url}/in/a.parquet")):
        assert fl.score(source, **HUBER).count == 40
    fl.score(Path(f"{url}/in"), Path(f"{url}/out"), **HUBER)
    assert s3.exists(f"{bucket}/out/a.parquet")


def test_presigned_addresses_and_versions(put, proxy, s3, bucket):
    url = put(**{"a.parquet": parquet(0, 10)})
    presigned = s3.sign(f"{bucket}/a.parquet", expiration=1000)
    assert "?" in presigned
    assert fl.score(presigned, **HUBER).count == 10
    with pytest.raises((ScoringError, OSError)) as caught:
        fl.score(presigned.replace("a.parquet", "b.parquet"), **HUBER)
    assert "Signature" not in str(caught.value)
    s3.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.call_s3("put_object", Bucket=bucket, Key="v.parquet", Body=parquet(1, 20))["VersionId"]
    s3.pipe_file(f"{bucket}/v.parquet", parquet(2, 30))
    assert fl.score(f"{url}/v.parquet", **HUBER).count == 30
    assert fl.score(f"{url}/v.parquet?versionId={first}", **HUBER).count == 20


def test_addresses_of_https_that_fail(put, proxy, s3, bucket):
    put(**{"a.parquet": parquet(0, 10)})
    presigned = s3.sign(f"{bucket}/a.parquet", expiration=1000).replace(s3.endpoint_url, proxy.url)
    assert fl.score(presigned, **HUBER).count == 10
    for status, said in ((403, "access is denied"), (404, "No such file"), (500, "500")):
        proxy.harm = each(1, Harm(status, b""))
        with pytest.raises((ScoringError, OSError), match=said) as caught:
            fl.score(presigned, **HUBER)
        assert f"{bucket}/a.parquet" in str(caught.value) and "Signature" not in str(caught.value)
    with pytest.raises((ScoringError, OSError), match=r"(?i)connect") as caught:
        fl.score(presigned.replace(proxy.url, unused_url()), **HUBER)
    assert "Signature" not in str(caught.value)


def test_a_large_output_is_uploaded_in_parts(put, proxy, s3, bucket, monkeypatch):
    monkeypatch.setattr(remote, "BIG_BYTES", 1000)
    monkeypatch.setattr(remote, "PART_BYTES", 5 << 20)
    url = put(**{"in/a.npy": npy(np.random.default_rng(0).standard_normal(1_500_000))})
    options = {"loss": fl.huber, "keep": "none"}
    whole = fl.score(f"{url}/in", f"{url}/out/", **options)
    assert proxy.count()["PART"] == 3
    expected = contents(s3, f"{bucket}/out")
    assert len(expected["a.npy"]) == 12_000_128
    proxy.clear()
    assert fl.score(f"{url}/in", f"{url}/out/", resume=True, **options) == whole
    assert proxy.sent() > 12_000_128  # its ETag is no MD5, so that it is read
    assert contents(s3, f"{bucket}/out") == expected
    proxy.harm = each(2, Harm(403, DENIED), lambda request: request.kind == "PART")
    with pytest.raises(ScoringError, match=f"{url}/out2/a.npy"):
        fl.score(f"{url}/in", f"{url}/out2/", **options)
    assert "Uploads" not in s3.call_s3("list_multipart_uploads", Bucket=bucket)
