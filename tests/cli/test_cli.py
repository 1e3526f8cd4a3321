"""The command line: streams, exit codes, gates, and one line for every error."""

import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import typer

import fastloss as fl
from fastloss import cli
from fastloss.cli import app
from fastloss.cli.options import storage_options

HUBER = ["--loss", "huber", "-p", "delta=1.345", "--pred", "p", "--target", "y"]
COMMAND = [sys.executable, "-m", "fastloss"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = pa.table({"p": rng.standard_normal(300), "y": rng.standard_normal(300)})
    pa.parquet.write_table(table, "in.parquet")
    pa.csv.write_csv(table, "in.csv")
    return tmp_path


@pytest.fixture
def run(here, capfd):
    """Runs the command in this process: (exit code, stdout, stderr)."""

    def run(*args):
        code = cli.main(list(map(str, args)))
        return (code, *capfd.readouterr())

    return run


@pytest.fixture
def summary(here):
    return fl.score("in.parquet", loss=fl.huber.bind(delta=1.345), pred="p", target="y")


def spawn(*args, **options):
    return subprocess.run([*COMMAND, *args], capture_output=True, timeout=60, **options)


def one_line(stderr):
    text = stderr if isinstance(stderr, str) else stderr.decode()
    assert text.startswith("fastloss: ") and text.count("\n") == 1, text
    return text


def test_json_is_the_summary_and_nothing_else(run, summary):
    assert run("score", "in.parquet", *HUBER, "--json") == (0, summary.to_json() + "\n", "")
    assert not os.path.exists("out.parquet")


def test_an_output_leaves_stdout_empty(run):
    code, out, err = run("score", "in.parquet", "-o", "out.parquet", *HUBER)
    assert (code, out) == (0, "")
    assert "huber(delta=1.345)" in err and "p99" in err
    assert pa.parquet.read_table("out.parquet").column_names == ["p", "y", "value"]


def test_json_goes_with_an_output(run, summary):
    code, out, err = run("score", "in.parquet", "-o", "out.csv", *HUBER, "--json")
    assert (code, out, err) == (0, summary.to_json() + "\n", "")
    assert os.path.exists("out.csv")


def test_without_an_output_the_table_goes_to_stdout(run):
    code, out, err = run("score", "in.parquet", *HUBER)
    assert (code, err) == (0, "")
    assert "count" in out and "300" in out


def test_emit_keep_prefix(run):
    args = ("--emit", "grad,value", "--keep", "y", "--prefix", "h_")
    assert run("score", "in.parquet", "-o", "out.csv", *HUBER, *args)[0] == 0
    assert Path("out.csv").read_text().startswith("y,h_grad,h_value\n")


@pytest.mark.parametrize("given", [["--pred", "a,b"], ["--pred", "a", "--pred", "b"]])
def test_logits_from_several_columns(run, given):
    pa.parquet.write_table(pa.table({"a": [1.0], "b": [2.0], "y": [1]}), "l.parquet")
    args = ("score", "l.parquet", "--loss", "cross_entropy", *given, "--target", "y", "--json")
    code, out, _ = run(*args)
    assert code == 0
    expected = fl.cross_entropy(np.array([[1.0, 2.0]]), np.array([1]))[0]
    assert json.loads(out)["sum"] == expected


def test_logits_from_npy(run):
    np.save("logits.npy", np.eye(3))
    np.save("labels.npy", np.array([0, 1, -100]))
    args = ("logits.npy", "--target", "labels.npy", "--loss", "cross_entropy", "--json")
    code, out, _ = run("score", *args)
    assert code == 0
    assert (json.loads(out)["count"], json.loads(out)["ignored"]) == (2, 1)


@pytest.mark.parametrize("given", [["a", "b"], ["a,b"], ["in.parquet"]])
def test_targets_of_npy_are_one_file(run, given):
    np.save("logits.npy", np.eye(3))
    targets = [part for name in given for part in ("--target", name)]
    code, out, err = run("score", "logits.npy", *targets, "--loss", "cross_entropy")
    assert (code, out) == (2, "")
    assert "target beside a .npy file is another .npy file" in one_line(err)


@pytest.mark.parametrize(
    ("value", "parameter"),
    [("-2", -2), ("0.5", 0.5), ("inf", np.inf), ("-inf", -np.inf), ("1e-3", 1e-3)],
)
def test_parameters_are_numbers(run, value, parameter):
    args = ("--loss", "robust", "-p", f"alpha={value}", "--pred", "p", "--target", "y", "--json")
    loss = fl.robust.bind(alpha=parameter)
    expected = fl.score("in.parquet", loss=loss, pred="p", target="y")
    assert run("score", "in.parquet", *args) == (0, expected.to_json() + "\n", "")


def test_a_parameter_of_several_numbers(run):
    pa.parquet.write_table(pa.table({"a": [1.0], "b": [2.0], "y": [1]}), "l.parquet")
    args = ("--loss", "cross_entropy", "--pred", "a,b", "--target", "y", "--json")
    code, out, _ = run("score", "l.parquet", *args, "-p", "class_weight=1,3")
    plain = json.loads(run("score", "l.parquet", *args)[1])
    assert code == 0
    assert json.loads(out)["sum"] == pytest.approx(3 * plain["sum"])


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("mean>0.3", 1),
        ("mean<=0.3", 0),
        ("count!=300", 0),
        ("count == 300", 1),
        ("nan>0", 0),
        ("null>=0", 1),
        ("p50>10", 0),
        ("p90<10", 1),
        ("p99>=1e-3", 1),
        ("max<inf", 1),
        ("min<0", 0),
        ("sum>-inf", 1),
    ],
)
def test_gates(run, gate, code):
    args = ("score", "in.parquet", "-o", "out.parquet", *HUBER, "--json", "--fail-if", gate)
    got, out, err = run(*args)
    assert got == code
    assert json.loads(out)["count"] == 300
    assert os.path.exists("out.parquet")
    assert bool(err) == bool(code)
    if code:
        assert gate in one_line(err)


