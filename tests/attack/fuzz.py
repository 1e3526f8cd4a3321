"""Coverage-guided fuzzing of our own readers: `python tests/attack/fuzz.py TARGET -max_total_time=60 [CORPUS ...]`.

Needs atheris (pip install '.[fuzz]'); what follows the target is libFuzzer's. What it stops at lies in crash-..., and
`python tests/attack/fuzz.py TARGET crash-...` shows it again.
"""

import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fastloss"]):
    import fastloss as fl
    from fastloss.exact.summary import Summary
    from fastloss.files.csv.options import CsvOptions
    from fastloss.files.csv.text import CsvText
    from fastloss.files.errors import ScoringError
    from fastloss.files.readers.npy import NpyFile

import numpy as np
import pyarrow as pa

SMALL, LARGE = 64, 1 << 20  # bytes of a block


def summary(data):
    """Text of a summary: the same text again, or a ValueError."""
    try:
        found = Summary.from_json(data)
    except ValueError:
        return
    text = found.to_json(state=True)
    assert Summary.from_json(text) == found and (found | found).rows == 2 * found.rows


def csv(data):
    """CSV text: as many rows in small blocks as in one, or the same error."""
    one, other = _rows_of(data, LARGE), _rows_of(data, SMALL)
    assert one == other, (one, other)


def _rows_of(data, block_bytes):
    options = CsvOptions.of(None, ".", None, None, "utf-8")
    try:
        text = CsvText("fuzz.csv", io.BytesIO(data), options, block_bytes)
        if len(set(text.header)) < len(text.header):
            return None
        return sum(len(table) for table in text.tables(dict.fromkeys(text.header, pa.binary())))
    except ScoringError as error:
        return _line(error)


def npy(data):
    """A .npy file: all its rows, or an error of one line."""
    try:
        array = NpyFile("fuzz.npy", io.BytesIO(data))
        assert len(array.read(0, array.shape[0])) == array.shape[0]
    except ScoringError as error:
        _line(error)


def _line(error):
    text = str(error)
    assert len(text.splitlines()) == 1, text
    return text


def _array(values, version):
    file = io.BytesIO()
    np.lib.format.write_array(file, values, version)
    return file.getvalue()


def _summaries():
    numbers = np.array([0.1, -3.0, np.nan, np.inf, 1e300])
    yield Summary.of(numbers).to_json(state=True).encode()
    yield Summary.of(numbers[:2], sample_weight=np.array([0.5, 2.0])).to_json(state=True).encode()


TARGETS = {
    summary: _summaries,
    csv: lambda: [b'a,b,c\n1,"x\ny",3\n,,\n', b'"a ""b""",c\r\n1,2\r\n\r\n3,"4"\r\n'],
    npy: lambda: [_array(np.eye(3), (1, 0)), _array(np.asfortranarray(np.ones((2, 3), ">f4")), (2, 0))],
}


def main():
    by_name = {target.__name__: target for target in TARGETS}
    if len(sys.argv) < 2 or sys.argv[1] not in by_name:
        raise SystemExit(f"usage: fuzz.py {' | '.join(by_name)} [arguments of libFuzzer]")
    target = by_name[sys.argv.pop(1)]
    print(f"fastloss {fl.__version__}: {target.__name__}")
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(TARGETS[target]()):
            Path(corpus, str(number)).write_bytes(data)
        atheris.Setup([*sys.argv, corpus], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
