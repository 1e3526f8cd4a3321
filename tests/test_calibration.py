"""fastloss.calibrate and `fastloss calibrate`, beside Newton's method at 40 digits."""

import json

import mpmath
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss import cli

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(300, 5)) * 4
LABELS = np.where(RNG.random(300) < 0.6, LOGITS.argmax(1), RNG.integers(0, 5, 300))
WEIGHTS = RNG.integers(0, 4, 300).astype(float)


def oracle(logits, labels, weights):
    """Temperature, its standard error, and the mean cross-entropies before and after."""
    with mpmath.workdps(40):
        weights = [mpmath.mpf(float(w)) for w in weights]
        rows = [[mpmath.mpf(float(x)) for x in row] for row in logits]

        def loss(t):
            terms = (
                w * (mpmath.log(mpmath.fsum(mpmath.exp(x / t) for x in row)) - row[label] / t)
                for w, row, label in zip(weights, rows, labels, strict=True)
            )
            return mpmath.fsum(terms)

        # secant on the derivative by differences of 60 digits
        with mpmath.workdps(60):
            step = mpmath.mpf(10) ** -20
            slope = lambda t: (loss(t + step) - loss(t - step)) / (2 * step)  # noqa: E731
            best = mpmath.findroot(slope, (mpmath.mpf(2), mpmath.mpf(3)), tol=1e-28)
            curvature = (loss(best + step) - 2 * loss(best) + loss(best - step)) / step**2
            total = mpmath.fsum(weights)
            return float(best), float(curvature**-0.5), float(loss(mpmath.mpf(1)) / total), float(loss(best) / total)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_temperature_is_the_best(weights):
    rows = slice(0, 60)
    own = None if weights is None else weights[rows]
    found = fl.calibrate(LOGITS[rows], LABELS[rows], sample_weight=own)
    want = oracle(LOGITS[rows], LABELS[rows], np.ones(60) if own is None else own)
    np.testing.assert_allclose((found.temperature, found.stderr, found.before, found.after), want, rtol=1e-12)
    assert found.converged and found.n_iter < 12


def test_float32_and_ignored_rows():
    labels = LABELS.copy()
    labels[::7] = -1
    found = fl.calibrate(LOGITS.astype(np.float32), labels, ignore_index=-1)
    counts = labels != -1
    assert found == fl.calibrate(LOGITS[counts].astype(np.float32).astype(float), labels[counts])


def test_neither_threads_nor_batches_matter():
    whole = fl.calibrate(LOGITS, LABELS, sample_weight=WEIGHTS)
    assert whole == fl.calibrate(LOGITS, LABELS, sample_weight=WEIGHTS, num_threads=3)
    cuts = [slice(0, 0), slice(0, 17), slice(17, 200), slice(200, 300)]
    assert whole == fl.calibrate((LOGITS[cut], LABELS[cut], WEIGHTS[cut]) for cut in cuts)
    shaped = fl.calibrate(LOGITS.reshape(30, 10, 5), LABELS.reshape(30, 10), sample_weight=WEIGHTS.reshape(30, 10))
    assert whole == shaped


@pytest.mark.parametrize("unit", [2.0**-60, 2.0**40])
def test_the_unit_of_logits(unit):
    plain, scaled = fl.calibrate(LOGITS, LABELS), fl.calibrate(LOGITS * unit, LABELS)
    assert scaled.temperature == pytest.approx(plain.temperature * unit, rel=1e-12)
    assert scaled.after == pytest.approx(plain.after, rel=1e-12)


def test_an_excluded_class():
    logits = np.concatenate([LOGITS, np.full((300, 1), -np.inf)], axis=1)
    assert fl.calibrate(logits, LABELS) == fl.calibrate(LOGITS, LABELS)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[1, 0.0], [0, 1]], [0, 1], "the temperature falls, as the largest logit of each row is that of its label"),
        ([[1, 0.0], [0, 1]], [1, 0], "the temperature rises, as the logits do not tell the labels"),
        ([[1, 1.0], [2, 2]], [1, 0], "all temperatures are equally good"),
        ([[1, 0.0], [np.nan, 1]], [1, 0], "the cross-entropy of row 1 is nan"),
        ([[1, 0.0], [-np.inf, 1]], [1, 0], "the cross-entropy of row 1 is inf"),
        ([[1, 0.0], [1e31, 1]], [1, 0], "at most 1e.30 in size"),
        (np.empty((0, 2)), np.empty(0, int), "no row counts"),
        ([[1, 0.0]], [-100], "no row counts"),
    ],
)
def test_where_there_is_none(logits, labels, message):
    with pytest.raises(ValueError, match=message):
        fl.calibrate(np.array(logits), labels)