@pytest.mark.parametrize("gate", ["mean>0.3", "mean<=0.3", "min>0", "p99>0"])
def test_a_mean_of_nothing_fails_the_gate(run, gate):
    pa.parquet.write_table(pa.table({"r": pa.array([None], pa.float64())}), "in.parquet")
    args = ("score", "in.parquet", "--loss", "huber", "--residual", "r", "--fail-if", gate)
    assert run(*args)[0] == 1


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--pred", "z"], ["in.parquet", "'z'", "'p', 'y'"]),
        (["--loss", "hubr"], ["hubr", "huber"]),
        (["-p", "dleta=1"], ["dleta", "delta"]),
        (["-p", "delta=-1"], ["delta", "-1"]),
        (["-p", "delta=wide"], ["-p delta: 'wide' is not a number"]),
        (["-p", "delta"], ["-p delta: expected NAME=NUMBER"]),
        (["-p", "delta=1", "-p", "delta=2"], ["-p delta=2", "twice"]),
        (["-p", f"delta={10**400}"], ["-p delta: '1000", "is not a number"]),
        (["--emit", "loss"], ["'loss'", "value, grad, hess, weight"]),
        (["--fail-if", "mean"], ["--fail-if 'mean'", "count, null"]),
        (["--fail-if", "p100.5>1"], ["--fail-if 'p100.5>1'"]),
        (["--fail-if", "mean>nan"], ["--fail-if"]),
        (["--engine", "gpu"], ["'gpu'", "local"]),
        (["--threads", "many"], ["--threads", "integer"]),
        (["--bogus"], ["--bogus"]),
        (["-o", "in.parquet"], ["in.parquet", "replace an input"]),
        (["-o", "absent/o.csv"], ["absent/o.csv", "No such file"]),
        (["absent.csv"], ["absent.csv", "No such file"]),
        (["in.csv", "--target", "q"], ["in.parquet", "'q'"]),
    ],
)
def test_errors_are_one_line_and_exit_code_2(run, args, named):
    """Each list of arguments comes after those of a command that works, in place of its like."""
    defaults = {"--loss": "huber", "--pred": "p", "--target": "y"}
    given = [*args]
    for option, value in defaults.items():
        if option not in args:
            given += [option, value]
    code, out, err = run("score", "in.parquet", *given)
    assert (code, out) == (2, "")
    assert all(part in one_line(err) for part in named), err
    assert sorted(os.listdir()) == ["in.csv", "in.parquet"]


