"""Fixtures of the tests of stores: an S3 server, an empty bucket in it, and a proxy before it."""

import uuid
from importlib.util import find_spec

import pytest
from servers import Proxy, environment, options, s3_server

if find_spec("moto") is None or find_spec("s3fs") is None:  # pip install 'fastloss[stores]'
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items):
    for item in items:
        if "/tests/stores/" in str(item.path):
            item.add_marker("stores")


@pytest.fixture(scope="session")
def server():
    """The URL of the server."""
    with s3_server() as url:
        yield url


@pytest.fixture
def proxy(server, monkeypatch):
    """A proxy before the server, where all libraries find it by the environment, too."""
    with Proxy(server) as proxy:
        for name, value in environment(proxy.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        yield proxy


@pytest.fixture
def s3(server):
    """The file system of the server itself, which is not counted, and remembers nothing."""
    import s3fs

    return s3fs.S3FileSystem(**options(server), use_listings_cache=False, skip_instance_cache=True)


@pytest.fixture
def bucket(s3):
    """The name of a new bucket."""
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3.call_s3("create_bucket", Bucket=name)  # mkdir would name a region, which this one is not to be called by
    return name
