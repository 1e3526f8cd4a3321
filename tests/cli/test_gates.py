"""`--fail-if` of `fastloss score`, beside numbers of NumPy."""

import json
from pathlib import Path

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")

import pyarrow.parquet as parquet  # noqa: E402

import fastloss as fl  # noqa: E402
from fastloss.cli import main  # noqa: E402

VALUES = np.abs(np.random.default_rng(0).standard_normal(300))
DAY = np.arange(300) // 100
VALUES[DAY == 2] *= 3  # the bad day
DATA = ("data.parquet", "--residual", "r")
LOSS = ("--loss", "absolute_error")
BY = ("--by", "day")


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs `fastloss score` in this process, in a directory with data: (exit code, lines on standard error)."""
    monkeypatch.chdir(tmp_path)
    table = pa.table({"r": VALUES, "day": DAY, "half": ["a", "b"] * 150})
    parquet.write_table(table, "data.parquet")
    nulls = [*VALUES[:7].tolist(), float("nan"), None, None]
    parquet.write_table(pa.table({"r": pa.array(nulls, pa.float64())}), "nulls.parquet")
    parquet.write_table(table.slice(0, 0), "nothing.parquet")
    Path("parts").mkdir()
    for day in range(2):
        parquet.write_table(table.filter(pa.array(day == DAY)), f"parts/{day}.parquet")

    def run(*args):
        code = main(["score", *args])
        return code, capfd.readouterr().err.splitlines()

    run.table = table
    return run


NUMBERS = {
    "p95": np.quantile(VALUES, 0.95),
    "p99.9": np.quantile(VALUES, 0.999),
    "p0": VALUES.min(),
    "p100": VALUES.max(),
    "std": VALUES.std(ddof=1),
    "stderr": VALUES.std(ddof=1) / 300**0.5,
    "absolute_error.mean": VALUES.mean(),
}


@pytest.mark.parametrize("field", NUMBERS)
def test_fields_beside_numpy(run, field):
    number = NUMBERS[field]
    low, high = number * 0.985, number * 1.015  # quantiles are within 1%
    assert run(*DATA, *LOSS, "--fail-if", f"{field}>{high}", "--fail-if", f"{field} < {low}") == (0, [])
    code, (line,) = run(*DATA, *LOSS, "--fail-if", f"{field}>{low}")
    said = line.split(" is ")[1].split(",")[0]
    assert code == 1 and float(said) == pytest.approx(number, rel=0.01)
    assert f"gate failed: {field}>{low}: " in line and line.endswith(f"the bound is {low:.6g}")


def test_numbers_that_differ_beyond_six_digits_are_told_apart(run):
    bound = np.nextafter(VALUES.max(), 0)
    code, (line,) = run(*DATA, *LOSS, "--fail-if", f"max>{bound}")
    assert code == 1 and line.endswith(f"max is {VALUES.max()}, the bound is {bound}")
    code, (line,) = run(*DATA, *LOSS, "--fail-if", f"max=={VALUES.max()}")
    assert code == 1 and line.endswith(f"max is {VALUES.max():.6g}, the bound is {VALUES.max():.6g}")


def test_the_weighted_mean(run):
    mean = np.average(VALUES, weights=DAY)
    gates = ("--fail-if", f"weighted_mean>{mean * 1.001}", "--fail-if", f"weighted_mean>{mean * 0.999}")
    code, (line,) = run(*DATA, *LOSS, "--weight", "day", *gates)
    assert code == 1 and f"weighted_mean is {mean:.6g}" in line
    assert run(*DATA, *LOSS, "--weight", "half", *gates)[0] == 2


def test_shares(run):
    gates = [f"{of}/rows{bound}" for of, bound in (("null", ">0.19"), ("nan", ">0.09"), ("ignored", ">=0"))]
    code, lines = run("nulls.parquet", *DATA[1:], *LOSS, *(part for gate in gates for part in ("--fail-if", gate)))
    said = ["null/rows is 0.2, the bound is 0.19", "nan/rows is 0.1, the bound is 0.09"]
    assert code == 1 and [line.split(": ")[-1] for line in lines] == [*said, "ignored/rows is 0, the bound is 0"]
    assert run("nulls.parquet", *DATA[1:], *LOSS, "--fail-if", "null/rows>0.2", "--fail-if", "nan/rows>.1") == (0, [])
    for field in ("null/rows", "std", "p95"):
        code, (line,) = run("nothing.parquet", *DATA[1:], *LOSS, "--fail-if", f"{field}>9")
        assert code == 1 and f"{field} is none" in line


def test_perplexity(run):
    logits, labels = np.random.default_rng(1).standard_normal((50, 3)), np.arange(50) % 3
    np.savez("l.npz", z=logits, y=labels)
    args = ("l.npz", "--pred", "z", "--target", "y", "--loss", "cross_entropy", "--loss", "top_k_error")
    ppl = np.exp(fl.cross_entropy(logits, labels).mean())
    assert run(*args, "--fail-if", f"ppl>{ppl + 0.001}") == (0, [])
    code, (line,) = run(*args, "--fail-if", f"ppl>{ppl - 0.001}")
    assert code == 1 and f"cross_entropy: ppl is {ppl:.6g}" in line


def test_the_bad_day_is_named(run):
    means = {day: VALUES[day == DAY].mean() for day in range(3)}
    assert run(*DATA, *LOSS, *BY, "--fail-if", "mean>1.6") == (0, [])
    code, (line,) = run(*DATA, *LOSS, *BY, "--fail-if", "each: mean>1.6")
    assert code == 1 and f"day 2: mean is {means[2]:.6g}, the bound is 1.6" in line
    code, lines = run(
        *DATA, *LOSS, "--loss", "mse", *BY, "--by", "half", "--fail-if", "each: absolute_error.mean > 1.6"
    )
    assert code == 1 and ["day, half 2, a" in lines[0], "day, half 2, b" in lines[1], len(lines)] == [True, True, 2]
    code, lines = run(*DATA, *LOSS, "--by", "r", "--fail-if", "each:count==1")
    assert code == 1 and len(lines) == 101 and "and for 200 more groups" in lines[-1]


@pytest.mark.parametrize("option", ["--summary", "--json"])
@pytest.mark.parametrize("several", [False, True])
def test_bounds_of_a_former_summary(run, capfd, option, several):
    losses = (*LOSS, "--loss", "mse") if several else LOSS
    code = main(["score", *DATA, *losses, *BY, option, *(["old.json"] if option == "--summary" else [])])
    if option == "--json":
        Path("old.json").write_text(capfd.readouterr().out)
    assert code == 0
    more = np.where(DAY == 1, 2 * VALUES, VALUES)
    table = pa.table({"r": np.append(more, 50.0), "day": np.append(DAY, 7)})
    parquet.write_table(table, "data.parquet")
    capfd.readouterr()
    for gate, fails in (
        ("absolute_error.mean > 1.5 * old.json", []),
        ("absolute_error.mean > old.json", [f"{np.append(more, 50.0).mean():.6g}, the bound is {VALUES.mean():.6g}"]),
        ("each: absolute_error.mean > 1.5*old.json", ["day 1: mean is"]),  # day 7 is new
        ("each: absolute_error.mean > 2.1 * old.json", []),
        ("absolute_error.nan/rows > old.json", []),
    ):  # fmt: skip
        code, lines = run(*DATA, *losses, *BY, "--fail-if", gate)
        assert (code, len(lines)) == (bool(fails), len(fails)), gate
        assert all(said in line for said, line in zip(fails, lines, strict=True))
    code, lines = run(*DATA, *losses, "--fail-if", "p95 > 9 * old.json")
    assert (code, len(lines)) == ((2, 1) if option == "--json" else (0, 0)) and all("no p95" in line for line in lines)


def test_a_former_summary_of_another_loss_is_refused(run):
    of_one = ("--loss", "huber", "--summary", "one.json")
    assert run(*DATA, *of_one) == run(*DATA, *of_one, "--fail-if", "mean > one.json") == (0, [])
    for loss in ("huber(delta=2)", "absolute_error"):
        text = repr(fl.get(loss))
        code, lines = run(*DATA, "--loss", loss, "-o", "out.parquet", "--fail-if", "mean > 9 * one.json")
        assert (code, len(lines)) == (2, 1) and f"one.json: it is of huber(delta=1.0), not of {text}" in lines[0]
        assert not Path("out.parquet").exists()


@pytest.mark.parametrize("by", [(), BY])
def test_what_json_wrote_of_another_loss_is_refused(run, capfd, by):
    def json_of(name, *losses):
        assert main(["score", *DATA, *losses, *by, "--json"]) == 0
        Path(name).write_text(capfd.readouterr().out)

    json_of("one.json", "--loss", "huber(delta=3)")
    json_of("two.json", "--loss", "huber(delta=3)", "--loss", "absolute_error")
    for former in ("one.json", "two.json"):
        gate = ("--fail-if", f"mean > 9 * {former}")
        assert run(*DATA, "--loss", "huber(delta=3.0)", *by, *gate) == (0, [])
        code, lines = run(*DATA, "--loss", "huber", *by, *gate, "-o", "out.parquet")
        assert (code, len(lines)) == (2, 1) and not Path("out.parquet").exists()
        assert f"{former}: it is of huber(delta=3.0), not of huber(delta=1.0)" in lines[0]


def test_what_earlier_versions_wrote_by_json_names_no_loss_and_is_compared(run, capfd):
    assert main(["score", *DATA, "--loss", "huber(delta=3)", "--json"]) == 0
    given = json.loads(capfd.readouterr().out)
    assert [*given][-1] == "loss" and given.pop("loss") == repr(fl.huber.bind(delta=3))
    Path("older.json").write_text(json.dumps(given))
    assert run(*DATA, "--loss", "huber", "--fail-if", "mean > 9 * older.json") == (0, [])


def test_of_former_summaries_that_of_the_loss_is_taken(run):
    several = ("--loss", "huber", "--loss", "huber(delta=2)", "--as", "huber", "--as", "wide")
    assert run(*DATA, *several, "--summary", "two.json") == (0, [])
    for loss in ("huber", "huber(delta=2)"):  # both are called huber
        bound = fl.get(loss)(VALUES).mean()
        code, (line,) = run(*DATA, "--loss", loss, "--fail-if", "mean >= two.json")
        assert code == 1 and line.endswith(f"mean is {bound:.6g}, the bound is {bound:.6g}")
    code, (line,) = run(*DATA, "--loss", "huber(delta=3)", "--fail-if", "mean >= two.json")
    assert code == 2 and "two.json: it is of huber(delta=1.0), not of huber(delta=3.0)" in line


def test_the_former_summary_may_be_replaced(run):
    args = (*DATA, *LOSS, "--summary", "s.json")
    assert run(*args) == (0, [])
    parquet.write_table(pa.table({"r": 3 * VALUES}), "data.parquet")
    assert run(*args, "--fail-if", "mean > 1.1 * s.json")[0] == 1
    assert run(*args, "--fail-if", "mean > 1.1 * s.json") == (0, [])


@pytest.mark.parametrize("each", ["", "each:"])
def test_what_is_new_under_resume(run, each):
    args = ("parts", *DATA[1:], *LOSS, *BY, "-o", "out/", "--resume", "--fail-if")
    gate = f"new: {each} mean > 1.6"
    assert run(*args, gate)[0] == 0
    parquet.write_table(run.table.filter(pa.array(DAY == 2)), "parts/2.parquet")
    code, lines = run(*args, gate)
    line = next(line for line in lines if "gate failed" in line)
    assert code == 1 and f"mean is {VALUES[DAY == 2].mean():.6g}, the bound is 1.6" in line
    assert run(*args, gate)[0] == 0  # nothing is new
    parquet.write_table(run.table, "parts/3.parquet")
    assert run(*args, f"new:{each} count==100")[0] == bool(each)


def test_what_is_new_without_resume_is_all(run):
    assert run(*DATA, *LOSS, "--fail-if", "new: count<300") == (0, [])
    assert run(*DATA, *LOSS, "--fail-if", "new: count==300")[0] == 1


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("median>1", "expected FIELD OP NUMBER"),
        ("p101>1", "expected FIELD OP NUMBER"),
        ("count/rows>1", "expected FIELD OP NUMBER"),
        ("mean>nan * s.json", "expected FIELD OP NUMBER"),
        ("mean>2 * 3", "expected FIELD OP NUMBER"),
        ("each mean>1", "expected FIELD OP NUMBER"),
        ("mse.mean>1", "there is no loss 'mse', but absolute_error"),
        ("mse.median>1", "expected FIELD OP NUMBER"),
        ("each: mean>1", "give --by COLUMN"),
        ("ppl>1", "ppl is of cross_entropy"),
        ("mean>none.json", "none.json: No such file"),
        ("mean>list.json", "list.json: it is no summary"),
        ("mean>other.json", "other.json: it has no mean"),
        ("mean>text.json", "text.json: the text is no JSON: "),
        (
            "mean>several.json",
            "several.json: there is no loss 'absolute_error' in it, but mse: --as gives this run's their names",
        ),
        ("mean>damaged.json", "damaged.json: "),
        ("mean>1.1*large.json", "large.json: mean is inf, not a number"),
        ("mean>true.json", "true.json: mean is True, not a number"),
        ("count>integer.json", "integer.json: count is 1000"),
    ],
)
def test_what_is_no_gate_is_said_before_rows_are_written(run, gate, said):
    damaged = fl.summarize([1.0]).to_json(state=True).replace('"count": 1', '"count": 2')
    texts = {"list": "[1]", "other": '{"name": 1}', "text": "x", "several": '{"losses": {"mse": {}}}', "s": "{}"}
    texts |= {"large": '{"mean": 1e999}', "true": '{"mean": true}', "integer": f'{{"count": 1{"0" * 400}}}'}
    for name, text in (texts | {"damaged": damaged}).items():
        Path(f"{name}.json").write_text(text)
    code, (line,) = run(*DATA, *LOSS, "-o", "out.parquet", "--fail-if", gate)
    assert code == 2 and said in line and not Path("out.parquet").exists()


def test_former_groups_by_another_column(run):
    assert run(*DATA, *LOSS, "--by", "half", "--summary", "half.json") == (0, [])
    code, (line,) = run(*DATA, *LOSS, *BY, "--fail-if", "each: mean > half.json")
    assert code == 2 and "half.json: its groups are by half, not by day" in line
    assert json.loads(Path("half.json").read_text())["by"] == "half"