@pytest.mark.parametrize("args", [["score"], ["score", "in.parquet"], ["sing"], ["show", "hubr"]])
def test_usage_errors_of_commands(run, args):
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    one_line(err)


def options_of_one_value():
    """Every option of every command that takes one value: (command, option, how many texts it takes)."""
    for name, command in typer.main.get_command(app.app).commands.items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and not (parameter.multiple or parameter.is_flag):
                yield name, parameter.opts[0], parameter.nargs


@pytest.mark.parametrize(("command", "option", "values"), list(options_of_one_value()))
def test_an_option_of_one_value_is_given_once(run, command, option, values):
    """Before anything is read or drawn."""
    given = [option, *["1"] * values]
    code, out, err = run(command, *given, *given)
    assert (code, out) == (2, "")
    assert f"{option} is given 2 times: it takes one value" in one_line(err)


def test_options_of_many_values_and_flags_are_given_as_often_as_one_likes(run):
    gates = ["--fail-if", "nan>0", "--fail-if", "null>0"]
    code, out, err = run("score", "in.parquet", *HUBER, *gates, "--json", "--json")
    assert (code, err) == (0, "") and json.loads(out)["count"] == 300


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError(), OverflowError("a\nb"), pa.ArrowInvalid("y"), TypeError()]
)
def test_a_fault_of_the_program_is_no_failed_gate(run, monkeypatch, error):
    def fails(*args, **options):
        raise error

    monkeypatch.setattr(fl, "score", fails)
    code, out, err = run("score", "in.parquet", *HUBER, "--fail-if", "mean>0")
    assert (code, out) == (2, "")
    assert type(error).__name__ in one_line(err) and "FASTLOSS_TRACEBACK=1" in err
    monkeypatch.setenv("FASTLOSS_TRACEBACK", "1")
    code, out, err = run("score", "in.parquet", *HUBER)
    assert (code, out) == (2, "") and "Traceback" in err and "in fails" in err


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), ("<&-", 0), (">&- 2>&-", 0), ("2>/dev/full", 2)])
def test_streams_that_are_closed_or_full(here, closed, code):
    """A file that is written does not get the number of a closed stream, nor what is printed to it."""
    command = shlex.join([*COMMAND, "score", "in.parquet", *HUBER, "-o", "out.csv"])
    done = subprocess.run(f"{command} {closed}", shell=True, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (code, b"")
    assert len(pa.csv.read_csv("out.csv")) == 300


@pytest.mark.parametrize("args", [(), ("--json",), ("-o", "-", "--format", "csv")])
@pytest.mark.parametrize(
    ("stream", "reason"), [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")]
)
def test_results_are_not_lost_without_a_word(here, args, stream, reason):
    command = shlex.join([*COMMAND, "score", "in.parquet", *HUBER, *args])
    done = subprocess.run(f"{command} {stream}", shell=True, capture_output=True, timeout=60, text=True)
    assert done.returncode == 2
    assert done.stderr == f"fastloss: standard output: cannot be written: {reason}\n"


@pytest.mark.parametrize("stream", ["<&-", "</dev/null"])
def test_nothing_on_stdin(here, stream):
    command = shlex.join([*COMMAND, "score", "-", "--format", "csv", *HUBER])
    done = subprocess.run(f"{command} {stream}", shell=True, capture_output=True, timeout=60, text=True)
    assert done.returncode == 2 and "the file is empty" in one_line(done.stderr)


def test_listing_and_showing(run):
    code, out, _ = run("losses")
    assert code == 0
    assert all(any(line.startswith(name) for line in out.splitlines()) for name in fl.list_losses())
    code, out, _ = run("show", "huber")
    assert code == 0 and "delta=1.0" in out and "value grad hess weight" in out
    code, out, _ = run("info")
    assert code == 0 and fl.__version__ in out
    assert run("--version") == (0, fl.__version__ + "\n", "")
    assert "score" in run()[1]


@pytest.mark.parametrize("missing", ["typer", "rich", "pyarrow"])
@pytest.mark.parametrize("args", [[], ["score", "x"], ["--help"]])
def test_the_core_alone_says_what_to_install(run, monkeypatch, missing, args):
    monkeypatch.setitem(sys.modules, missing, None)
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert "pip install 'fastloss[cli]'" in one_line(err)


def test_scoring_imports_nothing_that_takes_long_and_is_not_needed(here):
    unneeded = {"fastloss.adaptive", "fastloss.files.comparing", "fastloss.report.page", "pyarrow.compute", "pandas"}
    args = ["score", "in.parquet", "-o", "out.parquet", *HUBER]
    code = f"import sys; from fastloss.cli import main; print(main({args}), {unneeded} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 set()\n"


def test_csv_on_stdin_goes_to_stdout(here):
    args = ["score", "-", "--format", "csv", "--residual", "p", "--loss", "robust", "-p", "alpha=-2"]
    with open("in.csv", "rb") as source:
        done = spawn(*args, stdin=source)
    assert done.returncode == 0
    scored = pa.csv.read_csv(io.BytesIO(done.stdout))
    assert scored.column_names == ["p", "y", "value"]
    expected = fl.robust(scored["p"].to_numpy(), alpha=-2.0)
    np.testing.assert_array_equal(scored["value"].to_numpy(), expected)
    assert b"count" in done.stderr and b"\x1b" not in done.stderr
    piped = spawn(*args, "--json", input=Path("in.csv").read_bytes())
    assert json.loads(piped.stdout)["count"] == 300
    assert piped.stdout.count(b"\n") == 1


@pytest.mark.parametrize("format", ["parquet", "arrow", "feather", "csv"])
def test_data_on_stdout_can_be_read_again(here, summary, monkeypatch, capfdbinary, format):
    assert cli.main(["score", "in.parquet", "-o", "-", "--format", format, *HUBER]) == 0
    Path("piped").write_bytes(capfdbinary.readouterr().out)
    with open("piped", encoding="latin-1") as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        args = ["score", "-", "--format", format, *HUBER, "--prefix", "b", "--json"]
        assert cli.main(args) == 0
    assert capfdbinary.readouterr().out.decode() == summary.to_json() + "\n"


def test_json_and_data_do_not_share_stdout(run, summary):
    code, out, err = run("score", "in.parquet", "-o", "-", *HUBER, "--json")
    assert (code, out) == (0, summary.to_json() + "\n")
    assert "no rows are written" in one_line(err)


def test_npy_needs_a_file(run):
    code, out, err = run("score", "in.parquet", "-o", "-", "--format", "npy", *HUBER)
    assert (code, out) == (2, "")
    assert "give a file name" in one_line(err)


def test_a_closed_pipe_ends_quietly(here):
    rows = "".join(f"{i}\n" for i in range(400_000))
    (here / "long.csv").write_text("r\n" + rows)
    args = ["score", "long.csv", "-o", "-", "--loss", "huber", "--residual", "r"]
    with subprocess.Popen([*COMMAND, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        p.stdout.readline()
        p.stdout.close()
        assert p.stderr.read() == b""
        assert p.wait(30) == 0


def on_a_terminal(*args, **environment):
    """Runs the command on a pseudo-terminal: (exit code, what the terminal received)."""
    main, side = pty.openpty()
    env = {"TERM": "xterm", **os.environ, **environment}
    with subprocess.Popen([*COMMAND, *args], stdin=side, stdout=side, stderr=side, env=env) as p:
        os.close(side)
        received = b""
        while True:
            try:
                received += os.read(main, 65536)
            except OSError:  # the other side is closed
                break
    os.close(main)
    return p.returncode, received


def test_binary_data_never_goes_to_a_terminal(here):
    code, received = on_a_terminal("score", "in.parquet", "-o", "-", *HUBER)
    assert code == 2
    assert b"standard output is a terminal" in received and b"PAR1" not in received


def test_progress_is_for_terminals_and_colour_is_optional(here):
    args = ["score", "in.parquet", "-o", "out.parquet", *HUBER]
    code, received = on_a_terminal(*args)
    assert code == 0 and b"300 rows" in received
    coloured = b"\x1b[3"
    assert coloured in received
    assert coloured not in on_a_terminal(*args, NO_COLOR="1")[1]
    assert b"rows" not in spawn(*args).stderr


@pytest.mark.parametrize("suffix", ["parquet", "csv", "arrow", "npy"])
def test_a_full_disk_leaves_nothing(run, here, suffix):
    """The limit on the size of files fails a write half-way, as a full disk does."""
    resource = pytest.importorskip("resource")
    (here / f"out.{suffix}").write_bytes(b"older")
    np.save("r.npy", np.random.default_rng(0).standard_normal(100_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        code, out, err = run("score", "r.npy", "-o", f"out.{suffix}", "--loss", "huber")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out) == (2, "")
    assert f"out.{suffix}: cannot be written: File too large" in one_line(err)
    assert (here / f"out.{suffix}").read_bytes() == b"older"
    assert not [name for name in os.listdir() if name.endswith(".tmp")]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("args", [["--json"], ["-o", "-", "--format", "csv"]])
def test_stdout_on_a_full_disk(here, args):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "score", "in.parquet", *HUBER, *args],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 2
    assert "No space left on device" in one_line(done.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_an_unwritable_directory(run, here):
    (here / "closed").mkdir(mode=0o500)
    code, out, err = run("score", "in.parquet", "-o", "closed/out.csv", *HUBER)
    assert (code, out) == (2, "")
    assert "closed/out.csv: cannot be written: Permission denied" in one_line(err)


def _heed_signals():
    """A shell without job control starts what runs in the background with SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _ignore_hangups():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.fixture
def waiting(here):
    """The command, with a temporary file, waiting for more of its standard input."""

    @contextmanager
    def waiting(before):
        args = ["score", "-", "--format", "csv", "-o", "out.csv", "--loss", "huber", "--residual", "r"]
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen([*COMMAND, *args], **pipes, preexec_fn=before) as p:
            p.stdin.write("r\n" + "1\n" * 9_000_000)
            p.stdin.flush()  # closing the pipe of a process that has ended writes nothing
            deadline = time.monotonic() + 30
            while not [name for name in os.listdir() if name.endswith(".tmp")]:
                assert time.monotonic() < deadline and p.poll() is None
                time.sleep(0.02)
            yield p

    return waiting


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_leave_nothing_behind(waiting, sent, code, times):
    with waiting(_heed_signals) as p:
        for _ in range(times):
            p.send_signal(sent)
        p.stdin.close()
        assert p.wait(30) == code
        assert p.stderr.read() == "fastloss: interrupted\n"
    assert sorted(os.listdir()) == ["in.csv", "in.parquet"]


@pytest.mark.parametrize("made", [RuntimeError("Error calling __set_name__"), ImportError("failed to import")])
def test_a_signal_that_became_another_error(here, run, monkeypatch, made):
    """Python makes one of what is raised while a class is made, extensions of what is while they are imported."""

    def interrupted(*args, **kwargs):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        except BaseException as error:
            raise made from error

    monkeypatch.setattr("fastloss.files.inputs.find", interrupted)
    assert run("score", "in.parquet", "-o", "out.csv", *HUBER) == (143, "", "fastloss: interrupted\n")


def test_an_interrupt_that_a_library_heeds_is_named_too(run, monkeypatch):
    """Spark's handler takes the place of ours, and raises KeyboardInterrupt, which typer makes a code of."""

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(fl, "score", interrupted)
    assert run("score", "in.parquet", *HUBER) == (130, "", "fastloss: interrupted\n")


def test_a_signal_that_was_ignored_stays_so(waiting):
    """As under nohup."""
    with waiting(_ignore_hangups) as p:
        p.send_signal(signal.SIGHUP)
        p.stdin.close()
        assert p.wait(60) == 0
    assert sorted(os.listdir()) == ["in.csv", "in.parquet", "out.csv"]


def test_what_a_kill_leaves_goes_with_the_next_run(waiting):
    """Of a file; not what another process is about to write there."""
    with waiting(None) as killed:
        killed.kill()
        killed.wait(30)
    abandoned = {name for name in os.listdir() if name.endswith(".tmp")}
    assert len(abandoned) == 1
    with waiting(None) as living:
        kept = {name for name in os.listdir() if name.endswith(".tmp")} - abandoned
        assert cli.main(["score", "in.parquet", *HUBER, "-o", "out.csv"]) == 0
        assert {name for name in os.listdir() if name.endswith(".tmp")} == kept and len(kept) == 1
        living.stdin.close()
        assert living.wait(60) == 0
    assert sorted(os.listdir()) == ["in.csv", "in.parquet", "out.csv"]


def test_into_a_directory_and_on(run, here):
    (here / "data").mkdir()
    os.rename("in.parquet", "data/in.parquet")
    args = ("score", "data", "-o", "scored", *HUBER, "--json")
    code, out, err = run(*args)
    assert (code, err) == (0, "")
    assert os.listdir("data") == ["in.parquet"]
    assert os.path.exists("scored/in.parquet")
    code, _, err = run(*args)
    assert code == 2 and "not empty" in one_line(err)
    assert run(*args, "--resume") == (0, out, "")


@pytest.mark.parametrize("args", [["plot", "curves", "-o"], ["show", "huber", "--plot"]])
@pytest.mark.parametrize("path", ["v1/picture", "picture.xyz"])
def test_a_picture_of_no_format_that_can_be_drawn(run, args, path):
    code, out, err = run(*args, path)
    assert (code, out) == (2, "") and f"{path}: a picture needs the extension .png, .svg or .pdf" in one_line(err)


@pytest.mark.parametrize("name", ["score", "compare"])
def test_lists_in_brackets_stand_in_the_help(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0 and "'model in [a, b]'" in " ".join(re.sub("[│|]", " ", out).split())


@pytest.mark.parametrize("name", ["score", "fit"])
def test_the_example_in_the_help_runs(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0
    example = re.search(r"For example: (fastloss .*)", getattr(app, name).__doc__)[1]
    assert example.split()[:3] == ["fastloss", name, "in.parquet"] and example[:30] in out
    assert run(*shlex.split(example)[1:])[0] == 0


@pytest.mark.parametrize(
    ("given", "value"), [("anon=False", False), ("anon=true", True), ("x=None", None), ("key=12", "12"), ("n=12", 12)]
)
def test_options_of_stores(given, value):
    assert storage_options([given]) == {given.split("=")[0]: value}


def test_options_of_stores_that_are_no_json(run):
    code, out, err = run("score", "s3://b/a.csv", "--storage", "client_kwargs={bad", *HUBER)
    assert (code, out) == (2, "") and "--storage client_kwargs: expected JSON" in one_line(err)
