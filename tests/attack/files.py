"""Mutated files: their summary, another summary or one line that names the file; nothing is left behind, no crash, no
traceback of another kind, no gigabyte of memory."""

import ctypes
import gc
import os
import resource
import sys
import tempfile
from functools import cache
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet

import fastloss as fl
from fastloss.files import ScoringError

from .finding import Finding, require
from .mutations import compressed, good_files, mutated

__all__ = ["trial"]

GIB = 1 << 30
JOBS = (
    {"loss": "huber", "residual": "r"},
    {"loss": "huber", "pred": "p", "target": "r", "emit": ("value", "weight")},
    {"loss": "squared_error", "pred": "p", "target": "r", "by": "g", "sample_weight": "w"},
    {"loss": "cross_entropy", "pred": "l", "target": "t"},
    {"loss": "absolute_error", "residual": "money", "by": "d"},
)
M_ARENA_MAX = -8  # of mallopt


@cache
def _files():
    """The good files; made once a process, whose memory is limited from then on."""
    pa.set_memory_pool(pa.system_memory_pool())
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    files = good_files()
    gc.freeze()  # so that what follows is collected in no time
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + 5 * GIB, resource.RLIM_INFINITY))
    return files


def _status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def trial(seed):
    random = Random(seed)
    files = _files()
    gc.collect()  # errors hold what was read until then, which is large at times
    name = random.choice(sorted(files))
    content = mutated(random, name, files[name], files) if random.random() > 0.02 else files[name]
    extension = os.path.splitext(name)[1]
    if extension in (".csv", ".tsv", ".arrow", ".feather", ".jsonl") and random.random() < 0.25:
        outer = random.choice((".gz", ".zst"))
        content, extension = compressed(content, outer), extension + outer
        if random.random() < 0.3:
            content = mutated(random, name, content, files)
    with tempfile.TemporaryDirectory() as directory:
        try:
            _score(random, Path(directory), extension, content)
        except Finding as finding:
            raise Finding(finding.kind, f"{finding.text}; {name} as {extension}") from finding.__cause__
    return {"files": 1}


def _score(random, directory, extension, content):
    is_stream = extension == ".stream"
    path = directory / f"mutated{'.arrow' if is_stream else extension}"
    path.write_bytes(content)
    job = dict(random.choice(JOBS)) if ".npy" not in extension else {"loss": "huber", "residual": "residual"}
    if ".npy" in extension:
        del job["residual"]
    output, source = _output(random, directory, extension), str(path)
    if output is not None and output.endswith(".csv"):
        job["keep"] = "none"  # it has no lists
    before = sorted(os.listdir(directory))
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory is counted from here
    memory, stdin = _status("VmHWM"), sys.stdin
    summary, ignored = None, []
    sys.unraisablehook = ignored.append
    try:
        if is_stream:
            sys.stdin, source = path.open(), "-"
            job["format"] = "arrow"
        summary = fl.score(source, output, num_threads=1, workers=1, **job)
    except (ScoringError, OSError) as error:
        text = str(error)
        require(len(text.splitlines()) == 1, "not one line", repr(text))
        is_named = (path.name if source != "-" else "standard input") in text
        require(is_named, "names nothing", f"{type(error).__name__}: {text}")
    except Exception as error:
        raise Finding("exception", f"{type(error).__name__}: {error}"[:400]) from error
    finally:
        if is_stream:
            sys.stdin.close()
        sys.stdin, sys.unraisablehook = stdin, sys.__unraisablehook__
    require(not ignored, "exception ignored", lambda: f"{ignored[0].exc_type.__name__} in {ignored[0].object}")
    grown = _status("VmHWM") - memory
    require(grown < GIB, "memory", f"{grown >> 20} MiB")
    _check_what_is_left(directory, before, output, summary)


def _output(random, directory, extension):
    if random.random() < 0.4:
        return None
    if ".npy" in extension:
        return str(directory / "scored.npy")
    return f"{directory}/{random.choice(('scored.parquet', 'scored.csv', 'scored.arrow', 'out/'))}"


def _check_what_is_left(directory, before, output, summary):
    """The output, with as many rows as the summary has, or nothing new."""
    after = sorted(os.path.relpath(os.path.join(d, f), directory) for d, _, fs in os.walk(directory) for f in fs)
    new = [name for name in after if name not in before]
    if summary is None:
        require(not new, "left behind", str(new))
        return
    wanted = [] if output is None else [os.path.relpath(output, directory)]
    if output is not None and output.endswith("/"):
        require(len(new) == 2 and new[0].startswith("out/_"), "left behind", str(new))
        wanted = new
    require(new == wanted, "left behind", f"{new} for {wanted}")
    if output is not None and output.endswith(".parquet"):
        rows = summary.count + summary.null + summary.nan + summary.ignored
        written = pa.parquet.read_metadata(output).num_rows
        require(rows == written, "summary differs", f"{rows} rows in the summary, {written} written")