def test_wrong_arguments():
    with pytest.raises(IndexError, match="labels 5 at row 0 is out of bounds for 5 classes"):
        fl.calibrate(LOGITS[:1], [5])
    with pytest.raises(ValueError, match=r"sample_weight must be >= 0 and finite, got -\d\S+ at row \d+"):
        fl.calibrate(LOGITS, LABELS, sample_weight=-WEIGHTS)
    with pytest.raises(TypeError, match="labels are missing"):
        fl.calibrate(LOGITS)
    with pytest.raises(TypeError, match=r"a batch must be \(logits, labels\)"):
        fl.calibrate(iter([LOGITS]))
    with pytest.raises(ValueError, match="sample_weight must be in all batches"):
        fl.calibrate(iter([(LOGITS, LABELS), (LOGITS, LABELS, WEIGHTS)]))
    with pytest.raises(ValueError, match="pred is of files and tables, and logits are an array"):
        fl.calibrate(LOGITS, LABELS, pred="p")
    with pytest.raises(ValueError, match="decimal is of files"):
        fl.calibrate(LOGITS, LABELS, decimal=",")


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs the command in this process, in a directory with data: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    labels = pa.array(LABELS, mask=np.arange(300) % 10 == 0)
    table = pa.table({"z": pa.array(LOGITS.tolist()), "y": labels, "w": WEIGHTS})
    (tmp_path / "data").mkdir()
    for k in range(3):
        pa.parquet.write_table(table.slice(k * 100, 100), tmp_path / "data" / f"{k}.parquet", row_group_size=30)
    np.save("z.npy", LOGITS)
    np.save("y.npy", LABELS)

    def run(*args):
        code = cli.main(["calibrate", *args])
        return (code, *capfd.readouterr())

    return run


def test_files(run):
    rows = np.arange(300) % 10 != 0
    want = fl.calibrate(LOGITS[rows], LABELS[rows], sample_weight=WEIGHTS[rows])
    code, out, err = run("data", "--pred", "z", "--target", "y", "--weight", "w", "--json")
    assert (code, err) == (0, "") and json.loads(out) == want.__dict__
    assert fl.calibrate("data", pred="z", target="y", sample_weight="w") == want
    code, out, err = run("z.npy", "--target", "y.npy")
    assert (code, err) == (0, "") and f"{fl.calibrate(LOGITS, LABELS).temperature:.6g}" in out


def test_csv_of_a_spreadsheet_and_a_file_without_extension(run):
    rows = (";".join(f"{x!r}".replace(".", ",") for x in row) for row in LOGITS.tolist())
    lines = ["a;b;c;d;e;y", *(f"{row};{label}" for row, label in zip(rows, LABELS, strict=True)), "?;0;0;0;0;1"]
    with open("z.data", "w", encoding="utf-16") as file:
        file.write("\n".join(lines))
    options = dict(format="csv", separator=";", decimal=",", null="?", encoding="utf-16", thousands=" ")
    want = fl.calibrate(LOGITS, LABELS)
    assert fl.calibrate("z.data", pred=[*"abcde"], target="y", **options) == want
    args = [part for name, value in options.items() for part in (f"--{name}", value)]
    code, out, _ = run("z.data", "--pred", "a,b,c,d,e", "--target", "y", "--json", *args)
    assert code == 0 and json.loads(out) == want.__dict__
    with pytest.raises(fl.files.ScoringError, match="if ';' is between columns, give it as separator"):
        fl.calibrate("z.data", pred=[*"abcde"], target="y", format="csv", encoding="utf-16")
    with pytest.raises(fl.files.ScoringError, match="storage_options must be"):
        fl.calibrate("z.data", pred=[*"abcde"], target="y", storage_options="x", **options)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("missing.parquet", "--pred", "z", "--target", "y"), "missing.parquet"),
        (("data", "--pred", "q", "--target", "y"), "0.parquet: no column 'q'"),
        (("z.npy",), "needs the column of targets"),
        (("data", "--pred", "z", "--target", "y", "--threads", "0"), "threads must be"),
        (("data", "--pred", "z"), "target"),
        (("data", "--pred", "z", "--target", "z"), "labels"),
        (("-", "--format", "csv", "--pred", "z", "--target", "y"), "standard input passes once"),
    ],
)
def test_refusals_are_one_line(run, args, message):
    code, out, err = run(*args)
    assert (code, out) == (2, "") and err.count("\n") == 1 and message in err


def test_rows_of_files_are_checked_in_the_first_pass_and_what_changes_later_is_found(tmp_path, monkeypatch):
    from fastloss.files import logits

    path, seen = tmp_path / "x.parquet", []
    write = lambda x: pa.parquet.write_table(pa.table({"z": x.tolist(), "y": LABELS}), path)  # noqa: E731
    write(LOGITS)
    monkeypatch.setattr(logits, "evaluated", lambda *given, of=logits.evaluated: seen.append(1) or of(*given))
    found = fl.calibrate(path, pred="z", target="y")
    assert len(seen) == 1 < found.n_iter and found == fl.calibrate(LOGITS, LABELS)
    batches = logits.logits_of(path, "z", "y")
    assert len(list(batches())) == 1
    write(np.where(np.arange(300)[:, None] == 7, np.nan, LOGITS))
    with pytest.raises(ValueError, match="of a row is not finite at the temperature 1"):
        fl.calibration.newton(batches)
    with pytest.raises(fl.files.ScoringError, match="the cross-entropy is nan at row 7"):
        fl.calibrate(path, pred="z", target="y")


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 9], [0, 1, 0.5], [0, 1, np.nan], np.zeros((3, 4)), ["a", "b", "c"]])
def test_messages_name_the_argument(labels):
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        fl.calibrate(np.eye(3, 4), labels)
    assert "labels" in str(caught.value) and "target" not in str(caught.value)


def test_labels_of_another_axis_are_told_what_calibrate_can_take():
    labels = np.arange(60) % 3
    logits = np.random.default_rng(0).normal(size=(3, 60)) + (labels == np.arange(3)[:, None])
    with pytest.raises(ValueError, match=r"labels .* they fit numpy\.moveaxis\(logits, 0, -1\)$"):
        fl.calibrate(logits, labels)
    assert fl.calibrate(np.moveaxis(logits, 0, -1), labels).converged
