"""Jobs that are killed, and resumed: the same bytes in the end, nothing twice, no leftovers."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl

FILES = 8


@pytest.mark.parametrize("engine", ["local", pytest.param("dask", marks=pytest.mark.dask)])
def test_killed_jobs_are_resumed(proxy, s3, bucket, engine):
    if engine == "dask":
        pytest.importorskip("distributed")
    for number in range(FILES):
        sink = pa.BufferOutputStream()
        values = np.random.default_rng(number).standard_normal(500)
        pa.parquet.write_table(pa.table({"r": values}), sink)
        s3.pipe_file(f"{bucket}/in/{number}.parquet", sink.getvalue().to_pybytes())
    source, options = f"s3://{bucket}/in", ["--loss", "huber", "--residual", "r", "--engine", engine, "--workers", "2"]
    whole = fl.score(source, f"s3://{bucket}/expected/", loss=fl.huber, residual="r")

    def contents(name):
        return {path.removeprefix(f"{bucket}/{name}/"): s3.cat_file(path) for path in s3.find(f"{bucket}/{name}")}

    def command(*more):
        return [
            sys.executable,
            "-m",
            "fastloss",
            "score",
            source,
            "-o",
            f"s3://{bucket}/out/",
            "--resume",
            *options,
            *more,
        ]

    for kills in (1, 8):  # writes, of the lock, then of records and outputs
        enough, seen = threading.Event(), 0

        def count(request, kills=kills, enough=enough):
            nonlocal seen
            seen += request.kind == "PUT"
            if seen == kills:
                enough.set()

        proxy.harm = count
        process = subprocess.Popen(command(), start_new_session=True, stderr=subprocess.DEVNULL)
        while not enough.wait(0.05) and process.poll() is None:
            pass
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        proxy.harm = None
    done = subprocess.run(command("--json"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == whole.to_json()
    assert contents("out") == contents("expected")
