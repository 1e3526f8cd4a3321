"""The server, and what its proxy counts and does."""

import pytest
import s3fs
from servers import DENIED, Harm, each, options

KEY = "a b/ä.bin"


def through(proxy):
    return s3fs.S3FileSystem(**options(proxy.url), use_listings_cache=False, skip_instance_cache=True)


def test_requests_and_bytes_are_counted(proxy, s3, bucket):
    filesystem = through(proxy)
    filesystem.pipe_file(f"{bucket}/{KEY}", b"0123456789")
    assert proxy.count() == {"PUT": 1} and proxy.requests[0].key == f"{bucket}/{KEY}"
    proxy.clear()
    assert filesystem.cat_file(f"{bucket}/{KEY}", start=2, end=6) == b"2345"
    assert proxy.count() == {"GET": 1} and proxy.sent() == 4
    assert filesystem.find(bucket) == [f"{bucket}/{KEY}"] and proxy.count() == {"GET": 1, "LIST": 1}
    assert s3.cat_file(f"{bucket}/{KEY}") == b"0123456789" and proxy.total() == 2


def test_harm_is_done(proxy, s3, bucket):
    s3.pipe_file(f"{bucket}/k", bytes(1000))
    filesystem = through(proxy)
    proxy.harm = each(1, Harm(403, DENIED), lambda request: request.kind == "GET")
    with pytest.raises(PermissionError):
        filesystem.cat_file(f"{bucket}/k")
    proxy.clear()
    proxy.harm = each(2, Harm(503))
    assert [len(filesystem.cat_file(f"{bucket}/k", end=1000)) for _ in range(2)] == [1000] * 2
    assert [request.status for request in proxy.requests] == [206, 503, 206]
    proxy.clear()
    proxy.harm = each(2, Harm(cut=True))
    assert [len(filesystem.cat_file(f"{bucket}/k", end=1000)) for _ in range(2)] == [1000] * 2
    assert [request.sent for request in proxy.requests] == [1000, 500, 1000]


def test_a_large_object_is_uploaded_in_parts(proxy, bucket, tmp_path):
    (tmp_path / "big").write_bytes(bytes(range(256)) * (12 << 12))
    through(proxy).put_file(str(tmp_path / "big"), f"{bucket}/big", chunksize=5 << 20)
    assert proxy.count()["PART"] == 3
