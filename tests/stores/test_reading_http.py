"""Files of web servers: with ranges and without, with versions and without."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fastloss as fl
from fastloss.files.errors import ScoringError


class Web:
    """A server of one file; `after` is called before each answer but those to HEAD, with the number of it."""

    def __init__(self, data: bytes, ranges: bool, tag: str | None):
        self.data, self.ranges, self.tag, self.sent = data, ranges, tag, []
        self.after = lambda number: None
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self._answer(200, len(web.data))

            def do_GET(self):
                web.after(len(web.sent) + 1)
                condition = self.headers.get("If-Match")
                if condition not in (None, web.tag):
                    web.sent.append(0)
                    self._answer(412, 0)
                    return
                asked, data, status = self.headers.get("Range"), web.data, 200
                if asked and web.ranges:
                    start, stop = map(int, asked.removeprefix("bytes=").split("-"))
                    data, status = data[start : stop + 1], 206
                web.sent.append(len(data))
                self._answer(status, len(data))
                self.wfile.write(data)

            def _answer(self, status, length):
                self.send_response(status)
                if web.tag:
                    self.send_header("ETag", web.tag)
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/a.parquet"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def parquet(path: Path, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    table = pa.table({name: rng.normal(size=50_000) for name in ("pred", "target", "x", "y")})
    pq.write_table(table, path, use_dictionary=False, compression="none", row_group_size=10_000)
    return path.read_bytes()


def summary(source):
    return fl.score(str(source), loss=fl.huber, pred="pred", target="target")


def outcome(source):
    """The summary, or what is said in place of it."""
    try:
        return summary(source)
    except ScoringError as error:
        return str(error)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("tag", ['"strong"', 'W/"weak"', None])
def test_a_file_of_a_web_server(tmp_path, ranges, tag):
    path = tmp_path / "a.parquet"
    with Web(parquet(path), ranges, tag) as web:
        assert summary(web.url) == summary(path)
    if ranges:
        assert sum(web.sent) <= 1.3 * 800_000 + (128 << 10)


@pytest.mark.parametrize("tag", ['"strong"', 'W/"weak"'])
def test_a_file_that_is_replaced_on_a_web_server_is_named_or_read_anew(tmp_path, tag):
    new, old = tmp_path / "new.parquet", tmp_path / "old.parquet"
    data = {path: parquet(path, seed) for seed, path in enumerate((new, old))}
    assert len(data[new]) == len(data[old])
    with Web(data[old], True, tag) as web:

        def replace(number):
            if number == 3:
                web.data, web.tag = data[new], tag.replace("s", "S").replace("w", "W")

        web.after = replace
        found = outcome(web.url)
    assert found in (summary(new), summary(old)) or "changed" in found


def test_an_address_that_names_no_format():
    with Web(b"r\n1\n2\n", True, None) as web:
        url = web.url.removesuffix("a.parquet")
        assert fl.score(f"{url}a", loss=fl.huber, residual="r", format="csv").count == 2
        assert fl.score(f"{url}a?file=x", loss=fl.huber, residual="r", format="csv").count == 2
